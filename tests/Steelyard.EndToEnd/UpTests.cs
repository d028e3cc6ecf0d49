using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Steelyard.EndToEnd;

public sealed class UpTests : IDisposable
{
    private const string Whoami = "steelyard whoami --name web-{instance} --listen";
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Whoami + " unix:{socket}")]
    [InlineData(Whoami + " 127.0.0.1:{port}")]
    public async Task Instances_of_an_app_take_turns_behind_one_port(string command)
    {
        await using var up = Up(command, instances: 3);
        var url = await UrlAsync(up);

        var answered = new List<string>();
        for (var i = 0; i < 6; i++)
            answered.Add(await NameAsync(url));

        Assert.Equal(["web-1", "web-1", "web-2", "web-2", "web-3", "web-3"], answered.Order());
        Assert.Contains("web/2 | whoami web-2 ", up.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_app_that_names_no_place_listens_on_the_port_it_is_told()
    {
        var script = _folder.Write("app.sh", "#!/bin/sh\nexec \"$1\" whoami --name \"n$STEELYARD_INSTANCE\" --listen \"127.0.0.1:$PORT\"\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using var up = Up($"./app.sh {SteelyardProcess.Program}", instances: 1);

        Assert.Equal("n1", await NameAsync(await UrlAsync(up)));
    }

    [Theory]
    [InlineData(PosixSignal.SIGTERM)]
    [InlineData(PosixSignal.SIGINT)]
    public async Task A_signal_lets_what_is_in_flight_end_and_leaves_nothing_behind(PosixSignal signal)
    {
        Assert.SkipWhen(signal == PosixSignal.SIGINT && InterruptIsIgnored(), "started with SIGINT ignored, as shells start background jobs");
        await using var up = Up(Whoami + " unix:{socket}", instances: 2);
        var url = await UrlAsync(up);
        await using var slow = await SlowRequest.BeginAsync(url);

        up.Signal(signal);
        await up.LineAsync("stopping");
        var answer = await slow.EndAsync();

        Assert.Contains("name: web-", answer, StringComparison.Ordinal);
        Assert.Equal(0, await up.ExitAsync());
        Assert.EndsWith("\nstopped\n", up.Output, StringComparison.Ordinal);
        Assert.Equal("", up.Error);
        Assert.Empty(Directory.GetFileSystemEntries(RuntimeFolder));
    }

    [Fact]
    public async Task A_second_signal_cuts_what_is_in_flight_and_says_so()
    {
        await using var up = Up(Whoami + " unix:{socket}", instances: 1);
        await using var slow = await SlowRequest.BeginAsync(await UrlAsync(up));

        up.Signal(PosixSignal.SIGTERM);
        await up.LineAsync("stopping");
        Assert.False(up.HasExited);
        up.Signal(PosixSignal.SIGTERM);

        Assert.Equal(1, await up.ExitAsync());
        Assert.Contains("stopped: 1 exchange was cut\n", up.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signal_before_it_is_ready_stops_it_too()
    {
        await using var up = Up("sleep 60", instances: 1);
        await up.LineAsync("starting");

        up.Signal(PosixSignal.SIGTERM);

        Assert.Equal(0, await up.ExitAsync());
        Assert.Contains("stopped before it was ready", up.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_in_use_is_said_plainly()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var address = other.LocalEndpoint.ToString()!;

        var (status, output, error) = await SteelyardProcess.RunAsync("up", Configuration(Whoami + " unix:{socket}", 1, address));

        Assert.Equal((1, ""), (status, output));
        Assert.StartsWith("steelyard up: ", error, StringComparison.Ordinal);
        Assert.Contains(address, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_with_errors_starts_nothing()
    {
        var file = _folder.Write("bad.yaml", "listen: 3\n");

        var (status, output, error) = await SteelyardProcess.RunAsync("up", file);

        Assert.Equal((1, ""), (status, output));
        Assert.Contains($"{file}:1:", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_instance_that_ends_at_once_is_an_error_with_its_last_words()
    {
        await using var up = Up("sh -c 'echo no such database >&2; exit 7'", instances: 1);

        Assert.Equal(1, await up.ExitAsync());
        Assert.Matches(@"^steelyard up: web/1 ended with exit code 7 before it accepted a connection on 127\.0\.0\.1:\d+\n    no such database\n$", up.Error);
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_said_plainly()
    {
        await using var up = Up("no-such-program --port {port}", instances: 1);

        Assert.Equal(1, await up.ExitAsync());
        Assert.Equal("steelyard up: web/1 cannot be started: there is no program 'no-such-program' in PATH\n", up.Error);
    }

    [Fact]
    public async Task A_command_speaks_under_its_own_name()
    {
        var (status, _, error) = await SteelyardProcess.RunAsync("run", "no-such-program");

        Assert.Equal((1, "steelyard run: no-such-program/1 cannot be started: there is no program 'no-such-program' in PATH\n"), (status, error));
    }

    [Theory]
    [InlineData("./serve.sh", "'./serve.sh' may not be executed (chmod +x FOLDER/serve.sh)")]
    [InlineData("serve.sh", "there is no program 'serve.sh' in PATH; the file in FOLDER is './serve.sh'")]
    public async Task A_program_that_cannot_be_run_as_it_stands_there_is_said_plainly(string command, string reason)
    {
        _folder.Write("serve.sh", "#!/bin/sh\n");
        await using var up = Up(command, instances: 1);

        Assert.Equal(1, await up.ExitAsync());
        Assert.Equal($"steelyard up: web/1 cannot be started: {reason.Replace("FOLDER", _folder.Path, StringComparison.Ordinal)}\n", up.Error);
    }

    [Fact]
    public async Task The_death_of_an_instance_is_said_with_its_exit_code()
    {
        // Not through exec: the shell ends with what it is told, as an app would that fails.
        await using var up = Up($"sh -c '{SteelyardProcess.Program} whoami --listen unix:{{socket}}; exit 9'", instances: 1);
        await up.LineAsync("ready");
        var whoami = (await up.LineAsync("(pid ")).Split("(pid ")[1].Split(')')[0];

        SteelyardProcess.Signal(int.Parse(whoami), PosixSignal.SIGTERM);

        Assert.Equal("steelyard: web/1 ended with exit code 9", await up.ErrorLineAsync("web/1"));
        Assert.False(up.HasExited);
    }

    private string RuntimeFolder => Directory.CreateDirectory(_folder.At("run")).FullName;

    // What a killed balancer leaves behind goes with the test's folder.
    private SteelyardProcess Up(string command, int instances) =>
        SteelyardProcess.Start(["up", Configuration(command, instances, "127.0.0.1:0")], new() { ["XDG_RUNTIME_DIR"] = RuntimeFolder });

    private string Configuration(string command, int instances, string bind) => _folder.Write("steelyard.yaml", $$"""
        listen: [ { bind: "{{bind}}", to: web } ]
        pools:
          web:
            app:
              command: {{command}}
              instances: {{instances}}
        """);

    private static async Task<Uri> UrlAsync(SteelyardProcess up)
    {
        await up.LineAsync("ready");
        return await up.UrlAsync("listening on");
    }

    private static async Task<string> NameAsync(Uri url)
    {
        // A connection of its own for each: whatever the balancer counts, it counts once.
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.ConnectionClose = true;
        using var response = await Client.SendAsync(request, Cancel);
        return (await response.Content.ReadAsStringAsync(Cancel)).Split('\n')[0]["name: ".Length..];
    }

    private static bool InterruptIsIgnored()
    {
        var ignored = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal));
        return (Convert.ToUInt64(ignored["SigIgn:".Length..].Trim(), 16) & 0b10) != 0;
    }
}
