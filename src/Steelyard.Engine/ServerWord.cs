namespace Steelyard.Engine;

/// <summary>What an operator says of a server's health, in the place of who is asked for it. It does not outlive the engine.</summary>
public enum ServerWord
{
    /// <summary>Checks count.</summary>
    ChecksOn,

    /// <summary>Checks do not count, and are not made.</summary>
    ChecksOff,

    /// <summary>Its agent counts.</summary>
    AgentOn,

    /// <summary>Its agent does not count, and is not asked.</summary>
    AgentOff,

    /// <summary>It is up, until a check says something else.</summary>
    Up,

    /// <summary>It is down, until checks say something else.</summary>
    Down,

    /// <summary>Its agent would say that it is up.</summary>
    AgentUp,

    /// <summary>Its agent would say that it is down.</summary>
    AgentDown,
}
