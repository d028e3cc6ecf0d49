using System.Text.Json.Nodes;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Admin;

/// <summary><c>steelyard explain</c>, of a file and of what runs.</summary>
public sealed class ExplainCommandTests : ProgramRun
{
    private const string Site = """
        admin: 127.0.0.1:0
        listen: [ { bind: 127.0.0.1:0, routes: [ { path: /api/*, to: api }, { to: web } ] } ]
        pools:
          web: { servers: [ 127.0.0.1:1, 127.0.0.1:2 ] }
          api: { servers: [ 127.0.0.1:3 ] }
        """;

    private Task<(int Status, string Output, string Error)> RunAsync(params string[] arguments) => SteelyardProcess.RunAsync(arguments, Environment);

    [Fact]
    public async Task A_file_alone_knows_routes_and_weights()
    {
        var file = Folder.Write("site.yaml", Site);

        var (status, output, error) = await RunAsync("explain", file, "--request", "GET http://x/", "--repeat", "10");

        Assert.Equal((0, ""), (status, error));
        Assert.Contains("Route     everything -> pool web\n", output, StringComparison.Ordinal);
        Assert.Contains("Not       path /api/* -> pool api: the path is not /api/*\n", output, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:2         5   50.0%", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_running_one_knows_what_operators_have_changed_and_takes_nobodys_turn()
    {
        var file = Folder.Write("site.yaml", Site);
        await using var up = await UpAsync(file);
        Assert.Equal(0, (await RunAsync("drain", "web/1", file)).Status);

        var (status, output, error) = await RunAsync("explain", file, "-r", "http://x/", "--live", "-n", "10");

        Assert.Equal((0, ""), (status, error));
        Assert.Contains("drained by an operator", output, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:2        10  100.0%", output, StringComparison.Ordinal);

        (status, output, _) = await RunAsync("explain", file, "-r", "http://x/", "--live", "--json");
        var pool = JsonNode.Parse(output)!["pools"]![0]!;
        Assert.Equal((0, "draining", "127.0.0.1:2"), (status, (string)pool["candidates"]![0]!["state"]!, (string)pool["chosen"]!));
    }

    [Fact]
    public async Task What_is_wrong_with_a_question_is_said()
    {
        var file = Folder.Write("site.yaml", Site);
        await using var up = await UpAsync(file);

        var offline = await RunAsync("explain", file, "-r", "GET example.com");
        var live = await RunAsync("explain", file, "-r", "GET example.com", "--live");

        Assert.Equal((2, ""), (offline.Status, offline.Output));
        Assert.Equal((1, ""), (live.Status, live.Output));
        Assert.Contains("'example.com' is neither a URL nor a path", offline.Error, StringComparison.Ordinal);
        Assert.Contains("'example.com' is neither a URL nor a path", live.Error, StringComparison.Ordinal);
        Assert.Contains("no 'steelyard up'", (await RunAsync("explain", Folder.Write("other.yaml", Site), "-r", "http://x/", "--live")).Error, StringComparison.Ordinal);
    }
}
