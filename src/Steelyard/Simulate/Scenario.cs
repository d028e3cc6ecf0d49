using Steelyard.Config;

namespace Steelyard.Simulate;

/// <summary>What is simulated: servers, load, and what happens to them.</summary>
internal sealed record Scenario
{
    /// <summary>What it is called.</summary>
    public required string Name { get; init; }

    /// <summary>What it shows, in a sentence.</summary>
    public string About { get; init; } = "";

    /// <summary>How long requests arrive.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long it runs before anything is counted.</summary>
    public TimeSpan WarmUp { get; init; }

    /// <summary>How many requests there are.</summary>
    public required Load Load { get; init; }

    /// <summary>The way from the balancer to a server, one direction, in milliseconds.</summary>
    public double Network { get; init; } = 0.2;

    /// <summary>How many different clients there are, for policies that go by who asks.</summary>
    public int Keys { get; init; } = 1000;

    /// <summary>The pool's settings, its servers those that are there from the start and then those that join.</summary>
    public required PoolSettings Pool { get; init; }

    /// <summary>How the balancer waits for servers.</summary>
    public Timeouts Timeouts { get; init; } = new();

    /// <summary>How each server of the pool behaves.</summary>
    public required IReadOnlyList<ServerModel> Servers { get; init; }

    /// <summary>What happens, in the order of time.</summary>
    public IReadOnlyList<Incident> Incidents { get; init; } = [];

    /// <summary>Requests a second that the servers of the start can do.</summary>
    public double Capacity => Servers.Where(server => server.Joins == TimeSpan.Zero).Sum(server => server.AtOnce * 1000 / (server.Time.Mean * server.Slower));
}

/// <summary>The load: of an open system, whose requests come whatever becomes of those before, or of a closed one.</summary>
/// <param name="Rate">Requests a second, as a Poisson process; null for another.</param>
/// <param name="Share">The same as a share of what the servers can do, in percent.</param>
/// <param name="Clients">So many clients, each of which waits for its answer before it asks again.</param>
/// <param name="Think">How long a client waits before it asks again, on average, in milliseconds.</param>
internal sealed record Load(double? Rate = null, int? Share = null, int? Clients = null, double Think = 0);

/// <summary>How a server behaves.</summary>
internal sealed record ServerModel
{
    /// <summary>How many of the kind there are.</summary>
    public int Count { get; init; } = 1;

    /// <summary>How long it works on a request.</summary>
    public required ServiceTime Time { get; init; }

    /// <summary>How many times as long as that.</summary>
    public double Slower { get; init; } = 1;

    /// <summary>How many it works on at once; others wait in its queue, first come, first served.</summary>
    public int AtOnce { get; init; } = 8;

    /// <summary>How many may wait; further ones are refused.</summary>
    public int Queue { get; init; } = 1000;

    /// <summary>Its weight.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Its tier, from 0; those of a higher number get what the ones before cannot take.</summary>
    public int Priority { get; init; }

    /// <summary>Whether it only serves when no other can.</summary>
    public bool Backup { get; init; }

    /// <summary>The zone it stands in; null for none.</summary>
    public string? Zone { get; init; }

    /// <summary>How often it stops, as for the collection of garbage, on average and in milliseconds; 0 for never.</summary>
    public double PauseEvery { get; init; }

    /// <summary>How long it stops then, in milliseconds.</summary>
    public double PauseFor { get; init; }

    /// <summary>How many times as long requests take when it has just started.</summary>
    public double ColdSlower { get; init; } = 1;

    /// <summary>How long it takes to be warm, the slowness shrinking evenly.</summary>
    public TimeSpan ColdFor { get; init; }

    /// <summary>When it joins the pool; zero for from the start.</summary>
    public TimeSpan Joins { get; init; }
}

/// <summary>Something that happens to servers.</summary>
/// <param name="At">When.</param>
/// <param name="What">What.</param>
/// <param name="Servers">To whom: positions from 0; empty with a zone.</param>
/// <param name="Zone">To a whole zone; null for the servers named.</param>
/// <param name="Amount">How much slower, or how long in milliseconds.</param>
internal sealed record Incident(TimeSpan At, IncidentKind What, IReadOnlyList<int> Servers, string? Zone, double Amount = 0);

/// <summary>What can happen to a server.</summary>
internal enum IncidentKind
{
    /// <summary>It answers every request with 500, at once.</summary>
    Fail,

    /// <summary>It dies: what it has to do is reset, and connections are refused.</summary>
    Die,

    /// <summary>It takes requests and never answers.</summary>
    Hang,

    /// <summary>Its machine is gone: nothing comes back, not even a refusal.</summary>
    Vanish,

    /// <summary>It takes so many times as long from now on.</summary>
    Slow,

    /// <summary>It stops for a while.</summary>
    Pause,

    /// <summary>It dies, and comes back cold after a while.</summary>
    Restart,

    /// <summary>It is well again, and cold.</summary>
    Recover,
}
