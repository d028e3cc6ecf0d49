using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>One server of a pool, alive: its settings, and the state that all loops share.</summary>
public sealed class Server
{
    internal Server(ServerSettings settings, int index, int ordinal) =>
        (Settings, Index, Ordinal) = (settings, index, ordinal);

    /// <summary>What the configuration says of it.</summary>
    public ServerSettings Settings { get; }

    /// <summary>Its position in the pool, from 0.</summary>
    public int Index { get; }

    /// <summary>Its number among the servers of all pools, from 0; loops find their own state of it by this.</summary>
    public int Ordinal { get; }
}
