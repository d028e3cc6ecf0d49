using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd;

/// <summary>Keeper and engine: what clients see while engines die, are replaced, and take up another configuration.</summary>
public sealed class KeeperTests : KeeperRun
{
    private static readonly PosixSignal s_usr2 = (PosixSignal)12;

    /// <remarks>
    /// What it holds: of 64 keep-alive clients that ask about 600 times a second, none sees a failed request in 50
    /// reloads and 5 upgrades, with certificates replaced by each reload where there is TLS; and a reload or an upgrade
    /// makes no request slower by 50 ms. A pause of theirs would be there in every round, one of the machine's is there
    /// with them or without: so a round is compared with as long a time in which nothing changes, and two rounds of
    /// five have to be without pause. Once they are, the others need no such time.
    /// </remarks>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reloads_and_upgrades_cost_no_request_and_no_time(bool tls)
    {
        const int Rounds = 5;
        const long Allowed = 50;
        const int Calm = 2;
        using var certificates = new TestCertificates();
        IssueOneFile(certificates);
        var secured = tls ? $"tls: {{ certificate: {certificates.PathOf("both.pem")} }}, " : "";
        await using var origin = Origin();
        var file = Write(origin, listener: secured);
        await using var up = await UpAsync(file);
        var address = await AddressAsync(up);
        var client = tls ? certificates.Client() : null;
        var load = new KeeperLoad(address, clients: 64, pause: TimeSpan.FromMilliseconds(100)) { Tls = client };
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
            if (excess.Count(more => more <= Allowed) < Calm)
            {
                var changing = load.TakeSlowest();
                await Task.Delay(Stopwatch.GetElapsedTime(began), Cancel);
                excess.Add(changing - load.TakeSlowest());
            }

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
        Assert.True(excess.Count(more => more <= Allowed) >= Calm, $"The slowest answer of each round came so many ms later than in a calm time: {string.Join(", ", excess)}.");
        TestContext.Current.SendDiagnosticMessage($"{load.Answers} answers; the slowest of each round that was measured took so many ms more than in a calm time: {string.Join(", ", excess)}");
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
    }

    private static async Task<int> OnlyEngineAsync(SteelyardProcess up, int but)
    {
        var engine = 0;
        await Patience.Until(() => (engine = Processes.EnginesOf(up.Id).FirstOrDefault(pid => pid != but)) != 0);
        return engine;
    }

    // Who connects while there is no engine waits for the next one.
    [Fact]
    public async Task A_killed_engine_costs_what_is_in_flight_and_nothing_else()
    {
        const int Kills = 6;
        await using var origin = Origin();
        await using var up = await UpAsync(Write(origin));
        var address = await AddressAsync(up);
        var load = new KeeperLoad(address, clients: 16, pause: TimeSpan.FromMilliseconds(5), keepAlive: false);
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
    private static bool HasEnded(int pid) => !Processes.IsAlive(pid) && ThreadsOf(pid) <= 1;

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
        await using var up = await UpAsync(file);
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
        // What else it says is of a port that others may have.
        const string NoAdmin = "admin: none";
        await using var origin = Origin();
        var file = Write(origin, more: NoAdmin);
        await using var up = await UpAsync(file);
        var address = await AddressAsync(up);

        Write(origin, 7, more: NoAdmin);
        var (status, output, _) = await SteelyardProcess.RunAsync(["reload", file], Environment);
        Assert.Equal((0, $"reloaded: {file} is fine: 1 listener, 1 pool\n"), (status, output));

        Folder.Write("steelyard.yaml", "listen: 3\n");
        (status, _, var error) = await SteelyardProcess.RunAsync(["reload", file], Environment);
        Assert.Equal(1, status);
        Assert.Contains($"{file}:1:9: error: ", error, StringComparison.Ordinal);
        Assert.Contains("the configuration stays as it was", error, StringComparison.Ordinal);
        using var client = await RawClient.Connect(address);
        Assert.Equal("7", (await client.Ask(Get))["X-Generation"]);

        (status, _, error) = await SteelyardProcess.RunAsync(["reload", Folder.Write("other.yaml", "")], Environment);
        Assert.Equal(1, status);
        Assert.Contains("no 'steelyard up' of this user serves", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_keeper_that_dies_takes_its_engine_along()
    {
        await using var origin = Origin();
        await using var up = await UpAsync(Write(origin));
        var address = await AddressAsync(up);
        var engine = EngineOf(up);
        using var client = await RawClient.Connect(address);
        await client.Ask(Get);

        SteelyardProcess.Kill(up.Id);

        await Patience.Until(() => !Processes.CommandOf(engine).Contains("engine", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_app_that_leaves_answers_what_it_has_before_it_is_told_to_stop()
    {
        // It dies of SIGTERM at once.
        Folder.Write("app.py", """
            import http.server, sys, time
            class Slow(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    time.sleep(float(self.path[1:] or 0))
                    self.send_response(200); self.send_header("Content-Length", "1"); self.end_headers(); self.wfile.write(sys.argv[2].encode())
            http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Slow).serve_forever()
            """);
        string With(string name) => Folder.Write("steelyard.yaml", $$"""
            listen: [ { bind: 127.0.0.1:0, to: web } ]
            pools: { web: { app: { command: "python3 app.py {port} {{name}}" } } }
            """);
        await using var up = await UpAsync(With("a"));
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
        await Patience.Until(() => Processes.ChildrenOf(up.Id).Count(pid => Processes.CommandOf(pid).Contains("app.py", StringComparison.Ordinal)) == 1);
    }

    [Fact]
    public async Task A_stuck_engine_does_not_keep_anybody_from_stopping()
    {
        await using var origin = Origin();
        await using var up = await UpAsync(Write(origin));
        SteelyardProcess.Signal(EngineOf(up), (PosixSignal)19);

        up.Signal(PosixSignal.SIGTERM);
        await up.LineAsync("stopping: ");
        up.Signal(PosixSignal.SIGTERM);

        Assert.Equal(1, await up.ExitAsync());
        Assert.Contains("the engine does not end and is killed", up.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_in_one_process_serves_and_reloads_as_well()
    {
        await using var origin = Origin();
        var file = Write(origin);
        await using var up = await UpAsync(file, "--single");
        var address = await AddressAsync(up);
        Assert.Empty(Processes.ChildrenOf(up.Id));
        Write(origin, 3);
        Assert.Equal(0, (await SteelyardProcess.RunAsync(["reload", file], Environment)).Status);

        using var client = await RawClient.Connect(address);
        Assert.Equal("3", (await client.Ask(Get))["X-Generation"]);
        Assert.Equal(1, (await SteelyardProcess.RunAsync(["upgrade", file], Environment)).Status);
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
    }
}
