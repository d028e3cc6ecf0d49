using Steelyard.Apps;
using Steelyard.Config;

namespace Steelyard.Tests.Apps;

public sealed class AppStagesTests
{
    [Fact]
    public void Apps_that_wait_come_later_and_what_is_ready_is_served_before()
    {
        var snapshot = Read("""
            listen:
              - { bind: ":80", to: web }
              - { bind: ":81", to: api }
              - { bind: ":82", routes: [ { path: /a, to: api }, { split: { static: 1, web: 1 } } ] }
            pools:
              web: { app: { command: node web.js, after: [ api, jobs ] } }
              api: { app: { command: node api.js, after: store } }
              jobs: { app: { command: node jobs.js, listen: none, ready: { on: delay } } }
              store: { app: { command: ./store, listen: none, ready: { on: delay } } }
              static: { servers: [ 10.0.0.1:80 ] }
            """);

        var stages = AppStages.Of(snapshot);

        Assert.Equal((2, 1, 0, 0, 0), (stages.Of("web"), stages.Of("api"), stages.Of("jobs"), stages.Of("store"), stages.Of("static")));
        Assert.Equal(2, stages.Last);
        Assert.Empty(stages.Until(0).Listeners.AsEnumerable());
        Assert.Equal([81], stages.Until(1).Listeners.Select(listener => listener.Bind[0].Port));
        Assert.Same(snapshot, stages.Until(2));
    }

    [Fact]
    public void Where_nobody_waits_there_is_one_stage()
    {
        var snapshot = Read("""
            listen: [ { bind: app, to: web } ]
            pools: { web: { app: { command: node app.js } } }
            """);

        Assert.Equal(0, AppStages.Of(snapshot).Last);
        Assert.Same(snapshot, AppStages.Of(snapshot).Until(0));
        Assert.Empty(AppStages.WithKnownPorts(snapshot).Listeners.AsEnumerable());
    }

    private static Snapshot Read(string text) => ConfigurationFile.Parse(text, "a.yaml").Snapshot!;
}
