using System.Text;
using Steelyard.Keeper;

namespace Steelyard.Apps.Reach;

/// <summary>A folder only one user can enter, for the instances' sockets; gone with the run.</summary>
internal sealed class RuntimeDirectory : IDisposable
{
    // The kernel keeps a socket's path in 108 bytes, a final zero included.
    private const int LongestSocketPath = 107;
    private const int RoomForFileName = 32;

    /// <param name="user">Who may enter it beside root; null for ourselves.</param>
    public RuntimeDirectory(string? user = null)
    {
        var (temporary, given) = (Path.GetTempPath(), Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"));
        var parent = Directory.Exists(given) && Fits(given) ? given : Fits(temporary) ? temporary : "/tmp";
        FullName = NewFolder(parent);
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

    public void Dispose()
    {
        try
        {
            Directory.Delete(FullName, recursive: true);
        }
        catch (IOException)
        {
            // An instance that outlived its SIGKILL's grace may still write there; what stays is an empty name in a temporary folder.
        }
    }

    private static bool Fits(string parent) =>
        Encoding.UTF8.GetByteCount(parent) + "/steelyard-".Length + RoomForFileName * 2 <= LongestSocketPath;

    private static string NewFolder(string parent)
    {
        var folder = Path.Combine(parent, $"steelyard-{Environment.ProcessId}-{Path.GetRandomFileName()[..6]}");
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }
}
