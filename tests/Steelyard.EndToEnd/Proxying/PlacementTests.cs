using System.Net;
using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Strictness;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Servers are chosen as the real nginx and the real HAProxy choose them, started here with the same servers and weights.</summary>
public class PlacementTests
{
    private static readonly int[] Weights = [1, 2, 3, 1, 5];

    private static Pool PoolOf(BalanceSettings policy, NetworkAddress[] servers, int[] weights, params int[] away)
    {
        var pool = new Pool(new PoolSettings { Name = "web", Balance = policy, Servers = servers.Take(weights.Length).Select((server, i) => new ServerSettings { Address = server, Weight = weights[i] }).ToValueList() }, 0);
        foreach (var server in away)
            pool.SetState(pool.Servers[server], ServerState.Maintenance, 0);
        return pool;
    }

    private static int Choose(Pool pool, ReadOnlySpan<byte> key)
    {
        var none = new ServerSet();
        none.Clear(pool.Count);
        var server = pool.Choose(new() { Tried = none, Key = key }).Server!;
        server.End();
        return server.Index;
    }

    private static BalanceSettings Hash(HashPlacement placement, HashFunction? function = null, bool? avalanche = null, int? depth = null, int? length = null) => new()
    {
        Policy = BalancePolicy.Hash,
        Hash = new() { Key = RequestKey.Address, Placement = placement, Function = function, Avalanche = avalanche, Depth = depth, Length = length },
    };

