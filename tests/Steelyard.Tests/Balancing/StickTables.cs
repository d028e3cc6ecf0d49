using Steelyard.Balancing;
using Steelyard.Balancing.Sticky;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>Which clients are remembered, and for how long.</summary>
public sealed class StickTables
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    private const long Hour = 3_600_000;

    private static UInt128 Key(StickTable table, int client) => table.KeyOf(BitConverter.GetBytes(client));

    [Fact]
    public void A_client_is_remembered_until_it_was_not_seen_for_a_time()
    {
        var table = new StickTable(10, s_hour, seed: 1);
        var key = Key(table, 1);
        Assert.Equal(0UL, table.Find(key, 1000));
        table.Set(key, 7, 1000);
        Assert.Equal(7UL, table.Find(key, 1000));
        Assert.Equal(7UL, table.Find(key, 999 + Hour));

        // That it was seen counts.
        Assert.Equal(7UL, table.Find(key, 998 + (2 * Hour)));
        Assert.Equal(0UL, table.Find(key, 998 + (3 * Hour)));
        table.Set(key, 8, 998 + (3 * Hour));
        Assert.Equal(8UL, table.Find(key, 998 + (3 * Hour)));
        Assert.Equal([new StickEntry(key, 8, 998 + (4 * Hour))], table.Entries(998 + (3 * Hour)));
    }

    [Fact]
    public void Who_was_only_looked_at_is_not_remembered_for_longer()
    {
        var table = new StickTable(10, s_hour, seed: 1);
        var key = Key(table, 1);
        table.Set(key, 7, 0);
        Assert.Equal(7UL, table.Find(key, Hour - 1, touch: false));
        Assert.Equal(0UL, table.Find(key, Hour));
    }

    [Fact]
    public void That_a_client_was_seen_gives_nobody_back_to_a_server_it_has_left()
    {
        var table = new StickTable(10, s_hour, seed: 1);
        var key = Key(table, 1);
        table.Set(key, 7, 0);

        // Another loop has read the entry, and writes its date when the client belongs to the next server already.
        table.Set(key, 8, 1000);
        table.Prolong(new(key, 7, 2000 + Hour));
        Assert.Equal([new StickEntry(key, 8, 1000 + Hour)], table.Entries(2000));
        table.Prolong(new(Key(table, 2), 7, 2000 + Hour));
        Assert.Single(table.Entries(2000));
        table.Prolong(new(key, 8, 2000 + Hour));
        Assert.Equal([new StickEntry(key, 8, 2000 + Hour)], table.Entries(2000));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(10_000)]
    [InlineData(100_000)]
    public void So_many_are_remembered_and_who_is_forgotten_was_seen_before_the_others(int size)
    {
        var table = new StickTable(size, s_hour, seed: 2);
        for (var client = 0; client < size; client++)
            table.Set(Key(table, client), (ulong)client + 1, client);
        var kept = Enumerable.Range(0, size).Count(client => table.Find(Key(table, client), size) == (ulong)client + 1);
        Assert.InRange(kept, size - (size / 100), size);

        for (var client = size; client < 5 * size; client++)
            table.Set(Key(table, client), (ulong)client + 1, client);
        var late = table.Entries(5 * size);
        Assert.InRange(late.Count, size, (size * 3 / 2) + 16);
        Assert.True(late.Average(entry => (double)entry.Until) > Hour + (3.5 * size) || size < 100);
    }

    [Fact]
    public void Loops_write_and_read_at_once_and_nobody_gets_anothers()
    {
        var table = new StickTable(64, s_hour, seed: 3);
        var keys = Enumerable.Range(0, 200).Select(client => Key(table, client)).ToArray();
        var wrong = 0;
        var threads = Enumerable.Range(0, 4).Select(thread => new Thread(() =>
        {
            for (var i = 0; i < 200_000; i++)
            {
                var client = (i * 7 + thread) % keys.Length;
                if ((i & 3) == 0)
                    table.Set(keys[client], (ulong)client + 1, i);
                else if (table.Find(keys[client], i) is not 0 and var found && found != (ulong)client + 1)
                    Interlocked.Increment(ref wrong);
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(0, wrong);
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var table = new StickTable(1000, s_hour, seed: 4);
        table.Set(Key(table, 1), 1, 0);
        table.Find(Key(table, 1), 1);
        Steady.RequireNone(() =>
        {
            var text = "connect.sid"u8;
            for (var i = 0; i < 1000; i++)
            {
                table.Set(table.KeyOf(text), 1, i);
                table.Find(table.KeyOf(text), i + Hour - 1);
            }
        });
    }

    [Fact]
    public void Clients_outlive_a_reload_also_of_another_size_and_those_of_a_server_that_left_are_nobodys()
    {
        var sticky = new StickySettings { Learn = "sid", Size = 100 };
        var pool = Make(sticky, null, 1, 2, 3);
        var table = pool.Clients!.Table;
        var keys = Enumerable.Range(0, 3).Select(client => Key(table, client)).ToArray();
        for (var i = 0; i < 3; i++)
            table.Set(keys[i], pool.Servers[i].Id, 1);
        Assert.Equal([0, 1, 2], keys.Select(key => pool.Clients.OwnerOf(key, 2)!.Index));

        var moved = Make(sticky, pool, 4, 3, 1);
        Assert.Same(table, moved.Clients!.Table);
        Assert.Equal([2, null, 1], keys.Select(key => moved.Clients.OwnerOf(key, 2)?.Index));

        var larger = Make(sticky with { Size = 1000 }, moved, 1, 2);
        Assert.Equal([0, 1, null], keys.Select(key => larger.Clients!.OwnerOf(key, 2)?.Index));

        // Known by something else, nobody is known.
        Assert.Equal([null, null, null], keys.Select(key => Make(new() { Learn = "other" }, pool, 1, 2, 3).Clients!.OwnerOf(key, 2)?.Index));
    }

    private static Pool Make(StickySettings sticky, Pool? before, params int[] ports)
    {
        var ordinal = 0;
        return new(new() { Name = "web", Sticky = sticky, Servers = [.. ports.Select(port => new ServerSettings { Address = NetworkAddress.ForHost("10.0.0.1", port) })] }, () => ordinal++, before);
    }
}
