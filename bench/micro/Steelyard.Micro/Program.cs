using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Steelyard.Micro;

// Steelyard.Micro [--filter '*Head*']: measures the steps of the request path in this process, about 12 seconds each.
// Ends with 1 when one of them allocates, and with 2 when nothing was measured.
// Steelyard.Micro choices: what each policy costs, as a table.
// Steelyard.Micro line: what it costs to look at all servers, by how many there are.
if (args is ["choices"])
{
    ChoiceTable.Print();
    return 0;
}

if (args is ["line"])
{
    ScanLine.Print();
    return 0;
}

var configuration = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
var (measured, allocating) = (0, 0);
foreach (var summary in BenchmarkSwitcher.FromTypes([typeof(Benchmarks), typeof(Choices)]).Run(args.Length == 0 ? ["--filter", "*"] : args, configuration))
{
    foreach (var report in summary.Reports)
    {
        measured++;
        var bytes = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase);
        if (bytes == 0)
            continue;
        allocating++;
        Console.Error.WriteLine($"{report.BenchmarkCase.Descriptor.WorkloadMethod.Name} allocates {bytes?.ToString() ?? "an unknown number of"} bytes each time; the request path allocates nothing.");
    }
}

return measured == 0 ? 2 : allocating > 0 ? 1 : 0;
