using System.Text;
using CsCheck;
using Steelyard.Balancing;

namespace Steelyard.Tests.Balancing;

/// <summary>The hash functions give what the originals give. What they place by them is tried against the real programs.</summary>
public sealed class HashFunctions
{
    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);

    // CRC-32's check value is its standard's; the value of /url1 is HAProxy's.
    [Fact]
    public void Known_values()
    {
        Assert.Equal(0xCBF43926, Hashes.Crc32("123456789"u8));
        Assert.Equal(0xf491dab1, Hashes.Sdbm("/url1"u8));
        Assert.Equal(5381u, Hashes.Djb2(default));
        Assert.Equal(177670u, Hashes.Djb2("a"u8));
        Assert.Equal(0x0102_0304u ^ 0x0506_0708u, Hashes.Words([1, 2, 3, 4, 5, 6, 7, 8, 9]));
    }

    [Fact]
    public void A_crc_goes_on_where_it_was_left() => Gen.Select(Gen.Byte.Array[0, 40], Gen.Byte.Array[0, 40]).Sample((start, end) =>
        Assert.Equal(Hashes.Crc32([.. start, .. end]), ~Hashes.Crc32Update(Hashes.Crc32Update(uint.MaxValue, start), end)));

    [Theory]
    [InlineData("/a/b/c", 1, null, "/a")]
    [InlineData("/a/b/c", 2, null, "/a/b")]
    [InlineData("/a/b/c", 9, null, "/a/b/c")]
    [InlineData("/a/b/c", null, 3, "/a/")]
    [InlineData("/a/b/c", 1, 4, "/a")]
    [InlineData("", 1, 4, "")]
    public void A_key_is_cut_by_length_and_depth(string key, int? depth, int? length, string cut) =>
        Assert.Equal(cut, Encoding.ASCII.GetString(KeyText.Cut(Bytes(key), new() { Key = Config.RequestKey.Address, Depth = depth, Length = length })));

    // The order is HAProxy's: see the test of static-rr against the real one.
    [Theory]
    [InlineData(new[] { 1, 1, 1 }, "abc")]
    [InlineData(new[] { 5, 1, 1 }, "aaabaac")]
    [InlineData(new[] { 3, 1 }, "aaab")]
    [InlineData(new[] { 0, 2, 4 }, "bcc")]
    [InlineData(new[] { 0 }, "")]
    public void Slots_are_mixed_by_weight(int[] weights, string order) => Assert.Equal(order, string.Concat(SlotOrder.Of(weights).Select(index => (char)('a' + index))));

    [Fact]
    public void Everybody_gets_as_many_slots_as_its_weight_says() => Gen.Int[0, 20].Array[1, 12].Sample(weights =>
    {
        var order = SlotOrder.Of(weights);
        Assert.Equal(order.Length, order.Length == 0 ? 0 : weights.Sum() / weights.Where(weight => weight > 0).Aggregate((a, b) => (int)System.Numerics.BigInteger.GreatestCommonDivisor(a, b)));
        for (var i = 0; i < weights.Length; i++)
            Assert.Equal((long)weights[i] * order.Length, (long)order.Count(index => index == i) * weights.Sum());
    });

    [Fact]
    public void The_place_on_a_ring_is_the_first_at_or_after() => Gen.Select(Gen.UInt.Array[1, 500], Gen.UInt, Gen.Int).Sample((points, value, pick) =>
    {
        var ring = new Ring([.. points.Select(Ring.Point)]);
        points = [.. points.Distinct().Order()];
        foreach (var wanted in new[] { value, points[(int)((uint)pick % points.Length)], 0u, uint.MaxValue })
        {
            var first = Array.FindIndex(points, point => point >= wanted);
            Assert.Equal(first < 0 ? points.Length : first, ring.AtOrAfter(wanted));
        }
    });
}
