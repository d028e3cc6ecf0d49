using Steelyard.Keeper;

namespace Steelyard.Tests.Keeper;

/// <summary>What is asked of a keeper, one after the other.</summary>
public sealed class KeeperRequestsTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(1);

    private readonly KeeperRequests _requests = new(["none.yaml"], watch: false);

    [Fact]
    public async Task Nothing_comes_of_a_wait_in_which_nothing_is_asked_and_what_is_asked_next_is_not_lost()
    {
        Assert.Null(await _requests.NextAsync(TimeSpan.FromMilliseconds(1), CancellationToken.None));
        Assert.Null(await _requests.NextAsync(TimeSpan.FromMilliseconds(1), CancellationToken.None));

        var next = _requests.NextAsync(s_long, CancellationToken.None);
        Assert.False(next.IsCompleted);
        _requests.Ask(KeeperRequestKind.Upgrade, "new", null);

        Assert.Equal("new", (await next)!.Argument);
    }

    [Fact]
    public async Task Requests_keep_their_order_and_reloads_that_nobody_waits_for_are_one()
    {
        _requests.Reload();
        _requests.Ask(KeeperRequestKind.Logs, "a", null);
        _requests.Reload();
        _requests.Ask(KeeperRequestKind.Logs, "b", null);

        Assert.Equal(KeeperRequestKind.Reload, (await _requests.NextAsync(s_long, CancellationToken.None))!.Kind);
        _requests.Reload();
        Assert.Equal("a", (await _requests.NextAsync(s_long, CancellationToken.None))!.Argument);
        Assert.Equal("b", (await _requests.NextAsync(s_long, CancellationToken.None))!.Argument);
        Assert.Equal(KeeperRequestKind.Reload, (await _requests.NextAsync(s_long, CancellationToken.None))!.Kind);
        Assert.Null(await _requests.NextAsync(TimeSpan.FromMilliseconds(1), CancellationToken.None));
    }

    [Fact]
    public async Task A_stop_ends_the_wait()
    {
        using var stop = new CancellationTokenSource();
        var next = _requests.NextAsync(s_long, stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task After_a_stop_nothing_is_begun()
    {
        _requests.Reload();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _requests.NextAsync(s_long, new(canceled: true)));
    }
}
