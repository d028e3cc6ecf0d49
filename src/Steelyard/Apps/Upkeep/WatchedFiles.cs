using System.IO.Enumeration;

namespace Steelyard.Apps.Upkeep;

/// <summary>Whether files and folders have changed: a change counts once it has stayed for two looks, as an editor may not be done.</summary>
internal sealed class WatchedFiles
{
    private const int MostFiles = 100_000;

    private readonly IReadOnlyList<string> _paths;
    private readonly IReadOnlyList<string> _ignored;
    private int _seen;
    private int _lastLook;

    /// <param name="paths">Full paths.</param>
    /// <param name="ignored">What is passed over: names at any depth, or full paths; with <c>*</c> and <c>?</c>.</param>
    public WatchedFiles(IReadOnlyList<string> paths, params IReadOnlyList<string> ignored)
    {
        (_paths, _ignored) = (paths, ignored);
        _seen = _lastLook = Stamp();
    }

    /// <summary>Those of the paths where nothing is.</summary>
    public IEnumerable<string> Missing => _paths.Where(path => !Path.Exists(path));

    /// <summary>Looks.</summary>
    /// <returns>Whether there is a change that has not been told of.</returns>
    public bool Look()
    {
        var now = Stamp();
        var changed = now != _seen && now == _lastLook;
        if (changed)
            _seen = now;
        _lastLook = now;
        return changed;
    }

    private int Stamp()
    {
        var hash = new HashCode();
        foreach (var path in _paths)
        {
            if (File.Exists(path))
                Add(ref hash, new FileInfo(path));
            else if (Directory.Exists(path))
            {
                foreach (var file in Files(path).Take(MostFiles))
                    Add(ref hash, file);
            }
        }

        return hash.ToHashCode();
    }

    private IEnumerable<FileInfo> Files(string folder)
    {
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            if (entry.Name[0] == '.' || entry.Name == "node_modules" || IsIgnored(entry))
                continue;
            if (entry is FileInfo file)
            {
                if (!IsLog(file.Name))
                    yield return file;
            }
            else if (entry.LinkTarget is null)
            {
                foreach (var deeper in Files(entry.FullName))
                    yield return deeper;
            }
        }
    }

    // What workers print as they start would have them replaced, for ever.
    private static bool IsLog(string name) => name.EndsWith(".log", StringComparison.Ordinal) || name.AsSpan().TrimEnd("0123456789").EndsWith(".log.");

    private bool IsIgnored(FileSystemInfo entry)
    {
        foreach (var pattern in _ignored)
        {
            if (FileSystemName.MatchesSimpleExpression(pattern, pattern.Contains('/', StringComparison.Ordinal) ? entry.FullName : entry.Name, ignoreCase: false))
                return true;
        }

        return false;
    }

    private static void Add(ref HashCode hash, FileInfo file)
    {
        hash.Add(file.FullName, StringComparer.Ordinal);
        hash.Add(file.LastWriteTimeUtc);
        hash.Add(file.Exists ? file.Length : 0);
    }
}
