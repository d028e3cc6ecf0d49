using System.Globalization;
using Steelyard.Config.Text;

namespace Steelyard.Config;

/// <summary>
/// Shows problems as compilers do: the place and the message, the line with what is wrong underlined, what would be
/// accepted. Whatever a file holds is shown so that it cannot control the terminal.
/// </summary>
public static class ProblemPrinter
{
    /// <summary>Prints everything that was found, in its order.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="result">What reading gave.</param>
    /// <param name="colour">Whether to use the colours of ANSI terminals.</param>
    public static void Print(TextWriter output, ConfigurationResult result, bool colour = false)
    {
        foreach (var problem in result.Problems)
        {
            SourceText? source = null;
            foreach (var candidate in result.Sources)
            {
                if (candidate.FileName == problem.File)
                    source = candidate;
            }

            Print(output, problem, source, colour);
        }
    }

    /// <summary>Prints one problem.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="problem">What was found.</param>
    /// <param name="source">The text it was found in; null leaves out the line.</param>
    /// <param name="colour">Whether to use the colours of ANSI terminals.</param>
    public static void Print(TextWriter output, Problem problem, SourceText? source, bool colour = false)
    {
        var (strong, kind, good, off) = !colour ? ("", "", "", "")
            : ("\e[1m", problem.Severity switch { Severity.Error => "\e[1;31m", Severity.Warning => "\e[1;33m", _ => "\e[1;36m" }, "\e[32m", "\e[0m");
        var severity = problem.Severity.ToString().ToLowerInvariant();
        output.WriteLine($"{strong}{SafeText.Of(problem.File)}:{problem.Line}:{problem.Column}: {kind}{severity}:{off} {strong}{SafeText.Of(problem.Message)}{off}");

        if (source is not null && problem.Line <= source.LineCount && source.GetLine(problem.Line) is { IsEmpty: false } line)
        {
            var (shown, before, width) = LineExcerpt.Of(line, problem.Column - 1, problem.Length);
            var number = problem.Line.ToString(CultureInfo.InvariantCulture);
            output.WriteLine($" {number} | {shown}".TrimEnd());
            output.WriteLine($" {new string(' ', number.Length)} | {new string(' ', before)}{kind}{new string('^', width)}{off}");
        }

        if (problem.Expected is not null)
            output.WriteLine($"  expected: {SafeText.Of(problem.Expected)}");
        if (problem.Suggestion is not null)
            output.WriteLine($"  did you mean {good}'{SafeText.Of(problem.Suggestion)}'{off}?");
    }
}
