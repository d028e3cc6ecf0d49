using System.Globalization;
using System.Text;
using Steelyard.Keeper;

namespace Steelyard.Apps.Reach;

/// <summary>A folder only one user can enter, for the instances' sockets; gone with the run.</summary>
internal sealed class RuntimeDirectory : IDisposable
{
    // The kernel keeps a socket's path in 108 bytes, a final zero included.
    private const int LongestSocketPath = 107;
    private const int RoomForFileName = 32;
    private const string Prefix = "steelyard-";

    // One is made at a time, and none of our own is taken for one that was left.
    private static readonly Lock s_making = new();
    private static readonly HashSet<string> s_own = [];

    // Held while we live, by which another one knows: a process of another container has no number it could look for.
    private readonly int _lock;

    /// <param name="user">Who may enter it beside root; null for ourselves.</param>
    public RuntimeDirectory(string? user = null)
    {
        var (temporary, given) = (Path.GetTempPath(), Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"));
        var parent = Directory.Exists(given) && Fits(given) ? given : Fits(temporary) ? temporary : "/tmp";
        lock (s_making)
        {
            RemoveStale(parent);
            FullName = NewFolder(parent);
            _lock = TryLock(FullName);
            s_own.Add(FullName);
        }

        if (user is not null)
            Privileges.GiveTo(user, FullName);
    }

    public string FullName { get; }

    /// <summary>Where an instance's socket goes: named after its pool where that is short enough.</summary>
    public string SocketPath(string pool, int instance, int life)
    {
        var readable = Path.Combine(FullName, $"{pool}-{instance}-{life}.sock");
        return Encoding.UTF8.GetByteCount(readable) <= LongestSocketPath
            ? readable
            : Path.Combine(FullName, $"{instance}-{life}.sock");
    }

    /// <summary>
    /// Removes what those have left who were killed. Only what is ours alone: in a folder that somebody else may change,
    /// a name can become a link while we delete.
    /// </summary>
    /// <param name="parent">Where such folders are.</param>
    internal static void RemoveStale(string parent)
    {
        try
        {
            foreach (var folder in Directory.EnumerateDirectories(parent, $"{Prefix}*-*"))
            {
                if (!IsLeft(folder) || TryLock(folder) is not (var held and >= 0))
                    continue;
                Remove(folder);
                _ = Posix.close(held);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A folder that is not there yet, or may not be listed, keeps nobody from starting.
        }
    }

    // After a container has begun again our own number may be that of who was killed.
    private static bool IsLeft(string folder)
    {
        var number = Path.GetFileName(folder.AsSpan())[Prefix.Length..];
        return int.TryParse(number[..number.IndexOf('-')], NumberStyles.None, CultureInfo.InvariantCulture, out var process)
            && (process == Environment.ProcessId ? !s_own.Contains(folder) : !Directory.Exists($"/proc/{process}"))
            && RuntimeFolder.IsOursAlone(folder);
    }

    /// <summary>Takes the lock of a folder.</summary>
    /// <returns>What holds it; -1 where another process does, or there is no descriptor left.</returns>
    private static int TryLock(string folder)
    {
        var handle = Posix.open(folder, Posix.O_RDONLY | Posix.O_CLOEXEC, 0);
        if (handle < 0 || Posix.flock(handle, Posix.LOCK_EX | Posix.LOCK_NB) == 0)
            return handle;
        _ = Posix.close(handle);
        return -1;
    }

    public void Dispose()
    {
        Remove(FullName);
        if (_lock >= 0)
            _ = Posix.close(_lock);
        lock (s_making)
            s_own.Remove(FullName);
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // An instance that outlived its SIGKILL's grace may still write there; what stays is an empty name in a temporary folder.
        }
    }

    private static bool Fits(string parent) =>
        Encoding.UTF8.GetByteCount(parent) + "/steelyard-".Length + RoomForFileName * 2 <= LongestSocketPath;

    private static string NewFolder(string parent)
    {
        var folder = Path.Combine(parent, $"{Prefix}{Environment.ProcessId}-{Path.GetRandomFileName()[..6]}");
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }
}
