using CsCheck;
using Steelyard.Balancing;

namespace Steelyard.Tests.Balancing;

/// <summary>Lots and turns come without a division, and fall as if there were one.</summary>
public sealed class Lots
{
    [Fact]
    public void A_place_belongs_to_whoever_lies_there() =>
        Gen.Int[0, 65_536].Array[1, 300].Where(weights => weights.Sum(weight => (long)weight) is > 0 and <= int.MaxValue).Select(Gen.UInt).Sample(
            (weights, chance) =>
            {
                var lots = new WeightedLots(weights);
                foreach (var place in new[] { 0, lots.Total - 1, lots.Place(chance), lots.Place(uint.MaxValue) })
                {
                    var server = lots.At(place);
                    var start = weights.Take(server).Sum();
                    Assert.InRange(place, start, start + weights[server] - 1);
                }
            });

    [Fact]
    public void Turns_go_round_also_after_billions() =>
        Gen.Int[1, 70_000].Select(Gen.OneOf(Gen.ULong[0, uint.MaxValue], Gen.ULong[uint.MaxValue - 3UL, uint.MaxValue + 3UL], Gen.ULong)).Sample(
            (length, position) =>
            {
                var turns = TurnOrder.In([.. Enumerable.Range(0, length)], before: null);
                Assert.Equal((int)(position % (ulong)length), turns.At(position));
            },
            iter: 2000);
}
