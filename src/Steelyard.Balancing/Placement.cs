using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>Where a search for the server of a key stands.</summary>
internal struct Walk
{
    /// <summary>The hash, or the place it leads to.</summary>
    public uint Hash;

    /// <summary>How many servers were looked at.</summary>
    public int Step;
}

/// <summary>How servers are found by a hash: first the one that a key belongs to, then those that take its place. Immutable; all loops use it at once.</summary>
internal abstract class Placement
{
    // Of 10,000 servers of weight 256 nginx would make 400 million points; beyond this each gets as many fewer.
    private const long MostPoints = 4_000_000;

    /// <summary>How many are looked at before it is left to turns.</summary>
    public abstract int MostSteps { get; }

    /// <summary>Whether anybody can be found.</summary>
    public abstract bool IsEmpty { get; }

    /// <summary>The first place for a key, which is not empty.</summary>
    public abstract Walk Begin(ReadOnlySpan<byte> key);

    /// <summary>The server at a place, and the next place.</summary>
    /// <param name="walk">The place.</param>
    /// <param name="key">The key it was begun with.</param>
    public abstract int Next(ref Walk walk, ReadOnlySpan<byte> key);

    /// <summary>The place on a ring where a walk stands, which goes on to the next.</summary>
    /// <param name="walk">The walk.</param>
    /// <param name="length">How many places the ring has.</param>
    private protected static int Advance(ref Walk walk, int length)
    {
        var place = walk.Hash;
        walk.Hash = place + 1 == (uint)length ? 0 : place + 1;
        walk.Step++;
        return (int)place;
    }

    /// <summary>How many points of a ring each server has.</summary>
    /// <param name="weights">The share of each.</param>
    /// <param name="ofWeight">How many a weight of 1 has, unless all had too many together.</param>
    /// <param name="total">How many there are.</param>
    private protected static int[] PointsOf(int[] weights, int ofWeight, out int total)
    {
        var wanted = 0L;
        foreach (var weight in weights)
            wanted += (long)weight * ofWeight;
        var points = new int[weights.Length];
        total = 0;
        for (var i = 0; i < points.Length; i++)
        {
            var its = (long)weights[i] * ofWeight;
            points[i] = (int)(wanted > MostPoints && its > 0 ? Math.Max(1, its * MostPoints / wanted) : its);
            total += points[i];
        }

        return points;
    }

    /// <summary>Makes the placement that the configuration asks for.</summary>
    /// <param name="settings">What the configuration says.</param>
    /// <param name="servers">All servers of the pool.</param>
    /// <param name="eligible">The share of each; 0 for those that are not to be chosen.</param>
    /// <param name="members">Which of the servers it is about, those of one tier; null for all.</param>
    /// <param name="before">The placement before, which is used again where it would be the same.</param>
    public static Placement Of(HashSettings settings, Server[] servers, int[] eligible, bool[]? members, Placement? before)
    {
        // nginx places those that are down too, and goes on from them; HAProxy and Maglev leave them out.
        var (all, usable) = (new int[servers.Length], new int[servers.Length]);
        for (var i = 0; i < servers.Length; i++)
            (all[i], usable[i]) = (members is null || members[i] ? servers[i].Weight : 0, eligible[i] > 0 ? servers[i].Weight : 0);
        var mixes = settings.Avalanche ?? (settings.Placement == HashPlacement.Ring && settings.Function is null or HashFunction.Xor);
        var function = settings.Function ?? HashFunction.Sdbm;
        return settings.Placement switch
        {
            HashPlacement.Ketama when before is KetamaRing ring && ring.IsOf(servers, all) => ring,
            HashPlacement.Ketama => new KetamaRing(servers, all),
            HashPlacement.Modulo => new ModuloPlacement(all),
            HashPlacement.IpHash => new IpHashPlacement(all),
            HashPlacement.Map => new MapPlacement(usable, function, mixes),
            HashPlacement.Ring => new ChordRing(usable, function, mixes),
            HashPlacement.Maglev when before is MaglevTable table && table.IsOf(servers, usable) => table,
            HashPlacement.Maglev => new MaglevTable(servers, usable),
            _ => throw new ArgumentOutOfRangeException(nameof(settings)),
        };
    }
}
