using Steelyard.Engine.Compression;

namespace Steelyard.Tests.Compression;

/// <summary>Which deflaters wait for the next body.</summary>
public sealed class DeflaterPools
{
    [Fact]
    public void A_level_of_before_a_reload_makes_room_for_that_of_now()
    {
        using var pool = new DeflaterPool();
        var before = Enumerable.Range(0, DeflaterPool.MostKept).Select(_ => pool.Rent(1)!).ToArray();
        foreach (var deflater in before)
            pool.Return(deflater, isClean: true);

        var now = Enumerable.Range(0, DeflaterPool.MostKept).Select(_ => pool.Rent(6)!).ToArray();
        foreach (var deflater in now)
            pool.Return(deflater, isClean: true);

        var again = Enumerable.Range(0, DeflaterPool.MostKept).Select(_ => pool.Rent(6)!).ToArray();
        Assert.Equal(now.ToHashSet(), again.ToHashSet());
        foreach (var deflater in again)
            deflater.Dispose();
    }
}
