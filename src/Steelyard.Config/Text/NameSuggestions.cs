namespace Steelyard.Config.Text;

/// <summary>Finds the name that was probably meant, by edit distance (insert, delete, replace, swap of neighbours).</summary>
internal sealed class NameSuggestions
{
    private const int LongestName = 64;

    // A file in which everything is misspelled would otherwise cost the square of its names.
    private int _comparisonsLeft = 200_000;

    public string? Nearest(string name, IEnumerable<string> candidates)
    {
        if (name.Length is 0 or > LongestName)
            return null;

        var (best, limit) = ((string?)null, name.Length <= 3 ? 1 : name.Length <= 6 ? 2 : 3);
        foreach (var candidate in candidates)
        {
            if (--_comparisonsLeft < 0)
                return null;
            if (candidate.Length > LongestName || Math.Abs(candidate.Length - name.Length) > limit)
                continue;
            var distance = Distance(name, candidate);
            if (distance <= limit && distance < Math.Max(name.Length, candidate.Length))
                (best, limit) = (candidate, distance - 1);
        }

        return best;
    }

    internal static int Distance(string from, string to)
    {
        Span<int> beforeLast = stackalloc int[LongestName + 1];
        Span<int> last = stackalloc int[LongestName + 1];
        Span<int> current = stackalloc int[LongestName + 1];
        for (var j = 0; j <= to.Length; j++)
            last[j] = j;

        for (var i = 1; i <= from.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var changed = Same(from[i - 1], to[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(current[j - 1], last[j]) + 1, last[j - 1] + changed);
                if (i > 1 && j > 1 && Same(from[i - 1], to[j - 2]) && Same(from[i - 2], to[j - 1]))
                    current[j] = Math.Min(current[j], beforeLast[j - 2] + 1);
            }

            var free = beforeLast;
            beforeLast = last;
            last = current;
            current = free;
        }

        return last[to.Length];
    }

    private static bool Same(char a, char b) => char.ToLowerInvariant(a) == char.ToLowerInvariant(b);
}
