using Steelyard.Engine.Interop;

namespace Steelyard.Engine.Proxy;

/// <summary>How many client connections the descriptors of this process suffice for, as HAProxy derives its maxconn.</summary>
internal static class DescriptorLimit
{
    // For what this program opens beside connections: epoll, certificates that are read anew, pipes.
    private const int Reserve = 32;

    /// <summary>
    /// Half of what was free when it was asked first: each client may need a connection to a server. At least 1.
    /// </summary>
    public static int Connections { get; } = Find();

    private static unsafe int Find()
    {
        Linux.ResourceLimit limit;
        if (Linux.Check(Linux.getrlimit(Linux.RLIMIT_NOFILE, &limit)) < 0)
            return int.MaxValue;
        var open = Directory.GetFileSystemEntries("/proc/self/fd").Length;
        return (int)Math.Clamp(((long)Math.Min(limit.Current, int.MaxValue) - open - Reserve) / 2, 1, int.MaxValue);
    }
}
