using System.Text.Json.Nodes;
using Steelyard.EndToEnd.Admin;
using Steelyard.EndToEnd.Discovery;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Workers;

namespace Steelyard.EndToEnd.Docker;

/// <summary>Containers and tasks of a real Docker engine come, go and fail under load, and no request is lost.</summary>
public sealed class DockerEngineTests(DockerDaemon docker) : DiscoveringRun
{
    // Enough to meet whatever goes wrong, and little enough for the engine to have its turn on two cores.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(4);

    private Task<SteelyardProcess> StartAsync(string discover) => ServeAsync($$"""
        admin: 127.0.0.1:0
        listen: [ { bind: 127.0.0.1:0, to: web } ]
        pools: { web: { discover: { {{discover}}, socket: {{docker.Socket}} } } }
        """);

    private static async Task UntilAsync(AdminClient admin, Func<int, bool> servers, string what)
    {
        JsonNode? last = null;
        await Patience.Until(async () => servers((last = (await admin.Get("/api/discovery"))[0]!)["servers"]!.AsArray().Count), () => $"{what}, but {last}");
    }

    /// <summary>That there is no failure; else what the first ones were.</summary>
    internal static void AssertNone(IEnumerable<string> failures) => Assert.True(!failures.Any(), string.Join('\n', failures.Take(5)));

    [Fact]
    public async Task Containers_with_a_label_join_and_leave()
    {
        await docker.UseAsync();
        await docker.ImageAsync("plain:one", "one");
        await docker.ImageAsync("plain:two", "two");
        await docker.DockerAsync("run", "-d", "--name", "plain1", "--label", "steelyard.pool=plain", "plain:one");
        await using var up = await StartAsync("docker: steelyard.pool=plain");
        using var admin = AdminClient.Local(Runtime.Path);
        var load = new WorkerLoad(await up.UrlAsync("listening on"), pause: s_pause);
        await load.AnsweredByAsync("one");

        await docker.DockerAsync("run", "-d", "--name", "plain2", "--label", "steelyard.pool=plain", "plain:two");
        await load.AnsweredByAsync("two");
        await docker.DockerAsync("stop", "plain1");
        await UntilAsync(admin, count => count == 1, "one container");
        await docker.DockerAsync("start", "plain1");
        await load.AnsweredByAsync("one");
        await docker.DockerAsync("pause", "plain2");
        await UntilAsync(admin, count => count == 1, "one that is not paused");
        await docker.DockerAsync("unpause", "plain2");
        await UntilAsync(admin, count => count == 2, "two containers");
        await docker.DockerAsync("kill", "plain1");
        await UntilAsync(admin, count => count == 1, "one that lives");
        await load.AnsweredByAsync("two");
        await load.EndAsync();

        AssertNone(load.Failures);
        await docker.DockerAsync("rm", "-f", "plain1", "plain2");
    }

    [Fact]
    public async Task Tasks_of_a_service_are_scaled_rolled_killed_and_broken_and_no_request_is_lost()
    {
        await docker.UseAsync();
        foreach (var (image, says) in new[] { ("app:one", "one"), ("app:two", "two"), ("app:broken", "fails") })
            await docker.ImageAsync(image, says);
        await docker.DockerAsync(
            "service", "create", "--detach", "--name", "app", "--no-resolve-image", "--replicas", "3", "--publish", "target=3000,mode=host", "--endpoint-mode", "dnsrr",
            "--restart-delay", "0s", "--update-delay", "1500ms", "--update-monitor", "500ms", "--update-failure-action", "rollback", "--update-order", "start-first", "--rollback-monitor", "500ms", "--rollback-order", "start-first", "app:one");
        await using var up = await StartAsync("service: app");
        using var admin = AdminClient.Local(Runtime.Path);
        await UntilAsync(admin, count => count == 3, "three tasks");
        var load = new WorkerLoad(await up.UrlAsync("listening on"), pause: s_pause);
        await load.AnsweredByAsync("one");

        await ScaleAsync(6);
        await ScaleAsync(2);
        await docker.DockerAsync("service", "update", "--detach", "--no-resolve-image", "--image", "app:two", "app");
        await load.AnsweredByAsync("two");
        await UntilUpdateAsync("completed");
        await UntilAsync(admin, count => count == 2, "two new tasks");
        AssertNone(load.Failures);
        await docker.DockerAsync("service", "update", "--detach", "--no-resolve-image", "--image", "app:broken", "app");
        await UntilUpdateAsync("rollback_completed");
        await load.AnsweredByAsync("two");
        AssertNone(load.Failures);

        // Docker says that it has rolled back when the tasks are to run; that they do is another matter.
        await Patience.Until(async () => (await TasksAsync()) is { Length: 2 } tasks && tasks.All(task => task.StartsWith("app:two Running", StringComparison.Ordinal)), () => "two tasks of before");
        await UntilAsync(admin, count => count == 2, "two tasks of before");
        await docker.DockerAsync("kill", (await docker.DockerAsync("ps", "-q", "--filter", "label=com.docker.swarm.service.name=app")).Split('\n')[0]);
        await UntilAsync(admin, count => count == 1, "one task that lives");
        await UntilAsync(admin, count => count == 2, "another in the place of the killed one");
        await load.AnsweredByAsync("two", more: 100);
        await load.EndAsync();

        AssertNone(load.Failures);
        await docker.DockerAsync("service", "rm", "app");
        await UntilAsync(admin, count => count == 0, "none of a service that is gone");

        async Task ScaleAsync(int replicas)
        {
            await docker.DockerAsync("service", "scale", "--detach", $"app={replicas}");
            await UntilAsync(admin, count => count == replicas, $"{replicas} tasks");
            await load.AnsweredByAsync("one", more: 100);
            AssertNone(load.Failures);
        }

        async Task<string[]> TasksAsync() => (await docker.DockerAsync("service", "ps", "--filter", "desired-state=running", "--format", "{{.Image}} {{.CurrentState}}", "app")).Split('\n');

        Task UntilUpdateAsync(string state) => Patience.Until(
            async () => await docker.DockerAsync("service", "inspect", "--format", "{{.UpdateStatus.State}}", "app") == state, () => state);
    }
}
