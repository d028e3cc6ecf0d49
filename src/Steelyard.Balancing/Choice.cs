namespace Steelyard.Balancing;

/// <summary>What a choice goes by beside the servers. Time and chance are given, so that a choice can be made again.</summary>
public readonly ref struct Choice
{
    /// <summary>The servers this request has tried, a set for the <see cref="Pool.Count"/> servers of the pool; they are not chosen again.</summary>
    public required ServerSet Tried { get; init; }

    /// <summary>The server the client belongs to; null for none.</summary>
    public Server? Owner { get; init; }

    /// <summary>The server that takes the request as long as it is up, whoever the client belongs to; null for none (HAProxy: use-server).</summary>
    public Server? Named { get; init; }

    /// <summary>The server that a client without an owner stays with as long as it takes requests, for the sake of a connection there that is its own; null for none.</summary>
    public Server? Preferred { get; init; }

    /// <summary>Whether the owner is chosen in any state.</summary>
    public bool Forced { get; init; }

    /// <summary>The time, in monotonic milliseconds.</summary>
    public long Now { get; init; }

    /// <summary>What the request is known by, for the policies that hash it; empty where it has nothing of the kind.</summary>
    public ReadOnlySpan<byte> Key { get; init; }

    /// <summary>64 random bits, for the policies that draw lots.</summary>
    public ulong Chance { get; init; }
}
