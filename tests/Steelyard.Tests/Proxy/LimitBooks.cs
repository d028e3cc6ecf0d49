using System.Runtime.CompilerServices;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

/// <summary>Whose counts go on after a reload, and whose do not.</summary>
public sealed class LimitBooks
{
    private const string Place = "routes of :80";

    private static RateLimitSettings Rate(int requests, int burst = 0) => new() { Rate = new(requests, TimeSpan.FromHours(1)), Burst = burst };

    private static LimitBook After(LimitBook? before, params RateLimitSettings[] rates)
    {
        var book = new LimitBook(before);
        foreach (var rate in rates)
            book.Keep(Place, rate, null);
        return book;
    }

    private static bool Passes(PlaceLimits limits) =>
        limits.Take(new TemplateScope { Request = new RequestHead(), Head = default, Client = Heads.Client("192.0.2.1") }, now: 1000, out _).Passes;

    [Fact]
    public void Of_two_in_a_place_the_one_that_changes_goes_on_with_its_own_count_and_never_with_the_others()
    {
        var before = After(null, Rate(1), Rate(2));
        var stays = before.Of(Place, Rate(1), null)!;
        before.Of(Place, Rate(2), null);
        Assert.True(Passes(stays));
        before.Seal();

        // The one that changes is asked for first: the count that stays is not to be had.
        var after = After(before, Rate(1), Rate(3));
        var changed = after.Of(Place, Rate(3), null)!;
        Assert.True(Passes(changed));
        Assert.False(Passes(after.Of(Place, Rate(1), null)!));
    }

    [Fact]
    public void Of_two_that_change_each_has_one_count_of_before()
    {
        var before = After(null, Rate(1), Rate(2));
        Assert.True(Passes(before.Of(Place, Rate(1), null)!));
        before.Of(Place, Rate(2), null);
        before.Seal();

        var after = After(before, Rate(3), Rate(4));
        var (one, other) = (after.Of(Place, Rate(3), null)!, after.Of(Place, Rate(4), null)!);
        Assert.Equal([false, true], new[] { Passes(one), Passes(other) }.Order());
    }

    [Fact]
    public void A_book_that_is_complete_does_not_hold_those_before_it()
    {
        var (first, last) = Chain();
        GC.Collect();
        Assert.False(first.IsAlive, "The first book is held by the third.");
        GC.KeepAlive(last);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (WeakReference First, LimitBook Last) Chain()
    {
        var first = After(null, Rate(1));
        first.Of(Place, Rate(1), null);
        first.Seal();
        var last = first;
        for (var i = 0; i < 2; i++)
        {
            last = After(last, Rate(1));
            last.Of(Place, Rate(1), null);
            last.Seal();
        }

        return (new(first), last);
    }
}
