using System.Security.Cryptography;
using Steelyard.Config;

namespace Steelyard.Keeper;

/// <summary>
/// The secret that cookies are signed with where the configuration has none. It is made once and kept in a file, so that
/// clients stay where they are over restarts, reloads and upgrades. Only the keeper reads the file.
/// </summary>
internal sealed class InstallationKey
{
    private const int Length = 32;

    private string? _key;

    /// <summary>The folder of the file: what systemd gives as its StateDirectory, else the system's or the user's.</summary>
    private static string Folder =>
        Environment.GetEnvironmentVariable("STATE_DIRECTORY") is { Length: > 0 } given ? given.Split(':')[0]
        : Environment.IsPrivilegedProcess ? "/var/lib/steelyard"
        : Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state ? Path.Combine(state, "steelyard")
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local/state/steelyard");

    /// <summary>The configuration with a secret in every pool that needs one.</summary>
    public Snapshot FillInto(Snapshot snapshot) => snapshot.Pools.Any(Needs)
        ? snapshot with { Pools = snapshot.Pools.Select(pool => Needs(pool) ? pool with { Sticky = pool.Sticky! with { Secret = _key ??= ReadOrMake() } } : pool).ToValueList() }
        : snapshot;

    private static bool Needs(PoolSettings pool) => pool.Sticky is { Key: null, Value: StickyValue.Signed, Secret: null };

    private static string ReadOrMake()
    {
        var file = Path.Combine(Folder, "sticky.key");
        try
        {
            if (!File.Exists(file))
                Make(file);
            var key = File.ReadAllBytes(file);
            if (key.Length == Length)
                return Convert.ToHexStringLower(key);
            Console.Error.WriteLine($"steelyard: {file} is no key of {Length} bytes; sticky cookies are good until the next start only");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"steelyard: the key for sticky cookies cannot be kept, so they are good until the next start only: {error.Message}");
        }

        return Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Length));
    }

    private static void Make(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        // Whole or not at all, and of two that make it at once the first one's.
        var draft = $"{file}.{Environment.ProcessId}";
        using (var stream = new FileStream(draft, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            stream.Write(RandomNumberGenerator.GetBytes(Length));
        try
        {
            File.Move(draft, file, overwrite: false);
        }
        catch (IOException) when (File.Exists(file))
        {
            File.Delete(draft);
        }
    }
}
