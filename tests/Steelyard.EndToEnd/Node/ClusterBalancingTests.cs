using System.Net;
using System.Net.Sockets;
using Steelyard.Apps.Node;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Node;

/// <summary>The engine in front of Node workers whose connections are handed to them.</summary>
public sealed class ClusterBalancingTests : IDisposable
{
    private const string Get = "GET / HTTP/1.1\r\nHost: app.example\r\n\r\n";

    private readonly TemporaryFolder _folder = new();
    private readonly NodeCluster _cluster = new("web");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Requests_of_one_connection_go_to_all_workers()
    {
        var script = _folder.Write("app.js", "require('http').createServer((req, res) => res.end(String(process.pid))).listen(3000);");
        await using var one = await ClusterWorker.ListeningAsync(_cluster, script);
        await using var other = await ClusterWorker.ListeningAsync(_cluster, script);
        await using var balancer = TestBalancer.Start(one.Address, other.Address);
        using var client = await balancer.Connect();

        var answers = new List<string>();
        for (var i = 0; i < 10; i++)
            answers.Add((await client.Ask(Get)).Text);

        Assert.Equal(5, answers.Count(pid => pid == one.Id.ToString()));
        Assert.Equal(5, answers.Count(pid => pid == other.Id.ToString()));
        Assert.Equal(2, balancer.Counters.UpstreamConnections);
    }

