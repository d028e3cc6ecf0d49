namespace Steelyard.Balancing;

/// <summary>
/// Maglev hashing (Eisenbud and others: Maglev, a fast and reliable software network load balancer, NSDI 2016, 3.4): a
/// table as large as a prime, which the servers fill in turn, each in an order of its own. Weighted as in Envoy: who has
/// half the weight sits out every other turn. Those that cannot serve are not in it.
/// </summary>
internal sealed class MaglevTable : Placement
{
    // The paper's small and large sizes; a table has at least a hundred places for each server.
    private const uint Small = 65_537;
    private const uint Large = 1_000_003;
    private const int ServersOfSmall = (int)Small / 100;

    // How often a key is looked up anew before it is left to turns.
    private const int Lookups = 64;

    private readonly Server[] _of;
    private readonly int[] _weights;
    private readonly int[] _table;

    public MaglevTable(Server[] servers, int[] weights)
    {
        (_of, _weights) = (servers, weights);
        var usable = 0;
        foreach (var weight in weights)
            usable += weight > 0 ? 1 : 0;
        _table = usable == 0 ? [] : Fill(servers, weights, usable > ServersOfSmall ? Large : Small);
    }

    public override int MostSteps => Lookups;

    public override bool IsEmpty => _table.Length == 0;

    /// <summary>Who has each place.</summary>
    public ReadOnlySpan<int> Places => _table;

    /// <summary>Whether it was made of the same servers, those of a pool between two reloads, with the same weights.</summary>
    public bool IsOf(Server[] servers, ReadOnlySpan<int> weights) => servers == _of && weights.SequenceEqual(_weights);

    public override Walk Begin(ReadOnlySpan<byte> key)
    {
        var hash = Hashes.Wide(key);
        return new() { Hash = (uint)(hash >> 32) };
    }

    public override int Next(ref Walk walk, ReadOnlySpan<byte> key)
    {
        // Not the next place: that would give all keys of a server that left to the same others.
        if (walk.Step++ > 0)
            walk.Hash = (uint)Hashes.Mix(walk.Hash + ((ulong)walk.Step << 32));
        return _table[(int)(((ulong)walk.Hash * (ulong)_table.Length) >> 32)];
    }

    private static int[] Fill(Server[] servers, int[] weights, uint size)
    {
        var (places, skips) = (new uint[servers.Length], new uint[servers.Length]);
        List<int> members = [];
        var most = 0;
        for (var i = 0; i < servers.Length; i++)
        {
            if (weights[i] == 0)
                continue;
            var hash = Hashes.Wide(servers[i].AddressBytes.Span);
            (places[i], skips[i]) = ((uint)(hash >> 32) % size, ((uint)hash % (size - 1)) + 1);
            members.Add(i);
            most = Math.Max(most, weights[i]);
        }

        var table = new int[size];
        Array.Fill(table, -1);
        var saved = new int[servers.Length];
        for (var filled = 0u; filled < size;)
        {
            foreach (var i in members)
            {
                saved[i] += weights[i];
                if (saved[i] < most)
                    continue;
                saved[i] -= most;
                while (table[places[i]] >= 0)
                    places[i] = Step(places[i], skips[i], size);
                table[places[i]] = i;
                places[i] = Step(places[i], skips[i], size);
                if (++filled == size)
                    break;
            }
        }

        return table;
    }

    private static uint Step(uint place, uint skip, uint size) => place >= size - skip ? place - (size - skip) : place + skip;
}
