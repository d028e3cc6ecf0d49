using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Tls;

namespace Steelyard.Engine.Health;

/// <summary>
/// Which servers are asked for their health, and by which loop. One that stays over a reload goes on to be asked as it
/// was, with what it has answered so far. Not for several threads.
/// </summary>
internal sealed class HealthBook(ProxyLoop[] loops)
{
    private readonly Dictionary<ProbeKey, Entry> _entries = [];
    private int _next;

    private sealed record Entry(ProbeTarget Target, ProxyLoop Loop);

    private sealed class Wanted(Asked asked)
    {
        public Asked Asked { get; } = asked;

        public List<(Pool Pool, Server Server)> Members { get; } = [];
    }

    private readonly record struct Asked(KernelAddress? Address, TlsClient? Tls);

    /// <summary>Asks the servers of a plan, and those of the one before no more.</summary>
    public void Follow(ProxyPlan plan)
    {
        var wanted = WantedBy(plan);
        foreach (var (key, entry) in _entries)
        {
            if (wanted.ContainsKey(key))
                continue;
            _entries.Remove(key);
            entry.Loop.Events.Post(_ => entry.Loop.Prober.Remove(entry.Target), entry);
        }

        var place = 0;
        foreach (var (key, one) in wanted)
        {
            if (_entries.TryGetValue(key, out var entry))
            {
                entry.Loop.Events.Post(_ => entry.Target.Serve(one.Members, one.Asked.Address, one.Asked.Tls, entry.Loop.Events.Now), entry);
                continue;
            }

            var loop = loops[_next++ % loops.Length];
            var target = new ProbeTarget(loop.Prober, key, up: one.Members.Exists(member => member.Server.Up));
            target.Serve(one.Members, one.Asked.Address, one.Asked.Tls, loop.Events.Now);
            _entries.Add(key, new(target, loop));
            var delay = target.Count.First(place++, wanted.Count);
            loop.Events.Post(_ => loop.Prober.Add(target, delay), target);
        }
    }

    /// <summary>An operator knows better what a server is.</summary>
    public void Force(Server server, bool up)
    {
        foreach (var entry in _entries.Values)
            entry.Loop.Events.Post(_ => entry.Target.Force(server, up), entry);
    }

    private static Dictionary<ProbeKey, Wanted> WantedBy(ProxyPlan plan)
    {
        var wanted = new Dictionary<ProbeKey, Wanted>();
        foreach (var pool in plan.Pools.Values)
        {
            foreach (var server in pool.Settings.Agent is null ? [] : pool.Servers)
            {
                if (server.Settings.AgentPort == 0)
                    continue;
                var agent = pool.Settings.Agent!;
                var how = agent.At((server.Settings.AgentPort ?? agent.Port)!.Value) with { Address = server.Settings.AgentAddress };
                Want(new(server.Settings.Address, how, null, ProxyProtocolVersion.None, pool.Settings.Source), plan.Addresses[server.Ordinal], null, pool, server);
            }

            foreach (var server in pool.Servers)
            {
                if (pool.Settings.HealthOf(server.Settings) is not { } settings)
                    continue;
                var tls = plan.ProbeTlsOf[server.Ordinal];
                Want(new(server.Settings.Address, settings, tls?.Settings, plan.ProxyProtocolOf[server.Ordinal], pool.Settings.Source), plan.Addresses[server.Ordinal], tls, pool, server);
            }
        }

        return wanted;

        void Want(ProbeKey key, KernelAddress? address, TlsClient? tls, Pool pool, Server server)
        {
            if (!wanted.TryGetValue(key, out var one))
                wanted.Add(key, one = new(new(At(address, key.Settings), tls)));
            one.Members.Add((pool, server));
        }
    }

    private static KernelAddress? At(KernelAddress? address, HealthSettings settings)
    {
        if (settings.Address is { } elsewhere && (settings.Port ?? address?.Port) is { } port)
            return KernelAddress.For(System.Net.IPAddress.Parse(elsewhere), port);
        return settings.Port is { } other && address?.Address() is { } ip ? KernelAddress.For(ip, other) : address;
    }
}
