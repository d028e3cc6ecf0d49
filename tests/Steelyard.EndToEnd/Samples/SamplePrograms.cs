using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Samples;

/// <summary>The samples, run as their pages say, but on ports of the tests.</summary>
[Trait("Lane", "files")]
public sealed class SamplePrograms : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Samples([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../samples"));

    private static string Program => Path.Combine(Samples(), "custom-policy/bin/Release/net10.0/CustomPolicy.dll");

    [Fact]
    public async Task A_policy_of_ones_own_chooses_among_the_servers_that_may_be_chosen()
    {
        await using var own = RecordingOrigin.Start();
        await using var rented = RecordingOrigin.Start();
        await using var dear = RecordingOrigin.Start();
        var text = await File.ReadAllTextAsync(Path.Combine(Samples(), "custom-policy/steelyard.yaml"), Cancel);
        text = text.Replace(":8080", "127.0.0.1:0", StringComparison.Ordinal).Replace("    health: { http: /, interval: 1s }\n", "", StringComparison.Ordinal)
            .Replace("127.0.0.1:3001", own.Address.ToString(), StringComparison.Ordinal).Replace("127.0.0.1:3002", rented.Address.ToString(), StringComparison.Ordinal).Replace("127.0.0.1:3003", dear.Address.ToString(), StringComparison.Ordinal);
        await using var program = SteelyardProcess.StartProgram("dotnet", [Program, _folder.Write("steelyard.yaml", text)], []);
        var address = new IPEndPoint(IPAddress.Loopback, (await program.UrlAsync("listening on")).Port);

        // Two each in the order of the file, and then who has least.
        var clients = new List<RawClient>();
        var connections = new List<OriginConnection>();
        foreach (var server in (RecordingOrigin[])[own, own, rented, rented, dear, dear, own])
        {
            var client = await RawClient.Connect(address);
            clients.Add(client);
            await client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            var connection = await server.Accept().Patiently();
            Assert.NotNull(await connection.ReadRequestOrEnd());
            connections.Add(connection);
        }

        // One that has an answer makes room at the cheapest again.
        foreach (var connection in (OriginConnection[])[connections[0], connections[1], connections[6]])
            await connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown");
        Assert.Equal("own", (await clients[0].ReadResponse().Patiently()).Text);
        await clients[0].Send("GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
        var again = await await Task.WhenAny(connections[0].ReadRequestOrEnd(), connections[1].ReadRequestOrEnd(), connections[6].ReadRequestOrEnd()).Patiently();
        Assert.Equal("/again", again!.Target);

        // Who is gone is not chosen, however cheap: what was there does not come to the policy's ears.
        clients.ForEach(client => client.Dispose());
        program.Signal(PosixSignal.SIGTERM);
        await program.ExitAsync();
    }

    [Fact]
    public async Task A_node_app_behind_a_haproxy_file_loses_no_request_when_a_process_ends()
    {
        var apps = Enumerable.Range(0, 3).Select(_ => SteelyardProcess.StartProgram("node", [Path.Combine(Samples(), "haproxy/app.js")], new() { ["PORT"] = "0" })).ToArray();
        await using var first = apps[0];
        await using var second = apps[1];
        await using var third = apps[2];
        var text = (await File.ReadAllTextAsync(Path.Combine(Samples(), "haproxy/haproxy.cfg"), Cancel)).Replace("*:8080", "127.0.0.1:0", StringComparison.Ordinal);
        for (var i = 0; i < 3; i++)
            text = text.Replace($"127.0.0.1:300{i + 1}", $"127.0.0.1:{(await apps[i].UrlAsync("listening on")).Port}", StringComparison.Ordinal);
        await using var up = SteelyardProcess.Start(["up", _folder.Write("haproxy.cfg", text)], new() { ["XDG_RUNTIME_DIR"] = _folder.Path });
        await up.LineAsync("ready");
        using var http = new HttpClient { BaseAddress = await up.UrlAsync("listening on") };

        var answers = new List<string>();
        for (var i = 0; i < 9; i++)
            answers.Add(await http.GetStringAsync("/", Cancel));
        Assert.Equal(apps.Select(app => $"Handled by process {app.Id}\n").Order(), answers.Distinct().Order());
        Assert.All(answers.GroupBy(answer => answer), group => Assert.Equal(3, group.Count()));

        // As kill does it, with a request under way, and as a crash does.
        var slow = http.GetStringAsync("/?delay=500", Cancel);
        first.Signal(PosixSignal.SIGTERM);
        second.Signal((PosixSignal)9);
        for (var i = 0; i < 50; i++)
            Assert.StartsWith("Handled by process", await http.GetStringAsync("/", Cancel), StringComparison.Ordinal);
        Assert.Equal($"Handled by process {third.Id}\n", await http.GetStringAsync("/", Cancel));
        Assert.StartsWith("Handled by process", await slow, StringComparison.Ordinal);
        await up.ErrorLineAsync("down");
    }
}
