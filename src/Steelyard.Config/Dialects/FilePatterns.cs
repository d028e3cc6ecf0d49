using System.IO.Enumeration;

namespace Steelyard.Config.Dialects;

/// <summary>Finds files by patterns as glob(3) has them: asterisks and question marks, in folders too.</summary>
internal static class FilePatterns
{
    /// <summary>The files, in the order of their names.</summary>
    /// <param name="folder">Where a pattern begins that is relative.</param>
    /// <param name="pattern">The pattern.</param>
    public static IReadOnlyList<string> Find(string folder, string pattern)
    {
        var parts = pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);
        List<string> found = [pattern.StartsWith('/') ? "/" : ""];
        for (var i = 0; i < parts.Length; i++)
        {
            var last = i == parts.Length - 1;
            List<string> next = [];
            foreach (var path in found)
                next.AddRange(Within(folder, path, parts[i], last));
            found = next;
        }

        return found;
    }

    private static IEnumerable<string> Within(string folder, string path, string name, bool files)
    {
        var joined = Path.Combine(path, name);
        if (!name.AsSpan().ContainsAny("*?"))
        {
            if (files ? File.Exists(Path.Combine(folder, joined)) : Directory.Exists(Path.Combine(folder, joined)))
                yield return joined;
            yield break;
        }

        var inside = Path.Combine(folder, path);
        if (!Directory.Exists(inside))
            yield break;
        var names = (files ? Directory.EnumerateFiles(inside) : Directory.EnumerateDirectories(inside)).Select(Path.GetFileName).Order(StringComparer.Ordinal);
        foreach (var found in names)
        {
            // What begins with a dot is not meant by an asterisk.
            if (found is not null && (found[0] != '.' || name[0] == '.') && FileSystemName.MatchesSimpleExpression(name, found, ignoreCase: false))
                yield return Path.Combine(path, found);
        }
    }
}
