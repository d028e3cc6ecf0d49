using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Workers;

/// <summary>What is done about workers, and what they find.</summary>
[Trait("Lane", "apps")]
public sealed class SupervisionTests : WorkerFixture
{
    [Fact]
    public async Task A_killed_worker_costs_no_get_and_another_takes_its_place()
    {
        Write(WorkerApps.Put("python", Folder));
        await using var up = Up();
        var url = await UrlAsync(up);
        var load = new WorkerLoad(url);
        await load.AnsweredByAsync("one");

        SteelyardProcess.Kill(await PidAsync(url));
        await Patience.Until(() => load.Answers.Count >= 3);
        await load.EndAsync();

        Assert.Empty(load.Failures);
        Assert.Contains(" ended with exit code 137 (signal 9)\n    listening as ", up.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_workers_say_while_they_end_comes_before_the_last_word()
    {
        Folder.Write("steelyard.yaml", """
            pools:
              jobs: { app: { command: [ sh, -c, "trap 'sleep 0.2; echo bye; exit' TERM; echo up; while :; do sleep 0.05; done" ], listen: none, ready: { on: log, text: up } } }
            """);
        await using var up = Up();
        await up.LineAsync("ready");

        Assert.Equal((0, "stopped\n", ""), await Ask("stop"));

        await up.ExitAsync();
        Assert.EndsWith("jobs/1 | bye\nstopped\n", up.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_always_dies_is_left_alone_in_the_end()
    {
        Write(WorkerApps.Put("python", Folder), 1, "one", "restart: { delay: 1ms, most: 3 }");
        await using var up = Up();
        var url = await UrlAsync(up);

        for (var deaths = 1; deaths <= 3; deaths++)
        {
            // Until it is in the pool again there is nobody to ask.
            while (up.Error.Split("web/1 ended with exit code 9\n").Length <= deaths)
                (await Client.GetAsync(new Uri(url, "/die"), Cancel)).Dispose();
        }

        await up.ErrorLineAsync("steelyard: web/1 has ended 3 times within 600 s and is left alone until a reload or 'steelyard restart'");
        Assert.Contains("    last words\n", up.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await Ask("restart")).Status);
        Assert.StartsWith("one ", await Client.GetStringAsync(url, Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_outlives_a_killed_keeper()
    {
        Write(WorkerApps.Put("python", Folder) + " forks");
        await using var up = Up();
        var url = await UrlAsync(up);
        var worker = await PidAsync(url);
        var child = int.Parse((await up.LineAsync("child ")).Split(' ')[^1], CultureInfo.InvariantCulture);

        var begun = Stopwatch.GetTimestamp();
        SteelyardProcess.Kill(up.Id);

        await Patience.Until(() => !Processes.IsAlive(worker) && !Processes.IsAlive(child));
        await Patience.Until(() => Ports.IsFree(url.Port));

        // Within two seconds, and as many again where others keep the processors busy.
        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalSeconds, 0, 4);
    }

    [Fact]
    public async Task A_program_that_goes_into_the_background_is_not_counted_as_ready()
    {
        // What it leaves behind listens, but is in nobody's charge: it ends by itself.
        Folder.Write("daemon.py", """
            import os, signal
            if os.fork():
                os._exit(0)
            os.setsid()
            signal.alarm(10)
            exec(open('app.py').read())
            """);
        Write(WorkerApps.Put("python", Folder).Replace("app.py", "daemon.py", StringComparison.Ordinal), instances: 1);
        await using var up = Up();

        Assert.Equal(1, await up.ExitAsync());
        Assert.Contains("steelyard up: web/1 ended with exit code 0 before it accepted a connection on ", up.Error, StringComparison.Ordinal);
        Assert.Contains("; a program that goes into the background has to stay in the foreground here", up.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_that_is_very_long_is_told_by_its_beginning()
    {
        Folder.Write("bundle.sh", "printf '%05000d\\n' 1\necho Error: broken\nexit 3\n");
        Write("sh bundle.sh", instances: 1);
        await using var up = Up();

        Assert.Equal(1, await up.ExitAsync());
        Assert.EndsWith($"\n    {new string('0', 1000)}...\n    Error: broken\n", up.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_waits_for_dead_processes_whose_end_nobody_takes()
    {
        Assert.SkipUnless(Environment.UserName == "root", "Only root has namespaces for certain.");

        // As npm does it, process 1 here takes the end of its own child alone: what workers leave behind stays there, dead.
        Write(WorkerApps.Put("python", Folder) + " forks", instances: 1);
        Folder.Write("npm.py", "import subprocess, sys\nsys.exit(subprocess.call(sys.argv[1:]))\n");
        var python = WorkerApps.Put("python", Folder).Split(' ')[0];
        await using var up = UpBy("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", python, "npm.py");
        await UrlAsync(up);

        Assert.Equal(0, (await Ask("restart")).Status);
        Assert.Equal(0, (await Ask("stop")).Status);
        Assert.Equal(0, await up.ExitAsync());
    }

    [Fact]
    public async Task Workers_stay_when_the_engine_dies_or_is_replaced()
    {
        Write(WorkerApps.Put("python", Folder), instances: 1);
        await using var up = Up();
        var url = await UrlAsync(up);
        var worker = await PidAsync(url);

        SteelyardProcess.Kill(Processes.EnginesOf(up.Id).Single());
        await up.ErrorLineAsync("the engine has died");
        Assert.Equal(worker, await PidAsync(url));
        Assert.Equal(0, (await Ask("upgrade")).Status);
        Assert.Equal(worker, await PidAsync(url));

        // The engine that came later knows of workers that came later still.
        Assert.Equal(0, (await Ask("restart")).Status);
        Assert.NotEqual(worker, await PidAsync(url));
    }

    [Fact]
    public async Task Workers_on_Unix_sockets_serve_and_are_replaced()
    {
        Write(WorkerApps.Put("python", Folder) + " socket {socket}", 2, "one", "listen: socket");
        await using var up = Up();
        var url = await UrlAsync(up);
        var before = await PidsAsync(url, 2);
        var load = new WorkerLoad(url);
        await load.AnsweredByAsync("one");

        Assert.Equal(0, (await Ask("restart")).Status);
        await load.EndAsync();

        Assert.Empty(load.Failures);
        Assert.Empty(before.Intersect(await PidsAsync(url, 2)));
        Assert.Contains(" unix:/", (await Ask("status")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Workers_that_share_a_port_of_their_own_are_only_looked_after()
    {
        var port = Ports.Free();
        Folder.Write("steelyard.yaml", $$"""
            listen: [ { bind: "127.0.0.1:0", routes: [ { respond: 204 } ] } ]
            pools:
              web: { app: { command: {{WorkerApps.Put("python", Folder)}} reuses {{port}}, instances: 2, listen: none, ready: { on: log, text: listening as }, restart: { delay: 1ms } } }
            """);
        await using var up = Up();
        await up.LineAsync("ready");
        var url = new Uri($"http://127.0.0.1:{port}");
        await Patience.Until(() => up.Output.Split("listening as ").Length == 3);
        var before = await PidsAsync(url, 2);

        SteelyardProcess.Kill(before.Min());
        await Patience.Until(() => up.Output.Split("listening as ").Length == 4);

        // Nothing stands between: the kernel hands each of its connections to one of those that listen.
        var after = await PidsAsync(url, 2);
        Assert.Equal([before.Max()], before.Intersect(after));
        Assert.DoesNotContain("127.0.0.1:" + port, (await Ask("status")).Output, StringComparison.Ordinal);
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
        Assert.True(Ports.IsFree(port));
    }

    [Fact]
    public async Task A_worker_that_joins_gets_its_share_step_by_step()
    {
        Folder.Write("steelyard.yaml", $$"""
            listen: [ { bind: "127.0.0.1:0", to: web } ]
            pools:
              web: { balance: round-robin, slow-start: 24h, app: { command: {{WorkerApps.Put("python", Folder)}}, instances: 1 } }
            """);
        await using var up = Up();
        var url = await UrlAsync(up);
        var first = await PidAsync(url);
        Assert.Equal(0, (await Ask("scale", "web=2")).Status);
        Assert.Contains("not as in the file: web has 2 instances, the file says 1\n", (await Ask("status")).Output, StringComparison.Ordinal);

        // A sixteenth of what the other has, for an hour and a half.
        var answers = new List<int>();
        for (var i = 0; i < 34; i++)
            answers.Add(await PidAsync(url));

        Assert.Equal((32, 2), (answers.Count(pid => pid == first), answers.Distinct().Count()));
    }

    /// <summary>Asks, each time by another connection, until so many workers have answered.</summary>
    private static async Task<HashSet<int>> PidsAsync(Uri url, int count)
    {
        var seen = new HashSet<int>();
        while (seen.Count < count)
        {
            using var client = new HttpClient();
            seen.Add(int.Parse(await client.GetStringAsync(new Uri(url, "/pid"), Cancel), CultureInfo.InvariantCulture));
        }

        return seen;
    }

    [Fact]
    public async Task A_worker_says_when_it_is_ready_and_that_it_lives()
    {
        Write(WorkerApps.Put("python", Folder) + " notifies", 1, "one", "ready: { on: notify, watchdog: 500ms }");
        await using var up = Up();
        var worker = int.Parse((await up.LineAsync("listening as")).Split(' ')[^1], CultureInfo.InvariantCulture);
        await up.LineAsync("ready");

        await up.ErrorLineAsync("web/1 has not said WATCHDOG=1 for 0.5 s and is killed");
        await Patience.Until(() => !Processes.IsAlive(worker));
    }

    [Fact]
    public async Task A_worker_may_take_longer_to_become_ready_than_it_may_be_silent_then()
    {
        Write(WorkerApps.Put("python", Folder) + " watched", 1, "one", "ready: { watchdog: 2s }");
        await using var up = Up();
        var url = await UrlAsync(up);

        var worker = await PidAsync(url);
        await Task.Delay(500, Cancel);

        Assert.Equal(worker, await PidAsync(url));
        Assert.Equal("", up.Error);
    }

    [Fact]
    public async Task A_reload_that_changes_how_workers_are_told_to_end_counts_for_those_that_run_and_those_that_come()
    {
        Folder.Write("tells.sh", """
            trap 'echo told INT; exit' INT
            trap 'echo told TERM; exit' TERM
            echo here $$
            while :; do sleep 0.05; done
            """);
        void WriteWith(string stop) => Folder.Write("steelyard.yaml", $$"""
            listen: [ { bind: "127.0.0.1:0", routes: [ { respond: 204 } ] } ]
            pools:
              job: { app: { command: bash tells.sh, instances: 2, listen: none, ready: { on: log, text: here }, restart: { delay: 1ms }, stop: { {{stop}} } } }
            """);
        WriteWith("signal: TERM");
        await using var up = Up();
        var killed = int.Parse((await up.LineAsync("job/2 | here ")).Split(' ')[^1], CultureInfo.InvariantCulture);
        await up.LineAsync("ready");

        WriteWith("signal: INT");
        Assert.Equal(0, (await Ask("reload")).Status);
        SteelyardProcess.Kill(killed);
        await Patience.Until(() => up.Output.Split("job/2 | here ").Length == 3);
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());

        Assert.Contains("job/1 | told INT\n", up.Output, StringComparison.Ordinal);
        Assert.Contains("job/2 | told INT\n", up.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("told TERM", up.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_speaks_TLS_is_asked_by_it_whether_it_is_ready()
    {
        foreach (var name in new[] { "site.pem", "site.key" })
            File.Copy(Path.Combine(TestCertificates.Shared.Folder, name), Folder.At(name));
        Folder.Write("app.js", """
            const fs = require('fs');
            require('https').createServer({ cert: fs.readFileSync('site.pem'), key: fs.readFileSync('site.key') }, (req, res) => res.end(req.url)).listen(3443);
            """);
        Folder.Write("steelyard.yaml", """
            listen: [ { bind: "127.0.0.1:0", to: web } ]
            pools:
              web: { tls: { verify: false }, app: { command: node app.js, ready: { on: http, path: /health } } }
            """);
        await using var up = Up();

        Assert.Equal("/here", await Client.GetStringAsync(new Uri(await UrlAsync(up), "/here"), Cancel));
        Assert.Equal("", up.Error);
    }

    [Fact]
    public async Task A_line_of_output_can_show_that_a_worker_is_ready()
    {
        Write(WorkerApps.Put("python", Folder), 1, "one", "ready: { on: log, text: listening as }");
        await using var up = Up();

        Assert.StartsWith("one ", await Client.GetStringAsync(await UrlAsync(up), Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_finds_its_place_its_limits_and_nothing_of_ours()
    {
        var user = Environment.IsPrivilegedProcess ? new[] { "user: nobody", "group: daemon" } : [];
        Directory.CreateDirectory(Folder.At("home"));
        foreach (var folder in new[] { Folder.Path, Folder.At("home") })
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        Write(WorkerApps.Put("python", Folder).Replace("app.py", "../app.py", StringComparison.Ordinal), 2, "v{instance}", [.. user, "folder: home", "limits: { open-files: 333 }"]);
        await using var up = Up();
        var url = await UrlAsync(up);

        var variables = (await Client.GetStringAsync(new Uri(url, "/env"), Cancel)).Split('\n');
        var self = await Client.GetStringAsync(new Uri(url, "/self"), Cancel);

        Assert.Contains("STEELYARD_POOL=web", variables);
        Assert.Contains($"PWD={Folder.At("home")}", variables);
        Assert.Contains(variables, line => line is "VERSION=v1" or "VERSION=v2");
        Assert.Contains(variables, line => line is "NODE_APP_INSTANCE=0" or "NODE_APP_INSTANCE=1");
        Assert.Contains(variables, line => line.StartsWith("ASPNETCORE_URLS=http://127.0.0.1:", StringComparison.Ordinal));
        Assert.DoesNotContain(variables, line => line.StartsWith("NOTIFY_SOCKET=", StringComparison.Ordinal) || line.StartsWith("LISTEN_", StringComparison.Ordinal));
        Assert.Contains("files=333", self, StringComparison.Ordinal);
        Assert.Matches(@"sid=(\d+) pid=\1 ", self);

        // 0 to 2, the listening socket and the connection.
        Assert.Matches(@"fds=\[0, 1, 2, 3, 4(, 5)?\]", self);
        if (user.Length == 0)
            return;
        Assert.StartsWith("uid=65534 gid=1 ", self, StringComparison.Ordinal);
        Assert.Contains("HOME=/nonexistent", variables);
    }

    [Theory]
    [InlineData("65534", "1", "uid=65534 gid=1 ", "HOME=/nonexistent")]
    [InlineData("65534", null, "uid=65534 gid=65534 ", "USER=nobody")]
    [InlineData("54321", null, "uid=54321 gid=54321 ", "HOME=/")]
    public async Task A_worker_becomes_the_user_of_a_number(string user, string? group, string expected, string variable)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can start workers of another user.");
        File.SetUnixFileMode(Folder.Path, (UnixFileMode)0b111_101_101);
        Write(WorkerApps.Put("python", Folder), 1, "one", [$"user: {user}", .. group is null ? Array.Empty<string>() : [$"group: {group}"]]);
        await using var up = Up();
        var url = await UrlAsync(up);

        Assert.StartsWith(expected, await Client.GetStringAsync(new Uri(url, "/self"), Cancel), StringComparison.Ordinal);
        Assert.Contains(variable, (await Client.GetStringAsync(new Uri(url, "/env"), Cancel)).Split('\n'));
    }

    [Fact]
    public async Task A_program_that_the_user_of_its_worker_may_not_run_is_told_whatever_the_limits_are()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can start workers of another user.");
        File.SetUnixFileMode(Folder.Path, (UnixFileMode)0b111_101_101);
        File.SetUnixFileMode(Folder.Write("ours.sh", "#!/bin/sh\nsleep 1000\n"), (UnixFileMode)0b111_000_000);
        Write("./ours.sh", 1, "one", "user: nobody", "limits: { address-space: 1GiB }");
        await using var up = Up();

        Assert.Equal(1, await up.ExitAsync());
        Assert.Contains("web/1 ended with exit code 127 before it accepted a connection on ", up.Error, StringComparison.Ordinal);
        Assert.EndsWith($"\n    steelyard: {Folder.At("ours.sh")}: Permission denied\n", up.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_workers_print_can_be_read_and_is_kept()
    {
        Write(WorkerApps.Put("python", Folder), 2, "one", "log: { file: \"logs/{instance}.log\", format: json, terminal: false }");
        await using var up = Up();
        await UrlAsync(up);

        var (status, output, _) = await Ask("logs", "web.2");
        Assert.Equal(0, status);
        Assert.Matches(@"^web/2 \| listening as \d+\n$", output);
        (status, output, _) = await Ask("logs", "web.2", "--timestamps");
        Assert.Equal(0, status);
        Assert.Matches(@"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ web/2 \| listening as \d+\n$", output);
        (_, output, _) = await Ask("logs", "web.2", "--json");
        Assert.Matches("""^\{"at":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ","worker":"web/2","error":false,"line":"listening as \d+"\}\n$""", output);
        Assert.Equal(1, (await Ask("logs", "api")).Status);
        Assert.Equal((1, "", "steelyard: nobody is called 'web.3'; there is web\n"), await Ask("logs", "web.3"));
        await using var follow = Up("logs", "--follow");
        await follow.LineAsync("web/1 | listening as");
        Assert.Equal(0, (await Ask("restart")).Status);
        await Patience.Until(() => follow.Output.Split("web/2 | listening as").Length == 3);
        Assert.DoesNotContain("| listening as", up.Output, StringComparison.Ordinal);
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
        Assert.Matches("""^\{"time":"[^"]+Z","worker":"web/1","stream":"stdout","pid":\d+,"message":"listening as \d+"\}\n""", File.ReadAllText(Folder.At("logs/1.log")));
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_stops_nobody()
    {
        Directory.CreateDirectory(Folder.At("logs/web.log"));
        Write(WorkerApps.Put("python", Folder), 1, "one", "log: { file: logs/web.log }");
        await using var up = Up();
        var url = await UrlAsync(up);

        await up.ErrorLineAsync("lines are missing in ");
        Assert.StartsWith("one ", await Client.GetStringAsync(url, Cancel), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mkfifo terminal && exec 3<>terminal && exec \"$0\" \"$@\" >&3 3>&-")]
    [InlineData("exec \"$0\" \"$@\" >/dev/full")]
    public async Task A_terminal_that_nobody_reads_or_whose_disk_is_full_holds_up_no_worker(string start)
    {
        // More than the terminal, the queue before it and the worker's own pipe take together.
        Folder.Write("steelyard.yaml", """
            pools:
              jobs: { app: { command: [ sh, -c, "echo up; head -c 5000000 /dev/zero | tr '\\0' x | fold -w 99; touch done; exec sleep 1000" ], listen: none, ready: { on: log, text: up } } }
            """);
        await using var up = UpBy("sh", "-c", start);

        await Patience.Until(() => File.Exists(Folder.At("done")));

        // Nor whoever wants to end it; that it can be asked is told on the terminal only.
        await Patience.Until(async () => (await Ask("stop")).Output == "stopped\n", () => "somebody to tell to stop");
        Assert.Equal(0, await up.ExitAsync());
    }

    [Fact]
    public async Task A_full_disk_holds_up_no_worker_and_its_file_goes_on_when_there_is_room()
    {
        Directory.CreateDirectory(Folder.At("logs"));
        File.CreateSymbolicLink(Folder.At("logs/jobs.log"), "/dev/full");
        Folder.Write("steelyard.yaml", """
            pools:
              jobs:
                app:
                  command: [ sh, -c, "echo up; head -c 5000000 /dev/zero | tr '\\0' x | fold -w 99; touch done; while :; do echo later; sleep 0.1; done" ]
                  listen: none
                  ready: { on: log, text: up }
                  log: { file: logs/jobs.log, terminal: false, format: raw }
            """);
        await using var up = Up();

        await Patience.Until(() => File.Exists(Folder.At("done")));
        Assert.EndsWith("/logs/jobs.log: no space is left on its disk", await up.ErrorLineAsync("steelyard: lines are missing in "), StringComparison.Ordinal);
        File.Delete(Folder.At("logs/jobs.log"));

        await up.ErrorLineAsync("/logs/jobs.log is written again");
        await Patience.Until(() => File.ReadAllText(Folder.At("logs/jobs.log")).EndsWith("\nlater\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_program_is_run_without_a_file()
    {
        var command = WorkerApps.Put("python", Folder).Split(' ');
        await using var up = Up(["run", "-i", "2", "--listen", "127.0.0.1:0", "--", .. command]);
        var url = await UrlAsync(up);
        Assert.StartsWith("None ", await Client.GetStringAsync(url, Cancel), StringComparison.Ordinal);

        // Whatever else lies there and could be served.
        Folder.Write("ecosystem.config.js", "module.exports = { apps: [] };");
        foreach (var named in (string[][])[[], ["."], ["steelyard.run"]])
        {
            var (status, output, error) = await Ask(["status", .. named]);
            Assert.Equal((0, ""), (status, error));
            Assert.Contains("app", output, StringComparison.Ordinal);
        }

        Assert.Equal((0, "scaled: app has 3 workers, before 2; 'instances' says 2, which counts again at the next start and when it changes\n", ""), await Ask("scale", "app=+1"));
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
    }

    [Fact]
    public async Task A_change_of_a_watched_file_replaces_the_workers()
    {
        Write(WorkerApps.Put("python", Folder), 1, "one", "watch: app.py", "rolling: { monitor: 0s }");
        await using var up = Up();
        var url = await UrlAsync(up);
        var worker = await PidAsync(url);
        await up.LineAsync("listening as");

        // Whenever the first look was, it has been when this is seen.
        for (var change = 0; await PidAsync(url) == worker; change++)
        {
            File.AppendAllText(Folder.At("app.py"), "#\n");
            for (var i = 0; i < 40 && !up.Output.Contains("it gets new workers", StringComparison.Ordinal); i++)
                await Task.Delay(100, Cancel);
            if (up.Output.Contains("it gets new workers", StringComparison.Ordinal))
                await Patience.Until(() => up.Output.Split("listening as").Length > 2);
        }

        Assert.Contains("files of web have changed", up.Output, StringComparison.Ordinal);
    }

    private static async Task<int> PidAsync(Uri url) => int.Parse(await Client.GetStringAsync(new Uri(url, "/pid"), Cancel), CultureInfo.InvariantCulture);
}