    [Fact]
    public async Task An_app_that_trusts_this_machine_sees_its_clients_address_and_scheme()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, _folder.Write("app.js", """
            require('http').createServer((req, res) => res.end([req.socket.remoteAddress, req.headers['x-forwarded-for'], req.headers['x-forwarded-proto'], req.headers.host].join(' '))).listen(3000);
            """));
        await using var balancer = TestBalancer.Start(worker.Address);

        Assert.Equal("127.0.0.1 127.0.0.1 http app.example", (await balancer.Ask(Get)).Text);
    }

    [Fact]
    public async Task Large_bodies_pass_both_ways()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, _folder.Write("app.js", """
            require('http').createServer((req, res) => {
              let count = 0;
              req.on('data', data => count += data.length).on('end', () => { res.setHeader('X-Count', count); res.end(Buffer.alloc(5_000_000, 97)); });
            }).listen(3000);
            """));
        await using var balancer = TestBalancer.Start(worker.Address);

        var answer = await balancer.Ask($"POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 3000000\r\n\r\n{new string('b', 3_000_000)}");

        Assert.Equal("3000000", answer["X-Count"]);
        Assert.Equal(5_000_000, answer.Body.Length);
    }

    [Fact]
    public async Task A_connection_goes_on_in_another_protocol()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, _folder.Write("app.js", """
            require('http').createServer(() => {}).on('upgrade', (req, socket) => {
              socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
              socket.pipe(socket);
            }).listen(3000);
            """));
        await using var balancer = TestBalancer.Start(worker.Address);
        using var client = await balancer.Connect();

        await client.Send("GET / HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
        Assert.Equal(101, (await client.ReadInterim()).Status);
        await client.Send("hello");

        Assert.Equal("hello"u8.ToArray(), await client.ReadExactly(5));
    }

    [Fact]
    public async Task An_app_with_tls_of_its_own_is_spoken_to_in_tls()
    {
        foreach (var name in new[] { "site.pem", "site.key" })
            File.Copy(Path.Combine(TestCertificates.Shared.Folder, name), _folder.At(name));
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, _folder.Write("app.js", """
            const fs = require('fs');
            require('https').createServer({ cert: fs.readFileSync('site.pem'), key: fs.readFileSync('site.key') }, (req, res) => res.end(String(req.socket.encrypted))).listen(3443);
            """));
        await using var balancer = TestBalancer.Start([worker.Address], snapshot => snapshot with
        {
            Pools = snapshot.Pools.AsEnumerable().Select(pool => pool with { Tls = new() { Verify = false } }).ToValueList(),
        });

        Assert.Equal("true", (await balancer.Ask(Get)).Text);
    }

    [Fact]
    public async Task A_server_that_speaks_first_serves_sessions_in_tcp_mode()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, _folder.Write("app.js", "require('net').createServer(socket => socket.end('welcome')).listen(3000);"), null, greets: false);
        await using var balancer = TestBalancer.Start([worker.Address], snapshot => snapshot with
        {
            Listeners = snapshot.Listeners.AsEnumerable().Select(listener => listener with { Mode = ListenerMode.Tcp }).ToValueList(),
        });
        using var client = await balancer.Connect();

        Assert.Equal("welcome"u8.ToArray(), await client.ReadToEnd());
    }

    [Fact]
    public async Task A_worker_is_asked_for_its_health_as_any_server()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, _folder.Write("app.js", "require('http').createServer((req, res) => res.end(req.headers.host)).listen(3000);"));
        await using var balancer = TestBalancer.Start([worker.Address], snapshot => snapshot with
        {
            Pools = snapshot.Pools.AsEnumerable().Select(pool => pool with { Health = new() { Kind = ProbeKind.Http, Body = "localhost" } }).ToValueList(),
        });

        await Patience.Until(() => balancer.Servers[0].LastCheckStatus == 200);

        Assert.Equal(Balancing.ProbeFault.None, balancer.Servers[0].LastCheck);
    }

    [Fact]
    public async Task A_post_to_a_worker_that_is_stuck_is_served_by_another()
    {
        var script = _folder.Write("app.js", """
            require('http').createServer((req, res) => {
              if (req.url === '/stick') { res.end('stuck'); setImmediate(() => { console.log('stuck'); while (true); }); }
              else req.resume().on('end', () => res.end(String(process.pid)));
            }).listen(3000);
            """);
        await using var stuck = await ClusterWorker.ListeningAsync(_cluster, script);
        await using var well = await ClusterWorker.ListeningAsync(_cluster, script);
        Assert.Equal("stuck", (await stuck.AskAsync("/stick")).Text);
        await stuck.LineAsync("stuck");
        await using var balancer = TestBalancer.Start([stuck.Address, well.Address], snapshot => snapshot with { Timeouts = new() { Connect = TimeSpan.FromMilliseconds(300) } });

        for (var i = 0; i < 4; i++)
            Assert.Equal(well.Id.ToString(), (await balancer.Ask("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 3\r\n\r\nabc")).Text);

        Assert.Equal(Balancing.ServerFailure.ConnectTimeout, balancer.Servers[0].LastReason);
    }

    [Fact]
    public async Task A_post_that_a_worker_does_not_take_goes_to_another()
    {
        var script = _folder.Write("app.js", """
            const server = require('http').createServer((req, res) => req.resume().on('end', () => res.end(String(process.pid)))).listen(3000);
            server.maxConnections = 1;
            """);
        await using var one = await ClusterWorker.ListeningAsync(_cluster, script);
        await using var other = await ClusterWorker.ListeningAsync(_cluster, script);
        using var held = await one.ConnectAsync();
        await using var balancer = TestBalancer.Start(one.Address, other.Address);

        for (var i = 0; i < 4; i++)
            Assert.Equal(other.Id.ToString(), (await balancer.Ask("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 3\r\n\r\nabc")).Text);
    }

    [Fact]
    public async Task A_worker_that_dies_costs_no_post_that_it_had_not_taken()
    {
        var script = _folder.Write("app.js", "require('http').createServer((req, res) => req.resume().on('end', () => res.end(String(process.pid)))).listen(3000, () => { if (process.argv.length > 2) { console.log('busy'); while (true); } });");
        var full = _folder.Write("busy.js", "process.argv.push('busy'); require('./app.js');");
        await using var dying = ClusterWorker.Start(_cluster, full);
        await dying.LineAsync("busy");
        await using var other = await ClusterWorker.ListeningAsync(_cluster, script);
        await using var balancer = TestBalancer.Start(dying.Address, other.Address);

        var answers = Enumerable.Range(0, 8).Select(_ => balancer.Ask("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 3\r\n\r\nabc")).ToArray();
        await Patience.Until(() => balancer.Servers[0].Active == 4);
        dying.Signal(9);

        Assert.All(await Task.WhenAll(answers).Patiently(), answer => Assert.Equal(other.Id.ToString(), answer.Text));
    }

    [Fact]
    public async Task Whoever_should_greet_and_says_nothing_is_not_waited_for()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var address = NetworkAddress.ForHost("127.0.0.1", ((IPEndPoint)silent.LocalEndpoint).Port).AsGreeting();
        await using var balancer = TestBalancer.Start([address], snapshot => snapshot with { Timeouts = new() { Connect = TimeSpan.FromMilliseconds(50) } });

        Assert.Equal(503, (await balancer.Ask(Get)).Status);
        using var accepted = await silent.AcceptSocketAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, await accepted.ReceiveAsync(new byte[1]));
    }
}
