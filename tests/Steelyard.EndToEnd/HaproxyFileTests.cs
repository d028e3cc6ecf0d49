using System.Runtime.InteropServices;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd;

/// <summary>The program with a haproxy.cfg, and under the name haproxy.</summary>
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
        Assert.Contains("notice: 'log' has no effect here", up.Error, StringComparison.Ordinal);
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
        await using var daemon = SteelyardProcess.StartProgram(haproxy, ["-D", "-f", file], []);

        Assert.Equal((0, "Configuration file is valid\n"), (await good.ExitAsync(), good.Output));
        Assert.Equal((0, "", ""), (await quiet.ExitAsync(), quiet.Output, quiet.Error));
        Assert.Equal(1, await failing.ExitAsync());
        Assert.Contains("did you mean 'bind'?", failing.Error, StringComparison.Ordinal);
        Assert.EndsWith("config : Fatal errors found in configuration.\n", failing.Error, StringComparison.Ordinal);
        Assert.Equal(1, await missing.ExitAsync());
        Assert.Contains("No such file or directory", missing.Error, StringComparison.Ordinal);
        Assert.Equal(0, await version.ExitAsync());
        Assert.StartsWith("HAProxy version 2.6", version.Output, StringComparison.Ordinal);
        Assert.Equal(1, await daemon.ExitAsync());
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
    public async Task A_converted_file_is_fine_and_means_the_same()
    {
        await using var one = Server("node1");
        var (status, yaml, said) = await SteelyardProcess.RunAsync("convert", WriteGuide(one), "--to", "yaml");
        Assert.Equal(0, status);
        Assert.Contains("notice:", said, StringComparison.Ordinal);

        var converted = _folder.Write("steelyard.yaml", yaml);
        var (checkedAs, summary, _) = await SteelyardProcess.RunAsync("check", converted);
        Assert.Equal((0, $"{converted} is fine: 1 listener, 1 pool\n"), (checkedAs, summary));
    }

    private string Link()
    {
        var link = _folder.At("haproxy");
        File.CreateSymbolicLink(link, SteelyardProcess.Program);
        return link;
    }
}
