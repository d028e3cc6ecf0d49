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
        var book = new LimitBook(before, seed: 1);
        foreach (var rate in rates)
            book.Keep(Place, rate, null);
        return book;
    }

    private static bool Passes(PlaceLimits limits, string address = "192.0.2.1") => limits.Take(From(address), now: 1000, out _, out _).Passes;

    private static TemplateScope From(string address) => new() { Request = new RequestHead(), Head = default, Client = Heads.Client(address) };

    /// <summary>Who is counted with whom, as nginx and Envoy leave it to whoever writes the key: of an IPv6 address the first bits count.</summary>
    [Theory]
    [InlineData(64, "2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true)]
    [InlineData(64, "2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    [InlineData(60, "2001:db8:0:10::1", "2001:db8:0:1f::1", true)]
    [InlineData(60, "2001:db8:0:10::1", "2001:db8:0:20::1", false)]
    [InlineData(1, "2001:db8::1", "::1", true)]
    [InlineData(1, "2001:db8::1", "fe80::1", false)]
    [InlineData(127, "2001:db8::2", "2001:db8::3", true)]
    [InlineData(127, "2001:db8::1", "2001:db8::2", false)]
    [InlineData(128, "2001:db8::2", "2001:db8::3", false)]
    [InlineData(64, "192.0.2.1", "192.0.2.2", false)]
    [InlineData(64, "::ffff:192.0.2.1", "::ffff:192.0.2.2", false)]
    [InlineData(64, "192.0.2.1", "::ffff:192.0.2.1", true)]
    public void Addresses_of_one_network_are_counted_together(int prefix, string one, string other, bool together)
    {
        var rates = PlaceLimits.Of(Rate(1) with { Ipv6Prefix = prefix }, null, before: null, new(null, seed: 1))!;
        Assert.True(Passes(rates, one));
        Assert.Equal(!together, Passes(rates, other));
        Assert.False(Passes(rates, one));

        var atOnce = PlaceLimits.Of(null, new() { Most = 1, Ipv6Prefix = prefix }, before: null, new(null, seed: 1))!;
        Assert.True(atOnce.TryEnter(0, From(one), out var entered, out _));
        Assert.Equal(!together, atOnce.TryEnter(0, From(other), out _, out _));
        atOnce.Leave(0, entered);
        Assert.True(atOnce.TryEnter(0, From(one), out _, out _));
    }

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
    public void Of_several_that_refuse_the_one_that_does_so_for_longest_is_told_of()
    {
        var minute = Rate(1) with { Rate = new(1, TimeSpan.FromMinutes(1)) };
        var limits = PlaceLimits.Of(minute with { Also = Rate(1) with { Status = 503, Also = minute with { Status = 420 } } }, null, before: null, new(null, seed: 1))!;
        Assert.True(Passes(limits));
        var verdict = limits.Take(From("192.0.2.1"), now: 2000, out var told, out var refusing);
        Assert.Equal((new(Passes: false, 3_599_000), LimitVerdict.Rejected, 503), (verdict, told, refusing!.Status));
    }

    [Fact]
    public void Of_several_that_are_counted_by_the_same_each_goes_on_with_its_own_count()
    {
        var (hourly, daily) = (Rate(2, burst: 2), Rate(1, burst: 4));
        var before = After(null, hourly with { Also = daily });
        var limits = before.Of(Place, hourly with { Also = daily }, null)!;
        Assert.True(Passes(limits));
        Assert.True(Passes(limits));
        before.Seal();

        // The count of the hour is full now, by its own two and one more.
        var after = After(before, hourly with { Also = daily with { Status = 503 } });
        limits = after.Of(Place, hourly with { Also = daily with { Status = 503 } }, null)!;
        Assert.True(Passes(limits));
        Assert.False(Passes(limits));
        Assert.Equal([1, 1], after.Kept.Select(kept => kept.Table.Entries(1000).Count));
        Assert.Equal([3 * 1_800_000_000_000, 3 * 3_600_000_000_000], after.Kept.Select(kept => kept.Table.Entries(1000)[0].Excess));
    }

    [Fact]
    public void Each_count_has_a_name_of_its_own_that_the_next_start_gives_it_too()
    {
        static string[] Names()
        {
            var zone = Rate(1) with { Zone = "clients" };
            RateLimitSettings[] rates = [Rate(1), Rate(1) with { Status = 503 }, Rate(1) with { Key = new(RequestKeyKind.Header, "X-User"), Also = zone }, Rate(2), zone, zone with { Ipv6Prefix = 56 }];
            var book = After(null, rates);
            foreach (var rate in rates)
                book.Of(Place, rate, null);
            Assert.NotNull(book.Of("pool web", Rate(1), null));
            book.Seal();
            return [.. book.Kept.Select(kept => kept.Name)];
        }

        Assert.Equal((7, 7), (Names().Length, Names().Distinct().Count()));
        Assert.Equal(Names(), Names());
    }

    [Fact]
    public void A_limit_that_forgets_soon_is_not_kept_beyond_that()
    {
        var (second, zone) = (new RateLimitSettings { Rate = new(1, TimeSpan.FromSeconds(1)), Burst = 8 }, Rate(1) with { Zone = "clients" });
        var book = After(null, second, zone);
        book.Of(Place, second, null);
        Assert.Empty(book.KeptBeyond(10_000_000_000));

        // A zone is as long as the longest of its rules.
        book.Of(Place, second with { Zone = "clients" }, null);
        book.Of(Place, zone, null);
        Assert.StartsWith("zone clients", Assert.Single(book.KeptBeyond(10_000_000_000)).Name, StringComparison.Ordinal);
        Assert.Equal(2, book.KeptBeyond(0).Count);
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
