using Steelyard.Config;
using Steelyard.Discovery;
using Steelyard.Docker;

namespace Steelyard.Tests.Discovery;

/// <summary>What is made of what an engine of Docker says of containers, tasks, nodes and networks.</summary>
public sealed class DockerServersTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static DockerEvent Event(string type, string action, string id, params (string Name, string Value)[] attributes) =>
        new() { Type = type, Action = action, Actor = new() { Id = id, Attributes = attributes.ToDictionary(pair => pair.Name, pair => pair.Value) } };

    private static string Container(string labels) => $$$"""
        {
          "Id": "c1", "Name": "/web", "State": { "Running": true }, "Config": { "Labels": {{{labels}}}, "ExposedPorts": { "3000/tcp": {} } },
          "NetworkSettings": { "Networks": { "bridge": { "IPAddress": "172.17.0.2" } } }
        }
        """;

    [Theory]
    [InlineData("""{ "steelyard.port": "8080" }""", 8080, null)]
    [InlineData("""{ "steelyard.port": "http" }""", 3000, "the label steelyard.port of web is 'http': expected a port from 1 to 65535")]
    [InlineData("""{ "steelyard.port": "0" }""", 3000, "the label steelyard.port of web is '0': expected a port from 1 to 65535")]
    [InlineData("""{ "steelyard.weight": "much" }""", 3000, "the label steelyard.weight of web is 'much': expected a number from 0 to 256")]
    public async Task A_label_that_says_nothing_of_use_is_said(string labels, int port, string? why)
    {
        await using var docker = new FakeEngine(path => (200, path == "/containers/json" ? """[ { "Id": "c1" } ]""" : Container(labels)));

        var answer = await new ContainerServers(new() { Find = "web" }, null).LookAsync(docker.Engine, Cancel);

        Assert.Equal([NetworkAddress.ForHost("172.17.0.2", port)], answer.Servers.Select(server => server.Address));
        Assert.Equal(why, answer.Why);
    }

    [Fact]
    public async Task A_label_that_does_not_count_is_not_judged()
    {
        await using var docker = new FakeEngine(path => (200, path == "/containers/json" ? """[ { "Id": "c1" } ]""" : Container("""{ "steelyard.port": "http" }""")));

        Assert.Null((await new ContainerServers(new() { Find = "web", Port = 80 }, null).LookAsync(docker.Engine, Cancel)).Why);
    }

    private const string Task = """
        [ {
          "ID": "t1", "ServiceID": "s1", "NodeID": "n1", "DesiredState": "running",
          "Status": { "State": "running", "PortStatus": { "Ports": [ { "Protocol": "tcp", "TargetPort": 3000, "PublishedPort": 32768, "PublishMode": "host" } ] } }
        } ]
        """;

    [Theory]
    [InlineData("10.0.0.2", "10.0.0.2:2377", "10.0.0.2")]
    [InlineData("0.0.0.0", "10.0.0.1:2377", "10.0.0.1")] // The leader, as it knows itself.
    [InlineData("0.0.0.0", "[fd00::1]:2377", "fd00::1")]
    [InlineData("0.0.0.0", "0.0.0.0:2377", null)]
    [InlineData("0.0.0.0", "", null)]
    public async Task The_leader_is_where_other_managers_reach_it(string address, string manager, string? expected)
    {
        var nodes = $$"""[ { "ID": "n1", "Status": { "Addr": "{{address}}" }, "ManagerStatus": { "Leader": true, "Addr": "{{manager}}" } }, { "ID": "n2", "Status": { "Addr": "10.0.0.9" } } ]""";
        await using var docker = new FakeEngine(path => (200, path switch { "/services" => """[ { "ID": "s1", "Spec": { "Name": "web" } } ]""", "/tasks" => Task, _ => nodes }));

        var answer = await new TaskServers(new() { Find = "web", IsSwarm = true }, null).LookAsync(docker.Engine, Cancel);

        Assert.Equal(expected is null ? [] : [NetworkAddress.ForHost(expected, 32768)], answer.Servers.Select(server => server.Address));
        Assert.Equal(expected is null ? "nobody says where the node n1 is" : null, answer.Why);
    }

    [Fact]
    public async Task A_node_that_is_alone_is_here()
    {
        await using var docker = new FakeEngine(path => (200, path switch { "/services" => """[ { "ID": "s1", "Spec": { "Name": "web" } } ]""", "/tasks" => Task, _ => """[ { "ID": "n1", "Status": { "Addr": "0.0.0.0" } } ]""" }));

        Assert.Equal([NetworkAddress.ForHost("127.0.0.1", 32768)], (await new TaskServers(new() { Find = "web", IsSwarm = true }, null).LookAsync(docker.Engine, Cancel)).Servers.Select(server => server.Address));
    }

    [Fact]
    public async Task Networks_that_the_own_container_is_put_on_later_count()
    {
        var (networks, asked) = ("""{ "one": {} }""", 0);
        await using var docker = new FakeEngine(_ =>
        {
            asked++;
            return (200, $$"""{ "Config": { "Hostname": "0123456789ab" }, "NetworkSettings": { "Networks": {{networks}} } }""");
        });
        var own = new OwnContainer("0123456789ab");
        Assert.Equal(["one"], await own.NetworksAsync(docker.Engine, Cancel));
        networks = """{ "one": {}, "two": {} }""";

        Assert.False(own.Note(Event("network", "connect", "n2", ("container", "ffff456789ab0000"))));
        Assert.False(own.Note(Event("container", "start", "0123456789ab0000")));
        Assert.Equal(["one"], await own.NetworksAsync(docker.Engine, Cancel));
        Assert.Equal(1, asked);
        Assert.True(own.Note(Event("network", "connect", "n2", ("container", "0123456789ab0000"))));
        Assert.Equal(["one", "two"], (await own.NetworksAsync(docker.Engine, Cancel)).Order());
    }

    [Fact]
    public async Task Who_runs_in_no_container_asks_for_none()
    {
        await using var docker = new FakeEngine(_ => throw new InvalidOperationException("nobody is to ask"));

        Assert.Empty(await new OwnContainer("machine").NetworksAsync(docker.Engine, Cancel));
    }

    [Fact]
    public async Task A_refusal_without_an_end_is_not_gathered()
    {
        await using var docker = new FakeEngine(_ => (500, new string('x', 1 << 20) + "\0"));

        var refusal = await Assert.ThrowsAsync<DockerException>(() => docker.Engine.EventsAsync("filters={}", Cancel));
        Assert.Contains("status 500 for events", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_engine_says_controls_no_terminal()
    {
        await using var docker = new FakeEngine(_ => (500, """{ "message": "out of \u001b[2Jcheese\r\n" }"""));

        var refusal = await Assert.ThrowsAsync<DockerException>(() => docker.Engine.EventsAsync("filters={}", Cancel));
        Assert.EndsWith(": out of \u241b[2Jcheese", refusal.Message, StringComparison.Ordinal);
    }
}
