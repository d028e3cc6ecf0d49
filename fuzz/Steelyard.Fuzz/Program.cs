using SharpFuzz;
using Steelyard.Fuzz.Targets;

// Steelyard.Fuzz TARGET           under afl-fuzz, which fuzz/run.sh starts
// Steelyard.Fuzz TARGET FILE...   once for each file, to see a crash or to try a corpus
if (args.Length == 0 || !FuzzTargets.All.TryGetValue(args[0], out var target))
{
    Console.Error.WriteLine($"usage: Steelyard.Fuzz TARGET [FILE...]\ntargets: {string.Join(' ', FuzzTargets.All.Keys)}");
    return 2;
}

foreach (var file in args.AsSpan(1))
    target(File.ReadAllBytes(file));

if (args.Length == 1)
{
    var input = new byte[1024 * 1024];
    Fuzzer.OutOfProcess.Run(stream => target(input.AsSpan(0, stream.ReadAtLeast(input, input.Length, throwOnEndOfStream: false))));
}

return 0;
