using CsCheck;
using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>Files that are changed here and there, and what has to come of reading them whatever they hold.</summary>
internal static class FileMutations
{
    /// <summary>Files of a corpus with stretches of them replaced.</summary>
    public static Gen<string> Of(string[] corpus, Gen<string> piece) =>
        Gen.Select(Gen.OneOf(corpus), Gen.Select(Gen.Double[0, 1], Gen.Double[0, 0.1], piece).List[0, 4], Mutate);

    /// <summary>
    /// Checks as many draws, the same at each run unless STEELYARD_SEED says another number: what a build says goes by its
    /// sources alone, and looking for more is the fuzzer's.
    /// </summary>
    public static void Each<T>(Gen<T> draws, int count, Action<T> check)
    {
        var random = new PCG(1, ulong.TryParse(Environment.GetEnvironmentVariable("STEELYARD_SEED"), out var seed) ? seed : 1);
        for (var i = 0; i < count; i++)
        {
            var draw = draws.Generate(random, null, out _);
            try
            {
                check(draw);
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"{fault.Message}\nof draw {i} of seed {seed}:\n{draw}", fault);
            }
        }
    }

    /// <summary>Reading ends with located errors, or with a snapshot that reads back the same once converted.</summary>
    public static void Check(string text, string name)
    {
        var result = ConfigurationFile.Parse(text, name);
        Assert.Equal(result.Snapshot is null, result.Problems.Any(problem => problem.Severity == Severity.Error));
        Assert.All(result.Problems, problem => Assert.True(problem.Line >= 1 && problem.Line <= result.Sources[0].LineCount && problem.Column >= 1, problem.ToString()));
        GoldenYaml.Print(result);
        if (result.Snapshot is not { } snapshot)
            return;
        var written = ConfigurationFile.Write(snapshot);
        var again = ConfigurationFile.Parse(written, "a.yaml");
        Assert.True(snapshot.Equals(again.Snapshot), $"{text}\n---\n{written}\n---\n{GoldenYaml.Print(again)}");
    }

    private static string Mutate(string text, List<(double At, double Length, string Piece)> changes)
    {
        foreach (var (at, length, piece) in changes)
        {
            var start = (int)(text.Length * at);
            var end = Math.Min(text.Length, start + (int)(text.Length * length));
            text = text[..start] + piece + text[end..];
        }

        return text;
    }
}
