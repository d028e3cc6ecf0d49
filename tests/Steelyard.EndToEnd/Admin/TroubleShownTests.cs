using System.Text.Json.Nodes;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Admin;

/// <summary>Whoever looks finds what is wrong where no server is down, and what each route asks for.</summary>
[Trait("Lane", "apps")]
public sealed class TroubleShownTests : ProgramRun
{
    private async Task<string> SayAsync(params string[] arguments)
    {
        var (status, output, error) = await SteelyardProcess.RunAsync([.. arguments, Folder.At("steelyard.yaml")], Environment, Runtime.Path);
        Assert.True(status == 0, error);
        return output;
    }

    [Fact]
    public async Task A_pool_that_has_lost_its_servers_and_a_Redis_that_is_away()
    {
        Folder.Write("found.yaml", "[]");
        await using var up = SteelyardProcess.Start(["up", Folder.Write("steelyard.yaml", """
            admin: 127.0.0.1:0
            shared: { redis: "127.0.0.1:1", key: "0123456789abcdef0123456789abcdef" }
            listen: [ { bind: 127.0.0.1:0, routes: [ { path: /found, to: found }, { to: web, rate-limit: { rate: 1000/s, burst: 100, zone: clients, shared: true } } ] } ]
            pools:
              web: { servers: [ 127.0.0.1:1 ] }
              found: { discover: { file: found.yaml } }
              chores: { app: { command: sleep 1000, listen: none, ready: delay } }
            """)], Environment, Folder.Path);
        await up.LineAsync("ready");
        const string away = "Redis at 127.0.0.1:1 is away (nobody answers): clients and limits are counted here alone";
        await Patience.Until(async () => (await SayAsync("status")).Contains(away, StringComparison.Ordinal), () => away);

        var top = await SayAsync("top");
        Assert.StartsWith("found has no server left   engine", top, StringComparison.Ordinal);
        Assert.Contains(away, top, StringComparison.Ordinal);
        var shared = Assert.Single(JsonNode.Parse(await SayAsync("api", "/api/shared"))!.AsArray())!;
        Assert.Equal(("127.0.0.1:1", false, "nobody answers"), ((string)shared["redis"]!, (bool)shared["up"]!, (string)shared["error"]!));

        // Workers that nobody sends requests to are no servers, and none are missed.
        var metrics = await SayAsync("api", "/metrics");
        Assert.Contains("steelyard_pool_servers_usable{pool=\"found\"} 0\n", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("steelyard_pool_servers_usable{pool=\"chores\"}", metrics, StringComparison.Ordinal);

        Folder.Write("found.yaml", "[ 127.0.0.1:2 ]");
        await Patience.Until(async () => (await SayAsync("top")).StartsWith("all 2 servers are well   engine", StringComparison.Ordinal), () => "all are well");
    }

    [Fact]
    public async Task Routes_are_told_with_their_conditions_and_whatever_they_lead_to()
    {
        await using var up = SteelyardProcess.Start(["up", Folder.Write("steelyard.yaml", """
            admin: 127.0.0.1:0
            listen:
              - bind: 127.0.0.1:0
                routes:
                  - { path: /a, when: "header('X-Beta') is '1'", to: web }
                  - { path: /files/*, files: { root: . } }
                  - { path: /named, to-named: "{header('X-Pool')}" }
                  - { path: /statistics, statistics: {} }
                  - { path: /split, split: { web: 9, other: 1 } }
                  - { path: /moved, redirect: /a }
                  - { path: /fixed, respond: 204 }
            pools: { web: { servers: [ 127.0.0.1:1 ] }, other: { servers: [ 127.0.0.1:2 ] } }
            """)], Environment, Folder.Path);
        await up.LineAsync("ready");

        Assert.Equal(
            [
                "/a (header('X-Beta') is '1') to web", "/files/* files .", "/named to-named {header('X-Pool')}", "/statistics statistics ",
                "/split split web 9, other 1", "/moved redirect /a", "/fixed respond 204",
            ],
            JsonNode.Parse(await SayAsync("api", "/api/routes"))!.AsArray().Select(route => $"{route!["path"]}{(route["when"] is { } when ? $" ({when})" : "")} {route["action"]} {route["target"]}"));
    }
}
