namespace Steelyard.Balancing;

/// <summary>What an operator wants of a server.</summary>
public enum ServerState
{
    /// <summary>Requests, when it is well.</summary>
    Ready,

    /// <summary>No new requests but those that belong to it; what it has to do it may end (HAProxy: drain).</summary>
    Drain,

    /// <summary>Nothing (HAProxy: maint).</summary>
    Maintenance,
}