    private static async Task<string> Ask(RawClient client, string target, string fields = "")
    {
        var answer = await client.Ask($"GET {target} HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        Assert.Equal(200, answer.Status);
        return answer.Text;
    }

    private static NetworkAddress[] Ports(int count)
    {
        var ports = new HashSet<NetworkAddress>();
        while (ports.Count < count)
            ports.Add(RecordingOrigin.Refusing());
        return [.. ports];
    }

    // Its servers are its own: each answers with its place.
    private static ForeignProxy StartNginx(NetworkAddress[] servers, string upstreams) => ForeignProxy.StartNginx($$"""
        events { worker_connections 512; }
        http {
          keepalive_requests 100000;
          set_real_ip_from 127.0.0.1;
          real_ip_header X-Real-IP;
          {{upstreams}}
          {{string.Concat(servers.Select((server, i) => $"server {{ listen {server}; location / {{ return 200 \"{i}\"; }} }}\n"))}}
          server {
            listen ADDRESS;
            location ~ ^/(?<upstream>[a-z]+) { proxy_pass http://$upstream; proxy_http_version 1.1; proxy_set_header Connection ""; }
          }
        }
        """);

    private static string Upstream(string name, string method, NetworkAddress[] servers, int[] weights, params int[] down) =>
        $"upstream {name} {{ {method} {string.Concat(servers.Select((server, i) => $"server {server} weight={weights[i]}{(down.Contains(i) ? " down" : "")}; "))} keepalive 16; }}\n";

    [Fact]
    public async Task A_thousand_keys_lie_where_nginx_puts_them()
    {
        var servers = Ports(5);
        await using var nginx = StartNginx(servers,
            Upstream("ketama", "hash $arg_k consistent;", servers, Weights) + Upstream("missing", "hash $arg_k consistent;", servers, Weights, down: 2)
            + Upstream("modulo", "hash $arg_k;", servers, Weights) + Upstream("rehash", "hash $arg_k;", servers, Weights, 2, 4));
        var pools = new Dictionary<string, Pool>
        {
            ["ketama"] = PoolOf(Hash(HashPlacement.Ketama), servers, Weights),
            ["missing"] = PoolOf(Hash(HashPlacement.Ketama), servers, Weights, 2),
            ["modulo"] = PoolOf(Hash(HashPlacement.Modulo), servers, Weights),
            ["rehash"] = PoolOf(Hash(HashPlacement.Modulo), servers, Weights, 2, 4),
        };
        using var client = await nginx.Connect();
        foreach (var (name, pool) in pools)
        {
            var (theirs, ours) = (new StringBuilder(), new StringBuilder());
            for (var i = 0; i < 1000; i++)
            {
                var key = $"user-{i * 7919}";
                theirs.Append(await Ask(client, $"/{name}?k={key}"));
                ours.Append(Choose(pool, Encoding.ASCII.GetBytes(key)));
            }

            Assert.Equal(theirs.ToString(), ours.ToString());
        }
    }

    [Fact]
    public async Task Addresses_belong_to_whom_nginx_gives_them()
    {
        var servers = Ports(5);
        await using var nginx = StartNginx(servers, Upstream("plain", "ip_hash;", servers, Weights) + Upstream("missing", "ip_hash;", servers, Weights, 1, 4));
        var pools = new Dictionary<string, Pool>
        {
            ["plain"] = PoolOf(BalanceSettings.IpHash, servers, Weights),
            ["missing"] = PoolOf(BalanceSettings.IpHash, servers, Weights, 1, 4),
        };
        using var client = await nginx.Connect();
        foreach (var (name, pool) in pools)
        {
            var (theirs, ours) = (new StringBuilder(), new StringBuilder());
            for (var i = 0; i < 300; i++)
            {
                var address = new IPAddress(i % 3 == 0 ? [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, (byte)i, 0, 0, 0, (byte)(i * 7)] : [(byte)(1 + (i % 200)), (byte)(i * 31), (byte)(i * 17), (byte)i]);
                theirs.Append(await Ask(client, $"/{name}", $"X-Real-IP: {address}\r\n"));
                ours.Append(Choose(pool, address.GetAddressBytes()));
            }

            Assert.Equal(theirs.ToString(), ours.ToString());
        }
    }

    [Theory]
    [InlineData(5, 1, 1)]
    [InlineData(3, 2, 1)]
    [InlineData(1, 1, 1)]
    [InlineData(7, 3, 5)]
    public async Task Turns_are_taken_in_the_order_of_nginx(params int[] weights)
    {
        var servers = Ports(weights.Length);
        await using var nginx = StartNginx(servers, Upstream("turns", "", servers, weights));
        var pool = PoolOf(BalancePolicy.RoundRobin, servers, weights);
        using var client = await nginx.Connect();
        for (var i = 0; i < 40; i++)
            Assert.Equal(await Ask(client, "/turns"), Choose(pool, default).ToString());
    }

    // A backend for each name; its servers are frontends of the same HAProxy that answer with their place.
    private static ForeignProxy StartHaProxy(int[] weights, params (string Name, string Balance)[] backends)
    {
        var text = new StringBuilder("""
            global
              nbthread 1
            defaults
              mode http
              timeout client 30s
              timeout server 30s
              timeout connect 5s
            frontend in
              bind ADDRESS
              http-request set-src hdr(X-Src) if { req.hdr(X-Src) -m found }
              use_backend %[req.hdr(X-Backend)]

            """);
        for (var i = 0; i < weights.Length; i++)
            text.Append($"frontend s{i}\n  bind unix@FOLDER/s{i}\n  http-request return status 200 content-type text/plain string {i}\n");
        foreach (var (name, balance) in backends)
        {
            text.Append($"backend {name}\n  http-reuse always\n  {balance.Replace("; ", "\n  ", StringComparison.Ordinal)}\n");
            for (var i = 0; i < weights.Length; i++)
                text.Append($"  server s{i} unix@FOLDER/s{i} weight {weights[i]}\n");
        }

        return ForeignProxy.StartHaProxy(text.ToString());
    }

    private static readonly NetworkAddress[] Anywhere = [.. Enumerable.Range(1, 8).Select(i => NetworkAddress.ForHost("10.0.0." + i, 80))];

    [Fact]
    public async Task Keys_lie_where_HAProxy_puts_them()
    {
        var policies = new Dictionary<string, (string Balance, BalanceSettings Ours)>
        {
            ["map"] = ("balance hdr(X-Key)", Hash(HashPlacement.Map)),
            ["avalanche"] = ("balance hdr(X-Key); hash-type map-based sdbm avalanche", Hash(HashPlacement.Map, avalanche: true)),
            ["djb"] = ("balance hdr(X-Key); hash-type map-based djb2", Hash(HashPlacement.Map, HashFunction.Djb2)),
            ["wt"] = ("balance hdr(X-Key); hash-type map-based wt6 avalanche", Hash(HashPlacement.Map, HashFunction.Wt6, avalanche: true)),
            ["crc"] = ("balance hdr(X-Key); hash-type map-based crc32", Hash(HashPlacement.Map, HashFunction.Crc32)),
            ["ring"] = ("balance hdr(X-Key); hash-type consistent", Hash(HashPlacement.Ring)),
            ["ringdjb"] = ("balance hdr(X-Key); hash-type consistent djb2 avalanche", Hash(HashPlacement.Ring, HashFunction.Djb2, avalanche: true)),
            ["ringcrc"] = ("balance hdr(X-Key); hash-type consistent crc32", Hash(HashPlacement.Ring, HashFunction.Crc32)),
        };
        await using var haproxy = StartHaProxy(Weights, [.. policies.Select(policy => (policy.Key, policy.Value.Balance))]);
        using var client = await haproxy.Connect();
        foreach (var (name, (_, settings)) in policies)
        {
            var (theirs, ours) = (new StringBuilder(), new StringBuilder());
            var pool = PoolOf(settings, Anywhere, Weights);
            for (var i = 0; i < 400; i++)
            {
                var key = $"user-{i * 7919}";
                theirs.Append(await Ask(client, "/", $"X-Backend: {name}\r\nX-Key: {key}\r\n"));
                ours.Append(Choose(pool, Encoding.ASCII.GetBytes(key)));
            }

            Assert.Equal($"{name} {theirs}", $"{name} {ours}");
        }
    }

    [Fact]
    public async Task Paths_and_addresses_lie_where_HAProxy_puts_them()
    {
        await using var haproxy = StartHaProxy(Weights, ("uri", "balance uri"), ("depth", "balance uri depth 2"), ("len", "balance uri len 6"), ("source", "balance source"), ("ring", "balance source; hash-type consistent"));
        using var client = await haproxy.Connect();
        foreach (var (name, settings) in new[] { ("uri", Hash(HashPlacement.Map)), ("depth", Hash(HashPlacement.Map, depth: 2)), ("len", Hash(HashPlacement.Map, length: 6)) })
        {
            var pool = PoolOf(settings, Anywhere, Weights);
            for (var i = 0; i < 100; i++)
            {
                var path = $"/a{i % 7}/b{i % 11}/c{i}";
                Assert.Equal($"{name} {path} {await Ask(client, path + "?x=1", $"X-Backend: {name}\r\n")}", $"{name} {path} {Choose(pool, Encoding.ASCII.GetBytes(path))}");
            }
        }

        foreach (var (name, settings) in new[] { ("source", BalanceSettings.Source), ("ring", Hash(HashPlacement.Ring, HashFunction.Xor)) })
        {
            var pool = PoolOf(settings, Anywhere, Weights);
            for (var i = 0; i < 200; i++)
            {
                var address = new IPAddress(i % 3 == 0 ? [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, (byte)i, 0, 0, 0, (byte)(i * 7)] : [(byte)(1 + (i % 200)), (byte)(i * 31), (byte)(i * 17), (byte)i]);
                Assert.Equal($"{name} {address} {await Ask(client, "/", $"X-Backend: {name}\r\nX-Src: {address}\r\n")}", $"{name} {address} {Choose(pool, address.GetAddressBytes())}");
            }
        }
    }

    [Theory]
    [InlineData(5, 1, 1)]
    [InlineData(1, 2, 3)]
    [InlineData(1, 1, 1)]
    [InlineData(50, 20, 30)]
    [InlineData(20, 20, 15)]
    [InlineData(256, 255, 3)]
    public async Task Turns_are_taken_as_HAProxy_does(params int[] weights)
    {
        await using var haproxy = StartHaProxy(weights, ("static", "balance static-rr"), ("dynamic", "balance roundrobin"), ("least", "balance leastconn"));
        (string Name, Pool Pool)[] pools =
        [
            ("static", PoolOf(BalancePolicy.StaticRoundRobin, Anywhere, weights)),
            ("dynamic", PoolOf(BalancePolicy.HaproxyRoundRobin, Anywhere, weights)),
            ("least", PoolOf(BalancePolicy.HaproxyLeastConnections, Anywhere, weights)),
        ];
        using var client = await haproxy.Connect();
        var turns = Math.Min(weights.Sum() * 3, 600);
        foreach (var (name, pool) in pools)
        {
            for (var turn = 0; turn < turns; turn++)
                Assert.Equal($"{name} {turn} {await Ask(client, "/", $"X-Backend: {name}\r\n")}", $"{name} {turn} {Choose(pool, default)}");
        }
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 2, 3)]
    [InlineData(7, 3, 5)]
    public async Task Those_with_the_least_to_do_are_those_of_HAProxy(params int[] weights)
    {
        var origins = new[] { RecordingOrigin.Start(), RecordingOrigin.Start(), RecordingOrigin.Start() };
        await using var haproxy = ForeignProxy.StartHaProxy($"""
            global
              nbthread 1
            defaults
              mode http
              timeout client 30s
              timeout server 30s
              timeout connect 5s
            frontend in
              bind ADDRESS
              default_backend web
            backend web
              balance leastconn
              http-reuse never
            {string.Concat(origins.Select((origin, i) => $"  server s{i} {origin.Address} weight {weights[i]}\n"))}
            """);
        var addresses = origins.Select(origin => origin.Address).ToArray();
        var pool = PoolOf(BalancePolicy.HaproxyLeastConnections, addresses, weights);
        var underWay = new List<(RawClient Client, OriginConnection Connection, int Server)>();
        var accepting = origins.Select(origin => origin.Accept()).ToArray();

        // + begins a request, a digit ends the oldest one of that server.
        foreach (var step in "++++++02+1+++0011+++2+")
        {
            if (step != '+')
            {
                if (underWay.FirstOrDefault(one => one.Server == step - '0') is not { Client: not null } over)
                    continue;
                underWay.Remove(over);
                await over.Connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                await over.Client.ReadResponse();
                over.Client.Dispose();
                over.Connection.Dispose();
                pool.Servers[over.Server].End();
                continue;
            }

            var client = await haproxy.Connect();
            await client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            var chosen = Array.IndexOf(accepting, await Task.WhenAny(accepting));
            var connection = await accepting[chosen];
            await connection.ReadRequest();
            accepting[chosen] = origins[chosen].Accept();
            underWay.Add((client, connection, chosen));
            Assert.Equal(chosen, Choose(pool));
        }

        static int Choose(Pool pool)
        {
            var tried = new ServerSet();
            tried.Clear(pool.Count);
            return pool.Choose(new() { Tried = tried }).Server!.Index;
        }

        foreach (var (client, connection, _) in underWay)
        {
            client.Dispose();
            connection.Dispose();
        }

        foreach (var origin in origins)
            await origin.DisposeAsync();
        foreach (var left in accepting)
            _ = left.Exception;
    }

