using System.Runtime.InteropServices;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Workers;

namespace Steelyard.EndToEnd.Docker;

/// <summary><c>steelyard up docker-compose.yml</c> with images: a real Docker Swarm runs them, and Steelyard balances their tasks.</summary>
public sealed class SwarmComposeTests(DockerDaemon docker) : ProgramRun
{
    private string Write(string image, int replicas) => Folder.Write("docker-compose.yml", $$"""
        name: shop
        services:
          web:
            image: {{image}}
            ports: [ "3000" ]
            environment: { SAYS: {{image.Split(':')[1]}} }
            stop_grace_period: 5s
            deploy:
              replicas: {{replicas}}
              update_config: { monitor: 500ms, delay: 1s }
        """);

    private SteelyardProcess Start(string file, string socket) =>
        SteelyardProcess.Start(["up", file], new(Environment) { ["DOCKER_HOST"] = $"unix://{socket}" });

    [Fact]
    public async Task Services_are_made_and_changed_as_the_file_says_and_no_request_is_lost()
    {
        await docker.UseAsync();
        await docker.ImageAsync("web:one", "one");
        await docker.ImageAsync("web:two", "two");
        await using var up = Start(Write("web:one", 2), docker.Socket);
        await up.LineAsync("Docker Swarm: the network shop_default is made");
        await up.LineAsync("Docker Swarm: the service shop_web is made");
        var url = await up.UrlAsync("listening on");
        await up.LineAsync("ready");
        await up.LineAsync("web, service shop_web");
        var load = new WorkerLoad(url, pause: TimeSpan.FromMilliseconds(4));
        await load.AnsweredByAsync("one");

        Write("web:two", 3);
        up.Signal(PosixSignal.SIGHUP);
        await up.LineAsync("Docker Swarm: the service shop_web is changed");
        await load.AnsweredByAsync("two");
        await Patience.Until(async () => (await docker.DockerAsync("service", "ps", "--filter", "desired-state=running", "--format", "{{.Image}} {{.CurrentState}}", "shop_web")).Split('\n') is { Length: 3 } tasks && tasks.All(task => task.StartsWith("web:two Running", StringComparison.Ordinal)), () => "three new tasks");
        await load.AnsweredByAsync("two", more: 100);
        await load.EndAsync();
        DockerEngineTests.AssertNone(load.Failures);

        // What the file does not change is left alone.
        var version = await docker.DockerAsync("service", "inspect", "--format", "{{.Version.Index}}", "shop_web");
        up.Signal(PosixSignal.SIGHUP);
        await Patience.Until(() => up.Output.Split("reloaded:").Length == 3);
        Assert.Equal(version, await docker.DockerAsync("service", "inspect", "--format", "{{.Version.Index}}", "shop_web"));
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
        await docker.DockerAsync("service", "rm", "shop_web");
    }

    [Fact]
    public async Task Without_an_engine_the_line_is_named_and_the_ways_out()
    {
        await using var up = Start(Write("web:one", 2), Folder.At("nowhere.sock"));

        Assert.Equal(1, await up.ExitAsync());
        Assert.Contains($"docker-compose.yml:4:5: error: the service 'web' says no command, and no Docker Swarm can run its image: there is no Docker engine: no socket {Folder.At("nowhere.sock")}", up.Error, StringComparison.Ordinal);
        Assert.Contains("compose.override.yaml", up.Error, StringComparison.Ordinal);
        Assert.Contains("docker swarm init", up.Error, StringComparison.Ordinal);
    }
}
