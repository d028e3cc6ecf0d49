using Steelyard.Engine.Interop;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// How many connections each client address has open on one listener. Shared by all loops: cut into shards by address,
/// each held for some tens of nanoseconds once when a connection comes and once when it goes. Allocates only to grow.
/// </summary>
internal sealed class AddressCounts
{
    private const int ShardCount = 64;

    private readonly Shard[] _shards = new Shard[ShardCount];

    public AddressCounts()
    {
        for (var i = 0; i < ShardCount; i++)
            _shards[i] = new Shard();
    }

    /// <summary>Counts one more of an address, unless it has as many as it may.</summary>
    /// <param name="address">From <see cref="KernelAddress.ClientKey"/>.</param>
    /// <param name="most">How many it may have.</param>
    public bool TryEnter(UInt128 address, int most) => ShardOf(address).TryEnter(address, most);

    /// <summary>Counts one less of an address.</summary>
    public void Leave(UInt128 address) => ShardOf(address).Leave(address);

    /// <summary>Connections of an address open now.</summary>
    public int Of(UInt128 address) => ShardOf(address).Of(address);

    private Shard ShardOf(UInt128 address) => _shards[address.GetHashCode() & (ShardCount - 1)];

    private sealed class Shard
    {
        private readonly Dictionary<UInt128, int> _open = [];
        private int _held;

        public bool TryEnter(UInt128 address, int most)
        {
            Hold();
            var open = _open.GetValueOrDefault(address);
            if (open < most)
                _open[address] = open + 1;
            Volatile.Write(ref _held, 0);
            return open < most;
        }

        public void Leave(UInt128 address)
        {
            Hold();
            if (_open.TryGetValue(address, out var open) && open > 1)
                _open[address] = open - 1;
            else
                _open.Remove(address);
            Volatile.Write(ref _held, 0);
        }

        public int Of(UInt128 address)
        {
            Hold();
            var open = _open.GetValueOrDefault(address);
            Volatile.Write(ref _held, 0);
            return open;
        }

        private void Hold()
        {
            var wait = default(SpinWait);
            while (Interlocked.Exchange(ref _held, 1) != 0)
                wait.SpinOnce();
        }
    }
}
