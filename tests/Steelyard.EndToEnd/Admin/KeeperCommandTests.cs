using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Admin;

/// <summary>The commands that ask the keeper itself: whom they mean, and in which words they say what came of it.</summary>
[Trait("Lane", "apps")]
public sealed class KeeperCommandTests : ProgramRun
{
    // In a folder without any configuration.
    private Task<(int Status, string Output, string Error)> RunAsync(params string[] arguments) => SteelyardProcess.RunAsync(arguments, Environment, Runtime.Path);

    private Task<SteelyardProcess> StartAsync(string name, string more = "") => ServeAsync(name, $$"""
        admin: 127.0.0.1:0
        listen: [ { bind: 127.0.0.1:0, to: web } ]
        pools: { web: { {{more}} } }
        """);

    [Fact]
    public async Task In_aFolder_without_a_configuration_the_only_one_is_meant_but_never_to_be_stopped()
    {
        Assert.Contains($"there is no steelyard.yaml in {Runtime.Path}", (await RunAsync("logs")).Error, StringComparison.Ordinal);
        Folder.Write("app.js", """require('http').createServer((q, r) => r.end()).listen(process.env.PORT, () => console.log("it's <up>"));""");
        await using var up = await StartAsync("one.yaml", "app: { command: node app.js, instances: 1 }");

        Assert.Equal((0, "web/1 | it's <up>\n"), await LogsAsync("web"));
        Assert.Equal(0, (await RunAsync("reload")).Status);
        Assert.Equal((0, "restarted: web has 1 worker\n", ""), await RunAsync("restart"));
        Assert.Equal((0, "restarted: web has 1 worker\n", ""), await RunAsync("restart", "-c", Folder.At("one.yaml")));
        Assert.Contains("\"line\":\"it's <up>\"", (await LogsAsync("--json")).Output, StringComparison.Ordinal);
        var (status, _, error) = await RunAsync("stop");
        Assert.Equal(1, status);
        Assert.Contains("served here: " + Folder.At("one.yaml"), error, StringComparison.Ordinal);

        await using var other = await StartAsync("two.yaml", "servers: [ 127.0.0.1:1 ]");
        (status, _, error) = await RunAsync("reload");
        Assert.Equal(1, status);
        Assert.Contains(Folder.At("one.yaml"), error, StringComparison.Ordinal);
        Assert.Contains(Folder.At("two.yaml"), error, StringComparison.Ordinal);

        Assert.Equal(0, (await RunAsync("reload", "-c", Folder.At("two.yaml"))).Status);
        Assert.Equal((0, "stopped\n", ""), await RunAsync("stop", "-c", Folder.At("two.yaml")));
        Assert.Equal(0, (await RunAsync("stop", Folder.At("one.yaml"))).Status);

        async Task<(int Status, string Output)> LogsAsync(string more)
        {
            var (status, output, _) = await RunAsync("logs", more, "-n", "1");
            return (status, output);
        }
    }

    [Fact]
    public async Task Apostrophes_are_apostrophes_in_JSON()
    {
        await using var up = await StartAsync("steelyard.yaml", "servers: [ 127.0.0.1:1 ]");
        using var client = new HttpClient();
        Assert.Contains("there is no pool 'none'; there is web", await (await client.GetAsync(new Uri(await up.UrlAsync("admin API on"), "/api/pools/none"), TestContext.Current.CancellationToken)).Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("there is no pool 'none'; there is web", (await RunAsync("drain", "none/1", "--json")).Output, StringComparison.Ordinal);
        Assert.Contains("\"sentence\": \"The server's certificate is not valid", (await RunAsync("why", "502.certificate-expired", "--json")).Output, StringComparison.Ordinal);
        Assert.Contains("'<none>'", (await RunAsync("why", "<none>", "--json")).Output, StringComparison.Ordinal);
    }
}
