using System.Runtime.InteropServices;
using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>One server of a pool, alive: its settings, and the state that all loops share.</summary>
public sealed class Server
{
    private readonly State _state;

    /// <param name="settings">What the configuration says of it.</param>
    /// <param name="index">Its position in the pool.</param>
    /// <param name="ordinal">Its number among the servers of all pools.</param>
    /// <param name="before">The same server before a reload, whose state goes on; null for none.</param>
    internal Server(ServerSettings settings, int index, int ordinal, Server? before)
    {
        (Settings, Index, Ordinal) = (settings, index, ordinal);
        AddressBytes = System.Text.Encoding.UTF8.GetBytes(settings.Address.ToString());
        _state = before?._state ?? new();
    }

    /// <summary>What outlives a reload.</summary>
    private sealed class State
    {
        public PaddedCount Active;
        public long Failures;
        public int LastFailure;
        public int LastReason;
    }

    /// <summary>Alone on its cache lines: every loop writes it twice for every request.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct PaddedCount
    {
        [FieldOffset(64)]
        public int Value;
    }

    /// <summary>The requests, tunnels and sessions in TCP mode it has to do now, over all loops; also those of a configuration before.</summary>
    public int Active => Volatile.Read(ref _state.Active.Value);

    /// <summary>Counts one more as active.</summary>
    internal void Begin() => Interlocked.Increment(ref _state.Active.Value);

    /// <summary>Counts one more as active if nobody else has meanwhile.</summary>
    /// <param name="seen">What <see cref="Active"/> was.</param>
    internal bool TryBegin(int seen) => Interlocked.CompareExchange(ref _state.Active.Value, seen + 1, seen) == seen;

    /// <summary>What it was chosen for has ended, well or badly; once for each <see cref="Decision"/> that names it.</summary>
    public void End() => Interlocked.Decrement(ref _state.Active.Value);

    /// <summary>Failures since the start; any loop may count one.</summary>
    public long Failures => Interlocked.Read(ref _state.Failures);

    /// <summary>How the last request with it failed; none when it succeeded, or there was none.</summary>
    public ServerFailure LastFailure => (ServerFailure)Volatile.Read(ref _state.LastFailure);

    /// <summary>How the last of its failures came about, also when it has succeeded since; none when there was none.</summary>
    public ServerFailure LastReason => (ServerFailure)Volatile.Read(ref _state.LastReason);

    /// <summary>A request with it failed.</summary>
    public void Failed(ServerFailure failure)
    {
        Interlocked.Increment(ref _state.Failures);
        Volatile.Write(ref _state.LastReason, (int)failure);
        Volatile.Write(ref _state.LastFailure, (int)failure);
    }

    /// <summary>A request with it succeeded. Writes only where the last one failed, so that a healthy server's state stays in every core's cache.</summary>
    public void Succeeded()
    {
        if (LastFailure != ServerFailure.None)
            Volatile.Write(ref _state.LastFailure, (int)ServerFailure.None);
    }

    /// <summary>What the configuration says of it.</summary>
    public ServerSettings Settings { get; }

    /// <summary>Its address as the configuration writes it, in UTF-8.</summary>
    public ReadOnlyMemory<byte> AddressBytes { get; }

    /// <summary>Its position in the pool, from 0.</summary>
    public int Index { get; }

    /// <summary>Its number among the servers of all pools, from 0; loops find their own state of it by this.</summary>
    public int Ordinal { get; }
}
