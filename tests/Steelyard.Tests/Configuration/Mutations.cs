using System.Text;
using CsCheck;
using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>Whatever a file holds, reading it ends with a snapshot or with located errors, and showing them is harmless.</summary>
public sealed class Mutations
{
    private static readonly string[] Corpus =
        [.. new[] { "good", "bad" }.SelectMany(kind => Directory.EnumerateFiles(GoldenYaml.Folder(kind), "*.yaml").Order()).Select(File.ReadAllText)];

    // What means something to YAML, to this dialect or to a terminal.
    private static readonly string[] Pieces =
    [
        "\n", "\r\n", "\r", "\t", " ", "  ", "\n  ", "\n- ", ": ", ":", ",", "- ", "? ", "[", "]", "{", "}", "\"", "'", "&a ", "*a", "*", "*.x",
        "!", "!!str ", "|", ">", "|2-\n", "#", " #", "%", "%YAML 1.2\n", "---\n", "...\n", "@", "`", "\\", "\\u", "\\U00110000", "<<: ", "~", "\0", "\u001b[2J",
        "\u0085", "\u2028", "\uFEFF", "\uD83D", "\uDE00", "\u202E", "é", "日", "0", "99999999999999999999", "-1", "10", "s", "KiB", "none", "auto", "max",
        "listen", "bind", "routes", "host", "path", "to", "pools", "servers", "address", "weight", "app", "command", "instances", "{socket}", "[::1]:80", ":80",
    ];

    private static readonly Gen<string> Piece = Gen.OneOf(Gen.OneOf(Pieces), Gen.String[0, 3], Gen.OneOf(Corpus).Select(text => text[..Math.Min(text.Length, 40)]));

    private static readonly Gen<string> Mutated =
        Gen.Select(Gen.OneOf(Corpus), Gen.Select(Gen.Double[0, 1], Gen.Double[0, 1], Piece).List[0, 4], Mutate);

    private static readonly Gen<string> Assembled = Piece.List[0, 40].Select(pieces => string.Concat(pieces));

    [Fact]
    public void A_changed_file_never_throws() => FileMutations.Each(Mutated, 3_000, Check);

    [Fact]
    public void A_truncated_file_never_throws() =>
        FileMutations.Each(Gen.Select(Gen.OneOf(Corpus), Gen.Double[0, 1], (text, part) => text[..(int)(text.Length * part)]), 1_000, Check);

    [Fact]
    public void Random_text_never_throws() => FileMutations.Each(Assembled, 2_000, Check);

    [Fact]
    public void Random_bytes_of_a_file_never_throw()
    {
        var path = Path.GetTempFileName();
        try
        {
            Gen.Select(Gen.OneOf(Corpus), Gen.Byte.Array[1, 4], Gen.Double[0, 1]).Sample(
                (text, bytes, at) =>
                {
                    var content = Encoding.UTF8.GetBytes(text);
                    var cut = (int)(content.Length * at);
                    File.WriteAllBytes(path, [.. content[..cut], .. bytes, .. content[cut..]]);
                    Check(ConfigurationFile.Read(path), path);
                },
                iter: 300,
                threads: 1);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string Mutate(string text, List<(double From, double Length, string Piece)> changes)
    {
        foreach (var (from, length, piece) in changes)
        {
            var start = (int)(text.Length * from);
            var end = Math.Min(text.Length, start + (int)(length * length * 20));
            text = string.Concat(text.AsSpan(0, start), piece, text.AsSpan(end));
        }

        return text;
    }

    private static void Check(string text) => Check(ConfigurationFile.Parse(text, "a.yaml"), "a.yaml");

    private static void Check(ConfigurationResult result, string file)
    {
        var source = result.Sources[0];
        Assert.Equal(result.Problems.AsEnumerable().Any(problem => problem.Severity == Severity.Error), result.Snapshot is null);
        var (line, column) = (1, 1);
        foreach (var problem in result.Problems)
        {
            Assert.Equal(file, problem.File);
            Assert.True((problem.Line, problem.Column).CompareTo((line, column)) >= 0, "the problems are sorted");
            (line, column) = (problem.Line, problem.Column);
            Assert.InRange(line, 1, source.LineCount);
            Assert.InRange(column, 1, source.GetLine(line).Length + 1);
            Assert.InRange(problem.Length, 1, Math.Max(1, source.GetLine(line).Length - column + 1));
            Assert.NotEmpty(problem.Message);
        }

        var printed = GoldenYaml.Print(result);
        Assert.DoesNotContain(printed, c => (char.IsControl(c) && c != '\n') || c is '\u202E' or '\u2028' or '\uFEFF');
        Assert.DoesNotContain(printed.Split('\n'), printedLine => printedLine.Length > 4_000);
        if (result.Snapshot is { } snapshot)
            Assert.Equal(snapshot, ConfigurationFile.Parse(ConfigurationFile.Write(snapshot), file).Snapshot);
    }
}
