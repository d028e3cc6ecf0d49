using System.Net;
using CsCheck;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

/// <summary>What a plan keeps of the one before it.</summary>
public sealed class PlanAfterPlan
{
    private static readonly SocketHandle[] Sockets = [new(7, 0, 0)];

    private static ServerSettings Server(int port, int weight = 1) => new() { Address = NetworkAddress.ForHost("10.0.0.1", port), Weight = weight };

    private static PoolSettings PoolOf(string name, params ServerSettings[] servers) => new() { Name = name, Servers = [.. servers] };

    private static Snapshot Configuration(params PoolSettings[] pools) => new()
    {
        Listeners = [new ListenerSettings { Bind = [NetworkAddress.ForHost("", 80)], Routes = [.. pools.Select(pool => new RouteSettings { Path = "/" + pool.Name, Pool = pool.Name })] }],
        Pools = [.. pools],
    };

    private static ProxyPlan Plan(Snapshot snapshot, ProxyPlan? before = null, Func<NetworkAddress, KernelAddress?>? resolve = null) =>
        ProxyPlan.From(snapshot, Sockets, resolve ?? (static address => At(address.Port)), out _, before);

    private static KernelAddress At(int port, string host = "10.0.0.1") => KernelAddress.For(IPAddress.Parse(host), port);

    [Fact]
    public void A_pool_that_has_not_changed_is_the_same()
    {
        var before = Plan(Configuration(PoolOf("a", Server(1)), PoolOf("b", Server(2))));

        var after = Plan(Configuration(PoolOf("b", Server(2), Server(3)), PoolOf("a", Server(1))), before);

        Assert.Same(before.Pools["a"], after.Pools["a"]);
        Assert.NotSame(before.Pools["b"], after.Pools["b"]);
    }

    [Fact]
    public void Pools_with_a_table_in_common_remember_clients_together_by_the_names_of_servers_over_reloads()
    {
        PoolSettings Named(string name, int port, params string[] servers) => PoolOf(name, [.. servers.Select((server, place) => Server(port + place) with { Name = server })]) with { Sticky = new() { On = RequestKey.Address, Table = "both" } };
        Server? Owner(ProxyPlan plan, string pool) => plan.Pools[pool].Clients is { } clients ? clients.OwnerOf(clients.Table.KeyOf("client"u8), now: 10) : null;
        var before = Plan(Configuration(Named("a", 1, "one", "two"), Named("b", 11, "two", "one"), PoolOf("c", Server(1)) with { Sticky = new() { On = RequestKey.Address } }));
        before.Pools["a"].Clients!.Remember(before.Pools["a"].Clients!.Table.KeyOf("client"u8), before.Pools["a"].Servers[1], now: 5);
        Assert.Equal((2, 11, (Server?)null), (Owner(before, "a")!.Settings.Address.Port, Owner(before, "b")!.Settings.Address.Port, Owner(before, "c")));

        // One changes, then both, and one comes.
        var after = Plan(Configuration(Named("a", 1, "one", "two", "three"), Named("b", 11, "two", "one")), before);
        Assert.Equal((2, 11), (Owner(after, "a")!.Settings.Address.Port, Owner(after, "b")!.Settings.Address.Port));
        after = Plan(Configuration(Named("d", 21, "two"), Named("a", 31, "two"), Named("b", 41, "one", "two")), after);
        Assert.Equal((21, 31, 42), (Owner(after, "d")!.Settings.Address.Port, Owner(after, "a")!.Settings.Address.Port, Owner(after, "b")!.Settings.Address.Port));
        Assert.Same(after.Pools["a"].Clients!.Table, after.Pools["d"].Clients!.Table);
    }

