using System.Runtime.InteropServices;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Strictness;

namespace Steelyard.EndToEnd;

/// <summary>The program with a haproxy.cfg, and under the name haproxy.</summary>
[Trait("Lane", "files")]
public sealed class HaproxyFileTests : IDisposable
{
    // The guide's file. A test takes the ports that are free, where the guide has 80 and 3001 to 3003.
    private const string Guide = """
        # haproxy.cfg
        global
            log /dev/log local0
            maxconn 4096

        defaults
            log     global
            mode    http
            option  httplog
            option  dontlognull
            timeout connect 5000
            timeout client  50000
            timeout server  50000

        frontend http-in
            bind *:80
            default_backend node_servers

        backend node_servers
            balance roundrobin
            option httpchk GET /health
            server node1 127.0.0.1:3001 check
            server node2 127.0.0.1:3002 check
            server node3 127.0.0.1:3003 check
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string WriteGuide(params RecordingOrigin[] servers)
    {
        var text = Guide.Replace("*:80", "127.0.0.1:0", StringComparison.Ordinal);
        for (var i = 0; i < servers.Length; i++)
            text = text.Replace($"127.0.0.1:300{i + 1}", servers[i].Address.ToString(), StringComparison.Ordinal);
        return _folder.Write("haproxy.cfg", text);
    }

    private static RecordingOrigin Server(string name) => RecordingOrigin.Start(async connection =>
    {
        while (await connection.ReadRequestOrEnd() is { } request)
            await connection.Send(request.Target == "/health" ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK" : $"HTTP/1.1 200 OK\r\nContent-Length: {name.Length}\r\n\r\n{name}");
    });

    [Fact]
    public async Task The_guides_file_balances_its_three_servers_and_asks_for_their_health()
    {
        await using var one = Server("node1");
        await using var two = Server("node2");
        await using var three = Server("node3");
        await using var up = SteelyardProcess.Start("up", WriteGuide(one, two, three));
        var url = await up.UrlAsync("listening on");

        using var client = new HttpClient();
        List<string> answered = [];
        for (var i = 0; i < 6; i++)
            answered.Add(await client.GetStringAsync(url, TestContext.Current.CancellationToken));

        Assert.Equal(["node1", "node2", "node3", "node1", "node2", "node3"], answered);
        Assert.DoesNotContain("notice:", up.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_know_the_servers_by_the_names_that_the_file_has_for_them()
    {
        await using var one = Server("node1");
        var file = WriteGuide(one);
        Dictionary<string, string> environment = new() { ["XDG_RUNTIME_DIR"] = _folder.Path };
        await using var up = SteelyardProcess.Start(["up", file], environment);
        await up.LineAsync("ready");

        Assert.Equal((0, $"{one.Address} of node_servers: drain, weight 1, 0 active\n", ""), await SteelyardProcess.RunAsync(["drain", "node_servers/node1", file], environment));
        Assert.Contains($"node1 {one.Address} drain", (await SteelyardProcess.RunAsync(["status", file], environment)).Output, StringComparison.Ordinal);
        Assert.Contains($"it has node1 ({one.Address}), node2 (", (await SteelyardProcess.RunAsync(["drain", "node_servers/node4", file], environment)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Under_the_name_haproxy_a_file_is_checked_as_there()
    {
        var haproxy = Link();
        await using var one = Server("node1");
        var file = WriteGuide(one);
        var bad = _folder.Write("bad.cfg", "frontend f\n  bnd :80\n");

        await using var good = SteelyardProcess.StartProgram(haproxy, ["-c", "-f", file], []);
        await using var quiet = SteelyardProcess.StartProgram(haproxy, ["-c", "-q", "-f", file], []);
        await using var failing = SteelyardProcess.StartProgram(haproxy, ["-c", "-f", bad], []);
        await using var missing = SteelyardProcess.StartProgram(haproxy, ["-f", _folder.At("none.cfg"), "-c"], []);
        await using var version = SteelyardProcess.StartProgram(haproxy, ["-v"], []);

        Assert.Equal((0, "Configuration file is valid\n"), (await good.ExitAsync(), good.Output));
        Assert.Equal((0, "", ""), (await quiet.ExitAsync(), quiet.Output, quiet.Error));
        Assert.Equal(1, await failing.ExitAsync());
        Assert.Contains($"[ALERT]    ({failing.Id}) : config : parsing [{bad}:2] : 'bnd' is not known here; did you mean 'bind'?", failing.Error, StringComparison.Ordinal);
        Assert.EndsWith("config : Fatal errors found in configuration.\n", failing.Error, StringComparison.Ordinal);
        Assert.Equal(1, await missing.ExitAsync());
        Assert.Contains("No such file or directory", missing.Error, StringComparison.Ordinal);
        Assert.Equal(0, await version.ExitAsync());
        Assert.StartsWith("HAProxy version 2.6", version.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sockets_that_were_bound_by_others_are_listened_on()
    {
        var file = _folder.Write("passed.cfg", """
            global
                stats socket "fd@${cli}" level admin
            defaults
                mode http
                timeout client 5s
                timeout server 5s
                timeout connect 5s
            frontend f
                bind "fd@${fe}"
                http-request return status 200 content-type text/plain string hello

