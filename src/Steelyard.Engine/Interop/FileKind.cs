using System.Buffers;
using System.Text;

namespace Steelyard.Engine.Interop;

/// <summary>What stands under a path.</summary>
internal static class FileKind
{
    private const int LongestPath = 4096;

    /// <summary>What kind of file a path names (S_IFMT of inode(7)); 0 where there is none.</summary>
    /// <param name="path">The path.</param>
    /// <param name="followLinks">Whether what a link leads to counts, or the link.</param>
    public static unsafe int Of(string path, bool followLinks)
    {
        var name = Encoding.UTF8.GetBytes(path + "\0");
        Linux.FileStatus status;
        fixed (byte* start = name)
        {
            return Linux.Check(Linux.statx(Linux.AT_FDCWD, start, followLinks ? 0 : Linux.AT_SYMLINK_NOFOLLOW, Linux.STATX_TYPE, (byte*)&status)) < 0
                ? 0
                : status.Mode & Linux.S_IFMT;
        }
    }

    /// <summary>Whether it is a file with bytes in it: to open a pipe would wait until somebody writes to it.</summary>
    public static bool IsRegular(string path) => Of(path, followLinks: true) == Linux.S_IFREG;

    /// <summary>What stands under a path, in a word; empty where nothing does, and for a path that climbs.</summary>
    /// <param name="path">The path, percent-encoded or not: it may be made of what a client asks for.</param>
    public static unsafe ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> path)
    {
        const int Executable = 0x49;
        if (path.Length >= LongestPath)
            return default;
        Span<byte> name = stackalloc byte[LongestPath];
        var length = Decode(path, name);
        if (name[..length].Contains((byte)0) || Climbs(name[..length]))
            return default;
        name[length] = 0;
        Linux.FileStatus status;
        fixed (byte* start = name)
        {
            if (Linux.Check(Linux.statx(Linux.AT_FDCWD, start, 0, Linux.STATX_TYPE | Linux.STATX_MODE, (byte*)&status)) < 0)
                return default;
        }

        return (status.Mode & Linux.S_IFMT) switch
        {
            Linux.S_IFREG => (status.Mode & Executable) != 0 ? "program"u8 : "file"u8,
            Linux.S_IFDIR => "folder"u8,
            _ => "other"u8,
        };
    }

    private static int Decode(ReadOnlySpan<byte> path, Span<byte> name)
    {
        var length = 0;
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] == '%' && i + 2 < path.Length && Convert.FromHexString(path.Slice(i + 1, 2), name[length..], out _, out _) == OperationStatus.Done)
                i += 2;
            else
                name[length] = path[i];
            length++;
        }

        return length;
    }

    private static bool Climbs(ReadOnlySpan<byte> path)
    {
        foreach (var segment in path.Split((byte)'/'))
        {
            if (path[segment].SequenceEqual(".."u8))
                return true;
        }

        return false;
    }
}
