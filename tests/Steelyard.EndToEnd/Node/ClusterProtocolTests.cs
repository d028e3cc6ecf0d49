using System.Net;
using System.Net.Sockets;
using Steelyard.Apps.Node;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Node;

/// <summary>Node apps as they are, with this process as the primary of their cluster.</summary>
public sealed class ClusterProtocolTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly NodeCluster _cluster = new("web");

    public void Dispose() => _folder.Dispose();

    private string Script(string text, string name = "app.js") => _folder.Write(name, text);

    [Fact]
    public async Task An_app_that_listens_on_a_port_is_asked_by_another_way_and_believes_in_its_port()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, Script("""
            const http = require('http'), cluster = require('cluster');
            const server = http.createServer((req, res) => res.end(JSON.stringify({
              address: server.address(), peer: req.socket.remoteAddress, primary: cluster.isPrimary, master: cluster.isMaster, id: cluster.worker.id,
              leaked: Object.keys(process.env).filter(name => /^NODE_(CHANNEL|UNIQUE)/.test(name)),
            }))).listen(3000);
            """));

        var answer = await worker.AskAsync();

        Assert.Equal("""{"address":{"address":"::","family":"IPv6","port":3000},"peer":"127.0.0.1","primary":false,"master":false,"id":1,"leaked":[]}""", answer.Text);
        Assert.Equal(3000, await _cluster.AppPort);
    }

    [Fact]
    public async Task Many_requests_on_many_connections_are_all_answered()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, Script("require('http').createServer((req, res) => res.end('ok')).listen(3000);"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(_ => worker.AskAsync())).Patiently();

        Assert.All(answers, answer => Assert.Equal("ok", answer.Text));
    }

    [Theory]
    [InlineData("listen(3000, '127.0.0.1')", "127.0.0.1")]
    [InlineData("listen('3000', '0.0.0.0', 100)", "0.0.0.0")]
    [InlineData("listen({ port: 3000, host: '::1' })", "::1")]
    [InlineData("listen({ port: 3000, backlog: 5 })", "::")]
    public async Task Every_way_to_name_the_port_will_do(string listen, string address)
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, Script(
            $"const server = require('http').createServer((req, res) => res.end(server.address().address)); server.{listen};"));

        Assert.Equal(address, (await worker.AskAsync()).Text);
    }

    [Fact]
    public async Task A_port_that_the_app_leaves_open_is_the_same_for_all_workers()
    {
        var script = Script("const server = require('http').createServer((req, res) => res.end(String(server.address().port))).listen(0);");
        await using var one = await ClusterWorker.ListeningAsync(_cluster, script);
        await using var other = await ClusterWorker.ListeningAsync(_cluster, script);

        var port = (await one.AskAsync()).Text;

        Assert.NotEqual("0", port);
        Assert.Equal(port, (await other.AskAsync()).Text);
    }

    [Fact]
    public async Task A_second_port_is_bound_and_its_connections_go_to_the_workers_in_turn()
    {
        var free = Ports.Free();
        var script = Script($$"""
            const http = require('http');
            http.createServer((req, res) => res.end('app')).listen(3000);
            http.createServer((req, res) => res.end(String(process.pid))).listen({{free}}, '127.0.0.1', () => console.log('both'));
            """);
        await using var one = await ClusterWorker.ListeningAsync(_cluster, script);
        await using var other = await ClusterWorker.ListeningAsync(_cluster, script);
        await one.LineAsync("both");
        await other.LineAsync("both");

        var answers = new List<string>();
        for (var i = 0; i < 4; i++)
            answers.Add((await AskAsync(free)).Text);

        Assert.Equal(2, answers.Count(pid => pid == one.Id.ToString()));
        Assert.Equal(2, answers.Count(pid => pid == other.Id.ToString()));
        Assert.Equal("app", (await one.AskAsync()).Text);
    }

    [Fact]
    public async Task A_second_port_that_is_taken_is_an_error_of_the_app_as_ever()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        await using var worker = ClusterWorker.Start(_cluster, Script($$"""
            const http = require('http');
            http.createServer(() => {}).listen(3000);
            http.createServer(() => {}).on('error', error => console.log('error ' + error.code)).listen({{((IPEndPoint)taken.LocalEndpoint).Port}}, '127.0.0.1');
            """));

        Assert.Equal("error EADDRINUSE", await worker.LineAsync("error"));
    }

    [Fact]
    public async Task Two_servers_on_one_port_do_not_go_together()
    {
        await using var worker = ClusterWorker.Start(_cluster, Script("""
            const http = require('http');
            http.createServer(() => {}).listen(3000, () =>
              http.createServer(() => {}).on('error', error => console.log('error ' + error.code)).listen(3000));
            """));

        Assert.Equal("error EADDRINUSE", await worker.LineAsync("error"));
    }

    [Fact]
    public async Task A_configured_port_is_the_apps_though_another_is_listened_on_first()
    {
        var free = Ports.Free();
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, Script($$"""
            const http = require('http');
            http.createServer((req, res) => res.end('metrics')).listen({{free}}, '127.0.0.1', () =>
              http.createServer((req, res) => res.end('app')).listen(3000));
            """), appPort: 3000);

        Assert.Equal("app", (await worker.AskAsync()).Text);
        Assert.Equal("metrics", (await AskAsync(free)).Text);
    }

    [Fact]
    public async Task A_server_that_closes_takes_no_connections_and_one_that_listens_again_does()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, Script("""
            const http = require('http');
            const server = http.createServer((req, res) => {
              res.setHeader('Connection', 'close');
              res.end('ok');
              if (req.url === '/close') server.close(() => { console.log('closed'); setTimeout(() => server.listen(3000, () => console.log('again')), 500); });
            }).listen(3000);
            """));

        Assert.Equal("ok", (await worker.AskAsync("/close")).Text);
        await worker.LineAsync("closed");
        using (var refused = await RawClient.Connect(worker.Door))
            Assert.Empty(await refused.ReadToEnd());
        await worker.LineAsync("again");
        Assert.Equal("ok", (await worker.AskAsync()).Text);
    }

    [Fact]
    public async Task What_a_server_with_too_many_connections_does_not_take_is_not_greeted()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, Script("""
            const server = require('http').createServer((req, res) => res.end('ok')).listen(3000);
            server.maxConnections = 1;
            """));

        using var first = await worker.ConnectAsync();
        using var second = await RawClient.Connect(worker.Door);

        Assert.Empty(await second.ReadToEnd());
        Assert.Equal("ok", (await first.Ask("GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n")).Text);
    }

    [Fact]
    public async Task An_app_of_modules_is_no_other()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, Script(
            "import http from 'node:http'; await null; http.createServer((req, res) => res.end('esm')).listen(3000);", "app.mjs"));

        Assert.Equal("esm", (await worker.AskAsync()).Text);
    }

    [Fact]
    public async Task An_app_that_forks_processes_of_its_own_talks_to_them()
    {
        Script("process.on('message', text => process.send(text + ', ' + require('cluster').isPrimary + ', ' + (process.env.NODE_UNIQUE_ID === undefined)));", "child.js");
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, Script("""
            const child = require('child_process').fork(__dirname + '/child.js');
            require('http').createServer((req, res) => {
              child.once('message', text => res.end(text));
              child.send('hello');
            }).listen(3000).on('close', () => child.kill());
            """));

        Assert.Equal("hello, true, true", (await worker.AskAsync()).Text);
    }

    [Fact]
    public async Task An_app_made_for_a_cluster_is_a_worker_and_forks_nobody()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, Script("""
            const cluster = require('cluster'), http = require('http');
            if (cluster.isMaster) { for (let i = 0; i < 2; i++) cluster.fork(); cluster.on('exit', () => cluster.fork()); }
            else http.createServer((req, res) => res.end(`Worker ${process.pid}`)).listen(8000);
            """));

        Assert.Equal($"Worker {worker.Id}", (await worker.AskAsync()).Text);
    }

    [Fact]
    public async Task Ready_is_what_the_app_says_and_shutdown_what_it_is_told()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, Script("""
            const server = require('http').createServer((req, res) => res.end('ok')).listen(3000, () => process.send('ready'));
            process.on('message', text => { console.log('told ' + text); if (text === 'shutdown') process.exit(7); });
            """));

        await worker.Reach.SaidReadyAsync(CancellationToken.None).Patiently("ready");
        Assert.True(worker.Reach.TryLetGo("shutdown", out _));

        Assert.Equal("told shutdown", await worker.LineAsync("told"));
        Assert.Equal(7, await worker.ExitAsync());
    }

    [Fact]
    public async Task A_worker_that_is_let_go_answers_what_it_has_and_ends_by_itself()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, Script("""
            require('http').createServer((req, res) => { console.log('asked'); setTimeout(() => res.end('late'), 800); }).listen(3000);
            """));
        var answers = Enumerable.Range(0, 12).Select(_ => worker.AskAsync()).ToArray();
        await Patience.Until(() => worker.Output.Split("asked").Length == 13);

        Assert.True(worker.Reach.TryLetGo(null, out var letGo));

        Assert.All(await Task.WhenAll(answers).Patiently(), answer => Assert.Equal("late", answer.Text));
        await letGo.Patiently();
        Assert.Equal(0, await worker.ExitAsync());
    }

    [Fact]
    public async Task A_worker_may_leave_of_its_own_accord()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, Script("""
            const cluster = require('cluster');
            require('http').createServer((req, res) => { res.setHeader('Connection', 'close'); res.end('bye'); cluster.worker.disconnect(); }).listen(3000);
            """));

        Assert.Equal("bye", (await worker.AskAsync()).Text);
        Assert.Equal(0, await worker.ExitAsync());
    }

    [Fact]
    public async Task A_worker_whose_primary_has_gone_ends()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, Script("require('http').createServer(() => {}).listen(3000); setInterval(() => {}, 1000);"));

        worker.Reach.Dispose();

        Assert.Equal(0, await worker.ExitAsync());
    }

    [Theory]
    [InlineData("udp4", "127.0.0.1")]
    [InlineData("udp6", "::1")]
    public async Task Workers_share_a_socket_of_udp_and_each_datagram_reaches_one(string kind, string address)
    {
        var free = Ports.Free();
        var script = Script($$"""
            require('http').createServer(() => {}).listen(3000);
            const socket = require('dgram').createSocket('{{kind}}');
            socket.on('message', (text, from) => socket.send(`${process.pid} ${text}`, from.port, from.address));
            socket.on('error', error => console.log('error ' + error.code));
            socket.bind({{free}}, () => console.log('bound ' + socket.address().port));
            """);
        var one = await ClusterWorker.ListeningAsync(_cluster, script);
        Assert.Equal($"bound {free}", await one.LineAsync("bound"));
        await using var other = await ClusterWorker.ListeningAsync(_cluster, script);
        Assert.Equal($"bound {free}", await other.LineAsync("bound"));
        using var client = new UdpClient(address, free);
        async Task<string> AskAsync(int number)
        {
            await client.SendAsync(System.Text.Encoding.ASCII.GetBytes($"{number}"));
            return System.Text.Encoding.ASCII.GetString((await client.ReceiveAsync().Patiently("an answer")).Buffer);
        }

        for (var i = 0; i < 20; i++)
            Assert.Contains(await AskAsync(i), new[] { $"{one.Id} {i}", $"{other.Id} {i}" });
        await one.DisposeAsync();
        for (var i = 0; i < 20; i++)
            Assert.Equal($"{other.Id} {i}", await AskAsync(i));
    }

    [Fact]
    public async Task A_port_of_udp_that_is_left_open_is_the_same_for_all_workers_and_a_taken_one_is_refused()
    {
        using var taken = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var script = Script($$"""
            const dgram = require('dgram'), [open, taken] = [dgram.createSocket('udp4'), dgram.createSocket('udp4')];
            open.bind(() => console.log('open ' + open.address().port));
            taken.on('error', error => console.log('taken ' + error.code)).bind({{((IPEndPoint)taken.Client.LocalEndPoint!).Port}}, '127.0.0.1');
            """);
        await using var one = ClusterWorker.Start(_cluster, script);
        await using var other = ClusterWorker.Start(_cluster, script);

        Assert.Equal(await one.LineAsync("open"), await other.LineAsync("open"));
        Assert.Equal(("taken EADDRINUSE", "taken EADDRINUSE"), (await one.LineAsync("taken"), await other.LineAsync("taken")));
    }

    [Fact]
    public async Task A_server_of_udp_is_not_taken_for_the_app()
    {
        var free = Ports.Free();
        await using var worker = ClusterWorker.Start(_cluster, Script($$"""
            const socket = require('dgram').createSocket('udp4');
            socket.bind({{free}}, '127.0.0.1', () => { console.log('bound'); require('http').createServer((req, res) => res.end('app')).listen({{free}}, '127.0.0.1'); });
            """), appPort: free);
        await worker.LineAsync("bound");
        await worker.Reach.ListeningAsync(CancellationToken.None).Patiently("the app to listen");

        Assert.Equal("app", (await worker.AskAsync()).Text);
    }

    [Fact]
    public async Task A_socket_that_sends_only_needs_nobodys_leave()
    {
        await using var worker = ClusterWorker.Start(_cluster, Script("""
            const socket = require('dgram').createSocket('udp4');
            socket.send('x', 9, '127.0.0.1', error => { console.log('sent ' + error); socket.close(); });
            """));

        Assert.Equal("sent null", await worker.LineAsync("sent"));
    }

    [Fact]
    public async Task What_binds_its_port_itself_is_left_alone()
    {
        var free = Ports.Free();
        await using var worker = ClusterWorker.Start(_cluster, Script($$"""
            require('http').createServer((req, res) => res.end('own')).listen({ port: {{free}}, host: '127.0.0.1', exclusive: true }, () => console.log('bound'));
            """));
        await worker.LineAsync("bound");

        Assert.Equal("own", (await AskAsync(free)).Text);
    }

    [Fact]
    public async Task A_unix_socket_is_bound_here_and_goes_with_its_last_server()
    {
        var path = _folder.At("app.sock");
        await using (var worker = ClusterWorker.Start(_cluster, Script("require('http').createServer((req, res) => res.end('unix')).listen('app.sock', () => console.log('bound'));")))
        {
            await worker.LineAsync("bound");
            using var client = await RawClient.Connect(new UnixDomainSocketEndPoint(path));
            Assert.Equal("unix", (await client.Ask("GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n")).Text);
        }

        await Patience.Until(() => !File.Exists(path));
    }

    [Fact]
    public async Task A_worker_that_sends_its_own_sockets_and_long_messages_is_none_the_worse()
    {
        await using var worker = await ClusterWorker.ListeningAsync(_cluster, Script("""
            const net = require('net');
            process.send({ long: 'x'.repeat(3 * 1024 * 1024) });
            process.send('handle', net.createServer().listen({ port: 0, exclusive: true }));
            process.send({ cmd: 'whatever', of: [1, 2] });
            require('http').createServer((req, res) => res.end('ok')).listen(3000);
            """));

        Assert.Equal("ok", (await worker.AskAsync()).Text);
    }

    [Fact]
    public async Task A_tls_app_resumes_sessions_with_every_worker()
    {
        foreach (var name in new[] { "site.pem", "site.key" })
            File.Copy(Path.Combine(TestCertificates.Shared.Folder, name), _folder.At(name));
        var script = Script("""
            const https = require('https'), fs = require('fs');
            https.createServer({ cert: fs.readFileSync('site.pem'), key: fs.readFileSync('site.key') },
              (req, res) => res.end(String(req.socket.isSessionReused()))).listen(3443);
            """);
        await using var one = await ClusterWorker.ListeningAsync(_cluster, script, null, greets: false);
        await using var other = await ClusterWorker.ListeningAsync(_cluster, script, null, greets: false);
        var client = _folder.Write("client.js", """
            const tls = require('tls');
            const ask = (port, session) => new Promise((done, fail) => {
              const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, session, maxVersion: 'TLSv1.2' }, () => socket.write('GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n'));
              let text = ''; socket.on('data', data => text += data).on('error', fail).on('close', () => done({ text, session: socket.getSession() || saved }));
              let saved; socket.on('session', session => saved = session);
            });
            const [one, other] = process.argv.slice(2);
            ask(one).then(first => ask(other, first.session)).then(second => console.log(second.text.trim().split('\n').pop()));
            """);

        var (status, said) = await ShortProgram.Run("node", "", client, one.Address.Port.ToString(), other.Address.Port.ToString());

        Assert.Equal((0, "true"), (status, said.Trim()));
    }

    private static async Task<HttpMessage> AskAsync(int port)
    {
        using var client = await RawClient.Connect(new IPEndPoint(IPAddress.Loopback, port));
        return await client.Ask("GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n");
    }
}
