using System.Runtime.InteropServices;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd;

/// <summary><c>steelyard up</c> while its configuration changes.</summary>
public sealed class UpReloadTests : IDisposable
{
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    private string Write(string text) => _folder.Write("steelyard.yaml", text);

    // A port that stays, for the kernel gives another for 0 to each new socket.
    private static string Answering(string body, string more = "") => $$"""
        listen:
          - { bind: 127.0.0.1:0, routes: [ { respond: { status: 200, body: {{body}} } } ] }
        {{more}}
        pools: {}
        """.Replace("pools: {}", more.Contains("pools", StringComparison.Ordinal) ? "" : "pools: { unused: { servers: [ 127.0.0.1:1 ] } }", StringComparison.Ordinal);

    private static async Task<Uri> UrlAsync(SteelyardProcess up)
    {
        await up.LineAsync("ready");
        return await up.UrlAsync("listening on");
    }

    [Fact]
    public async Task A_hang_up_takes_the_file_up_again()
    {
        await using var up = SteelyardProcess.Start("up", Write(Answering("one")));
        var url = await UrlAsync(up);
        Assert.Equal("one", await Client.GetStringAsync(url, Cancel));

        Write(Answering("two", "  - { bind: 127.0.0.1:0, routes: [ { respond: 204 } ] }"));
        up.Signal(PosixSignal.SIGHUP);
        await up.LineAsync("reloaded: ");

        Assert.Equal("two", await Client.GetStringAsync(url, Cancel));
        Assert.Equal(2, up.Output.Split("listening on").Length - 1);
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
    }

    [Fact]
    public async Task A_bad_file_changes_nothing_and_says_why()
    {
        var file = Write(Answering("one"));
        await using var up = SteelyardProcess.Start("up", file);
        var url = await UrlAsync(up);

        Write("listen: 3\n");
        up.Signal(PosixSignal.SIGHUP);
        await up.ErrorLineAsync("the configuration stays as it was");

        Assert.Contains($"{file}:1:9: error: ", up.Error, StringComparison.Ordinal);
        Assert.Equal("one", await Client.GetStringAsync(url, Cancel));

        Write(Answering("two") + "\nexpect: [ GET / -> 404 ]\n");
        up.Signal(PosixSignal.SIGHUP);
        await up.ErrorLineAsync("GET / is answered with 200");
        Assert.Equal("one", await Client.GetStringAsync(url, Cancel));

        File.Delete(file);
        up.Signal(PosixSignal.SIGHUP);
        await up.ErrorLineAsync("there is no file");
        Assert.Equal("one", await Client.GetStringAsync(url, Cancel));
    }

    [Fact]
    public async Task A_watched_file_is_taken_up_when_it_changes()
    {
        await using var up = SteelyardProcess.Start("up", "--watch", Write(Answering("one")));
        var url = await UrlAsync(up);

        // As editors do: another file takes the place of the old one.
        File.Move(_folder.Write("new", Answering("two")), _folder.At("steelyard.yaml"), overwrite: true);
        await up.LineAsync("reloaded: ");

        Assert.Equal("two", await Client.GetStringAsync(url, Cancel));
    }

    [Fact]
    public async Task An_app_that_stays_keeps_its_instances_and_one_that_changes_is_replaced()
    {
        var program = SteelyardProcess.Program;
        string With(string name, int same) => $$"""
            listen:
              - { bind: 127.0.0.1:0, routes: [ { path: /same, to: same }, { to: other } ] }
            pools:
              same: { app: { command: "steelyard whoami --name same --listen unix:{socket}", instances: {{same}} } }
              other: { app: { command: "steelyard whoami --name {{name}} --listen unix:{socket}" } }
            """;
        await using var up = SteelyardProcess.Start("up", Write(With("before", 1)));
        var url = await UrlAsync(up);
        var same = await Client.GetStringAsync(new Uri(url, "/same"), Cancel);

        Write(With("after", 1));
        up.Signal(PosixSignal.SIGHUP);
        await up.LineAsync("reloaded: ");

        Assert.StartsWith("name: after\n", await Client.GetStringAsync(url, Cancel), StringComparison.Ordinal);
        Assert.Equal(PidOf(same), PidOf(await Client.GetStringAsync(new Uri(url, "/same"), Cancel)));

        // One that does not start leaves the others as they are.
        Write(With("after", 1).Replace("steelyard whoami --name after", "no-such-program", StringComparison.Ordinal));
        up.Signal(PosixSignal.SIGHUP);
        await up.ErrorLineAsync("no-such-program");
        Assert.StartsWith("name: after\n", await Client.GetStringAsync(url, Cancel), StringComparison.Ordinal);
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());

        static string PidOf(string report) => report.Split('\n').First(line => line.StartsWith("pid: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_address_in_the_way_of_its_own_successor_is_named()
    {
        var port = RecordingOrigin.Refusing().Port;
        var file = Write(Answering("one").Replace("127.0.0.1:0", $"\":{port}\"", StringComparison.Ordinal));
        await using var up = SteelyardProcess.Start("up", file);
        await up.LineAsync("ready");

        Write(Answering("two").Replace("127.0.0.1:0", $"127.0.0.1:{port}", StringComparison.Ordinal));
        up.Signal(PosixSignal.SIGHUP);

        await up.ErrorLineAsync($"cannot listen on 127.0.0.1:{port} while this program still listens on :{port}");
    }

    [Fact]
    public async Task Fifty_reloads_in_a_row_cost_no_request()
    {
        await using var origin = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        string With(int number) => $$"""
            listen:
              - { bind: 127.0.0.1:0, to: web, response-headers: { set: { X-Generation: "{{number}}" } } }
            pools:
              web: { servers: [ {{origin.Address}} ] }
            """;
        await using var up = SteelyardProcess.Start("up", Write(With(0)));
        var url = await UrlAsync(up);
        var (done, generation) = (false, 0);
        var clients = Enumerable.Range(0, 64).Select(_ => Task.Run(async () =>
        {
            using var client = await RawClient.Connect(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, url.Port));
            while (!Volatile.Read(ref done))
            {
                var answer = await client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
                Assert.Equal((200, "ok"), (answer.Status, answer.Text));
                var seen = int.Parse(answer["X-Generation"]!, System.Globalization.CultureInfo.InvariantCulture);
                InterlockedMax(ref generation, seen);
            }
        })).ToArray();

        for (var reload = 1; reload <= 50; reload++)
        {
            Write(With(reload));
            up.Signal(PosixSignal.SIGHUP);
            await Patience.Until(() => Volatile.Read(ref generation) == reload || clients.Any(client => client.IsFaulted));
        }

        Volatile.Write(ref done, true);
        await Task.WhenAll(clients).Patiently();
        Assert.Equal("", up.Error);
    }

    private static void InterlockedMax(ref int place, int value)
    {
        for (var seen = Volatile.Read(ref place); seen < value;)
            seen = Interlocked.CompareExchange(ref place, value, seen);
    }
}
