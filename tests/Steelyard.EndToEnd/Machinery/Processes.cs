namespace Steelyard.EndToEnd.Machinery;

/// <summary>What the kernel tells of processes, which may end while they are looked at.</summary>
internal static class Processes
{
    public static IEnumerable<int> ChildrenOf(int parent) => Directory.GetDirectories($"/proc/{parent}/task")
        .SelectMany(thread => TextOf(thread + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(int.Parse);

    /// <summary>The engines that a keeper runs now: one, but for the time of an upgrade or of a death.</summary>
    public static IEnumerable<int> EnginesOf(int keeper) => ChildrenOf(keeper).Where(pid => CommandOf(pid).EndsWith("\0engine\0", StringComparison.Ordinal));

    /// <summary>Its arguments, each with a zero behind it; empty for one that has gone.</summary>
    public static string CommandOf(int pid) => TextOf($"/proc/{pid}/cmdline");

    /// <summary>Whether it has ended, and nobody has asked how.</summary>
    public static bool IsZombie(int pid) => TextOf($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);

    /// <summary>Whether it is there, and does something.</summary>
    public static bool IsAlive(int pid) => Directory.Exists($"/proc/{pid}") && !IsZombie(pid);

    private static string TextOf(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
