namespace Steelyard.Balancing;

/// <summary>Who says how a server does.</summary>
[Flags]
public enum Hearing
{
    /// <summary>Nobody.</summary>
    None = 0,

    /// <summary>Checks of its health.</summary>
    Checks = 1,

    /// <summary>Its agent.</summary>
    Agent = 2,
}
