using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>
/// Who of a pool's servers gets new requests, and what share, by what they were asked, how their requests went, and what
/// the operator wants.
/// </summary>
internal sealed class Standing(Server[] servers, PoolSettings settings)
{
    // Turns times different weights of an order that is made within some 25 ms.
    private const long MostOrdering = 16_000_000;

    private const int Well = 3;

    // Only its requests speak against it.
    private const int LeftOut = 2;
    private const int Awaited = 1;
    private const int Down = 0;

    /// <summary>Why a server has the share it has.</summary>
    /// <param name="server">One of the pool.</param>
    /// <param name="share">What <see cref="Weights"/> gave it.</param>
    public static CandidateState StateOf(Server server, int share) =>
        share > 0 ? server.Full ? CandidateState.Full : server.Trying ? CandidateState.OnTrial : CandidateState.Eligible
        : server.State == ServerState.Maintenance ? CandidateState.Maintenance
        : server.State == ServerState.Drain ? CandidateState.Draining
        : server.Weight == 0 ? CandidateState.WithoutWeight
        : !server.Up ? CandidateState.Down
        : server.Ejected ? CandidateState.Ejected
        : CandidateState.InReserve;

    /// <summary>Whether a server has to be tried.</summary>
    public bool HasTrials
    {
        get
        {
            foreach (var server in servers)
            {
                if (server.Trying)
                    return true;
            }

            return false;
        }
    }

    /// <summary>Works out every server's share.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <param name="stirs">Whether time alone will change it.</param>
    public int[] Weights(long now, out bool stirs)
    {
        var leastHealth = LeastHealth();
        var (weights, ramping) = (new int[servers.Length], false);
        for (var i = 0; i < servers.Length; i++)
            ramping |= servers[i].Ramp(settings.SlowStart, now) < Server.RampSteps;
        var steps = ramping ? StepsOfShare() : 1;
        for (var i = 0; i < servers.Length; i++)
        {
            if (servers[i].Open && HealthOf(servers[i]) >= leastHealth)
                weights[i] = ramping ? Math.Max(1, servers[i].Weight * steps * servers[i].Ramp(settings.SlowStart, now) / Server.RampSteps) : servers[i].Weight;
        }

        stirs = ramping || HasEjected();
        return weights;
    }

    /// <summary>
    /// In how many steps a weight of 1 grows to its share: so many, unless the order of the turns would take a loop too long,
    /// as that of many servers of many weights does, whose own weights are steps enough.
    /// </summary>
    private int StepsOfShare()
    {
        Span<bool> seen = stackalloc bool[257];
        var (turns, different) = (0L, 0L);
        foreach (var server in servers)
        {
            turns += server.Weight;
            different += seen[server.Weight] ? 0 : 1;
            seen[server.Weight] = true;
        }

        return turns * different * Server.RampSteps > MostOrdering ? 1 : Server.RampSteps;
    }

    /// <summary>Whether time alone will change something.</summary>
    public bool Stirs(long now)
    {
        foreach (var server in servers)
        {
            if (server.Ejected || server.Ramp(settings.SlowStart, now) < Server.RampSteps)
                return true;
        }

        return false;
    }

    /// <summary>
    /// Whether a server may be left out: not the last one that is left, and so many at once as the configuration allows,
    /// of two or more at least one.
    /// </summary>
    public bool MayEject(Server candidate)
    {
        if (settings.Outlier is not { } outlier)
            return false;
        if (outlier.MaxFails is not null)
            return servers.Length > 1;
        var (open, ejected, others) = (0, 0, 0);
        foreach (var server in servers)
        {
            if (!server.Open)
                continue;
            open++;
            if (server == candidate)
                continue;
            if (server.Ejected)
                ejected++;
            else if (server.Up && !server.Trying)
                others++;
        }

        return others > 0 && ejected < Math.Max(1, open * outlier.MostEjected / 100);
    }

    private bool HasEjected()
    {
        foreach (var server in servers)
        {
            if (server.Ejected)
                return true;
        }

        return false;
    }

    private static int HealthOf(Server server) => server.Up ? server.Ejected ? LeftOut : Well : server.Awaited ? Awaited : Down;

    /// <summary>
    /// How well a server has to be: those that were left out serve when nobody else does, then those that joined and were
    /// not asked yet, as where all servers are others at once; and everybody in a panic.
    /// </summary>
    private int LeastHealth()
    {
        var (open, well, best) = (0, 0, 0);
        foreach (var server in servers)
        {
            if (!server.Open)
                continue;
            open++;
            var health = HealthOf(server);
            best = Math.Max(best, health);
            well += health == Well ? 1 : 0;
        }

        return (long)well * 100 < (long)settings.Panic * open ? Down
            : best == LeftOut && settings.Outlier is { MaxFails: not null } ? Well
            : Math.Max(Awaited, best);
    }
}
