using System.Security.Cryptography;
using System.Text;

namespace Steelyard.Config;

/// <summary>The Redis over which several balancers know the same clients and count the same limits (HAProxy: peers; nginx: zone_sync).</summary>
public sealed record SharedSettings
{
    /// <summary>Where it listens: host and port, or a Unix socket.</summary>
    public required NetworkAddress Redis { get; init; }

    /// <summary>The user it is told; null for its default user.</summary>
    public string? User { get; init; }

    /// <summary>The password; null for none.</summary>
    public string? Password { get; init; }

    /// <summary>The file whose first line is the password, relative to the folder of the configuration; null for none. Whoever starts the engine reads it.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>Whether it is spoken to over TLS, and its certificate believed for its host. Default not.</summary>
    public bool Tls { get; init; }

    /// <summary>The file of the authorities that are believed, relative to the folder of the configuration; null for the system's.</summary>
    public string? Authorities { get; init; }

    /// <summary>Which of its databases: 0 to 1023. Default 0.</summary>
    public int Database { get; init; }

    /// <summary>What the names of all keys and channels begin with: those who have the same share. Default <c>steelyard</c>.</summary>
    public string Prefix { get; init; } = "steelyard";

    /// <summary>What clients are hashed with before they leave: 16 to 256 characters, the same in all balancers. Null for the password, or the prefix where there is none.</summary>
    public string? Secret { get; init; }

    /// <summary>How often changes are sent: 1 ms to 1 s. Default 10 ms.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>What clients are hashed with, the same in all balancers that share.</summary>
    public byte[] HashKey() => SHA256.HashData(Encoding.UTF8.GetBytes($"steelyard clients {Secret ?? Password ?? Prefix}"));
}
