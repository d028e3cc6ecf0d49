using System.Text;

namespace Steelyard.Engine.Interop;

/// <summary>What stands under a path.</summary>
internal static class FileKind
{
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
}
