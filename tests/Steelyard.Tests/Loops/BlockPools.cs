using Steelyard.Engine.Loops;

namespace Steelyard.Tests.Loops;

/// <summary>Buffers: rented, given back, and their memory with them when nobody needs it.</summary>
public sealed class BlockPools
{
    [Fact]
    public void Blocks_do_not_overlap_and_each_is_whole()
    {
        using var pool = new BlockPool();
        var blocks = Enumerable.Range(0, 150).Select(_ => pool.Rent()).ToArray();
        for (var i = 0; i < blocks.Length; i++)
            blocks[i].Span.Fill((byte)i);

        for (var i = 0; i < blocks.Length; i++)
            Assert.Equal(-1, blocks[i].Span.IndexOfAnyExcept((byte)i));
        Assert.Equal(150, pool.Rented);
    }

    [Fact]
    public void What_was_given_back_is_rented_before_the_pool_grows()
    {
        using var pool = new BlockPool();
        var first = Addresses(pool, 200);
        Assert.Equal(0, pool.Rented);
        Assert.Equal(first.Order(), Addresses(pool, 200).Order());
    }

    private static unsafe nint[] Addresses(BlockPool pool, int count)
    {
        var blocks = Enumerable.Range(0, count).Select(_ => pool.Rent()).ToArray();
        foreach (var block in blocks)
            pool.Return(block);
        return [.. blocks.Select(block => (nint)block.Start)];
    }

    [Fact]
    public void Memory_that_nobody_needed_goes_back_to_the_kernel_and_blocks_in_use_keep_theirs()
    {
        using var pool = new BlockPool();
        var kept = pool.Rent();
        kept.Span.Fill(1);
        var blocks = Enumerable.Range(0, 63).Select(_ => pool.Rent()).ToArray();
        foreach (var block in blocks)
        {
            block.Span.Fill(2);
            pool.Return(block);
        }

        for (var second = 0; second < 20; second++)
            pool.Trim(second * 1_000L);

        Assert.Equal(-1, kept.Span.IndexOfAnyExcept((byte)1));
        Assert.Equal(1, pool.Rented);

        // Given back memory reads as zeros; a block is good for use again all the same.
        var again = Enumerable.Range(0, 63).Select(_ => pool.Rent()).ToArray();
        Assert.True(again.Count(block => block.Span[0] == 0) > 50, "most of it was given back");
        foreach (var block in again)
        {
            block.Span.Fill(3);
            Assert.Equal(-1, block.Span.IndexOfAnyExcept((byte)3));
        }
    }

    [Fact]
    public void Memory_in_use_within_the_second_stays()
    {
        using var pool = new BlockPool();
        for (var second = 0; second < 10; second++)
        {
            var blocks = Enumerable.Range(0, 64).Select(_ => pool.Rent()).ToArray();
            if (second > 0)
                Assert.All(blocks, block => Assert.Equal(9, block.Span[100]));
            foreach (var block in blocks)
            {
                block.Span[100] = 9;
                pool.Return(block);
            }

            pool.Trim(second * 1_000L);
        }
    }
}
