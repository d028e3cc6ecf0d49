using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>Which servers go before which: by their priority, and backups last. Immutable.</summary>
internal sealed class Tiers
{
    // Envoy's overprovisioning factor: a tier keeps all requests while this many times its well share is all of it.
    private const int Overprovisioning = 140;

    private readonly int[] _tierOf;

    // Where each one begins, so that nobody looks through all that come before.
    private readonly int[] _starts;
    private readonly bool _endsWithBackups;
    private readonly bool _allBackups;
    private readonly bool _backupsWhenFull;

    private Tiers(int[] tierOf, int count, bool endsWithBackups, PoolSettings settings)
    {
        (_tierOf, Count, _endsWithBackups, _allBackups, _backupsWhenFull) = (tierOf, count, endsWithBackups, settings.AllBackups, settings.BackupsWhenFull);
        _starts = new int[count];
        for (var tier = 0; tier < count; tier++)
            _starts[tier] = Array.IndexOf(tierOf, tier);
    }

    /// <summary>How many there are.</summary>
    public int Count { get; }

    /// <summary>The tiers of a pool; null where all servers are of one and may all serve.</summary>
    public static Tiers? Of(PoolSettings settings)
    {
        var places = new SortedSet<int>();
        foreach (var server in settings.Servers)
            places.Add(PlaceOf(server));
        List<int> sorted = [.. places];

        // Of nothing but backups the first alone serves too, where one is to.
        if (sorted is [] or [< int.MaxValue] || (sorted is [int.MaxValue] && settings.AllBackups))
            return null;
        var tierOf = new int[settings.Servers.Count];
        for (var i = 0; i < tierOf.Length; i++)
            tierOf[i] = sorted.IndexOf(PlaceOf(settings.Servers[i]));
        return new(tierOf, sorted.Count, sorted[^1] == int.MaxValue, settings);
    }

    private static int PlaceOf(ServerSettings server) => server.Backup ? int.MaxValue : server.Priority;

    /// <summary>The place of the first server of a tier.</summary>
    public int StartOf(int tier) => _starts[tier];

    /// <summary>The tier of a server, from 0.</summary>
    public int TierOf(int index) => _tierOf[index];

    /// <summary>Whether a tier does not serve for others that are full: backups as HAProxy has them.</summary>
    public bool WaitsForOthers(int tier) => !_backupsWhenFull && _endsWithBackups && tier == Count - 1;

    /// <summary>The shares without those of backups that never get a request.</summary>
    /// <param name="weights">The share of each server that could serve.</param>
    public int[] Used(int[] weights)
    {
        if (!_endsWithBackups || _allBackups)
            return weights;
        var first = Array.FindIndex(_tierOf, tier => tier == Count - 1);
        while (first < weights.Length - 1 && (_tierOf[first] != Count - 1 || weights[first] == 0))
            first++;
        var used = new int[weights.Length];
        for (var i = 0; i < used.Length; i++)
            used[i] = _tierOf[i] != Count - 1 || i == first ? weights[i] : 0;
        return used;
    }

    /// <summary>Who is of a tier.</summary>
    public bool[] MembersOf(int tier) => Array.ConvertAll(_tierOf, its => its == tier);

    /// <summary>The shares within one tier.</summary>
    /// <param name="weights">The share of each server that could serve.</param>
    /// <param name="tier">The tier.</param>
    public int[] Within(int[] weights, int tier)
    {
        var its = new int[weights.Length];
        for (var i = 0; i < its.Length; i++)
            its[i] = _tierOf[i] == tier ? weights[i] : 0;
        return its;
    }

    /// <summary>What part of the requests each tier gets, in percent: the first as much as it is well, the next what is left of it.</summary>
    /// <param name="servers">The servers of the pool.</param>
    /// <param name="weights">The share of each that could serve.</param>
    public int[] Loads(Server[] servers, int[] weights)
    {
        var (open, well) = (new long[Count], new long[Count]);
        for (var i = 0; i < servers.Length; i++)
        {
            if (servers[i].Open)
                open[_tierOf[i]] += servers[i].Weight;
            if (weights[i] > 0)
                well[_tierOf[i]] += servers[i].Weight;
        }

        var (loads, left) = (new int[Count], 100);
        for (var tier = 0; tier < Count; tier++)
        {
            // Backups stand in when nobody else is there, and take nothing over before.
            if (_endsWithBackups && tier == Count - 1 && left < 100)
                break;
            var health = open[tier] == 0 ? 0 : (int)Math.Min(100, Overprovisioning * well[tier] / open[tier]);
            loads[tier] = Math.Min(left, well[tier] > 0 ? Math.Max(1, health) : 0);
            left -= loads[tier];
        }

        return loads;
    }
}
