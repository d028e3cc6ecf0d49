using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Tests.Admin;

/// <summary>What operators have made of a configuration, and what becomes of it when the file changes.</summary>
public sealed class LiveSettingsTests
{
    private static Snapshot File(string servers, string more = "") => ConfigurationFile.Parse($$"""
        listen: [ { bind: "127.0.0.1:80", to: web {{more}} } ]
        pools: { web: { servers: [ {{servers}} ] } }
        """, "test").Snapshot!;

    private static LiveSettings With(LiveSettings live, Snapshot file, params string[] words) => live.With(words, file, live.ApplyTo(file));

    private static string Served(LiveSettings live, Snapshot file) =>
        string.Join(' ', live.ApplyTo(file).Pools[0].Servers.Select(server => $"{server.Address.Port}{(server.MaxConnections is { } most ? $"/{most}" : "")}"));

    private static string Differences(LiveSettings live, Snapshot file) =>
        string.Join('\n', live.Differences(file).Select(one => $"{one.Pool} {one.Server} {one.Setting} {one.File} {one.Live}"));

    [Fact]
    public void Servers_come_and_go_and_get_limits()
    {
        var file = File("a:1, { address: a:2, weight: 7 }");
        var live = With(With(With(LiveSettings.None, file, "add", "web", "a:3"), file, "remove", "web", "a:1"), file, "limit", "web", "a:3", "5");

        Assert.Equal("2 3/5", Served(live, file));
        Assert.Equal("web a:1 place there removed\nweb a:3 place not there added\nweb a:3 limit none 5", Differences(live, file));

        // What comes back is as the file has it.
        live = With(With(live, file, "remove", "web", "a:2"), file, "add", "web", "a:2");
        Assert.Equal(7, live.ApplyTo(file).Pools[0].Servers[0].Weight);
        live = With(With(With(live, file, "add", "web", "a:1"), file, "limit", "web", "a:3", ""), file, "remove", "web", "a:3");
        Assert.Equal(("1 2", ""), (Served(live, file), Differences(live, file)));
    }

    [Fact]
    public void A_listener_gets_a_limit()
    {
        var file = File("a:1", ", max-connections: 10");
        var live = With(LiveSettings.None, file, "listener", "127.0.0.1:80", "3");
        Assert.Equal((3, " 127.0.0.1:80 limit 10 3"), (live.ApplyTo(file).Listeners[0].MaxConnections, Differences(live, file)));
        Assert.Equal(10, With(live, file, "listener", "127.0.0.1:80", "").ApplyTo(file).Listeners[0].MaxConnections);
    }

    [Fact]
    public void A_listener_is_paused_and_opened_again()
    {
        var file = File("a:1");
        var live = With(LiveSettings.None, file, "serving", "127.0.0.1:80", "paused");

        Assert.Equal((ListenerServing.Paused, " 127.0.0.1:80 serving open paused"), (live.ApplyTo(file).Listeners[0].Serving, Differences(live, file)));
        Assert.Equal(live.ApplyTo(file), ConfigurationFile.Parse(ConfigurationFile.Write(live.ApplyTo(file)), "again").Snapshot);
        Assert.Equal(file, With(live, file, "serving", "127.0.0.1:80", "open").ApplyTo(file));
        Assert.Equal(ListenerServing.Closed, With(live, file, "serving", "127.0.0.1:80", "closed").ApplyTo(file).Listeners[0].Serving);
        Assert.Throws<EngineException>(() => With(live, file, "serving", "127.0.0.1:81", "open"));
    }

    [Fact]
    public void A_listener_that_the_file_pauses_is_opened()
    {
        var (file, open) = (File("a:1", ", serving: paused"), File("a:1"));
        var live = With(LiveSettings.None, file, "serving", "127.0.0.1:80", "open");

        Assert.Equal((ListenerServing.Open, " 127.0.0.1:80 serving paused open"), (live.ApplyTo(file).Listeners[0].Serving, Differences(live, file)));
        Assert.Equal("", Differences(With(live, file, "serving", "127.0.0.1:80", "paused"), file));
        Assert.Equal(("", open), (Differences(live.Without(open), open), live.Without(open).ApplyTo(open)));
        Assert.Equal(ListenerServing.Open, live.Without(file).ApplyTo(file).Listeners[0].Serving);
    }

    [Fact]
    public void A_file_that_says_the_same_or_lacks_the_pool_makes_a_change_its_own()
    {
        var (before, after) = (File("a:1, a:2"), File("a:2, a:3"));
        var live = With(With(LiveSettings.None, before, "add", "web", "a:3"), before, "remove", "web", "a:1").Without(after);

        Assert.Equal(("2 3", ""), (Served(live, after), Differences(live, after)));
        Assert.Equal("web a:4 place not there added", Differences(With(live, after, "add", "web", "a:4").Without(before), before));
        Assert.Equal("", Differences(With(live, after, "limit", "web", "a:3", "5").Without(before), before));
    }

    [Theory]
    [InlineData("a:1 is in web already", "add", "web", "a:1")]
    [InlineData("a:3 is not in web", "remove", "web", "a:3")]
    [InlineData("a:3 is not in web", "limit", "web", "a:3", "5")]
    [InlineData("there is no pool 'api'", "add", "api", "a:1")]
    [InlineData("there is no listener '127.0.0.1:81'", "listener", "127.0.0.1:81", "5")]
    [InlineData("a:1 is the only server of web", "remove", "web", "a:1")]
    public void What_cannot_be_is_refused(string expected, params string[] words)
    {
        var file = File("a:1");
        Assert.Equal(expected, Assert.Throws<EngineException>(() => With(LiveSettings.None, file, words)).Message);
    }

    [Fact]
    public void What_the_keeper_knows_survives_being_written()
    {
        var state = new KeeperState(7, DateTimeOffset.FromUnixTimeMilliseconds(1234), 2, 1, 3,
            [new("web", [new(1, "serving", 99, TimeSpan.FromSeconds(5), 4, 1024, 1.5, 0.25, "unix:/a b"), new(2, "waiting", 0, default, 0, 0, 0, 0, "")]), new("api", [])],
            [new("", "127.0.0.1:80", "limit", "10", "3")]);

        var read = KeeperState.FromLines(state.ToLines())!;

        Assert.Equal(state.ToLines(), read.ToLines());
        Assert.Equal(state.Apps[0].Workers, read.Apps[0].Workers);
        Assert.Equal(state.Differences, read.Differences);
        Assert.Null(KeeperState.FromLines(["the keeper has gone"]));
    }
}
