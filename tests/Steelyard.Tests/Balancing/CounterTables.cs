using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

public sealed class CounterTables
{
    private const ulong Seed = 7;

    private static CounterTable Table(int size = 100, TimeSpan? expire = null, bool evict = true, int keyLength = 45) => new(
        new()
        {
            Name = "t",
            Size = size,
            Expire = expire,
            Evict = evict,
            KeyLength = keyLength,
            Store = [new(CounterKind.Tag), new(CounterKind.General0), new(CounterKind.General0Rate, TimeSpan.FromSeconds(1)), new(CounterKind.Connections), new(CounterKind.Requests), new(CounterKind.RequestRate, TimeSpan.FromSeconds(10)), new(CounterKind.BytesOut)],
        },
        Seed);

    private static void Enter(CounterTable table, string key, long now) => Assert.True(table.Enter(table.KeyOf(Bytes(key)), Bytes(key), now));

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static long Ask(CounterTable table, string key, string asked, long now)
    {
        Assert.True(AskedCounter.TryParse(asked, out var counter), asked);
        Assert.True(table.TryAsk(table.KeyOf(Bytes(key)), Bytes(key), counter, now, out var value));
        return value;
    }

    [Fact]
    public void What_is_tracked_is_counted_by_its_key_alone()
    {
        var table = Table();
        Enter(table, "a", 1);
        Enter(table, "a", 2);
        Enter(table, "b", 2);
        table.Count(table.KeyOf("a"u8), CounterKind.Requests, 3, 3);
        table.Count(table.KeyOf("b"u8), CounterKind.BytesOut, 500, 3);

        Assert.Equal((2, 2, 3, 0), (Ask(table, "a", "connections", 4), Ask(table, "a", "open", 4), Ask(table, "a", "requests", 4), Ask(table, "a", "bytes-out", 4)));
        Assert.Equal((1, 0, 500), (Ask(table, "b", "connections", 4), Ask(table, "b", "requests", 4), Ask(table, "b", "bytes-out", 4)));
        table.Leave(table.KeyOf("a"u8), 5);
        Assert.Equal((2, 1), (Ask(table, "a", "connections", 6), Ask(table, "a", "open", 6)));
        Assert.Equal(0, Ask(table, "c", "requests", 6));
        Assert.False(table.Has(table.KeyOf("c"u8), 6));
    }

    [Fact]
    public void A_rate_falls_as_the_period_before_goes_out_of_sight()
    {
        var table = Table();
        Enter(table, "a", 100_000);
        table.Count(table.KeyOf("a"u8), CounterKind.Requests, 100, 100_000);

        // The first period begins with the first event: nine and a half of its ten seconds are the same as all of it.
        Assert.Equal(100, Ask(table, "a", "request-rate", 100_000));
        Assert.Equal(100, Ask(table, "a", "request-rate", 109_500));
        Assert.Equal(50, Ask(table, "a", "request-rate", 115_000));
        Assert.Equal(10, Ask(table, "a", "request-rate", 119_000));
        Assert.Equal(0, Ask(table, "a", "request-rate", 120_000));
        table.Count(table.KeyOf("a"u8), CounterKind.Requests, 8, 115_000);
        Assert.Equal(58, Ask(table, "a", "request-rate", 115_000));
        Assert.Equal(18, Ask(table, "a", "request-rate", 119_000));
        Assert.Equal(8, Ask(table, "a", "request-rate", 120_000));
    }

    [Fact]
    public void A_single_event_is_told_whole_until_it_is_out_of_sight()
    {
        var table = Table();
        Assert.Equal(1, Ask(table, "a", "increment general-0", 5000));
        Assert.Equal((1, 1, 0), (Ask(table, "a", "general-0-rate", 5900), Ask(table, "a", "general-0-rate", 6900), Ask(table, "a", "general-0-rate", 7000)));
    }

    [Fact]
    public void Counters_are_incremented_cleared_and_set_also_of_a_key_that_is_not_there_yet()
    {
        var table = Table();
        Assert.Equal((1, 2), (Ask(table, "a", "increment general-0", 1), Ask(table, "a", "increment general-0", 1)));
        Assert.Equal((2, 0), (Ask(table, "a", "clear general-0", 1), Ask(table, "a", "general-0", 1)));
        Assert.Equal((9, 9), (Ask(table, "b", "set tag 9", 1), Ask(table, "b", "tag", 1)));
        Assert.False(table.TryAsk(table.KeyOf("a"u8), default, new(CounterKind.Errors), 1, out _), "it does not store errors");
    }

    [Fact]
    public void A_key_is_forgotten_when_it_was_not_seen_for_long_but_not_while_it_is_tracked()
    {
        var table = Table(expire: TimeSpan.FromSeconds(1));
        Enter(table, "a", 1000);
        Assert.Equal(1, Ask(table, "a", "connections", 60_000));
        table.Leave(table.KeyOf("a"u8), 60_000);
        Assert.Equal((1, 0), (Ask(table, "a", "connections", 60_999), Ask(table, "a", "connections", 61_000)));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_full_table_forgets_the_oldest_or_counts_no_more(bool evict)
    {
        var table = Table(size: 8, evict: evict);
        for (var i = 0; i < 8; i++)
            Ask(table, $"k{i}", "increment general-0", 10 + i);
        Ask(table, "k0", "increment general-0", 30);
        Assert.Equal(evict ? 1 : 0, Ask(table, "new", "increment general-0", 31));
        Assert.Equal(2, Ask(table, "k0", "general-0", 31));
        Assert.Equal(evict ? 0 : 1, Ask(table, "k1", "general-0", 31));
    }

    [Fact]
    public void What_is_tracked_now_is_not_forgotten_for_another()
    {
        var table = Table(size: 8);
        for (var i = 0; i < 8; i++)
            Enter(table, $"k{i}", 10 + i);
        Assert.False(table.Enter(table.KeyOf("new"u8), "new"u8, 30));
        table.Leave(table.KeyOf("k5"u8), 31);
        Assert.True(table.Enter(table.KeyOf("new"u8), "new"u8, 32));
        Assert.False(table.Has(table.KeyOf("k5"u8), 33));
    }

    [Fact]
    public void What_is_beyond_the_length_of_a_key_does_not_count_and_all_keys_can_be_listed()
    {
        var table = Table(expire: TimeSpan.FromSeconds(10), keyLength: 4);
        Ask(table, "abcdef", "increment general-0", 1);
        Assert.Equal(2, Ask(table, "abcdxyz", "increment general-0", 2));
        var entry = Assert.Single(table.Entries(12));
        Assert.Equal(("abcd", 0, 9990L), (entry.Key, entry.Open, entry.Left));
        Assert.Equal([0L, 2, 2, 0, 0, 0, 0], entry.Values);
        Assert.True(table.Remove(table.KeyOf("abcd"u8), 3));
        Assert.Empty(table.Entries(4));
    }
}