            """);
        const string Parent = """
            import os, socket, sys
            sockets = [socket.socket() for _ in range(2)]
            for number, one in zip((8, 9), sockets):
                one.bind(('127.0.0.1', 0))
                os.dup2(one.fileno(), number)
            print('ports', *[one.getsockname()[1] for one in sockets], flush=True)
            os.execv(sys.argv[1], sys.argv[1:])
            """;
        await using var haproxy = SteelyardProcess.StartProgram("python3", ["-c", Parent, Link(), "-d", "-f", file], new() { ["fe"] = "8", ["cli"] = "9" });
        var ports = (await haproxy.LineAsync("ports")).Split(' ');
        await haproxy.LineAsync("ready");

        using var client = new HttpClient();
        Assert.Equal("hello", await client.GetStringAsync($"http://127.0.0.1:{ports[1]}/", TestContext.Current.CancellationToken));
        using var commands = new System.Net.Sockets.TcpClient("127.0.0.1", int.Parse(ports[2]));
        await using var stream = commands.GetStream();
        await stream.WriteAsync("show version\n"u8.ToArray(), TestContext.Current.CancellationToken);
        using var answer = new StreamReader(stream);
        Assert.StartsWith("2.6", await answer.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        SteelyardProcess.Signal(haproxy.Id, PosixSignal.SIGTERM);
        Assert.Equal(143, await haproxy.ExitAsync());
    }

    [Theory]
    [InlineData("-db", PosixSignal.SIGTERM)]
    [InlineData("-db", PosixSignal.SIGINT)]
    [InlineData("-db", (PosixSignal)10)]
    [InlineData("-W", PosixSignal.SIGTERM)]
    [InlineData("-W", PosixSignal.SIGINT)]
    [InlineData("-W", (PosixSignal)10)]
    public async Task A_signal_ends_it_with_HAProxys_status(string mode, PosixSignal signal)
    {
        Assert.Equal(await StatusBehind(ForeignProxy.Locate("haproxy"), mode, signal), await StatusBehind(Link(), mode, signal));
    }

    private async Task<int> StatusBehind(string program, string mode, PosixSignal signal)
    {
        var port = RecordingOrigin.Refusing().Port;
        var file = _folder.Write("ends.cfg", $"defaults\n  mode http\n  timeout client 5s\nfrontend web\n  bind 127.0.0.1:{port}\n  http-request return status 200\n");
        await using var process = SteelyardProcess.StartProgram(program, [mode, "-f", file], []);
        using var client = new HttpClient();
        await Patience.Until(async () =>
        {
            try
            {
                return (await client.GetAsync(new Uri($"http://127.0.0.1:{port}/"), TestContext.Current.CancellationToken)).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, () => "an answer");
        // The worker of HAProxy answers before its master has a handler, and what comes till then is dropped or ends it.
        if (mode == "-W")
            await Patience.Until(() => TakesSignal(process.Id, SteelyardProcess.NumberOf(signal)), "a process that takes the signal");
        SteelyardProcess.Signal(process.Id, signal);
        return await process.ExitAsync();
    }

    private static bool TakesSignal(int pid, int number)
    {
        var status = File.ReadAllLines($"/proc/{pid}/status");
        return Has("SigCgt:") && !Has("SigBlk:");

        bool Has(string set) =>
            (ulong.Parse(Array.Find(status, line => line.StartsWith(set, StringComparison.Ordinal))![set.Length..].Trim(), System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture) >> (number - 1) & 1) == 1;
    }

    [Fact]
    public async Task A_quiet_check_says_nothing()
    {
        await using var check = SteelyardProcess.StartProgram(Link(), ["-c", "-q", "-f", _folder.Write("wrong.cfg", "frontend web\n  nonsense\n")], []);

        Assert.Equal(1, await check.ExitAsync());
        Assert.Equal("", check.Output + check.Error);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("")]
    [InlineData("version_atleast(2.4)")]
    [InlineData("version_before(2.4)")]
    [InlineData("feature(OPENSSL) && !feature(QUIC)")]
    [InlineData("streq(a,b) || (strneq(a,b) && defined(PATH))")]
    [InlineData("defined(NOBODY_HAS_THIS)")]
    [InlineData("feature(OPENSSL")]
    [InlineData("of_no_kind(1)")]
    public async Task A_condition_is_judged_as_HAProxy_does(string condition)
    {
        var link = Link();
        await using var theirs = SteelyardProcess.StartProgram(ForeignProxy.Locate("haproxy"), ["-cc", condition], []);
        await using var ours = SteelyardProcess.StartProgram(link, ["-cc", condition], []);

        Assert.Equal(await theirs.ExitAsync(), await ours.ExitAsync());
    }

    [Fact]
    public async Task Features_are_listed_as_scripts_look_for_them()
    {
        await using var details = SteelyardProcess.StartProgram(Link(), ["-vv"], []);

        Assert.Equal(0, await details.ExitAsync());
        Assert.Contains("Feature list : -51DEGREES +ACCEPT4 ", details.Output, StringComparison.Ordinal);
        Assert.Contains(" +OPENSSL ", details.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Under_the_name_haproxy_it_serves_and_writes_its_number()
    {
        await using var one = Server("node1");
        var pid = _folder.At("haproxy.pid");
        await using var haproxy = SteelyardProcess.StartProgram(Link(), ["-Ws", "-f", WriteGuide(one), "-p", pid], []);
        await haproxy.LineAsync("listening on");

        Assert.Equal(haproxy.Id.ToString(), (await File.ReadAllTextAsync(pid, TestContext.Current.CancellationToken)).Trim());
        SteelyardProcess.Signal(haproxy.Id, PosixSignal.SIGTERM);
        Assert.Equal(0, await haproxy.ExitAsync());
    }

    [Fact]
    public async Task A_daemon_gives_its_terminal_back_and_hands_over_to_the_next_one()
    {
        await using var one = Server("node1");
        var (pid, next) = (_folder.At("1.pid"), _folder.At("2.pid"));
        var port = RecordingOrigin.Refusing().Port;
        var servers = _folder.Write("servers.cfg", $"defaults\n  mode http\n  timeout client 5s\n  timeout connect 5s\n  timeout server 5s\nlisten web\n  bind 127.0.0.1:{port}\n  server a {one.Address}\n");

        using var client = new HttpClient();
        await using (var first = SteelyardProcess.StartProgram(Link(), ["-D", "-f", servers, "-p", pid], []))
            Assert.Equal(0, await first.ExitAsync());
        Assert.Equal("node1", await client.GetStringAsync($"http://127.0.0.1:{port}/", TestContext.Current.CancellationToken));
        var process = System.Diagnostics.Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(pid, TestContext.Current.CancellationToken)));

        await using (var second = SteelyardProcess.StartProgram(_folder.At("haproxy"), ["-D", "-f", servers, "-p", next, "-sf", process.Id.ToString()], []))
            Assert.Equal(0, await second.ExitAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal("node1", await client.GetStringAsync($"http://127.0.0.1:{port}/", TestContext.Current.CancellationToken));

        var last = int.Parse(await File.ReadAllTextAsync(next, TestContext.Current.CancellationToken));
        SteelyardProcess.Signal(last, PosixSignal.SIGTERM);
        using var left = System.Diagnostics.Process.GetProcessById(last);
        await left.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task The_command_socket_says_and_changes_what_HAProxys_does()
    {
        await using var one = Server("node1");
        await using var two = Server("node2");
        await using var three = Server("node3");
        var socket = _folder.At("admin.sock");
        var file = _folder.Write("s.cfg", $"global\n  stats socket {socket} mode 660 level admin\ndefaults\n  mode http\n  timeout client 5s\n  timeout connect 5s\n  timeout server 5s\nfrontend web\n  bind 127.0.0.1:0\n  default_backend app\nbackend app\n  balance roundrobin\n  server a {one.Address} weight 10\n  server b {two.Address} disabled\n");
        await using var haproxy = SteelyardProcess.StartProgram(Link(), ["-f", file], []);
        var url = await haproxy.UrlAsync("listening on");
        await haproxy.LineAsync("ready");
        using var client = new HttpClient();
        Assert.Equal("node1", await client.GetStringAsync(url, TestContext.Current.CancellationToken));

        Assert.Equal(["# name", "app", "", ""], (await Command(socket, "show backend")).Split('\n'));
        var lines = (await Command(socket, "show stat")).Split('\n');
        Assert.StartsWith("# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,", lines[0], StringComparison.Ordinal);
        Assert.Equal(["web,FRONTEND", "app,a", "app,b", "app,BACKEND"], lines[1..5].Select(line => string.Join(',', line.Split(',')[..2])));
        Assert.Equal(["OPEN", "no check", "MAINT", "UP"], lines[1..5].Select(line => line.Split(',')[17]));
        Assert.Equal("1", lines[2].Split(',')[7]);
        Assert.All(lines[..5], line => Assert.Equal(lines[0].Count(letter => letter == ','), line.Count(letter => letter == ',')));
        Assert.Equal("10 (initial 10)\n\n5 (initial 10)\n\n", (await Command(socket, "get weight app/a; set weight app/a 50%; get weight app/a")).Replace("\n\n\n", "\n\n", StringComparison.Ordinal));
        Assert.Equal("No such server.\n\n", await Command(socket, "get weight app/x"));
        Assert.Equal("Only servers in maintenance mode can be deleted.\n", await Command(socket, "del server app/a"));

        Assert.Equal("\n", await Command(socket, "enable server app/b"));
        Assert.Equal("\n", await Command(socket, "set server app/a state maint"));
        Assert.Equal("node2", await client.GetStringAsync(url, TestContext.Current.CancellationToken));
        Assert.StartsWith("no need to change the addr, port changed from '", await Command(socket, $"set server app/b addr {one.Address.Host} port {RecordingOrigin.Refusing().Port}"), StringComparison.Ordinal);
        Assert.Equal("New server registered.\n\n", await Command(socket, $"add server app/n {three.Address}"));
        Assert.Equal("\n", await Command(socket, "enable server app/n"));
        Assert.Equal("\n", await Command(socket, "disable server app/b"));
        Assert.Equal("node3", await client.GetStringAsync(url, TestContext.Current.CancellationToken));
        Assert.Contains(" n 127.0.0.1 2 0 1 1 ", await Command(socket, "show servers state app"), StringComparison.Ordinal);
        Assert.Contains("\nPATH=", "\n" + await Command(socket, "show env"), StringComparison.Ordinal);
        Assert.Equal("Variable not found\n\n", await Command(socket, "show env NONE_OF_THIS_NAME"));
        Assert.Equal("Session pointer expected (use 'show sess').\n\n", await Command(socket, "shutdown session"));
        Assert.Equal("No such session (use 'show sess').\n\n", await Command(socket, "shutdown session 0xffff"));
        Assert.Equal("Require 'backend/server'.\n\n", await Command(socket, "shutdown sessions server"));
        Assert.Equal("No such server.\n\n", await Command(socket, "shutdown sessions server app/x"));
        Assert.Equal("\n", await Command(socket, "shutdown sessions server app/a"));
        using var idle = new System.Net.Sockets.TcpClient(url.Host, url.Port);
        var number = "";
        await Patience.Until(async () => (number = (await Command(socket, "show sess")).Split('\n').FirstOrDefault(line => line.Contains($":{((System.Net.IPEndPoint)idle.Client.LocalEndPoint!).Port}", StringComparison.Ordinal) || line.Contains("calls=0", StringComparison.Ordinal))?.Split(':')[0] ?? "").Length > 0, () => "a session");
        Assert.Equal("\n", await Command(socket, $"shutdown session {number}"));
        Assert.Equal(0, await idle.GetStream().ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, TestContext.Current.CancellationToken));
        Assert.StartsWith("Unknown map identifier.", await Command(socket, "add map hosts.map a b"), StringComparison.Ordinal);
        Assert.StartsWith("[[{", await Command(socket, "show stat json"), StringComparison.Ordinal);
        Assert.StartsWith("Unknown command", await Command(socket, "bogus"), StringComparison.Ordinal);
        Assert.Equal("\n> # name\napp\n\n\n> ", await Command(socket, "prompt\nshow backend\nquit"));
    }

    [Fact]
    public async Task An_operators_word_counts_in_the_place_of_checks_and_agents()
    {
        var well = true;
        await using var one = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
                await connection.Send(request.Target != "/health" ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nnode1" : $"HTTP/1.1 {(Volatile.Read(ref well) ? 200 : 500)} OK\r\nContent-Length: 0\r\n\r\n");
        });
        await using var two = Server("node2");
        var socket = _folder.At("health.sock");
        var file = _folder.Write("health.cfg", $"global\n  stats socket {socket} level admin\ndefaults\n  mode http\n  timeout client 5s\n  timeout connect 5s\n  timeout server 5s\nfrontend web\n  bind 127.0.0.1:0\n  default_backend app\nbackend app\n  option httpchk GET /health\n  server a {one.Address} check inter 50ms rise 1 fall 1\n  server b {two.Address} backup\n");
        await using var haproxy = SteelyardProcess.StartProgram(Link(), ["-f", file], []);
        var url = await haproxy.UrlAsync("listening on");
        await haproxy.LineAsync("ready");
        using var client = new HttpClient();
        async Task Answers(string node) => await Patience.Until(async () => await client.GetStringAsync(url, TestContext.Current.CancellationToken) == node, () => node);

        // Nobody asks it any more, and what it was it stays.
        Assert.Equal("\n", await Command(socket, "disable health app/a"));
        Volatile.Write(ref well, false);
        var asked = one.Requests;
        await Patience.Until(() => Volatile.Read(ref well) is false && one.Requests <= asked + 1);
        Assert.Equal("node1", await client.GetStringAsync(url, TestContext.Current.CancellationToken));
        Assert.Equal("\n", await Command(socket, "set server app/a health down"));
        Assert.Equal("node2", await client.GetStringAsync(url, TestContext.Current.CancellationToken));
        Assert.Contains(",DOWN,", await Command(socket, "show stat"), StringComparison.Ordinal);
        Assert.Equal("\n", await Command(socket, "set server app/a health up"));
        Assert.Equal("node1", await client.GetStringAsync(url, TestContext.Current.CancellationToken));
        Assert.Equal("\n", await Command(socket, "enable health app/a"));
        await Answers("node2");
        Volatile.Write(ref well, true);
        await Answers("node1");

        Assert.Equal("Health check was not configured on this server, cannot enable.\n\n", await Command(socket, "enable health app/b"));
        Assert.Equal("Agent was not configured on this server, cannot enable.\n\n", await Command(socket, "enable agent app/a"));
        Assert.Equal("\n", await Command(socket, "disable agent app/a"));
        Assert.Equal("agent checks are not enabled on this server.\n\n", await Command(socket, "set server app/a agent down"));
        Assert.Equal("'set server <srv> health' expects 'up', 'stopping', or 'down'.\n\n", await Command(socket, "set server app/a health sick"));
        Assert.Equal("\n", await Command(socket, "set maxconn global 77"));
        Assert.Contains("\nMaxconn: 77\n", await Command(socket, "show info"), StringComparison.Ordinal);
        Assert.Contains(".Maxconn.1:CLP:u32:77\n", await Command(socket, "show info typed"), StringComparison.Ordinal);
        Assert.Contains("\"name\":\"Maxconn\"},\"processNum\":1,\"tags\":{\"origin\":\"Config\",\"nature\":\"Limit\",\"scope\":\"Process\"},\"value\":{\"type\":\"u32\",\"value\":77}", await Command(socket, "show info json"), StringComparison.Ordinal);
        Assert.StartsWith("That rate has no limit", await Command(socket, "set rate-limit ssl-sessions global 5"), StringComparison.Ordinal);
        Assert.StartsWith("What HAProxy has inside", await Command(socket, "show pools"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tables_are_shown_changed_and_cleared_on_the_command_socket()
    {
        var socket = _folder.At("tables.sock");
        var file = _folder.Write("tables.cfg", $"global\n  stats socket {socket} level admin\ndefaults\n  mode http\n  timeout client 5s\nfrontend web\n  bind 127.0.0.1:0\n  stick-table type ip size 100k expire 1h store gpc0,http_req_cnt,http_req_rate(10s)\n  http-request track-sc0 src\n  http-request deny deny_status 429 if {{ sc0_get_gpc0 gt 5 }}\n  http-request return status 200\n");
        await using var haproxy = SteelyardProcess.StartProgram(Link(), ["-f", file], []);
        var url = await haproxy.UrlAsync("listening on");
        await haproxy.LineAsync("ready");
        using var client = new HttpClient();
        Assert.Equal(System.Net.HttpStatusCode.OK, (await client.GetAsync(url, TestContext.Current.CancellationToken)).StatusCode);

        Assert.Equal("# table: web, type: ip, size:102400, used:1\n\n", await Command(socket, "show table"));
        Assert.Matches("^# table: web, type: ip, size:102400, used:1\n0x[0-9a-f]+: key=127.0.0.1 use=0 exp=[0-9]+ gpc0=0 http_req_cnt=1 http_req_rate\\(10000\\)=1\n\n$", await Command(socket, "show table web"));
        Assert.Equal("No such table\n\n", await Command(socket, "show table nope"));
        Assert.DoesNotContain("key=", await Command(socket, "show table web data.http_req_cnt gt 1"), StringComparison.Ordinal);
        Assert.Contains("key=127.0.0.1", await Command(socket, "show table web data.http_req_cnt gt 0 data.gpc0 eq 0"), StringComparison.Ordinal);
        Assert.DoesNotContain("key=", await Command(socket, "show table web data.http_req_cnt gt 0 data.gpc0 gt 0"), StringComparison.Ordinal);
        Assert.Equal("Filter entry #2: Unknown data type\n\n", await Command(socket, "show table web data.gpc0 eq 0 data.nonsense gt 1"));
        Assert.Equal("Filter entry #1: Data type not stored in this table\n\n", await Command(socket, "show table web data.gpt0 gt 1"));
        Assert.Equal("\n", await Command(socket, "set table web key 127.0.0.1 data.gpc0 9"));
        Assert.Equal(System.Net.HttpStatusCode.TooManyRequests, (await client.GetAsync(url, TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal("\n", await Command(socket, "clear table web key 127.0.0.1"));
        Assert.Equal("# table: web, type: ip, size:102400, used:0\n\n", await Command(socket, "show table"));
        Assert.Equal(System.Net.HttpStatusCode.OK, (await client.GetAsync(url, TestContext.Current.CancellationToken)).StatusCode);
    }

    private static async Task<string> Command(string socket, string text)
    {
        using var client = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        await client.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(socket), TestContext.Current.CancellationToken);
        await using var stream = new System.Net.Sockets.NetworkStream(client);
        await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text + "\n"), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_converted_file_is_fine_and_means_the_same()
    {
        await using var one = Server("node1");
        var (status, yaml, said) = await SteelyardProcess.RunAsync("convert", WriteGuide(one), "--to", "yaml");
        Assert.Equal((0, ""), (status, said));

        var converted = _folder.Write("steelyard.yaml", yaml);
        var (checkedAs, summary, _) = await SteelyardProcess.RunAsync("check", converted);
        Assert.Equal((0, $"{converted} is fine: 1 listener, 1 pool\n"), (checkedAs, summary));
    }

    [Fact]
    public async Task A_converted_file_says_in_comments_what_is_lost_and_what_is_doubtful()
    {
        var file = _folder.Write("old.cfg", "# steelyard: expect GET / -> pool web\nglobal\n  nbthread 4\ndefaults\n  mode http\nlisten web\n  bind :0\n  server a 127.0.0.1:1 backup\n");

        var (status, yaml, _) = await SteelyardProcess.RunAsync("convert", file);

        Assert.Equal(0, status);
        var lines = yaml.Split('\n');
        Assert.Contains(lines, line => line.StartsWith("# old.cfg:6: 'web' has no 'timeout client'", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("# old.cfg:8: every server of the pool 'web' is a backup", StringComparison.Ordinal));
        Assert.Contains("expect:\n  - \"GET / -> pool web\"\n", yaml, StringComparison.Ordinal);
        Assert.Matches("\n    # [^\n]+\n    balance: haproxy-roundrobin\n", yaml);
        var converted = _folder.Write("steelyard.yaml", yaml);
        Assert.Equal(0, (await SteelyardProcess.RunAsync("check", converted)).Status);
    }

    private string Link()
    {
        var link = _folder.At("haproxy");
        File.CreateSymbolicLink(link, SteelyardProcess.Program);
        return link;
    }
}
