using System.Security.Cryptography;
using System.Text;

namespace Steelyard.Keeper;

/// <summary>Where the sockets of running keepers are that only the same user reaches, named after the configuration's full path.</summary>
internal static class RuntimeFolder
{
    /// <summary>The places of a kind of socket, where it is made first.</summary>
    /// <param name="file">The configuration.</param>
    /// <param name="ending">What the name ends with.</param>
    // The keeper may have been started with another environment than who looks for it, as a service is.
    public static IEnumerable<string> PathsFor(string file, string ending) => Folders().Select(folder => PathIn(folder, file, ending));

    /// <summary>Every socket of a kind in the folder that this environment means; those of others, as services have, are found by their file.</summary>
    /// <param name="ending">What the names end with.</param>
    public static IEnumerable<string> All(string ending) => Folders().Take(1).Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, $"steelyard-*{ending}"));

    /// <summary>The place to make a socket in.</summary>
    /// <param name="file">The configuration.</param>
    /// <param name="ending">What the name ends with.</param>
    /// <exception cref="IOException">The folder cannot be made, or is not ours alone.</exception>
    public static string PathToMake(string file, string ending)
    {
        return PathIn(Folders().FirstOrDefault() ?? MakeOwn(), file, ending);
    }

    private static string PathIn(string folder, string file, string ending)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(file)));
        return Path.Combine(folder, $"steelyard-{Convert.ToHexStringLower(hash.AsSpan(0, 8))}{ending}");
    }

    /// <summary>The folders that only this user can write to, the first one first.</summary>
    private static IEnumerable<string> Folders()
    {
        if (Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { } given && Directory.Exists(given))
            yield return given;
        if (Posix.geteuid() == 0 && Directory.Exists("/run"))
            yield return "/run";
        else if (IsOursAlone(Own))
            yield return Own;
    }

    private static string Own => Path.Combine(Path.GetTempPath(), $"steelyard-{Posix.geteuid()}");

    private static string MakeOwn()
    {
        Directory.CreateDirectory(Own, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return IsOursAlone(Own) ? Own : throw new IOException($"{Own} is another user's, a link, or open to others");
    }

    /// <summary>Whether a folder is no link, ours, and closed to others: where all may write, anybody can have made it before us.</summary>
    internal static unsafe bool IsOursAlone(string folder)
    {
        var status = stackalloc byte[Posix.SizeOfStatx];
        return Posix.statx(Posix.AT_FDCWD, folder, Posix.AT_SYMLINK_NOFOLLOW, Posix.STATX_BASIC_STATS, status) == 0
            && *(uint*)(status + Posix.OwnerInStatx) == Posix.geteuid()
            && *(ushort*)(status + Posix.ModeInStatx) == Posix.S_IFDIR + Posix.S_IRWXU;
    }
}
