namespace Steelyard.Apps.Upkeep;

/// <summary>Whether files and folders have changed: a change counts once it has stayed for two looks, as an editor may not be done.</summary>
internal sealed class WatchedFiles
{
    private const int MostFiles = 100_000;

    private readonly IReadOnlyList<string> _paths;
    private int _seen;
    private int _lastLook;

    /// <param name="paths">Full paths.</param>
    public WatchedFiles(IReadOnlyList<string> paths)
    {
        _paths = paths;
        _seen = _lastLook = Stamp();
    }

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

    private static IEnumerable<FileInfo> Files(string folder)
    {
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            if (entry.Name[0] == '.' || entry.Name == "node_modules")
                continue;
            if (entry is FileInfo file)
            {
                yield return file;
            }
            else if (entry.LinkTarget is null)
            {
                foreach (var deeper in Files(entry.FullName))
                    yield return deeper;
            }
        }
    }

    private static void Add(ref HashCode hash, FileInfo file)
    {
        hash.Add(file.FullName, StringComparer.Ordinal);
        hash.Add(file.LastWriteTimeUtc);
        hash.Add(file.Exists ? file.Length : 0);
    }
}
