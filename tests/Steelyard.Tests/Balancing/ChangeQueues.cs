using Steelyard.Balancing.Shared;

namespace Steelyard.Tests.Balancing;

/// <summary>What loops tell one reader, who may be slow.</summary>
public sealed class ChangeQueues
{
    [Fact]
    public void What_finds_no_room_is_counted_and_the_rest_comes_in_order()
    {
        var queue = new ChangeQueue<long>(5);
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 10; i++)
                queue.Add(i);
            for (var i = 0; i < 8; i++)
                Assert.True(queue.TryTake(out var change) && change == i);
            Assert.False(queue.TryTake(out _));
            Assert.Equal((round + 1) * 2, queue.Lost);
        }
    }

    [Fact]
    public async Task Of_several_writers_nothing_is_lost_or_comes_twice_but_what_is_counted()
    {
        const int Each = 200_000;
        var queue = new ChangeQueue<(int Writer, int Number)>(256);
        var writers = Enumerable.Range(0, 3).Select(writer => Task.Run(() =>
        {
            for (var i = 1; i <= Each; i++)
                queue.Add((writer, i));
        })).ToArray();

        var (taken, last) = (0L, new int[3]);
        while (true)
        {
            var over = Task.WhenAll(writers).IsCompleted;
            while (queue.TryTake(out var change))
            {
                Assert.True(change.Number > last[change.Writer]);
                last[change.Writer] = change.Number;
                taken++;
            }

            if (over)
                break;
        }

        await Task.WhenAll(writers);
        Assert.Equal(3L * Each, taken + queue.Lost);
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var queue = new ChangeQueue<Taking>(64);
        queue.Add(default);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            queue.Add(new((ulong)i, 1, 1));
            queue.TryTake(out _);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
