using System.Runtime.InteropServices;
using System.Text;
using Steelyard.Engine.Interop;

namespace Steelyard.Engine.Tls;

/// <summary>
/// What tells one content of a file from another, without reading it: which file it is, when it was written, and how
/// long it is. Of a link, that of the file it leads to in the end: certbot and Kubernetes renew by pointing links elsewhere.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FileStamp
{
    private readonly ulong _device;
    private readonly ulong _inode;
    private readonly ulong _length;
    private readonly long _seconds;
    private readonly uint _nanoseconds;

    private FileStamp(in Linux.FileStatus status)
    {
        _device = ((ulong)status.DeviceMajor << 32) | status.DeviceMinor;
        (_inode, _length) = (status.Inode, status.Size);
        (_seconds, _nanoseconds) = (status.Modified.Seconds, status.Modified.Nanoseconds);
    }

    private FileStamp(long version) => (_inode, _seconds) = (ulong.MaxValue, version);

    /// <summary>The stamp of a file that somebody else has read; the default where it could not be.</summary>
    public static FileStamp Of(LentFile file) => file.Text is null ? default : new(file.Version);

    /// <summary>The stamp of the file at a path; the default where none can be reached.</summary>
    public static unsafe FileStamp Of(string path)
    {
        var name = Encoding.UTF8.GetBytes(path + "\0");
        Linux.FileStatus status;
        fixed (byte* start = name)
            return Linux.Check(Linux.statx(Linux.AT_FDCWD, start, 0, Linux.STATX_BASIC_STATS, (byte*)&status)) < 0 ? default : new(status);
    }
}