    [Fact]
    public async Task What_is_hashed_comes_from_the_request()
    {
        await using var a = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0");
        await using var b = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
        await using var c = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
        NetworkAddress[] servers = [a.Address, b.Address, c.Address];
        foreach (var (key, target, fields, value) in new[] { (new RequestKey(RequestKeyKind.Header, "X-User"), "/", "x-user: KEY\r\n", "KEY"), (new(RequestKeyKind.Query, "k"), "/?k=KEY", "", "KEY"), (new(RequestKeyKind.Cookie, "sid"), "/", "Cookie: a=b; sid=KEY\r\n", "KEY"), (new(RequestKeyKind.Path), "/KEY?x", "", "/KEY") })
        {
            var policy = new BalanceSettings { Policy = BalancePolicy.Hash, Hash = new() { Key = key } };
            await using var balancer = TestBalancer.Start(servers, snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Balance = policy }] });
            var pool = PoolOf(policy, servers, [1, 1, 1]);
            using var client = await balancer.Connect();
            for (var i = 0; i < 20; i++)
            {
                var answer = await Ask(client, target.Replace("KEY", "k" + i, StringComparison.Ordinal), fields.Replace("KEY", "k" + i, StringComparison.Ordinal));
                Assert.Equal(Choose(pool, Encoding.ASCII.GetBytes(value.Replace("KEY", "k" + i, StringComparison.Ordinal))).ToString(), answer);
            }
        }
    }

    [Fact]
    public async Task In_TCP_mode_connections_are_hashed_by_the_name_in_their_hello()
    {
        var origins = new[] { RecordingOrigin.Start(), RecordingOrigin.Start(), RecordingOrigin.Start() };
        var servers = origins.Select(origin => origin.Address).ToArray();
        var policy = new BalanceSettings { Policy = BalancePolicy.Hash, Hash = new() { Key = new(RequestKeyKind.ServerName), Placement = HashPlacement.Maglev } };
        await using (var balancer = TestBalancer.Start(servers, snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { Mode = ListenerMode.Tcp }],
            Pools = [snapshot.Pools[0] with { Balance = policy }],
        }))
        {
            var pool = PoolOf(policy, servers, [1, 1, 1]);
            for (var i = 0; i < 9; i++)
            {
                var (name, hello) = ($"site{i}.example.com", ClientHello.For($"site{i}.example.com"));
                using var client = await balancer.Connect();
                await client.Send(hello);
                using var server = await origins[Choose(pool, Encoding.ASCII.GetBytes(name))].Accept();
                Assert.Equal(hello, await server.ReadExactly(hello.Length));
            }
        }

        foreach (var origin in origins)
            await origin.DisposeAsync();
    }

    [Fact]
    public async Task In_TCP_mode_connections_of_one_address_go_to_one_server()
    {
        await using var a = RecordingOrigin.Start();
        await using var b = RecordingOrigin.Start();
        NetworkAddress[] servers = [a.Address, b.Address];
        var own = Choose(PoolOf(BalanceSettings.Source, servers, [1, 1]), [127, 0, 0, 1]);
        await using var balancer = TestBalancer.Start(servers, snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { Mode = ListenerMode.Tcp }],
            Pools = [snapshot.Pools[0] with { Balance = BalanceSettings.Source }],
        });
        for (var i = 0; i < 5; i++)
        {
            using var client = await balancer.Connect();
            using var server = await (own == 0 ? a : b).Accept();
        }
    }

    [Fact]
    public async Task A_backup_serves_when_the_others_refuse()
    {
        await using var backup = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbackup");
        await using var balancer = TestBalancer.Start([], snapshot => snapshot with
        {
            Pools = [new PoolSettings { Name = "web", Servers = [new() { Address = RecordingOrigin.Refusing() }, new() { Address = backup.Address, Backup = true }] }],
        });
        using var client = await balancer.Connect();
        for (var i = 0; i < 5; i++)
            Assert.Equal("backup", await Ask(client, "/"));
    }

    [Fact]
    public async Task Peak_ewma_learns_from_answers_that_failing_fast_is_not_fast()
    {
        await using var failing = RecordingOrigin.Answering("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
        await using var well = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var balancer = TestBalancer.Start([failing.Address, well.Address], snapshot => snapshot with
        {
            Pools = [snapshot.Pools[0] with { Balance = BalancePolicy.PeakEwma, Outlier = null }],
        });
        using var client = await balancer.Connect();
        for (var i = 0; i < 50; i++)
            await client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.InRange(failing.Requests, 0, 2);
        Assert.InRange(well.Requests, 48, 50);
    }
}
