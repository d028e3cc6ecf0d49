using Steelyard.Config.Text;

namespace Steelyard.Config.Drafts;

/// <summary>Collects what is wrong while a configuration is read; every dialect reports here.</summary>
internal sealed class ProblemList
{
    // What an alias repeats is read once for each use, but has to be mended once.
    private readonly HashSet<Problem> _problems = [];

    public int ErrorCount { get; private set; }

    public bool HasErrors => ErrorCount > 0;

    public NameSuggestions Names { get; } = new();

    /// <summary>The files that were named.</summary>
    public List<Located<string>> Files { get; } = [];

    /// <summary>What the file says that requests come to.</summary>
    public List<Located<Expectation>> Expectations { get; } = [];

    /// <summary>Where the file says how many connections there may be; null where it does not.</summary>
    public Place? Connections { get; set; }

    public void Error(Place place, string message, string? expected = null, string? suggestion = null)
    {
        ErrorCount++;
        Add(Severity.Error, place, message, expected, suggestion);
    }

    public void Error(Place place, Mistake mistake) => Error(place, mistake.Message, mistake.Expected, mistake.Suggestion);

    public void Warn(Place place, string message, string? expected = null, string? suggestion = null) =>
        Add(Severity.Warning, place, message, expected, suggestion);

    public void Note(Place place, string message) =>
        Add(Severity.Notice, place, message, expected: null, suggestion: null);

    public ValueList<Problem> InOrder() => _problems
        .OrderBy(p => p.File, StringComparer.Ordinal)
        .ThenBy(p => p.Line)
        .ThenBy(p => p.Column)
        .ThenByDescending(p => p.Severity)
        .ToValueList();

    private void Add(Severity severity, Place place, string message, string? expected, string? suggestion)
    {
        var (line, column) = place.Source.Locate(place.Start);
        var length = Math.Min(place.End, place.Source.EndOfLine(line)) - place.Start;
        _problems.Add(new(severity, place.Source.FileName, line, column, Math.Max(1, length), message, expected, suggestion));
    }
}
