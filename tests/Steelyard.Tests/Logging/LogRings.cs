using System.Runtime.InteropServices;
using CsCheck;
using Steelyard.Engine.Logging;

namespace Steelyard.Tests.Logging;

/// <summary>Lines on their way from a loop to a writer.</summary>
public sealed class LogRings
{
    private const int Size = 64 * 1024;

    [Fact]
    public void What_is_taken_is_what_was_added_whole_and_in_order() => Gen.Select(Gen.Int[1, LogRing.LongestLine], Gen.Int[0, 3]).List[1, 60].Sample(steps =>
    {
        var ring = new LogRing(Size);
        var (added, taken) = (new List<byte>(), new List<byte>());
        byte mark = 0;
        foreach (var (length, takes) in steps)
        {
            var room = ring.Reserve();
            if (!room.IsEmpty)
            {
                var line = room[..length];
                line.Fill(++mark);
                line[^1] = 0;
                added.AddRange(line.ToArray());
                ring.Publish(length);
            }

            for (var i = 0; i < takes; i++)
                Take(ring, taken);
        }

        while (Take(ring, taken))
        {
        }

        Assert.True(CollectionsMarshal.AsSpan(added).SequenceEqual(CollectionsMarshal.AsSpan(taken)));
    }, iter: 40);

    [Fact]
    public void A_full_ring_drops_and_counts_and_goes_on_when_there_is_room()
    {
        var ring = new LogRing(Size);
        var fitting = 0;
        while (Add(ring, 10_000))
            fitting++;

        Assert.Equal(1, ring.Dropped);
        Assert.True(ring.IsHalfFull);
        Assert.False(Add(ring, 1));
        Assert.Equal(2, ring.Dropped);
        var taken = new List<byte>();
        while (Take(ring, taken))
        {
        }

        Assert.Equal(fitting * 10_000, taken.Count);
        Assert.False(ring.IsHalfFull);
        Assert.True(Add(ring, 10_000));
    }

    [Fact]
    public async Task Two_threads_agree()
    {
        const int Lines = 50_000;
        var ring = new LogRing(Size);
        var writing = Task.Run(() =>
        {
            for (var i = 0; i < Lines;)
            {
                var room = ring.Reserve();
                if (room.IsEmpty)
                {
                    Thread.Yield();
                    continue;
                }

                BitConverter.TryWriteBytes(room, i++);
                ring.Publish(sizeof(int));
            }
        }, TestContext.Current.CancellationToken);
        for (var expected = 0; expected < Lines;)
        {
            var lines = ring.Peek();
            for (var i = 0; i < lines.Length; i += sizeof(int))
                Assert.Equal(expected++, BitConverter.ToInt32(lines[i..]));
            ring.Take(lines.Length);
        }

        await writing;
    }

    private static bool Add(LogRing ring, int length)
    {
        var room = ring.Reserve();
        if (room.IsEmpty)
            return false;
        ring.Publish(length);
        return true;
    }

    private static bool Take(LogRing ring, List<byte> taken)
    {
        var lines = ring.Peek();
        taken.AddRange(lines.ToArray());
        ring.Take(lines.Length);
        return !lines.IsEmpty;
    }
}
