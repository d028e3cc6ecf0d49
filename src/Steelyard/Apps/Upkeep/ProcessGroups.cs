using System.Globalization;

namespace Steelyard.Apps.Upkeep;

/// <summary>What the kernel knows of groups of processes (proc(5)).</summary>
internal static class ProcessGroups
{
    /// <summary>Resident memory of each group, of all its processes together, in bytes.</summary>
    public static Dictionary<int, long> ResidentMemory(IReadOnlyCollection<int> groups)
    {
        var sums = new Dictionary<int, long>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!char.IsAsciiDigit(folder[^1]) || !int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out _))
                continue;
            try
            {
                // The name of the program, in parentheses, may hold blanks and parentheses itself.
                var stat = File.ReadAllText(folder + "/stat");
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                var group = int.Parse(fields[2], CultureInfo.InvariantCulture);
                if (groups.Contains(group))
                    sums[group] = sums.GetValueOrDefault(group) + (long.Parse(fields[21], CultureInfo.InvariantCulture) * Environment.SystemPageSize);
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile.
            }
        }

        return sums;
    }
}
