using Steelyard.Config.Drafts;

namespace Steelyard.Config.Dialects;

/// <summary>
/// What files of other programs say of themselves in comments: <c># steelyard: expect GET /api -> pool api</c>, on a line
/// of its own; <c>//</c> where that begins a comment.
/// </summary>
internal static class CommentedExpectations
{
    private const string Mark = "steelyard:";
    private const string Verb = "expect ";

    public static List<Located<Expectation>> Of(IEnumerable<SourceText> sources, ProblemList problems)
    {
        List<Located<Expectation>> found = [];
        foreach (var source in sources)
        {
            // Most files have none.
            if (!source.Text.Contains(Mark, StringComparison.Ordinal))
                continue;
            for (var line = 1; line <= source.LineCount; line++)
                Read(source, line, found, problems);
        }

        return found;
    }

    private static void Read(SourceText source, int number, List<Located<Expectation>> found, ProblemList problems)
    {
        var line = source.GetLine(number);
        var comment = line.TrimStart();
        var sign = comment.StartsWith("//", StringComparison.Ordinal) ? 2 : comment.StartsWith('#') ? 1 : 0;
        var said = comment[sign..].Trim();
        if (sign == 0 || !said.StartsWith(Mark, StringComparison.Ordinal))
        {
            if (sign == 0 && Behind(line) is >= 0 and var at)
                problems.Warn(new(source, source.StartOfLine(number) + at, source.StartOfLine(number) + line.TrimEnd().Length), "a comment for Steelyard behind something else has no effect", "it on a line of its own");
            return;
        }

        said = said[Mark.Length..].TrimStart();
        var start = source.StartOfLine(number) + line.TrimEnd().Length - said.Length;
        var place = new Place(source, start, start + said.Length);
        if (!said.StartsWith(Verb, StringComparison.Ordinal))
            problems.Error(place, "a comment for Steelyard that says nothing it knows", "expect " + Expectation.Accepts);
        else if (Expectation.TryParse(said[Verb.Length..].Trim().ToString(), out var expectation, out var mistake))
            found.Add(new(expectation, place));
        else
            problems.Error(place, mistake);
    }

    /// <summary>Where a comment for Steelyard begins that is not alone on its line; -1 for nowhere.</summary>
    private static int Behind(ReadOnlySpan<char> line)
    {
        var mark = line.IndexOf(Mark, StringComparison.Ordinal);
        var before = mark < 0 ? [] : line[..mark].TrimEnd();
        return before.EndsWith(" #") ? before.Length - 1 : before.EndsWith(" //") ? before.Length - 2 : -1;
    }
}
