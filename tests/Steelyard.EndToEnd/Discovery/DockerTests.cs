using System.Text.Json.Nodes;
using Steelyard.Config;
using Steelyard.EndToEnd.Admin;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Workers;

namespace Steelyard.EndToEnd.Discovery;

/// <summary>Servers come and go as an engine of Docker says, which here only speaks like one.</summary>
[Trait("Lane", "apps")]
public sealed class DockerTests : DiscoveringRun
{
    private string Socket => Folder.At("docker.sock");

    private Task<SteelyardProcess> StartAsync(string discover) => ServeAsync($$"""
        admin: 127.0.0.1:0
        listen: [ { bind: 127.0.0.1:0, to: web } ]
        pools:
          web: { discover: { {{discover}}, socket: docker.sock } }
        """);

    private static (string, string)[] Labels(RecordingOrigin origin) => [("steelyard.pool", "web"), ("steelyard.port", $"{origin.Address.Port}")];

    private static async Task<JsonNode> SourceAsync(AdminClient admin) => (await admin.Get("/api/discovery")).AsArray().Single()!;

    private static async Task<string[]> ServersAsync(AdminClient admin) => [.. (await SourceAsync(admin))["servers"]!.AsArray().Select(server => (string)server!)];

    private static Task UntilServersAsync(AdminClient admin, params RecordingOrigin[] origins) =>
        Patience.Until(async () => (await ServersAsync(admin)).Order().SequenceEqual(origins.Select(origin => origin.Address.ToString()).Order()), () => string.Join(", ", origins.Select(origin => origin.Address)));

    private static Task UntilErrorAsync(AdminClient admin, string error) =>
        Patience.Until(async () => ((string?)(await SourceAsync(admin))["error"])?.Contains(error, StringComparison.Ordinal) == true, () => error);

    [Fact]
    public async Task Containers_join_and_leave_as_the_engine_tells_and_no_request_is_lost()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.3", 0, "two");
        await using var docker = await FakeDocker.StartAsync(Socket);
        docker.Set("one", "127.0.0.2", null, Labels(one));
        docker.Set("other", "127.0.0.9", null, ("steelyard.pool", "other"), ("steelyard.port", "80"));
        await using var up = await StartAsync("docker: steelyard.pool=web");
        using var admin = AdminClient.Local(Runtime.Path);
        var load = new WorkerLoad(await up.UrlAsync("listening on"));
        await load.AnsweredByAsync("one");

        for (var round = 0; round < 5; round++)
        {
            docker.Set("two", "127.0.0.3", null, Labels(two));
            docker.Tell("container", "start", "two");
            await load.AnsweredByAsync("two");
            docker.Remove("two");
            docker.Tell("container", "die", "two");
            await UntilServersAsync(admin, one);
        }

