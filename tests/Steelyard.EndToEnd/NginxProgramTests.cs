using System.Runtime.InteropServices;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Strictness;

namespace Steelyard.EndToEnd;

/// <summary>The program under the name nginx: flags, messages, signals and files as unit files and scripts use them.</summary>
[Trait("Lane", "files")]
public sealed class NginxProgramTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Link()
    {
        var link = _folder.At("nginx");
        if (!File.Exists(link))
            File.CreateSymbolicLink(link, SteelyardProcess.Program);
        return link;
    }

    // The guide's file, on a port that is free.
    private string WriteGuide(RecordingOrigin server, string before = "") => _folder.Write("nginx.conf", $$"""
        # nginx.conf
        {{before}}
        http {
            upstream node_backend {
                ip_hash;
                server {{server.Address}};
            }

            server {
                listen 127.0.0.1:0;
                server_name example.com;

                location / {
                    proxy_pass http://node_backend;
                    proxy_set_header Host $host;
                    proxy_set_header X-Real-IP $remote_addr;
                }
            }
        }
        """);

    private static RecordingOrigin Server() => RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK");

    private static async Task<(int Status, string Output, string Error)> Run(string program, params string[] arguments)
    {
        await using var process = SteelyardProcess.StartProgram(program, arguments, []);
        return (await process.ExitAsync(), process.Output, process.Error);
    }

    [Fact]
    public async Task A_file_is_tested_as_there()
    {
        await using var server = Server();
        var (nginx, file) = (Link(), WriteGuide(server));
        var bad = _folder.Write("bad.conf", "events { }\nhttp {\n    servr { }\n}\n");

        var good = await Run(nginx, "-t", "-c", file);
        var quiet = await Run(nginx, "-tq", $"-c{file}");
        var failing = await Run(nginx, "-t", "-c", bad);
        var missing = await Run(nginx, "-t", "-c", _folder.At("missing.conf"));
        var dumped = await Run(nginx, "-T", "-q", "-p", _folder.Path);

        Assert.Equal((0, ""), (good.Status, good.Output));
        Assert.EndsWith($"nginx: the configuration file {file} syntax is ok\nnginx: configuration file {file} test is successful\n", good.Error, StringComparison.Ordinal);
        Assert.Equal((0, "", ""), quiet);
        Assert.Equal(1, failing.Status);
        Assert.StartsWith($"nginx: [emerg] unknown directive \"servr\" in {bad}:3\n", failing.Error, StringComparison.Ordinal);
        Assert.EndsWith($"nginx: configuration file {bad} test failed\n", failing.Error, StringComparison.Ordinal);
        Assert.Equal((1, $"nginx: [emerg] open() \"{_folder.At("missing.conf")}\" failed (2: No such file or directory)\nnginx: configuration file {_folder.At("missing.conf")} test failed\n"), (missing.Status, missing.Error));
        Assert.StartsWith($"# configuration file {file}:\n# nginx.conf\n", dumped.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_with_a_command_line_is_told_as_nginx_tells_it()
    {
        var nginx = Link();
        var file = _folder.Write("ok.conf", $"pid {_folder.At("none.pid")};\nevents {{ }}\nhttp {{ server {{ listen {RecordingOrigin.Refusing()}; return 204; }} }}\n");
        var cut = _folder.Write("cut.conf", "events { }\nhttp { server { listen 127.0.0.1:1; location / { return 200 } } }\n");
        string[][] lines =
        [
            ["foo"], ["-t", "foo"], ["-x"], ["-s"], ["-s", "foo"], ["-c"], ["-p"], ["-e"], ["-g"], ["-tp"], ["-t", "-c", file, "--", "foo"],
            ["-t", "-c", file], ["-tq", "-c", file], ["-t", "-c", cut], ["-t", "-q", "-c", cut], ["-t", "-c", _folder.At("missing.conf")], ["-s", "stop", "-c", file], ["-s", "reload", "-c", cut],
            ["-t", "-c", file, "-g", "foo bar;"], ["-t", "-c", file, "-g", "pid x"], ["-t", "-c", file, "-g", "daemon maybe;"], ["-t", "-c", file, "-g", "http { }"], ["-t", "-c", file, "-g", "listen 80;"],
        ];
        List<string> original = [], ours = [];
        foreach (var line in lines)
        {
            var shown = string.Join(' ', line);

            // Where it is known already it writes to the file of -e too.
            var theirs = await Run(ForeignProxy.Locate("nginx"), [.. line is ["-e"] or ["-c"] or ["-p"] or ["-g"] or ["-s"] or ["-tp"] ? line : (string[])["-e", "/dev/null", .. line]]);
            var own = await Run(nginx, line);
            original.Add($"{shown}: {theirs.Status} {Said(theirs.Error)}");
            ours.Add($"{shown}: {own.Status} {Said(own.Error)}");
        }

        Assert.Equal(original, ours);
    }

    // What would be accepted is told besides, and not that a signal is sent, nor what only warns.
    private static string Said(string error) => string.Join('\n', error.Split('\n').Where(line => line.StartsWith("nginx: ", StringComparison.Ordinal) && !line.Contains("[warn]", StringComparison.Ordinal) && !line.Contains("[notice]", StringComparison.Ordinal) && !line.Contains("could not open error log", StringComparison.Ordinal)));

    [Fact]
    public async Task It_serves_in_the_foreground_and_is_told_by_its_pid_file()
    {
        await using var server = Server();
        var (nginx, file) = (Link(), WriteGuide(server, "daemon off; pid run.pid;"));
        await using var serving = SteelyardProcess.StartProgram(nginx, ["-p", _folder.Path, "-c", file], []);
        var url = await serving.UrlAsync("listening on");
        await serving.LineAsync("ready");

        Assert.Equal(serving.Id.ToString(), (await File.ReadAllTextAsync(_folder.At("run.pid"), TestContext.Current.CancellationToken)).Trim());
        using (var client = new HttpClient())
            Assert.Equal("OK", await client.GetStringAsync(url, TestContext.Current.CancellationToken));
        Assert.Equal((0, "", ""), await Run(nginx, "-p", _folder.Path, "-c", file, "-s", "reload"));
        await serving.LineAsync("reloaded");
        Assert.Equal((0, "", ""), await Run(nginx, "-p", _folder.Path, "-c", file, "-s", "quit"));
        Assert.Equal(0, await serving.ExitAsync());
        Assert.False(File.Exists(_folder.At("run.pid")));
        var late = await Run(nginx, "-p", _folder.Path, "-c", file, "-s", "stop");
        Assert.Equal((1, "", $"nginx: [error] open() \"{_folder.At("run.pid")}\" failed (2: No such file or directory)\n"), late);
    }

    [Fact]
    public async Task A_background_job_of_a_script_is_told_to_quit_too()
    {
        await using var server = Server();
        var (nginx, file) = (Link(), WriteGuide(server, "daemon off; pid run.pid;"));
        await using var serving = SteelyardProcess.StartProgram("/bin/sh", ["-c", "trap '' INT QUIT; exec \"$0\" \"$@\"", nginx, "-p", _folder.Path, "-c", file], []);
        await serving.LineAsync("ready");

        Assert.Equal((0, "", ""), await Run(nginx, "-p", _folder.Path, "-c", file, "-s", "quit"));
        Assert.Equal(0, await serving.ExitAsync());
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_what_is_under_way()
    {
        var asked = new TaskCompletionSource();
        await using var server = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequestOrEnd();
            asked.SetResult();
            await connection.ReadRequestOrEnd();
        });
        var (nginx, file) = (Link(), WriteGuide(server));
        await using var serving = SteelyardProcess.StartProgram(nginx, ["-g", $"daemon off; pid {_folder.At("run.pid")};", "-c", file], []);
        var url = await serving.UrlAsync("listening on");
        await serving.LineAsync("ready");
        using var client = new HttpClient();
        var waiting = client.GetStringAsync(url, TestContext.Current.CancellationToken);
        await asked.Task.WaitAsync(TestContext.Current.CancellationToken);

        serving.Signal(PosixSignal.SIGTERM);

        Assert.Equal(0, await serving.ExitAsync());
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => waiting);
    }

    [Fact]
    public async Task It_leaves_its_terminal_once_it_serves()
    {
        await using var server = Server();
        var (nginx, file) = (Link(), WriteGuide(server, $"pid run.pid; error_log {_folder.At("error.log")};"));

        Assert.Equal((0, ""), await Run(nginx, "-q", "-p", _folder.Path, "-c", file) is var started ? (started.Status, started.Output) : default);

        var pid = int.Parse(await File.ReadAllTextAsync(_folder.At("run.pid"), TestContext.Current.CancellationToken));
        SteelyardProcess.Signal(pid, PosixSignal.SIGHUP);
        Assert.Equal((0, "", ""), await Run(nginx, "-p", _folder.Path, "-c", file, "-s", "stop"));
        while (Directory.Exists($"/proc/{pid}"))
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.False(File.Exists(_folder.At("run.pid")));
    }

    [Fact]
    public async Task Why_it_does_not_start_is_told_to_who_started_it()
    {
        await using var server = Server();
        var taken = server.Address;
        var file = _folder.Write("nginx.conf", $"events {{ }} pid run.pid; error_log {_folder.At("error.log")}; http {{ server {{ listen {taken}; location / {{ proxy_pass http://{taken}; }} }} }}");

        var (status, _, error) = await Run(Link(), "-p", _folder.Path, "-c", file);

        Assert.Equal(1, status);
        Assert.Contains("nginx: [emerg] ", error, StringComparison.Ordinal);
        Assert.Contains(taken.ToString(), error, StringComparison.Ordinal);
    }
}
