namespace Steelyard.Config;

/// <summary>A socket that takes HAProxy's commands, one after the other in lines (HAProxy: stats socket).</summary>
/// <param name="Address">Where it listens.</param>
/// <param name="Level">What may be asked for on it.</param>
/// <param name="Mode">The permissions of a Unix socket, as chmod has them, in the digits 0 to 7; null for 600.</param>
public sealed record CommandSocketSettings(NetworkAddress Address, CommandLevel Level = CommandLevel.Operator, string? Mode = null);

/// <summary>What may be asked for on a socket for commands; each level includes those before it.</summary>
public enum CommandLevel
{
    /// <summary>Looking at what does not tell of clients.</summary>
    User,

    /// <summary>Looking at everything, and clearing what was counted.</summary>
    Operator,

    /// <summary>Changing what is served.</summary>
    Admin,
}
