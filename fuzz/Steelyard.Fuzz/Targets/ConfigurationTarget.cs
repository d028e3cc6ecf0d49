using System.Text;
using Steelyard.Config;
using static Steelyard.Fuzz.Targets.FuzzTargets;

namespace Steelyard.Fuzz.Targets;

/// <summary>A file in Steelyard's own dialect, or in that of another program: it reads as a snapshot, which reads the same once written, or as located problems that can be shown.</summary>
internal static class ConfigurationTarget
{
    public static void Run(ReadOnlySpan<byte> input) => Run(input, "fuzz.yaml");

    public static void RunHaproxy(ReadOnlySpan<byte> input) => Run(input, "fuzz.cfg");

    public static void RunNginx(ReadOnlySpan<byte> input) => Run(input, "fuzz.conf");

    public static void RunEcosystem(ReadOnlySpan<byte> input) => Run(input, "fuzz.config.js");

    public static void RunCompose(ReadOnlySpan<byte> input) => Run(input, "compose.yaml");

    private static void Run(ReadOnlySpan<byte> input, string name)
    {
        var result = ConfigurationFile.Parse(Encoding.UTF8.GetString(input), name);
        var errors = 0;
        foreach (var problem in result.Problems)
        {
            errors += problem.Severity == Severity.Error ? 1 : 0;
            Require(problem.Line >= 1 && problem.Line <= result.Sources[0].LineCount, "a problem has a place");
        }

        Require(errors > 0 == result.Snapshot is null, "there is a snapshot or an error");
        using var output = new StringWriter();
        ProblemPrinter.Print(output, result);
        if (result.Snapshot is { } snapshot)
            Require(snapshot.Equals(ConfigurationFile.Parse(ConfigurationFile.Write(snapshot), "fuzz.yaml").Snapshot), "a snapshot reads back as it was written");
    }
}
