namespace Steelyard.Apps;

/// <summary>Finds a program as a shell in a folder would: a word with a slash is a path, another is looked for in PATH.</summary>
/// <remarks>The process class of .NET looks beside its own executable and in the current folder first, which nobody expects.</remarks>
internal static class ProgramPath
{
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The full path, or null when there is no such program.</summary>
    public static string? Find(string word, string folder, string? searchPath)
    {
        if (word.Contains('/'))
            return IfExecutable(Path.GetFullPath(word, folder));
        foreach (var place in (searchPath ?? "/usr/bin:/bin").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            if (IfExecutable(Path.GetFullPath(word, Path.GetFullPath(place, folder))) is { } found)
                return found;
        }
        return null;
    }

    private static string? IfExecutable(string path) =>
        File.Exists(path) && (File.GetUnixFileMode(path) & Executable) != UnixFileMode.None ? path : null;
}
