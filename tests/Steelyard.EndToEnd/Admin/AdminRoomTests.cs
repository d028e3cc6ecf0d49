using System.Net;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Admin;

/// <summary>How many may ask the admin API at once, and what becomes of the others.</summary>
public sealed class AdminRoomTests : ProgramRun
{
    private const string Version = "GET /api/version HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private const string Watch = "GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private readonly List<RawClient> _clients = [];

    private protected override void LetGo()
    {
        foreach (var client in _clients)
            client.Dispose();
    }

    private async Task<(SteelyardProcess Up, IPEndPoint Admin)> StartAsync()
    {
        var up = await ServeAsync("""
            admin: 127.0.0.1:0
            listen: [ { bind: 127.0.0.1:0, routes: [ { respond: 204 } ] } ]
            """);
        return (up, new(IPAddress.Loopback, (await up.UrlAsync("admin API on")).Port));
    }

    private async Task<RawClient> ConnectAsync(IPEndPoint admin)
    {
        _clients.Add(await RawClient.Connect(admin));
        return _clients[^1];
    }

    [Fact]
    public async Task Connections_beyond_the_most_are_told_so_and_commands_go_on()
    {
        var (up, admin) = await StartAsync();
        await using var _ = up;
        for (var i = 0; i < 1000; i++)
            Assert.Equal(200, (await (await ConnectAsync(admin)).Ask(Version)).Status);

        for (var i = 0; i < 2; i++)
        {
            var refused = await (await ConnectAsync(admin)).Ask(Version);
            Assert.Equal((503, "application/problem+json", "close"), (refused.Status, refused["Content-Type"], refused["Connection"]));
            Assert.Contains("1000 connections already", refused.Text, StringComparison.Ordinal);
        }

        var (status, metrics, error) = await SteelyardProcess.RunAsync(["api", "/metrics", "-c", Folder.At("steelyard.yaml")], Environment);
        Assert.Equal((0, ""), (status, error));
        Assert.Contains("\nsteelyard_admin_refused_total 2\n", metrics, StringComparison.Ordinal);
        Assert.Single(up.Error.Split('\n'), line => line.Contains("1000 connections over TCP", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Those_who_watch_leave_room_for_those_who_ask()
    {
        var (up, admin) = await StartAsync();
        await using var _ = up;
        for (var i = 0; i < 200; i++)
        {
            var watcher = await ConnectAsync(admin);
            await watcher.Send(Watch);
            Assert.StartsWith("HTTP/1.1 200 ", await watcher.ReadHead(), StringComparison.Ordinal);
        }

        var further = await ConnectAsync(admin);
        var refused = await further.Ask(Watch);
        Assert.Equal(503, refused.Status);
        Assert.Contains("200 watch already", refused.Text, StringComparison.Ordinal);
        Assert.Equal(200, (await further.Ask(Version)).Status);

        // The local socket has places of its own.
        var (status, output, error) = await SteelyardProcess.RunAsync(["top", Folder.At("steelyard.yaml")], Environment);
        Assert.Equal((0, ""), (status, error));
        Assert.Contains("there are no servers", output, StringComparison.Ordinal);
    }
}
