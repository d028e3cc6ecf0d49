using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

public sealed class ProblemPrinting
{
    private static readonly Problem Fault = new(Severity.Error, "a.yaml", 2, 3, 4, "a message", "something", "this");

    [Fact]
    public void The_line_is_underlined_and_followed_by_what_would_be_accepted() => Assert.Equal(
        """
        a.yaml:2:3: error: a message
         2 |   loop: 4
           |   ^^^^
          expected: something
          did you mean 'this'?

        """,
        Print(Fault, "\n  loop: 4\n"));

    [Fact]
    public void Without_a_source_the_line_is_left_out() =>
        Assert.Equal("a.yaml:2:3: error: a message\n", Print(Fault with { Expected = null, Suggestion = null }, null));

    [Fact]
    public void Colours_appear_only_when_asked_for()
    {
        Assert.DoesNotContain("\e", Print(Fault, "\n  loop: 4\n"), StringComparison.Ordinal);
        Assert.Contains("\e[1;31merror:\e[0m", Print(Fault, "\n  loop: 4\n", colour: true), StringComparison.Ordinal);
        Assert.Contains("\e[1;33mwarning:\e[0m", Print(Fault with { Severity = Severity.Warning }, null, colour: true), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_that_a_file_holds_controls_the_terminal()
    {
        var evil = "\e]0;x\a\r\b\u009B2J\u202Eabc\u200B\uD800";

        var printed = Print(new(Severity.Error, evil, 1, 3, 2, evil, evil, evil), evil);

        Assert.DoesNotContain(printed, c => (char.IsControl(c) && c != '\n') || char.IsSurrogate(c) || c is '\u202E' or '\u200B');
        Assert.StartsWith("␛]0;x␇␍␈<U+009B>2J<U+202E>abc<U+200B><U+D800>:1:3: error: ␛]0;x", printed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("abc", 1, 1, " 1 | abc\n   | ^\n")]
    [InlineData("abc", 4, 1, " 1 | abc\n   |    ^\n")]
    [InlineData("\tx: 日本 y", 5, 2, " 1 |     x: 日本 y\n   |        ^^^^\n")]
    [InlineData("\tx: 日本 y", 8, 1, " 1 |     x: 日本 y\n   |             ^\n")]
    [InlineData("a\tb\tc", 5, 1, " 1 | a   b   c\n   |         ^\n")]
    [InlineData("e\u0301x", 3, 1, " 1 | e\u0301x\n   |  ^\n")]
    [InlineData("😀x", 3, 1, " 1 | 😀x\n   |   ^\n")]
    [InlineData("\u001b[x", 2, 2, " 1 | ␛[x\n   |  ^^\n")]
    [InlineData("", 1, 1, "")]
    [InlineData("abc", 900, 900, " 1 | abc\n   |    ^\n")]
    public void The_caret_stands_under_the_fault(string line, int column, int length, string expected)
    {
        var problem = new Problem(Severity.Error, "a", 1, column, length, "m");

        Assert.Equal($"a:1:{column}: error: m\n{expected}", Print(problem, line));
    }

    [Fact]
    public void A_long_line_is_cut_around_the_fault()
    {
        var line = new string('a', 500) + "FAULT" + new string('b', 500);

        var printed = Print(new(Severity.Error, "a", 1, 501, 5, "m"), line).Split('\n');

        Assert.Equal($" 1 | …{new string('a', 60)}FAULT{new string('b', 34)}…", printed[1]);
        Assert.Equal($"   | {new string(' ', 61)}^^^^^", printed[2]);
    }

    [Fact]
    public void A_letter_with_a_thousand_accents_is_cut_too()
    {
        var line = "a" + new string('\u0301', 5_000);

        Assert.InRange(Print(new(Severity.Error, "a", 1, 1, 1, "m"), line).Length, 1, 600);
        Assert.InRange(Print(new(Severity.Error, "a", 1, 4_000, 900, "m"), line).Length, 1, 600);
    }

    private static string Print(Problem problem, string? source, bool colour = false)
    {
        using var output = new StringWriter { NewLine = "\n" };
        ProblemPrinter.Print(output, problem, source is null ? null : new SourceText(problem.File, source), colour);
        return output.ToString();
    }
}
