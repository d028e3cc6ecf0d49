using System.Runtime.InteropServices;

namespace Steelyard.Engine.Tls;

/// <summary>Sees when files change that were read. Used by one thread at a time.</summary>
internal sealed class FileWatch(TlsFiles files)
{
    private readonly List<Watched> _watched = [];

    private record struct Watched(string Name, FileStamp Taken, FileStamp Seen);

    /// <summary>Watches a file from now on; to be called before it is read.</summary>
    /// <param name="name">The file; null for none.</param>
    public void Add(string? name)
    {
        if (name is null)
            return;
        var stamp = files.Stamp(name);
        _watched.Add(new(name, stamp, stamp));
    }

    /// <summary>Looks at the files.</summary>
    /// <param name="atOnce">Whether a change counts that may still go on; else it counts once it has stayed for two looks.</param>
    /// <returns>A file that has changed since it was read; null when none has. It counts as read now.</returns>
    public string? Look(bool atOnce)
    {
        string? changed = null;
        var settled = true;
        foreach (ref var file in CollectionsMarshal.AsSpan(_watched))
        {
            var now = files.Stamp(file.Name);
            if (now != file.Taken)
            {
                changed ??= file.Name;
                settled &= atOnce || now == file.Seen;
            }

            file.Seen = now;
        }

        if (!settled || changed is null)
            return null;
        foreach (ref var file in CollectionsMarshal.AsSpan(_watched))
            file.Taken = file.Seen;
        return changed;
    }
}
