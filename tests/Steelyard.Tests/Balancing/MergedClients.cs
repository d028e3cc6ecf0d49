using CsCheck;
using Steelyard.Balancing;
using Steelyard.Balancing.Sticky;
using Steelyard.Engine.Sticky;

namespace Steelyard.Tests.Balancing;

/// <summary>Tables of clients that take each other's entries, and what is kept of them.</summary>
public sealed class MergedClients
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);
    private static readonly DateTime s_utc = new(2030, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private static readonly Gen<StickEntry> s_entry = Gen.Select(Gen.Int[0, 9], Gen.ULong[1, 3], Gen.Long[1, 50], (key, server, until) => new StickEntry((UInt128)key, server, until));

    private static (UInt128, ulong, long)[] Contents(StickTable table) => [.. table.Entries(0).Select(entry => (entry.Key, entry.Server, entry.Until)).Order()];

    [Fact]
    public void In_whatever_order_entries_come_the_client_belongs_to_who_saw_it_last() => Gen.Select(s_entry.Array[0, 20], Gen.Int).Sample((entries, seed) =>
    {
        // Two at the same moment are told apart by the order in which all are told of them, see below.
        entries = [.. entries.DistinctBy(entry => (entry.Key, entry.Until))];
        var (one, other) = (new StickTable(100, s_hour, 1), new StickTable(100, s_hour, 1));
        foreach (var entry in entries)
            one.Merge(entry);
        new Random(seed).Shuffle(entries);
        foreach (var entry in entries.Concat(entries.Take(5)))
            other.Merge(entry);

        Assert.Equal(Contents(one), Contents(other));
        Assert.Equal(entries.GroupBy(entry => entry.Key).Select(group => (group.Key, group.MaxBy(entry => entry.Until).Server, group.Max(entry => entry.Until))).Order(), Contents(one));
    });

    [Fact]
    public void Of_two_who_learn_at_once_all_take_the_one_that_is_told_last()
    {
        var (one, other) = (new StickTable(100, s_hour, 1), new StickTable(100, s_hour, 1));
        one.Set(5, server: 1, now: 0);
        other.Set(5, server: 2, now: 0);
        foreach (var told in (StickEntry[])[new(5, 1, 3_600_000), new(5, 2, 3_600_000)])
        {
            one.Merge(told);
            other.Merge(told);
        }

        Assert.Equal((2UL, 2UL), (one.Find(5, 0), other.Find(5, 0)));
    }

    [Fact]
    public void What_is_learned_and_seen_again_is_told_and_what_others_told_is_not()
    {
        var table = new StickTable(100, s_hour, 1) { Changes = new(16) };
        table.Set(1, server: 7, now: 0);
        table.Merge(new(2, 8, 1000));
        table.Find(1, now: 1000);
        table.Find(1, now: 1_000_000);
        table.Find(1, now: 1_000_001);

        Assert.True(table.Changes.TryTake(out var learned));
        Assert.True(table.Changes.TryTake(out var seen));
        Assert.False(table.Changes.TryTake(out _));
        Assert.Equal(new StickEntry(1, 7, 3_600_000), learned);
        Assert.Equal(new StickEntry(1, 7, 4_600_000), seen);
    }

    [Fact]
    public void A_table_that_has_changed_has_another_version()
    {
        var table = new StickTable(100, s_hour, 1);
        var before = table.Version;
        table.Find(1, 0);
        Assert.Equal(before, table.Version);
        table.Set(1, 1, 0);
        Assert.NotEqual(before, table.Version);
    }

    [Fact]
    public void What_is_kept_comes_back_for_as_long_as_it_was_good() => Gen.Select(s_entry.Array[0, 30], Gen.Long[-40, 40]).Sample((entries, later) =>
    {
        var (before, after, stranger) = (new StickTable(100, s_hour, 1), new StickTable(100, s_hour, 1), new StickTable(100, s_hour, 2));
        foreach (var entry in entries)
            before.Put(entry);
        var bytes = ClientMemory.Of(new byte[32], [("web", before), ("other", new StickTable(1, s_hour, 3))], [], now: 0, s_utc).Bytes;
        var read = ClientMemory.Read(bytes)!;
        read.Into([("api", stranger), ("web", after)], [], now: 5000, s_utc.AddMilliseconds(later));
        read.Into([("web", stranger)], [], now: 5000, s_utc);

        // Monotonic time began anew; what counts is the calendar.
        Assert.Equal(Contents(before).Where(entry => entry.Item3 > later).Select(entry => entry with { Item3 = entry.Item3 + 5000 - later }), Contents(after));
        Assert.Empty(Contents(stranger));
    });

    [Fact]
    public void What_the_version_before_has_kept_comes_back()
    {
        var (before, after) = (new StickTable(100, s_hour, 1), new StickTable(100, s_hour, 1));
        before.Put(new(1, 2, 30));
        before.Put(new(2, 3, 40));
        var bytes = ClientMemory.Of([.. Enumerable.Repeat((byte)7, 32)], [("web", before), ("other", new StickTable(1, s_hour, 3))], [], now: 0, s_utc).Bytes.ToArray();

        // It had neither the time it was written at nor how many parts follow.
        byte[] first = [.. "steelyard clients 1\n"u8, .. bytes.AsSpan(20, 32), .. bytes.AsSpan(68)];
        var read = ClientMemory.Read(first)!;
        Assert.Equal(7, read.Key[31]);
        read.Into([("web", after)], [], now: 0, s_utc);
        Assert.Equal(Contents(before), Contents(after));
        Assert.Null(ClientMemory.Read(first.AsMemory(0, first.Length - 1)));
    }

    [Fact]
    public void What_limits_have_let_through_is_kept_and_the_time_between_is_counted() => Gen.Select(Gen.Select(Gen.ULong[1, 20], Gen.Int[1, 9]).Array[0, 30], Gen.Long[-40, 4000]).Sample((takings, later) =>
    {
        const long Millisecond = 1_000_000;
        var (before, after, stranger, other) = (new RateTable(64), new RateTable(128), new RateTable(64), new RateTable(64));
        foreach (var (key, tenths) in takings)
            before.Take(key, new(tenths * 100 * Millisecond, Burst: 100, Delay: 100), now: 1000);
        var bytes = ClientMemory.Of(new byte[32], [("web", new StickTable(1, s_hour, 3))], [new("empty", 1, new RateTable(64)), new("pool web", 1, before)], now: 1000, s_utc).Bytes;
        for (var i = 0; i < 2; i++)
            ClientMemory.Read(bytes)!.Into([], [new("pool api", 1, other), new("pool web", 2, stranger), new("pool web", 1, after)], now: 5, s_utc.AddMilliseconds(later));

        // A calendar that was set back lets nobody wait for longer.
        Assert.Equal(before.Entries(1000).Select(entry => entry with { Excess = entry.Excess - (Math.Max(0, later) * Millisecond) }).Where(entry => entry.Excess > 0).Order(), after.Entries(5).Order());
        Assert.Empty(stranger.Entries(5).Concat(other.Entries(5)));
    });

    [Fact]
    public void Of_a_file_that_is_cut_or_changed_nobody_is_remembered_rather_than_half()
    {
        var table = new StickTable(100, s_hour, 1);
        table.Put(new(1, 2, 30));
        table.Put(new(2, 3, 40));
        var rates = new RateTable(64);
        rates.Take(7, new(1_000_000_000, Burst: 0, Delay: 0), now: 1);
        var bytes = ClientMemory.Of(new byte[32], [("web", table), ("api", table)], [new("pool web", 1, rates), new("pool api", 1, rates)], 0, s_utc).Bytes;
        for (var length = 0; length < bytes.Length; length++)
            Assert.Null(ClientMemory.Read(bytes[..length]));
        Assert.NotNull(ClientMemory.Read(bytes));
        Assert.Null(ClientMemory.Read((byte[])[.. bytes.Span, 0]));
        Assert.Null(ClientMemory.Read("something else, as long as it has to be to be looked at further by whoever reads it"u8.ToArray()));
        for (var (at, head) = ("steelyard clients 2\n".Length + 32 + 8, 0); head < 3; at += 4, head++)
        {
            var bad = bytes.ToArray();
            bad.AsSpan(at, 4).Fill(0xFF);
            Assert.Null(ClientMemory.Read(bad));
        }
    }
}
