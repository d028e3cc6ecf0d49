using Steelyard.Whoami;

namespace Steelyard.Tests.Whoami;

public sealed class IdentityTests
{
    [Theory]
    [InlineData("a", "b", "c")]
    [InlineData("1", "2", "3")]
    [InlineData("web-1", "web-2", "web-3")]
    public void Neighbours_have_colours_that_nobody_confuses(params string[] names)
    {
        var hues = names.Select(name => new Identity(name).Hue).ToList();

        for (var i = 0; i < hues.Count; i++)
        {
            for (var j = i + 1; j < hues.Count; j++)
                Assert.InRange(Math.Abs(hues[i] - hues[j]), 60, 300);
        }
    }
}
