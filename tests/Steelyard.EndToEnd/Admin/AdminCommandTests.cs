using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Admin;

/// <summary>The commands that look at and steer a running program.</summary>
public sealed class AdminCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _runtime = new();

    public void Dispose()
    {
        _folder.Dispose();
        _runtime.Dispose();
    }

    private Dictionary<string, string> Environment => new() { ["XDG_RUNTIME_DIR"] = _runtime.Path };

    private Task<(int Status, string Output, string Error)> RunAsync(params string[] arguments) => SteelyardProcess.RunAsync(arguments, Environment);

    private async Task<SteelyardProcess> StartAsync(string name, string more = "admin: 127.0.0.1:0")
    {
        var up = SteelyardProcess.Start(["up", _folder.Write(name, $$"""
            {{more}}
            listen: [ { bind: 127.0.0.1:0, to: web } ]
            pools: { web: { servers: [ 127.0.0.1:1, 127.0.0.1:2 ] } }
            """)], Environment);
        await up.LineAsync("ready");
        return up;
    }

    [Fact]
    public async Task A_server_is_steered_and_shown_by_commands()
    {
        await using var up = await StartAsync("steelyard.yaml");
        var file = _folder.At("steelyard.yaml");

        Assert.Equal((0, "127.0.0.1:2 of web is drain, weight 1, 0 active\n", ""), await RunAsync("drain", "web/2", file));
        Assert.Equal((0, "127.0.0.1:1 of web is up, weight 7 (the file says 1), 0 active\n", ""), await RunAsync("weight", "web/127.0.0.1:1", "7", file));

        var (status, output, error) = await RunAsync("status", file);
        Assert.Equal((0, ""), (status, error));
        Assert.DoesNotContain("\e[", output, StringComparison.Ordinal);
        Assert.Contains("web: least-connections, 1 of 2 usable", output, StringComparison.Ordinal);
        Assert.Contains("not as in the file: web/127.0.0.1:2 has state drain, the file says ready", output, StringComparison.Ordinal);
        Assert.All(output.Split('\n'), line => Assert.InRange(line.Replace(_folder.Path, "", StringComparison.Ordinal).Length, 0, 80));

        Assert.Equal((0, "127.0.0.1:2 of web is maintenance, weight 1, 0 active\n", ""), await RunAsync("maint", "web/2", file));
        Assert.Equal((0, "127.0.0.1:2 of web is up, weight 1, 0 active\n", ""), await RunAsync("ready", "web/2", file));
        Assert.Equal((0, "127.0.0.1:1 of web is up, weight 1, 0 active\n", ""), await RunAsync("weight", "web/1", "file", file));

        (status, output, _) = await RunAsync("ready", "web/1", file, "--json");
        Assert.Equal(("up", 0), ((string)System.Text.Json.Nodes.JsonNode.Parse(output)!["state"]!, status));
    }

    [Fact]
    public async Task The_instance_is_found_by_file_by_address_or_because_it_is_the_only_one()
    {
        Assert.Equal(1, (await RunAsync("status")).Status);
        await using var up = await StartAsync("one.yaml");
        var address = (await up.UrlAsync("admin API on")).Authority;

        Assert.Equal(0, (await RunAsync("status")).Status);
        Assert.Equal(0, (await RunAsync("status", _folder.At("one.yaml"))).Status);
        Assert.Equal(0, (await RunAsync("status", "--admin", address)).Status);
        Assert.Contains("no file or folder", (await RunAsync("status", _folder.At("two.yaml"))).Error, StringComparison.Ordinal);

        await using var other = await StartAsync("two.yaml", "admin: unix:" + _folder.At("api"));
        var (status, _, error) = await RunAsync("status");
        Assert.Equal(1, status);
        Assert.Contains("several run: name one of ", error, StringComparison.Ordinal);
        Assert.Contains(_folder.At("two.yaml"), error, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("status", "--admin", "unix:" + _folder.At("api"))).Status);
    }

    [Fact]
    public async Task Errors_are_shown_and_what_cannot_be_done_is_said()
    {
        await using var up = await StartAsync("steelyard.yaml");
        var file = _folder.At("steelyard.yaml");
        Assert.Equal("no errors since the engine began to serve\n", (await RunAsync("errors", file)).Output);

        using (var client = await RawClient.Connect(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, (await up.UrlAsync("listening on")).Port)))
            Assert.Equal(503, (await client.Ask("GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n")).Status);

        var (status, output, _) = await RunAsync("errors", file);
        Assert.Equal(0, status);
        Assert.Contains("503.connect-refused 127.0.0.1 GET x/a web/127.0.0.1:", output, StringComparison.Ordinal);
        Assert.Contains("503.connect-refused: No server of the pool accepted a connection.", output, StringComparison.Ordinal);

        Assert.Equal((1, "", "steelyard drain: the pool 'web' has no server '3'; it has 127.0.0.1:1, 127.0.0.1:2\n"), await RunAsync("drain", "web/3", file));
        Assert.Equal((1, "", "steelyard drain: there is no pool 'api'; there is web\n"), await RunAsync("drain", "api/1", file));
    }

    [Fact]
    public async Task Elsewhere_a_token_is_given_as_a_file()
    {
        _folder.Write("token", "0123456789abcdef0123\n");
        await using var up = await StartAsync("steelyard.yaml", """admin: { address: "127.0.0.1:0", token-file: token }""");
        var address = (await up.UrlAsync("admin API on")).Authority;

        var (status, _, error) = await RunAsync("status", "--admin", address);
        Assert.Equal((1, "steelyard status: a token is needed: Authorization: Bearer TOKEN\n"), (status, error));
        Assert.Equal(0, (await RunAsync("status", "--admin", address, "--token-file", _folder.At("token"))).Status);
        Assert.Equal(0, (await SteelyardProcess.RunAsync(["status", "--admin", address], new() { ["STEELYARD_TOKEN"] = "0123456789abcdef0123" })).Status);
    }
}
