using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;
using Steelyard.Keeper;

namespace Steelyard.Tests.Admin;

/// <summary>What the keeper remembers of what operators want.</summary>
public sealed class LiveChangesTests
{
    private static readonly NetworkAddress A = NetworkAddress.ForHost("a", 1);
    private static readonly NetworkAddress B = NetworkAddress.ForUnix("/run/b: c");

    [Fact]
    public void The_last_word_about_a_server_counts_and_nothing_is_kept_for_nothing()
    {
        var changes = new LiveChanges();
        var told = new List<ServerChange>();
        var held = new List<string>();
        changes.Follow(told.Add, (pool, hold) => held.Add($"{pool} {hold}"));

        changes.Keep(new("web", A, ServerState.Drain, null));
        changes.Keep(new("web", A, ServerState.Ready, 7));
        changes.Keep(new("web", B, ServerState.Maintenance, null));
        changes.Keep(new("web", B, ServerState.Ready, null));

        Assert.Equal([new("web", A, ServerState.Ready, 7)], changes.All);
        Assert.Equal(4, told.Count);

        changes.Keep("web", BreakerHold.Open);
        changes.Keep("api", BreakerHold.Closed);
        changes.Keep("api", BreakerHold.None);
        Assert.Equal([("web", BreakerHold.Open)], changes.Holds);
        Assert.Equal(["web Open", "api Closed", "api None"], held);
    }

    [Fact]
    public void A_server_that_leaves_is_forgotten()
    {
        var changes = new LiveChanges();
        changes.Keep(new("web", A, ServerState.Drain, null));
        changes.Keep(new("api", A, ServerState.Drain, null));

        changes.ForgetWithout(new()
        {
            Listeners = [],
            Pools = [new() { Name = "api", Servers = [new() { Address = A }] }],
        });

        Assert.Equal(["api"], changes.All.Select(change => change.Pool));
    }

    [Theory]
    [InlineData(ServerState.Ready, 0)]
    [InlineData(ServerState.Drain, null)]
    [InlineData(ServerState.Maintenance, 256)]
    public void Words_say_the_same_as_the_change(ServerState state, int? weight)
    {
        var change = new ServerChange("web", B, state, weight);

        Assert.Equal(change, LiveChanges.FromWords(LiveChanges.ToWords(change)));
    }
}