        await load.EndAsync();
        Assert.Empty(load.Failures);
        Assert.Equal(1, docker.Listened);
        await up.LineAsync($"web, docker steelyard.pool=web at docker.sock: {two.Address} joins");
    }

    [Fact]
    public async Task A_label_that_says_nothing_of_use_is_said_once_and_controls_no_terminal()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.3", 0, "two");
        await using var docker = await FakeDocker.StartAsync(Socket);
        docker.Set("one", "127.0.0.2", container => container["Config"]!["ExposedPorts"]![$"{one.Address.Port}/tcp"] = new JsonObject(), ("steelyard.pool", "web"), ("steelyard.port", "\e[2Jhttp"));
        await using var up = await StartAsync("docker: steelyard.pool=web");
        using var admin = AdminClient.Local(Runtime.Path);
        await UntilServersAsync(admin, one);
        docker.Set("two", "127.0.0.3", null, Labels(two));
        docker.Tell("container", "start", "two");
        await UntilServersAsync(admin, one, two);
        docker.Remove("two");
        docker.Tell("container", "die", "two");
        await up.LineAsync($"{two.Address} leaves");

        Assert.Equal(2, up.Error.Split("the label steelyard.port of one is '\u241b[2Jhttp': expected a port from 1 to 65535").Length);
        Assert.DoesNotContain('\e', up.Error);
    }

    [Theory]
    [InlineData("starting")]
    [InlineData("unhealthy")]
    public async Task One_whose_health_is_not_good_is_no_server_until_it_is(string health)
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.3", 0, "two");
        await using var docker = await FakeDocker.StartAsync(Socket);
        docker.Set("one", "127.0.0.2", null, Labels(one));
        docker.Set("two", "127.0.0.3", container => container["State"]!["Health"] = new JsonObject { ["Status"] = health }, Labels(two));
        await using var up = await StartAsync("docker: steelyard.pool=web");
        using var admin = AdminClient.Local(Runtime.Path);
        Assert.Equal([one.Address.ToString()], await ServersAsync(admin));

        docker.Set("two", "127.0.0.3", container => container["State"]!["Health"] = new JsonObject { ["Status"] = "healthy" }, Labels(two));
        docker.Tell("container", "health_status: healthy", "two");

        await UntilServersAsync(admin, one, two);
    }

    [Fact]
    public async Task One_that_was_sent_its_signal_to_end_leaves_before_it_has_ended()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.3", 0, "two");
        await using var docker = await FakeDocker.StartAsync(Socket);
        docker.Set("one", "127.0.0.2", container => container["Config"]!["StopSignal"] = "SIGQUIT", Labels(one));
        docker.Set("two", "127.0.0.3", null, Labels(two));
        await using var up = await StartAsync("docker: steelyard.pool=web");
        using var admin = AdminClient.Local(Runtime.Path);
        await UntilServersAsync(admin, one, two);
        var asked = docker.Asked;

        docker.Tell("container", "kill", "two", ("signal", "1"));
        docker.Tell("container", "kill", "one", ("signal", "15"));
        await Patience.Until(() => docker.Asked > asked);
        docker.Tell("container", "kill", "two", ("signal", "15"));
        await UntilServersAsync(admin, one);
        docker.Tell("container", "start", "two");
        await UntilServersAsync(admin, one, two);
        docker.Tell("container", "kill", "one", ("signal", "3"));
        await UntilServersAsync(admin, two);
    }

    [Fact]
    public async Task What_the_engine_said_last_outlives_it_and_it_is_heard_again_when_it_is_back()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.3", 0, "two");
        var docker = await FakeDocker.StartAsync(Socket);
        docker.Set("one", "127.0.0.2", null, Labels(one));
        await using var up = await StartAsync("docker: steelyard.pool=web");
        using var admin = AdminClient.Local(Runtime.Path);
        var load = new WorkerLoad(await up.UrlAsync("listening on"));
        await load.AnsweredByAsync("one");

        await docker.DisposeAsync();
        await up.ErrorLineAsync("there is no Docker engine: no socket");
        await Patience.Until(async () => (long)(await SourceAsync(admin))["failures"]! > 1, () => "failures");
        await load.AnsweredByAsync("one");
        await using var again = await FakeDocker.StartAsync(Socket, docker =>
        {
            docker.Set("one", "127.0.0.2", null, Labels(one));
            docker.Set("two", "127.0.0.3", null, Labels(two));
        });
        await load.AnsweredByAsync("two");
        await UntilServersAsync(admin, one, two);
        await load.EndAsync();

        Assert.Empty(load.Failures);
        Assert.Null((string?)(await SourceAsync(admin))["error"]);
        Assert.Equal(1, up.Error.Split("there is no Docker engine").Length - 1);
    }

    [Fact]
    public async Task What_was_missed_while_nobody_told_is_found_out()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.3", 0, "two");
        await using var docker = await FakeDocker.StartAsync(Socket);
        docker.Set("one", "127.0.0.2", null, Labels(one));
        await using var up = await StartAsync("docker: steelyard.pool=web");
        using var admin = AdminClient.Local(Runtime.Path);

        docker.Set("two", "127.0.0.3", null, Labels(two));
        docker.Break();

        await UntilServersAsync(admin, one, two);
        Assert.Equal(2, docker.Listened);
        Assert.Equal(0, (long)(await SourceAsync(admin))["failures"]!);
    }

    [Fact]
    public async Task Events_that_are_none_change_nothing()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var docker = await FakeDocker.StartAsync(Socket);
        docker.Set("one", "127.0.0.2", null, Labels(one));
        await using var up = await StartAsync("docker: steelyard.pool=web");
        using var admin = AdminClient.Local(Runtime.Path);

        string[] lines = ["nonsense", "[]", "null", "{}", """{ "Type": 7 }""", """{ "Type": "container", "Actor": null }""", new string('x', 3 << 20)];
        foreach (var line in lines)
        {
            var (listened, asked) = (docker.Listened, docker.Asked);
            docker.Tell(line);
            await Patience.Until(() => docker.Listened > listened || docker.Asked > asked, line);
        }

        Assert.Equal([one.Address.ToString()], await ServersAsync(admin));
    }

    [Theory]
    [InlineData(200, "<html>", "is not what Docker's engine does")]
    [InlineData(200, "[ { \"Id\": 7 } ]", "is not what Docker's engine does")]
    [InlineData(200, "null", "is not what Docker's engine does")]
    [InlineData(500, "{ \"message\": \"out of\\ncheese\" }", "out of cheese")]
    [InlineData(502, "<html>", "status 502")]
    public async Task An_engine_that_talks_nonsense_neither_stops_the_start_nor_changes_anything(int status, string body, string error)
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var docker = await FakeDocker.StartAsync(Socket);
        docker.Lie = (status, body);
        await using var up = await StartAsync("docker: steelyard.pool=web");
        using var admin = AdminClient.Local(Runtime.Path);
        await UntilErrorAsync(admin, error);

        docker.Set("one", "127.0.0.2", null, Labels(one));
        docker.Lie = null;
        await UntilServersAsync(admin, one);
        docker.Lie = (status, body);
        docker.Tell("container", "start", "one");
        await UntilErrorAsync(admin, error);
        Assert.Equal([one.Address.ToString()], await ServersAsync(admin));
    }

    [Theory]
    [InlineData("1.24", "is too old: its API has version 1.24, Docker 20.10.24; 1.40 is needed")]
    [InlineData("new", "does not say the version of its API")]
    public async Task A_version_that_is_not_known_is_said(string version, string error)
    {
        await using var docker = await FakeDocker.StartAsync(Socket);
        docker.ApiVersion = version;
        await using var up = await StartAsync("docker: web");
        using var admin = AdminClient.Local(Runtime.Path);

        await UntilErrorAsync(admin, error);
    }

    [Fact]
    public async Task What_does_not_speak_http_is_no_engine()
    {
        await using var other = RecordingOrigin.Listen(NetworkAddress.ForUnix(Socket), RecordingOrigin.Always("220 mail.test ESMTP\r\n"));
        await using var up = await StartAsync("docker: web");
        using var admin = AdminClient.Local(Runtime.Path);

        await UntilErrorAsync(admin, "does not speak as Docker's engine does");
    }

    [Fact]
    public async Task By_name_it_is_a_container_or_a_service_of_compose()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.3", 0, "two");
        await using var docker = await FakeDocker.StartAsync(Socket);
        docker.Set("web", "127.0.0.2", container => container["Config"]!["ExposedPorts"]![$"{one.Address.Port}/tcp"] = new JsonObject());
        docker.Set("web2", "127.0.0.9", null, ("steelyard.port", "80"));
        docker.Set("shop-web-1", "127.0.0.3", null, ("com.docker.compose.service", "web"), ("com.docker.compose.project", "shop"), ("steelyard.port", $"{two.Address.Port}"), ("steelyard.weight", "7"));
        docker.Set("shop-api-1", "127.0.0.4", null, ("com.docker.compose.service", "api"), ("com.docker.compose.project", "shop"));
        await using (await StartAsync("docker: web"))
        {
            using var admin = AdminClient.Local(Runtime.Path);
            await UntilServersAsync(admin, one, two);
            Assert.Equal(["1", "7"], (await admin.Get("/api/pools/web"))["members"]!.AsArray().Select(server => server!["weight"]!.ToString()));
        }

        await using (await StartAsync("docker: shop/api"))
        {
            using var admin = AdminClient.Local(Runtime.Path);
            await UntilErrorAsync(admin, "the container shop-api-1 does not expose just one port");
        }
    }

    private static JsonObject Task(string id, string state, int published, string desired = "running") => JsonNode.Parse($$"""
        {
          "ID": "{{id}}", "ServiceID": "s1", "NodeID": "n1", "DesiredState": "{{desired}}", "Spec": { "ContainerSpec": {} },
          "Status": { "State": "{{state}}", "PortStatus": { "Ports": [
            { "Protocol": "tcp", "TargetPort": 3000, "PublishedPort": {{published}}, "PublishMode": "host" },
            { "Protocol": "tcp", "TargetPort": 3000, "PublishedPort": {{(published == 0 ? 0 : 1)}}, "PublishMode": "host" } ] } },
          "NetworksAttachments": [ { "Network": { "Spec": { "Name": "inner" } }, "Addresses": [ "127.0.0.8/24" ] } ]
        }
        """)!.AsObject();

    [Theory]
    [InlineData("service: web")]
    [InlineData("service: steelyard.pool=web, port: 3000")]
    public async Task Tasks_that_run_and_are_to_run_are_servers(string discover)
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.2", 0, "two");
        await using var docker = await FakeDocker.StartAsync(Socket);
        docker.Nodes = [new JsonObject { ["ID"] = "n1", ["Status"] = new JsonObject { ["Addr"] = "127.0.0.2" } }];
        docker.Services =
        [
            JsonNode.Parse("""{ "ID": "s1", "Spec": { "Name": "web", "Labels": { "steelyard.pool": "web" } } }"""),
            JsonNode.Parse("""{ "ID": "s2", "Spec": { "Name": "web-other", "Labels": {} } }"""),
        ];
        docker.Tasks = [Task("t1", "running", one.Address.Port), Task("t2", "starting", two.Address.Port), Task("t3", "running", 1, "shutdown")];
        await using var up = await StartAsync(discover);
        using var admin = AdminClient.Local(Runtime.Path);
        var load = new WorkerLoad(await up.UrlAsync("listening on"));
        await load.AnsweredByAsync("one");
        await UntilServersAsync(admin, one);

        // Of the end of a start nobody tells.
        docker.Tasks = [Task("t1", "running", one.Address.Port), Task("t2", "running", two.Address.Port)];
        await UntilServersAsync(admin, one, two);
        docker.Tell("container", "kill", "c1", ("signal", "15"), ("com.docker.swarm.service.id", "s1"), ("com.docker.swarm.task.id", "t1"));
        await UntilServersAsync(admin, two);
        docker.Tasks = [Task("t1", "running", one.Address.Port, "shutdown"), Task("t2", "running", two.Address.Port)];
        docker.Tell("service", "update", "s1");
        await load.AnsweredByAsync("two");
        await load.EndAsync();

        Assert.Empty(load.Failures);
        Assert.Equal([two.Address.ToString()], await ServersAsync(admin));
    }

    [Fact]
    public async Task A_network_that_is_named_is_where_tasks_are_reached()
    {
        await using var one = Origin("127.0.0.8", 0, "one");
        await using var docker = await FakeDocker.StartAsync(Socket);
        docker.Services = [JsonNode.Parse("""{ "ID": "s1", "Spec": { "Name": "web" } }""")];
        docker.Tasks = [Task("t1", "running", 1)];
        await using var up = await StartAsync($"service: web, network: inner, port: {one.Address.Port}");
        using var admin = AdminClient.Local(Runtime.Path);

        await UntilServersAsync(admin, one);
    }

    [Fact]
    public async Task A_service_that_cannot_be_reached_or_is_not_there_is_said()
    {
        await using var docker = await FakeDocker.StartAsync(Socket);
        await using var up = await StartAsync("service: web");
        using var admin = AdminClient.Local(Runtime.Path);
        await UntilErrorAsync(admin, "there is no service 'web'");

        var hidden = Task("t1", "running", 0);
        docker.Tasks = [hidden];
        docker.Services = [JsonNode.Parse("""{ "ID": "s1", "Spec": { "Name": "web" } }""")];
        docker.Tell("service", "create", "s1");
        await UntilErrorAsync(admin, "the service web cannot be reached: it publishes no port in mode 'host'");
    }
}
