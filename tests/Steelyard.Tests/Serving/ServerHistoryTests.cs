using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;
using Steelyard.Serving;

namespace Steelyard.Tests.Serving;

/// <summary>What is remembered of servers.</summary>
public sealed class ServerHistoryTests
{
    private static readonly NetworkAddress s_address = NetworkAddress.ForHost("a", 1);
    private static readonly DateTimeOffset s_start = DateTimeOffset.UnixEpoch;

    private static ServerStatus Status(bool up = true, bool ejected = false, int active = 0, ServerState wanted = ServerState.Ready) =>
        new("web", s_address, active, 0, ServerFailure.None, ServerFailure.None) { Asked = true, Up = up, LastCheck = up ? ProbeFault.None : ProbeFault.Refused, Ejected = ejected, Wanted = wanted };

    [Fact]
    public void Changes_are_counted_and_times_added_up()
    {
        var history = new ServerHistory();
        (ServerStatus Status, bool Changes)[] looks =
        [
            (Status(), true), (Status(active: 9), false), (Status(up: false), true), (Status(up: false), false), (Status(), true),
            (Status(ejected: true), true), (Status(wanted: ServerState.Drain), true), (Status(up: false), true),
        ];
        foreach (var (i, look) in looks.Index())
            Assert.Equal(look.Changes, history.Look([look.Status], s_start.AddSeconds(i)));

        var past = history.Of("web", s_address, s_start.AddSeconds(10));
        Assert.Equal(["up", "down", "up", "ejected", "drain", "down"], past.Changes.Select(change => change.State));
        Assert.Equal("it refuses the connection", past.Changes[1].Why);
        Assert.Equal((2, 1, 9), (past.Downs, past.Ejections, past.PeakActive));
        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(2)), (past.DownFor, past.DownBefore));
    }

    [Fact]
    public void One_that_flaps_keeps_its_last_changes_and_one_that_leaves_has_its_past_when_it_returns()
    {
        var history = new ServerHistory();
        for (var i = 0; i < 1000; i++)
            history.Look([Status(up: i % 2 == 0)], s_start.AddSeconds(i));

        var past = history.Of("web", s_address, s_start.AddSeconds(1000));
        Assert.Equal((64, 500), (past.Changes.Count, past.Downs));

        history.Look([], s_start);
        history.Look([Status()], s_start);
        Assert.Equal(["gone", "up"], history.Of("web", s_address, s_start).Changes.TakeLast(2).Select(change => change.State));
        Assert.Equal(500, history.Of("web", s_address, s_start).Downs);
    }

    [Fact]
    public void Of_those_that_never_return_the_oldest_are_forgotten()
    {
        var history = new ServerHistory();
        for (var i = 0; i < 1100; i++)
            history.Look([Status() with { Address = NetworkAddress.ForHost("a", i + 1) }], s_start.AddSeconds(i));

        Assert.Empty(history.Of("web", NetworkAddress.ForHost("a", 1), s_start).Changes);
        Assert.NotEmpty(history.Of("web", NetworkAddress.ForHost("a", 500), s_start).Changes);
    }
}
