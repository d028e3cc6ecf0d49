using System.Security.Cryptography;
using System.Text;
using Steelyard.Admin;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Keeper;

/// <summary>Everything an engine serves by.</summary>
/// <param name="Snapshot">The configuration, with the instances of apps as servers.</param>
/// <param name="Sockets">The sockets bound for it.</param>
/// <param name="Admin">Where the admin API is served, and to whom.</param>
/// <param name="Source">Where it comes from.</param>
internal sealed record ServedConfiguration(Snapshot Snapshot, ListeningSockets Sockets, AdminService Admin, ConfigurationSource Source);

/// <summary>Where a configuration comes from.</summary>
/// <param name="File">The full path of its file.</param>
/// <param name="Hash">SHA-256 of what the file said, in hexadecimal digits.</param>
/// <param name="At">When it was read.</param>
/// <param name="Generation">How many the keeper has taken up, this one included.</param>
internal sealed record ConfigurationSource(string File, string Hash, DateTimeOffset At, int Generation)
{
    /// <summary>The source of what was read just now.</summary>
    public static ConfigurationSource Now(string file, ConfigurationResult read, int generation) => new(
        Path.GetFullPath(file),
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(read.Sources[0].Text))),
        DateTimeOffset.UtcNow,
        generation);
}
