using Steelyard.Balancing;

namespace Steelyard.Tests.Balancing;

public sealed class WindowOrders
{
    // As HAProxy 2.6 answers, one request after the other.
    [Theory]
    [InlineData("1 2 3", "cbcacb")]
    [InlineData("5 1 1", "aaabaac")]
    [InlineData("50 20 30", "acabacacab")]
    [InlineData("0 3 1", "bbbc")]
    [InlineData("7 7", "ab")]
    public void Turns_are_those_of_HAProxy(string weights, string order) =>
        Assert.Equal(order, string.Concat(WindowOrder.Of([.. weights.Split(' ').Select(int.Parse)]).Select(index => (char)('a' + index))));

    [Fact]
    public void Everybody_gets_a_share_by_weight()
    {
        Random random = new(7);
        for (var run = 0; run < 200; run++)
        {
            var weights = Enumerable.Range(0, random.Next(1, 9)).Select(_ => random.Next(0, 40)).ToArray();
            var order = WindowOrder.Of(weights);
            Assert.Equal(weights.Sum() == 0, order.Length == 0);

            // What is left over of a division is not always kept, as in HAProxy.
            for (var i = 0; i < weights.Length && order.Length > 0; i++)
            {
                var share = order.Length * weights[i] / (double)weights.Sum();
                Assert.InRange(order.Count(index => index == i), (share * 0.99) - 2, (share * 1.01) + 2);
            }
        }
    }
}
