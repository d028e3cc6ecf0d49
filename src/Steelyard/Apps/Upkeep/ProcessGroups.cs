using System.Globalization;

namespace Steelyard.Apps.Upkeep;

/// <summary>What the processes of a group use, all together.</summary>
/// <param name="Memory">Resident memory in bytes; what they share counts for each.</param>
/// <param name="CpuSeconds">Time on processors so far, in the programs and in the kernel for them, those included that have ended and whose end was taken.</param>
internal readonly record struct GroupUse(long Memory, double CpuSeconds);

/// <summary>What the kernel knows of groups of processes (proc(5)).</summary>
internal static class ProcessGroups
{
    // USER_HZ, which is 100 on every architecture that .NET runs on.
    private const double TicksPerSecond = 100;

    // Fields of /proc/PID/stat behind the name, from 0.
    private const int State = 0, Group = 2, UserTicks = 11, KernelTicks = 12, ChildrensUserTicks = 13, ChildrensKernelTicks = 14, ResidentPages = 21;

    /// <summary>What each group uses; those that are not there are left out.</summary>
    public static Dictionary<int, GroupUse> Look(IReadOnlyCollection<int> groups)
    {
        var sums = new Dictionary<int, GroupUse>();
        foreach (var fields in Processes())
        {
            long Field(int number) => long.Parse(fields[number], CultureInfo.InvariantCulture);

            var group = (int)Field(Group);
            if (!groups.Contains(group))
                continue;
            var before = sums.GetValueOrDefault(group);
            var ticks = Field(UserTicks) + Field(KernelTicks) + Field(ChildrensUserTicks) + Field(ChildrensKernelTicks);
            sums[group] = new(before.Memory + (Field(ResidentPages) * Environment.SystemPageSize), before.CpuSeconds + (ticks / TicksPerSecond));
        }

        return sums;
    }

    /// <summary>Whether a group has members that run, and not only such as have ended and whose end nobody has taken.</summary>
    public static bool HasLiving(int group)
    {
        // Twice: one that starts another and ends while the list is read may be missed once.
        for (var i = 0; i < 2; i++)
        {
            foreach (var fields in Processes())
            {
                if (fields[State] is not ("Z" or "X") && int.Parse(fields[Group], CultureInfo.InvariantCulture) == group)
                    return true;
            }
        }

        return false;
    }

    /// <summary>The fields of each process behind its name.</summary>
    private static IEnumerable<string[]> Processes()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!char.IsAsciiDigit(folder[^1]) || !int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out _))
                continue;
            string stat;
            try
            {
                stat = File.ReadAllText(folder + "/stat");
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile.
                continue;
            }

            // The name of the program, in parentheses, may hold blanks and parentheses itself.
            yield return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
    }
}
