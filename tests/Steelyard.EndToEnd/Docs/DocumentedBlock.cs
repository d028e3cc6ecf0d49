using System.Text.RegularExpressions;

namespace Steelyard.EndToEnd.Docs;

/// <summary>A fenced block of a page.</summary>
/// <param name="Language">The first word behind the fence: <c>sh</c> for commands, <c>text</c> for what they print.</param>
/// <param name="Note">What else stands there.</param>
/// <param name="Lines">What it holds.</param>
/// <param name="Before">The line before it that is not empty.</param>
/// <param name="Number">The line of the page that it begins with.</param>
internal sealed partial record DocumentedBlock(string Language, string Note, string[] Lines, string Before, int Number)
{
    /// <summary>What stands before the first heading.</summary>
    public const string Beginning = "the beginning";

    /// <summary>The file that a block is, by the comment that is its first line; null where it is none.</summary>
    public string? FileName => Language is not ("sh" or "text") && Lines.Length > 0 && NamesFile().Match(Lines[0]) is { Success: true } named ? named.Groups["name"].Value : null;

    /// <summary>The blocks of a page under each of its headings; the first part stands before all of them.</summary>
    public static IReadOnlyList<(string Heading, IReadOnlyList<DocumentedBlock> Blocks)> PartsOf(string page)
    {
        var (parts, blocks) = (new List<(string, IReadOnlyList<DocumentedBlock>)>(), new List<DocumentedBlock>());
        var (heading, before, fence) = (Beginning, "", default((string Language, string Note, int Number, List<string> Lines)?));
        foreach (var (number, line) in page.Split('\n').Index())
        {
            if (fence is { } open)
            {
                if (line == "```")
                {
                    blocks.Add(new(open.Language, open.Note, [.. open.Lines], before, open.Number));
                    fence = null;
                }
                else
                {
                    open.Lines.Add(line);
                }
            }
            else if (line.StartsWith("```", StringComparison.Ordinal))
            {
                var words = line[3..].Split(' ', 2);
                fence = (words[0], words.Length > 1 ? words[1] : "", number + 1, []);
            }
            else if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                parts.Add((heading, blocks));
                (heading, blocks) = (line[3..], []);
            }
            else if (line.Length > 0)
            {
                before = line;
            }
        }

        parts.Add((heading, blocks));
        return parts;
    }

    [GeneratedRegex(@"^(#|//) (?<name>[\w./-]+\.\w+)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NamesFile();
}