    [Fact]
    public void A_server_that_stays_keeps_its_state_and_one_that_comes_has_none()
    {
        var before = Plan(Configuration(PoolOf("a", Server(1), Server(2))));
        before.Pools["a"].Servers[1].Failed(ServerFailure.Refused);

        var after = Plan(Configuration(PoolOf("a", Server(3), Server(2, weight: 5))), before);

        Assert.Equal([0, 1], after.Pools["a"].Servers.Select(server => server.Failures));
        after.Pools["a"].Servers[1].Failed(ServerFailure.Refused);
        Assert.Equal(2, before.Pools["a"].Servers[1].Failures);
    }

    [Fact]
    public void A_plan_that_is_refused_has_changed_nothing_of_the_servers()
    {
        var before = Plan(Configuration(PoolOf("a", Server(1)) with { MaxConnections = 4 }));

        Assert.Throws<TlsFileException>(() => Plan(Configuration(PoolOf("a", Server(1)) with { MaxConnections = 1, Breaker = new() { Fallback = new() { File = "missing.html" } } }), before));

        Assert.Equal(4, before.Pools["a"].Servers[0].Limit);
    }

    [Fact]
    public void A_server_that_is_elsewhere_now_keeps_its_state_and_not_its_connections()
    {
        var before = Plan(Configuration(PoolOf("a", Server(1), Server(2))));

        var after = Plan(Configuration(PoolOf("a", Server(1), Server(2, weight: 2))), before, address => At(address.Port, address.Port == 2 ? "10.0.0.9" : "10.0.0.1"));

        Assert.Equal([0, -1], after.OrdinalsBefore);
    }

    [Fact]
    public void A_server_that_is_spoken_to_in_another_way_loses_its_connections()
    {
        var before = Plan(Configuration(PoolOf("a", Server(1), Server(2))));
        var secured = PoolOf("a", Server(1), Server(2) with { Tls = new ServerTls { Verify = false } });

        var after = ProxyPlan.From(Configuration(secured), Sockets, static address => At(address.Port), out _, before, new TlsFiles("/"));

        Assert.Equal([0, -1], after.OrdinalsBefore);
    }

    [Fact]
    public void What_does_not_resolve_is_said_and_has_no_place()
    {
        ProxyPlan.From(Configuration(PoolOf("a", Server(1), Server(2))), Sockets, static address => address.Port == 1 ? null : At(address.Port), out var unresolved);

        Assert.Equal([NetworkAddress.ForHost("10.0.0.1", 1)], unresolved);
    }

    // Loops find their connections by these numbers: two servers with one, and a request would go to the wrong place.
    [Fact]
    public void Numbers_of_servers_stay_apart_and_point_to_where_they_were()
    {
        var pool = Gen.Select(Gen.OneOf("a", "b", "c"), Gen.Int[1, 5].Array[0, 4], Gen.Int[1, 2])
            .Select(drawn => PoolOf(drawn.Item1, [.. drawn.Item2.Distinct().Select(port => Server(port, drawn.Item3))]));
        pool.Array[1, 3].Array[2, 8].Sample(drawn =>
        {
            ProxyPlan? before = null;
            foreach (var pools in drawn)
            {
                var plan = Plan(Configuration([.. pools.DistinctBy(one => one.Name)]), before);
                var servers = plan.Pools.Values.SelectMany(one => one.Servers.Select(server => (Pool: one, Server: server))).ToList();
                Assert.Equal(servers.Count, servers.Select(one => one.Server.Ordinal).Distinct().Count());
                foreach (var (owner, server) in servers)
                {
                    Assert.True(plan.Addresses[server.Ordinal] is { } place && place.SameAs(At(server.Settings.Address.Port)));
                    var expected = before?.Pools.GetValueOrDefault(owner.Name)?.Find(server.Settings.Address)?.Ordinal ?? -1;
                    Assert.Equal(expected, plan.OrdinalsBefore[server.Ordinal]);
                }

                var taken = plan.OrdinalsBefore.Where(ordinal => ordinal >= 0).ToList();
                Assert.Equal(taken.Count, taken.Distinct().Count());
                before = plan;
            }
        });
    }
}
