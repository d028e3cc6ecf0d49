namespace Steelyard.Config;

/// <summary>
/// The timeouts of a listener, a route or a pool, where they differ from <see cref="Snapshot.Timeouts"/>; null for one
/// that does not. Each is between 1 ms and 24 h. Of several that are given for one wait the route's counts, then the
/// pool's, then the listener's (HAProxy: timeout in a frontend and in a backend; nginx: in a server and in a location).
/// </summary>
public sealed record TimeoutOverrides
{
    /// <summary>Nothing differs.</summary>
    public static TimeoutOverrides None { get; } = new();

    /// <summary><see cref="Timeouts.Queue"/>; where <see cref="Connect"/> alone is given, that.</summary>
    public TimeSpan? Queue { get; init; }

    /// <summary><see cref="Timeouts.Connect"/>.</summary>
    public TimeSpan? Connect { get; init; }

    /// <summary><see cref="Timeouts.TlsHandshake"/>; of listeners only.</summary>
    public TimeSpan? TlsHandshake { get; init; }

    /// <summary><see cref="Timeouts.ClientHeader"/>; of listeners only.</summary>
    public TimeSpan? ClientHeader { get; init; }

    /// <summary><see cref="Timeouts.ClientBody"/>; of listeners and routes only.</summary>
    public TimeSpan? ClientBody { get; init; }

    /// <summary><see cref="Timeouts.ClientIdle"/>; of listeners only.</summary>
    public TimeSpan? ClientIdle { get; init; }

    /// <summary><see cref="Timeouts.ServerResponse"/>.</summary>
    public TimeSpan? ServerResponse { get; init; }

    /// <summary><see cref="Timeouts.ServerBody"/>.</summary>
    public TimeSpan? ServerBody { get; init; }

    /// <summary><see cref="Timeouts.ServerIdle"/>.</summary>
    public TimeSpan? ServerIdle { get; init; }

    /// <summary><see cref="Timeouts.Tunnel"/>.</summary>
    public TimeSpan? Tunnel { get; init; }

    /// <summary><see cref="Timeouts.ClientFin"/>; of listeners and routes only.</summary>
    public TimeSpan? ClientFin { get; init; }

    /// <summary><see cref="Timeouts.ServerFin"/>.</summary>
    public TimeSpan? ServerFin { get; init; }

    /// <summary><see cref="Timeouts.Request"/>; of listeners only.</summary>
    public TimeSpan? Request { get; init; }
}
