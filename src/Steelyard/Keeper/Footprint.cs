using System.Globalization;

namespace Steelyard.Keeper;

/// <summary>Keeps a process small that has done its work and waits for a long time.</summary>
internal static unsafe class Footprint
{
    /// <summary>
    /// Gives back what is not in use: memory of the collected heap, and the pages of program files, which come back by
    /// themselves where they are needed again. Starting has touched most of them, through the kernel's habit of mapping
    /// those around, and waiting needs few.
    /// </summary>
    public static void Shrink()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        try
        {
            LetGoOfProgramPages();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            // Without proc(5) they stay.
        }
    }

    // Only what nobody can have written to: a mapping that is not writable, and has no page of its own.
    private static void LetGoOfProgramPages()
    {
        (nuint Start, nuint Length)? candidate = null;
        foreach (var line in File.ReadLines("/proc/self/smaps"))
        {
            if (line.StartsWith("Anonymous:", StringComparison.Ordinal))
            {
                if (candidate is { } mapping && line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1] == "0")
                    _ = Posix.madvise((void*)mapping.Start, mapping.Length, Posix.MADV_DONTNEED);
                candidate = null;
            }
            else if (line.IndexOf('-') is > 0 and var dash && line.IndexOf(' ') is var blank && blank > dash)
            {
                candidate = line.AsSpan(blank + 1) is ['r', '-', _, 'p', ..] && line.Contains('/', StringComparison.Ordinal) ? Mapping(line, dash, blank) : null;
            }
        }
    }

    private static (nuint Start, nuint Length) Mapping(string line, int dash, int blank)
    {
        var start = nuint.Parse(line.AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return (start, nuint.Parse(line.AsSpan(dash + 1, blank - dash - 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) - start);
    }
}
