using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Steelyard.EndToEnd;

/// <summary>
/// The built program, running: the one beside the tests, or the one STEELYARD_PROGRAM names (the native one in CI).
/// Whatever is still alive at the end of a test is killed, its instances included.
/// </summary>
internal sealed class SteelyardProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    public static readonly string Program =
        Environment.GetEnvironmentVariable("STEELYARD_PROGRAM") ?? Path.Combine(AppContext.BaseDirectory, "steelyard");

    private readonly Process _process;
    private readonly Task _relays;
    private readonly LineLog _output = new();
    private readonly LineLog _error = new();

    private SteelyardProcess(Process process)
    {
        _process = process;
        process.StandardInput.Close();
        _relays = Task.WhenAll(_output.FillAsync(process.StandardOutput), _error.FillAsync(process.StandardError));
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>All of standard output so far.</summary>
    public string Output => _output.Text;

    /// <summary>All of standard error so far.</summary>
    public string Error => _error.Text;

    public static SteelyardProcess Start(params string[] arguments) => Start(arguments, []);

    public static SteelyardProcess Start(string[] arguments, Dictionary<string, string> environment, string? folder = null) =>
        StartProgram(Program, arguments, environment, folder);

    /// <summary>The same for a copy of the program, or for one that starts it.</summary>
    public static SteelyardProcess StartProgram(string program, string[] arguments, Dictionary<string, string> environment, string? folder = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new(Process.Start(start)!);
    }

    /// <summary>Runs to the end.</summary>
    public static Task<(int Status, string Output, string Error)> RunAsync(params string[] arguments) => RunAsync(arguments, []);

    public static async Task<(int Status, string Output, string Error)> RunAsync(string[] arguments, Dictionary<string, string> environment, string? folder = null)
    {
        await using var process = Start(arguments, environment, folder);
        return (await process.ExitAsync(), process.Output, process.Error);
    }

    /// <summary>The first line of standard output that contains a text; fails when the program ends without it.</summary>
    public Task<string> LineAsync(string containing) => WithPatienceAsync(_output.LineAsync(containing), $"a line with '{containing}'");

    /// <summary>The same of standard error.</summary>
    public Task<string> ErrorLineAsync(string containing) => WithPatienceAsync(_error.LineAsync(containing), $"an error line with '{containing}'");

    /// <summary>The URL in the first line that contains a text.</summary>
    public async Task<Uri> UrlAsync(string inLineWith)
    {
        var line = await LineAsync(inLineWith);
        return new(line.Split(' ').First(word => word.StartsWith("http", StringComparison.Ordinal) && word.Contains("://", StringComparison.Ordinal)));
    }

    /// <summary>SIGKILL to any process.</summary>
    public static void Kill(int pid) => Assert.Equal(0, Kill(pid, 9));

    public void Signal(PosixSignal signal) => Signal(_process.Id, signal);

    public static void Signal(int pid, PosixSignal signal) => Assert.Equal(0, Kill(pid, NumberOf(signal)));

    /// <summary>The number Linux has for a signal, which of those .NET names is another.</summary>
    public static int NumberOf(PosixSignal signal) => signal switch { PosixSignal.SIGTERM => 15, PosixSignal.SIGHUP => 1, PosixSignal.SIGINT => 2, _ => (int)signal };

    /// <summary>The exit status, once all output has been read.</summary>
    public async Task<int> ExitAsync()
    {
        await WithPatienceAsync(WaitAsync(), "its end");
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<string> WaitAsync()
    {
        await _process.WaitForExitAsync();
        await _relays;
        return "";
    }

    private async Task<T> WithPatienceAsync<T>(Task<T> awaited, string what)
    {
        try
        {
            return await awaited.WaitAsync(Patience, TestContext.Current.CancellationToken);
        }
        catch (Exception error) when (error is TimeoutException or EndOfStreamException)
        {
            throw new InvalidOperationException($"waited in vain for {what}\n--- output\n{Output}\n--- error\n{Error}", error);
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
