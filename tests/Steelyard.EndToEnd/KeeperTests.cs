using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd;

/// <summary>Keeper and engine: what clients see while engines die, are replaced, and take up another configuration.</summary>
public sealed class KeeperTests : IDisposable
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private static readonly PosixSignal s_usr2 = (PosixSignal)12;

    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _runtime = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _folder.Dispose();
        _runtime.Dispose();
    }

    private string Write(RecordingOrigin origin, int generation = 0, string more = "", string listener = "") => _folder.Write("steelyard.yaml", $$"""
        {{more}}
        listen:
          - { bind: 127.0.0.1:0, {{listener}}to: web, response-headers: { set: { X-Generation: "{{generation}}" } } }
        pools:
          web: { servers: [ {{origin.Address}} ] }
        """);

    private SteelyardProcess Start(params string[] arguments) => SteelyardProcess.Start(arguments, Environment);

    private Dictionary<string, string> Environment => new() { ["XDG_RUNTIME_DIR"] = _runtime.Path };

    private static async Task<IPEndPoint> AddressAsync(SteelyardProcess up)
    {
        await up.LineAsync("ready");
        return new(IPAddress.Loopback, (await up.UrlAsync("listening on")).Port);
    }

    private static RecordingOrigin Origin() => RecordingOrigin.Start(async connection =>
    {
        connection.Records = false;
        while (await connection.ReadRequestOrEnd() is not null)
            await connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });

    /// <summary>The engine that runs now, by its command line.</summary>
    private static int EngineOf(SteelyardProcess up) => ChildrenOf(up.Id).Single(pid => CommandOf(pid).EndsWith("\0engine\0", StringComparison.Ordinal));

    private static IEnumerable<int> ChildrenOf(int parent) => Directory.GetDirectories($"/proc/{parent}/task")
        .SelectMany(thread => TextOf(thread + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(int.Parse);

    private static string CommandOf(int pid) => TextOf($"/proc/{pid}/cmdline");

    /// <summary>What a file says; nothing when it has gone, as files of processes and threads do.</summary>
    private static string TextOf(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <remarks>
    /// What it holds: of 64 keep-alive clients that ask about 600 times a second, none sees a failed request in 50
    /// reloads and 5 upgrades, with certificates replaced by each reload where there is TLS; and a reload or an upgrade
    /// makes no request slower by 50 ms. A pause of theirs would be there in every round, one of the machine's is there
    /// with them or without: so each round is compared with as long a time in which nothing changes, and two rounds of
    /// five have to be without pause.
    /// </remarks>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reloads_and_upgrades_cost_no_request_and_no_time(bool tls)
    {
        const int Rounds = 5;
        const long Allowed = 50;
        using var certificates = new TestCertificates();
        IssueOneFile(certificates);
        var secured = tls ? $"tls: {{ certificate: {certificates.PathOf("both.pem")} }}, " : "";
        await using var origin = Origin();
        var file = Write(origin, listener: secured);
        await using var up = Start("up", file);
        var address = await AddressAsync(up);
        var client = tls ? certificates.Client() : null;
        var load = new Load(address, clients: 64, pause: TimeSpan.FromMilliseconds(100)) { Tls = client };
        load.Start();
        await Patience.Until(() => load.Answers > 200);

        var excess = new List<long>();
        var serials = new HashSet<string>();
        for (var round = 1; round <= Rounds; round++)
        {
            load.TakeSlowest();
            var began = Stopwatch.GetTimestamp();
            for (var reload = 1; reload <= 10; reload++)
            {
                var generation = (round * 100) + reload;
                if (tls)
                    IssueOneFile(certificates);
                Write(origin, generation, listener: secured);
                up.Signal(PosixSignal.SIGHUP);
                await Patience.Until(() => load.Generation == generation);
            }

            var before = EngineOf(up);
            up.Signal(s_usr2);
            await Patience.Until(() => up.Output.Split("upgraded: ").Length == round + 1);
            Assert.NotEqual(before, await OnlyEngineAsync(up, but: before));
            var changing = load.TakeSlowest();

            await Task.Delay(Stopwatch.GetElapsedTime(began), Cancel);
            excess.Add(changing - load.TakeSlowest());
            if (client is not null)
            {
                using var next = await RawClient.Connect(address, tls: client);
                serials.Add(next.Tls!.RemoteCertificate!.GetSerialNumberString());
            }
        }

        await load.EndAsync();
        Assert.Empty(load.Failures);
        Assert.All(up.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Contains("both.pem has changed: new connections get the new certificate", line, StringComparison.Ordinal));
        Assert.Equal(tls ? Rounds : 0, serials.Count);
        Assert.True(excess.Count(more => more <= Allowed) >= 2, $"The slowest answer of each round came so many ms later than in a calm time: {string.Join(", ", excess)}.");
        TestContext.Current.SendDiagnosticMessage($"{load.Answers} answers; the slowest of each round took so many ms more than in a calm time: {string.Join(", ", excess)}");
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
    }

    // Certificate and key change at the same instant.
    private static void IssueOneFile(TestCertificates certificates)
    {
        var files = certificates.Issue("site", "localhost");
        certificates.Write("both.pem", File.ReadAllText(certificates.PathOf(files.Certificate)) + "\n" + File.ReadAllText(certificates.PathOf(files.Key!)));
    }

    private static async Task<int> OnlyEngineAsync(SteelyardProcess up, int but)
    {
        var engine = 0;
        await Patience.Until(() => (engine = ChildrenOf(up.Id).FirstOrDefault(pid => pid != but && CommandOf(pid).EndsWith("\0engine\0", StringComparison.Ordinal))) != 0);
        return engine;
    }

    // Who connects while there is no engine waits for the next one.
    [Fact]
    public async Task A_killed_engine_costs_what_is_in_flight_and_nothing_else()
    {
        const int Kills = 6;
        await using var origin = Origin();
        await using var up = Start("up", Write(origin));
        var address = await AddressAsync(up);
        var load = new Load(address, clients: 16, pause: TimeSpan.FromMilliseconds(5), keepAlive: false);
        load.Start();

        var engine = EngineOf(up);
        var kills = new List<(long Before, long After)>();
        for (var kill = 1; kill <= Kills; kill++)
        {
            var answers = load.Answers;
            await Patience.Until(() => load.Answers > answers + 20);
            var before = Stopwatch.GetTimestamp();
            SteelyardProcess.Kill(engine);

            // Until the kernel has closed its connections it looks alive to whoever connects.
            var dead = engine;
            await Patience.Until(() => HasEnded(dead));
            kills.Add((before, Stopwatch.GetTimestamp()));
            using var waiting = await RawClient.Connect(address);
            Assert.Equal("ok", (await waiting.Ask(Get)).Text);
            engine = await OnlyEngineAsync(up, but: engine);
        }

        var last = load.Answers;
        await Patience.Until(() => load.Answers > last + 20);
        await load.EndAsync();
        Assert.DoesNotContain(load.Failures, failure => failure.Message.Contains("refused", StringComparison.OrdinalIgnoreCase));
        Assert.All(load.Failures, failure => Assert.Contains(kills, kill => failure.Began <= kill.After && failure.Ended >= kill.Before));
        var deaths = up.Error.Split("the engine has died (exit code 137, signal 9)").Length - 1;
        Assert.True(deaths == Kills, $"{deaths} deaths of {Kills} kills: {up.Error}");
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
    }

    // The first thread can be a zombie while another, caught inside of a call, still takes a connection.
    private static bool HasEnded(int pid)
    {
        var state = TextOf($"/proc/{pid}/stat");
        return state.Length == 0 || (state.Contains(") Z ", StringComparison.Ordinal) && ThreadsOf(pid) <= 1);
    }

    private static int ThreadsOf(int pid)
    {
        try
        {
            return Directory.GetDirectories($"/proc/{pid}/task").Length;
        }
        catch (DirectoryNotFoundException)
        {
            return 0;
        }
    }

    [Fact]
    public async Task A_program_that_cannot_serve_is_not_upgraded_to()
    {
        using var programs = new TemporaryFolder();
        foreach (var part in Directory.GetFiles(Path.GetDirectoryName(SteelyardProcess.Program)!))
            File.Copy(part, programs.At(Path.GetFileName(part)));
        var program = programs.At(Path.GetFileName(SteelyardProcess.Program));
        await using var origin = Origin();
        var file = Write(origin);
        await using var up = SteelyardProcess.StartProgram(program, ["up", file], Environment);
        var address = await AddressAsync(up);
        var engine = EngineOf(up);

        File.Move(program, program + ".old");
        await File.WriteAllTextAsync(program, "#!/bin/sh\nexit 3\n", Cancel);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var (status, _, error) = await SteelyardProcess.RunAsync(["upgrade", file], Environment);

        Assert.Equal(1, status);
        Assert.Contains("no upgrade: the engine has died (exit code 3); the engine stays as it was", error, StringComparison.Ordinal);
        Assert.Equal(engine, EngineOf(up));
        using var client = await RawClient.Connect(address);
        Assert.Equal("ok", (await client.Ask(Get)).Text);

        File.Move(program + ".old", program, overwrite: true);
        Assert.Equal(0, (await SteelyardProcess.RunAsync(["upgrade", file], Environment)).Status);
        Assert.NotEqual(engine, await OnlyEngineAsync(up, but: engine));
        var answer = await client.Ask(Get);
        Assert.Equal(("ok", "close"), (answer.Text, answer["Connection"]));
    }

    /// <summary>The engine before has let go of sockets that are not its own, and must leave nothing behind on them.</summary>
    [Fact]
    public async Task After_an_upgrade_large_answers_of_the_admin_api_are_whole()
    {
        await using var origin = Origin();
        var file = Write(origin, more: "admin: 127.0.0.1:0");
        await using var up = Start("up", file);
        await AddressAsync(up);
        var engine = EngineOf(up);
        Assert.Equal(0, (await SteelyardProcess.RunAsync(["upgrade", file], Environment)).Status);
        await OnlyEngineAsync(up, but: engine);
        var admin = await up.UrlAsync("admin API on");
        for (var i = 0; i < 10; i++)
        {
            using var client = await RawClient.Connect(new IPEndPoint(IPAddress.Loopback, admin.Port));
            await client.Send($"GET /openapi.json HTTP/1.1\r\nHost: {admin.Authority}\r\nConnection: close\r\n\r\n");
            var (head, rest) = (new HttpMessage(await client.ReadHead()), await client.ReadToEnd());
            Assert.Equal(200, head.Status);
            Assert.EndsWith("0\r\n\r\n", RawSocket.Latin1.GetString(rest), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_reload_by_command_says_what_became_of_it()
    {
        await using var origin = Origin();
        var file = Write(origin);
        await using var up = Start("up", file);
        var address = await AddressAsync(up);

        Write(origin, 7);
        var (status, output, _) = await SteelyardProcess.RunAsync(["reload", file], Environment);
        Assert.Equal((0, $"reloaded: {file} is fine: 1 listener, 1 pool\n"), (status, output));

        _folder.Write("steelyard.yaml", "listen: 3\n");
        (status, _, var error) = await SteelyardProcess.RunAsync(["reload", file], Environment);
        Assert.Equal(1, status);
        Assert.Contains($"{file}:1:9: error: ", error, StringComparison.Ordinal);
        Assert.Contains("the configuration stays as it was", error, StringComparison.Ordinal);
        using var client = await RawClient.Connect(address);
        Assert.Equal("7", (await client.Ask(Get))["X-Generation"]);

        (status, _, error) = await SteelyardProcess.RunAsync(["reload", _folder.Write("other.yaml", "")], Environment);
        Assert.Equal(1, status);
        Assert.Contains("no 'steelyard up' of this user serves", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_keeper_that_dies_takes_its_engine_along()
    {
        await using var origin = Origin();
        await using var up = Start("up", Write(origin));
        var address = await AddressAsync(up);
        var engine = EngineOf(up);
        using var client = await RawClient.Connect(address);
        await client.Ask(Get);

        SteelyardProcess.Kill(up.Id);

        await Patience.Until(() => !CommandOf(engine).Contains("engine", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_app_that_leaves_answers_what_it_has_before_it_is_told_to_stop()
    {
        // It dies of SIGTERM at once.
        _folder.Write("app.py", """
            import http.server, sys, time
            class Slow(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    time.sleep(float(self.path[1:] or 0))
                    self.send_response(200); self.send_header("Content-Length", "1"); self.end_headers(); self.wfile.write(sys.argv[2].encode())
            http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Slow).serve_forever()
            """);
        string With(string name) => _folder.Write("steelyard.yaml", $$"""
            listen: [ { bind: 127.0.0.1:0, to: web } ]
            pools: { web: { app: { command: "python3 app.py {port} {{name}}" } } }
            """);
        await using var up = Start("up", With("a"));
        var address = await AddressAsync(up);
        using var slow = await RawClient.Connect(address);
        await slow.Send("GET /1.5 HTTP/1.1\r\nHost: x\r\n\r\n");
        using var probe = await RawClient.Connect(address);
        Assert.Equal("a", (await probe.Ask(Get)).Text);

        With("b");
        up.Signal(PosixSignal.SIGHUP);
        await up.LineAsync("reloaded: ");

        Assert.Equal("b", (await probe.Ask(Get)).Text);
        Assert.Equal("a", (await slow.ReadResponse()).Text);
        await Patience.Until(() => ChildrenOf(up.Id).Count(pid => CommandOf(pid).Contains("app.py", StringComparison.Ordinal)) == 1);
    }

    [Fact]
    public async Task A_stuck_engine_does_not_keep_anybody_from_stopping()
    {
        await using var origin = Origin();
        await using var up = Start("up", Write(origin));
        await AddressAsync(up);
        SteelyardProcess.Signal(EngineOf(up), (PosixSignal)19);

        up.Signal(PosixSignal.SIGTERM);
        await up.LineAsync("stopping: ");
        up.Signal(PosixSignal.SIGTERM);

        Assert.Equal(1, await up.ExitAsync());
        Assert.Contains("the engine does not end and is killed", up.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_manager_is_told_how_it_is()
    {
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(_folder.At("notify")));
        await using var origin = Origin();
        await using var up = SteelyardProcess.Start(["up", Write(origin)], new(Environment) { ["NOTIFY_SOCKET"] = _folder.At("notify") });

        Assert.Equal("READY=1", await NextAsync());
        var before = Stopwatch.GetTimestamp() / 1000;
        up.Signal(PosixSignal.SIGHUP);
        var reloading = await NextAsync();
        Assert.StartsWith("RELOADING=1\nMONOTONIC_USEC=", reloading, StringComparison.Ordinal);
        Assert.InRange(long.Parse(reloading.Split('=')[2]), before, Stopwatch.GetTimestamp() / 1000);
        Assert.Equal("READY=1", await NextAsync());
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal("STOPPING=1", await NextAsync());
        Assert.Equal(0, await up.ExitAsync());

        async Task<string> NextAsync()
        {
            var buffer = new byte[1000];
            var length = await manager.ReceiveAsync(buffer, Cancel).AsTask().Patiently("word from the program");
            return Encoding.UTF8.GetString(buffer, 0, length);
        }
    }

    [Fact]
    public async Task The_engine_becomes_another_user()
    {
        Assert.SkipUnless(System.Environment.UserName == "root", "Only root can become somebody else.");
        await using var origin = Origin();
        await using var up = Start("up", Write(origin, more: "user: nobody"));
        var address = await AddressAsync(up);
        using var client = await RawClient.Connect(address);
        Assert.Equal("ok", (await client.Ask(Get)).Text);

        var status = await File.ReadAllLinesAsync($"/proc/{EngineOf(up)}/status", Cancel);
        Assert.Contains("Uid:\t65534\t65534\t65534\t65534", status);
        Assert.Contains("CapEff:\t0000000000000000", status);
        Assert.Contains("NoNewPrivs:\t1", status);
    }

    [Fact]
    public async Task An_engine_of_another_user_serves_with_keys_that_it_may_not_read_and_sees_them_renewed()
    {
        Assert.SkipUnless(System.Environment.UserName == "root", "Only root can become somebody else.");
        await using var origin = Origin();
        using var certificates = new TestCertificates();
        IssueOneFile(certificates);
        File.SetUnixFileMode(certificates.Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var up = Start("up", Write(origin, more: "user: nobody", listener: $"tls: {{ certificate: {certificates.PathOf("both.pem")} }}, "));
        var address = await AddressAsync(up);
        using var client = await RawClient.Connect(address, tls: certificates.Client());
        Assert.Equal("ok", (await client.Ask(Get)).Text);
        Assert.Contains("Uid:\t65534\t65534\t65534\t65534", await File.ReadAllLinesAsync($"/proc/{EngineOf(up)}/status", Cancel));

        IssueOneFile(certificates);
        await up.ErrorLineAsync("both.pem has changed: new connections get the new certificate");
        using var next = await RawClient.Connect(address, tls: certificates.Client());
        Assert.Equal("ok", (await next.Ask(Get)).Text);
        Assert.NotEqual(client.Tls!.RemoteCertificate!.GetSerialNumberString(), next.Tls!.RemoteCertificate!.GetSerialNumberString());
    }

    [Fact]
    public async Task An_unknown_user_is_an_error_at_the_start()
    {
        await using var origin = Origin();
        var (status, _, error) = await SteelyardProcess.RunAsync(["up", Write(origin, more: "user: nobody-here")], Environment);
        Assert.Equal(1, status);
        Assert.Contains("there is no user 'nobody-here' on this machine", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_process_1_of_a_container_it_keeps_exit_codes_and_takes_orphans()
    {
        Assert.SkipUnless(System.Environment.UserName == "root", "Only root has namespaces for certain.");
        _folder.Write("app.sh", "#!/bin/sh\n(sleep 0.2; exit 5) &\nexec \"$@\"\n");
        var file = _folder.Write("steelyard.yaml", $$"""
            listen: [ { bind: 127.0.0.1:0, to: web } ]
            pools: { web: { app: { command: "sh app.sh sh -c '{{SteelyardProcess.Program}} whoami --listen unix:{socket}; exit 9'" } } }
            """);
        await using var up = SteelyardProcess.StartProgram("unshare", ["--pid", "--fork", "--mount-proc", "--kill-child", SteelyardProcess.Program, "up", file], Environment);
        var url = await AddressAsync(up);
        using var client = await RawClient.Connect(url);
        await client.Ask(Get);

        var keeper = ChildrenOf(up.Id).Single();
        await Patience.Until(() => ChildrenOf(keeper).All(pid => !TextOf($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal)));
        SteelyardProcess.Signal(keeper, PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
        Assert.Contains("stopped", up.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_in_one_process_serves_and_reloads_as_well()
    {
        await using var origin = Origin();
        var file = Write(origin);
        await using var up = Start("up", "--single", file);
        var address = await AddressAsync(up);
        Assert.Empty(ChildrenOf(up.Id));
        Write(origin, 3);
        Assert.Equal(0, (await SteelyardProcess.RunAsync(["reload", file], Environment)).Status);

        using var client = await RawClient.Connect(address);
        Assert.Equal("3", (await client.Ask(Get))["X-Generation"]);
        Assert.Equal(1, (await SteelyardProcess.RunAsync(["upgrade", file], Environment)).Status);
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
    }

    /// <summary>A request that came to nothing, in ticks of the stopwatch.</summary>
    private sealed record Failure(string Message, long Began, long Ended);

    /// <summary>Clients that ask again and again.</summary>
    private sealed class Load(IPEndPoint address, int clients, TimeSpan pause, bool keepAlive = true)
    {
        private readonly List<Failure> _failures = [];
        private Task[] _clients = [];
        private volatile bool _done;
        private int _answers;
        private int _generation;
        private long _slowest;

        /// <summary>How TLS is spoken; null for plain connections.</summary>
        public SslClientAuthenticationOptions? Tls { get; init; }

        public int Answers => Volatile.Read(ref _answers);

        public int Generation => Volatile.Read(ref _generation);

        public IReadOnlyList<Failure> Failures
        {
            get
            {
                lock (_failures)
                    return [.. _failures];
            }
        }

        public void Start() => _clients = [.. Enumerable.Range(0, clients).Select(_ => Task.Run(AskAsync))];

        /// <summary>The milliseconds that the slowest answer has taken since the last call.</summary>
        public long TakeSlowest() => Interlocked.Exchange(ref _slowest, 0);

        public async Task EndAsync()
        {
            _done = true;
            await Task.WhenAll(_clients).Patiently();
        }

        private async Task AskAsync()
        {
            while (!_done)
            {
                var began = Stopwatch.GetTimestamp();
                try
                {
                    using var client = await RawClient.Connect(address, tls: Tls);
                    client.Records = false;
                    while (!_done)
                    {
                        if (keepAlive)
                            began = Stopwatch.GetTimestamp();
                        var answer = await client.Ask(Get);
                        if (answer.Status != 200 || answer.Text != "ok")
                            throw new InvalidOperationException(answer.Head);
                        Interlocked.Increment(ref _answers);
                        Volatile.Write(ref _generation, int.Parse(answer["X-Generation"]!));
                        Took((long)Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                        await Task.Delay(pause);
                        if (!keepAlive || answer["Connection"] == "close")
                            break;
                    }
                }
                catch (Exception failure) when (failure is SocketException or EndOfStreamException or InvalidOperationException or System.Security.Authentication.AuthenticationException)
                {
                    lock (_failures)
                        _failures.Add(new(failure.Message, began, Stopwatch.GetTimestamp()));
                }
            }
        }

        private void Took(long milliseconds)
        {
            for (var slowest = Volatile.Read(ref _slowest); milliseconds > slowest;)
            {
                var seen = Interlocked.CompareExchange(ref _slowest, milliseconds, slowest);
                if (seen == slowest)
                    return;
                slowest = seen;
            }
        }
    }
}
