namespace Steelyard.Engine;

/// <summary>What a client's connection does.</summary>
public enum ConnectionState
{
    /// <summary>It says who it is: a PROXY header, a TLS handshake; or it is being closed.</summary>
    Opening,

    /// <summary>It waits for a request.</summary>
    Idle,

    /// <summary>A request is under way.</summary>
    Request,

    /// <summary>It is joined to a server in TCP mode.</summary>
    Session,
}

/// <summary>A client's connection, a moment ago.</summary>
/// <param name="Client">Where it comes from; null for a Unix socket.</param>
/// <param name="Listener">The first address of its listener, as the configuration writes it.</param>
/// <param name="State">What it does.</param>
/// <param name="Age">How long it has been open.</param>
/// <param name="Requests">How many requests it has had, the present one included.</param>
/// <param name="Request">Method and target of the one under way, without its query, cut; null for none.</param>
/// <param name="Pool">The pool it is for; null where none is chosen yet.</param>
/// <param name="Server">The server of the present attempt, or the last; null for none.</param>
public sealed record ConnectionStatus(string? Client, string Listener, ConnectionState State, TimeSpan Age, int Requests, string? Request, string? Pool, string? Server)
{
    /// <summary>A number that no other connection of the process has.</summary>
    public long Number { get; init; }
}
