using Steelyard.Config.Drafts;

namespace Steelyard.Config.Haproxy;

/// <summary>What the times of a section become.</summary>
internal static class HaproxyTimeouts
{
    /// <summary>What may be waited for at most.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    private static readonly Shared[] s_ofClients =
    [
        new(times => times.ClientHeader, (times, value) => times with { ClientHeader = value }, (times, value) => times with { ClientHeader = value }),
        new(times => times.ClientBody, (times, value) => times with { ClientBody = value }, (times, value) => times with { ClientBody = value }),
        new(times => times.ClientIdle, (times, value) => times with { ClientIdle = value }, (times, value) => times with { ClientIdle = value }),
        new(times => times.ClientFin, (times, value) => times with { ClientFin = value }, (times, value) => times with { ClientFin = value }, OfTcp: true),
    ];

    private static readonly Shared[] s_ofServers =
    [
        new(times => times.Connect, (times, value) => times with { Connect = value }, (times, value) => times with { Connect = value }),
        new(times => times.Queue, (times, value) => times with { Queue = value }, (times, value) => times with { Queue = value }),
        new(times => times.ServerResponse, (times, value) => times with { ServerResponse = value }, (times, value) => times with { ServerResponse = value }),
        new(times => times.ServerBody, (times, value) => times with { ServerBody = value }, (times, value) => times with { ServerBody = value }),
        new(times => times.Tunnel, (times, value) => times with { Tunnel = value }, (times, value) => times with { Tunnel = value }),
        new(times => times.ServerFin, (times, value) => times with { ServerFin = value }, (times, value) => times with { ServerFin = value }),
    ];

    /// <summary>A time of a section; null where nothing is said, or 0, which is for ever.</summary>
    public static TimeSpan? Of(HaproxySection section, string name) =>
        section.Timeouts.TryGetValue(name, out var time) && time.Value > TimeSpan.Zero ? time.Value > Longest ? Longest : time.Value : null;

    /// <summary>What a frontend says.</summary>
    public static TimeoutOverrides OfClients(HaproxySection front)
    {
        var client = Of(front, "client");
        var fin = Of(front, "client-fin");
        if (front.IsTcp)
            return new() { ClientHeader = front.InspectDelay is { } delay && delay > TimeSpan.Zero ? delay : null, ClientFin = fin };
        return new()
        {
            ClientHeader = Of(front, "http-request") ?? client,
            ClientBody = client,
            ClientIdle = Of(front, "http-keep-alive") ?? Of(front, "http-request") ?? client,
            ClientFin = fin,
        };
    }

    /// <summary>What a backend says.</summary>
    public static TimeoutOverrides OfServers(HaproxySection back)
    {
        var server = Of(back, "server");
        return new()
        {
            Connect = Of(back, "connect"),
            Queue = Of(back, "queue"),
            ServerResponse = back.IsTcp ? null : server,
            ServerBody = back.IsTcp ? null : server,
            Tunnel = Of(back, "tunnel") ?? server,
            ServerFin = Of(back, "server-fin"),
        };
    }

    /// <summary>What all sections say alike becomes the whole file's.</summary>
    public static SnapshotDraft Share(SnapshotDraft draft)
    {
        var listeners = draft.Listeners!.ToList();
        var pools = draft.Pools!.ToList();
        var times = draft.Timeouts;
        foreach (var time in s_ofClients)
        {
            if (Common(listeners.Where(listener => time.OfTcp || listener.Mode is not { Value: ListenerMode.Tcp }).Select(listener => time.Get(listener.Timeouts))) is not { } common)
                continue;
            times = time.SetAll(times, common);
            listeners = listeners.ConvertAll(listener => listener with { Timeouts = time.Set(listener.Timeouts, null) });
        }

        foreach (var time in s_ofServers)
        {
            if (Common(pools.Select(pool => time.Get(pool.Timeouts))) is not { } common)
                continue;
            times = time.SetAll(times, common);
            pools = pools.ConvertAll(pool => pool with { Timeouts = time.Set(pool.Timeouts, null) });
        }

        return draft with { Timeouts = times, Listeners = listeners, Pools = pools };
    }

    private static TimeSpan? Common(IEnumerable<TimeSpan?> values) => values.Distinct().Take(2).ToList() is [{ } one] ? one : null;

    private sealed record Shared(Func<TimeoutOverrides, TimeSpan?> Get, Func<TimeoutOverrides, TimeSpan?, TimeoutOverrides> Set, Func<Timeouts, TimeSpan, Timeouts> SetAll, bool OfTcp = false);
}
