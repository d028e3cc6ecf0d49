using System.Text.RegularExpressions;

namespace Steelyard.Tests.Configuration;

/// <summary>
/// Which location a path takes, by the words of nginx's manual of "location" and nothing else: what Steelyard makes of a
/// file is compared with it. It knows nothing of how routes are compiled.
/// </summary>
/// <param name="Modifier">= ~ ~* ^~ or nothing.</param>
/// <param name="Uri">What it is compared with.</param>
/// <param name="Name">What it answers.</param>
/// <param name="Within">The locations within.</param>
internal sealed record LocationOracle(string Modifier, string Uri, string Name, IReadOnlyList<LocationOracle> Within)
{
    /// <summary>The location of a path; null for none.</summary>
    public static LocationOracle? Find(IReadOnlyList<LocationOracle> locations, string path) => Search(locations, path).Found;

    private static (LocationOracle? Found, bool IsLast) Search(IReadOnlyList<LocationOracle> locations, string path)
    {
        // "If an exact match is found, the search terminates."
        foreach (var location in locations)
        {
            if (location.Modifier == "=" && path == location.Uri)
                return (location, true);
        }

        // "Among them, the location with the longest matching prefix is selected and remembered."
        var longest = locations.Where(location => location.Modifier is "" or "^~" && path.StartsWith(location.Uri, StringComparison.Ordinal)).MaxBy(location => location.Uri.Length);
        var (within, isLast) = longest is null ? (null, false) : Search(longest.Within, path);
        if (isLast)
            return (within, true);

        // "If the longest matching prefix location has the ^~ modifier then regular expressions are not checked": those beside it.
        // "Then regular expressions are checked, in the order of their appearance [...]. The search terminates on the first match."
        foreach (var location in longest is { Modifier: "^~" } ? [] : locations)
        {
            if (location.Modifier is "~" or "~*" && Regex.IsMatch(path, location.Uri, location.Modifier == "~*" ? RegexOptions.IgnoreCase : RegexOptions.None, TimeSpan.FromSeconds(1)))
                return (Search(location.Within, path).Found ?? location, true);
        }

        // "If no match with regular expression is found then the configuration of the prefix location remembered earlier is used."
        return (within ?? longest, false);
    }

    /// <summary>Some locations by chance, each with a name of its own.</summary>
    public static IReadOnlyList<LocationOracle> Draw(Random random)
    {
        var count = 0;
        return Draw(random, "/", depth: 0, isPattern: false, ref count);
    }

    /// <summary>Paths to ask for.</summary>
    public static IEnumerable<string> DrawPaths(Random random, int count)
    {
        for (var i = 0; i < count; i++)
            yield return "/" + string.Join('/', Enumerable.Range(0, random.Next(1, 5)).Select(_ => s_segments[random.Next(s_segments.Length)]));
    }

    private const int MostWithin = 3;

    private static readonly string[] s_segments = ["a", "b", "ab", "c", "A", "abc", "a.php"];
    private static readonly string[] s_patterns = ["^/a", "b$", "a/b", "/[ab]/", "c", "^/.*b.*c", "A", @"\.php$", "^/ab?/", "(a|c)$"];

    private static List<LocationOracle> Draw(Random random, string start, int depth, bool isPattern, ref int count)
    {
        List<LocationOracle> locations = [];
        HashSet<(string, string)> seen = [];
        for (var i = random.Next(1, depth == 0 ? 9 : 5); i > 0; i--)
        {
            // nginx has no path within an expression but one that begins as the expression is written.
            var modifier = ((string[])["", "", "=", "^~", "~", "~*"])[isPattern ? random.Next(4, 6) : random.Next(6)];
            var uri = modifier.StartsWith('~') ? s_patterns[random.Next(s_patterns.Length)] : (start + (start.EndsWith('/') ? "" : "/") + DrawPaths(random, 1).First()[1..]).TrimEnd('/');
            if (random.Next(6) == 0 && !modifier.StartsWith('~'))
                uri = start;
            if (!seen.Add((modifier == "^~" ? "" : modifier, uri)))
                continue;
            var name = $"l{++count}";
            var within = depth < MostWithin && modifier != "=" && random.Next(2) == 0 ? Draw(random, uri, depth + 1, modifier.StartsWith('~'), ref count) : [];
            locations.Add(new(modifier, uri, name, within));
        }

        return locations;
    }

    /// <summary>The names of the location and those within.</summary>
    public IEnumerable<string> Names => Within.SelectMany(inner => inner.Names).Prepend(Name);

    /// <summary>The file's words for it.</summary>
    /// <param name="answer">What it does, by its name.</param>
    public string Write(Func<string, string> answer) => $"location {Modifier} \"{Uri}\" {{ {string.Join(' ', Within.Select(inner => inner.Write(answer)))} {answer(Name)} }}";
}
