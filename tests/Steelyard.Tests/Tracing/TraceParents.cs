using System.Text;
using Steelyard.Engine.Tracing;

namespace Steelyard.Tests.Tracing;

/// <summary>The field traceparent of W3C Trace Context.</summary>
public sealed class TraceParents
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Parent = "00f067aa0ba902b7";

    [Theory]
    [InlineData($"00-{Trace}-{Parent}-01", true)]
    [InlineData($"00-{Trace}-{Parent}-00", true)]
    [InlineData($"00-{Trace}-{Parent}-ff", true)]
    [InlineData($"cc-{Trace}-{Parent}-01", true)]
    [InlineData($"cc-{Trace}-{Parent}-01-what-will-be", true)]
    [InlineData($"cc-{Trace}-{Parent}-01.what", false)]
    [InlineData($"00-{Trace}-{Parent}-01-what", false)]
    [InlineData($"ff-{Trace}-{Parent}-01", false)]
    [InlineData($"00-00000000000000000000000000000000-{Parent}-01", false)]
    [InlineData($"00-{Trace}-0000000000000000-01", false)]
    [InlineData("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false)]
    [InlineData($"00-{Trace}-{Parent}-0", false)]
    [InlineData($"00_{Trace}_{Parent}_01", false)]
    [InlineData($" 00-{Trace}-{Parent}-01", false)]
    [InlineData($"0x-{Trace}-{Parent}-01", false)]
    [InlineData($"00-{Trace}-{Parent}-0g", false)]
    [InlineData("", false)]
    public void What_is_valid_is_what_the_recommendation_says(string value, bool valid) => Assert.Equal(valid, TraceParent.IsValid(Encoding.ASCII.GetBytes(value)));

    [Fact]
    public void One_that_begins_here_is_valid_and_another_each_time()
    {
        var source = new IdentitySource(1, 2);
        var seen = new HashSet<string>();
        for (var i = 0; i < 1000; i++)
        {
            var value = new byte[TraceParent.Length];
            TraceParent.Write(value, source, sampled: i % 2 == 0);
            Assert.True(TraceParent.IsValid(value));
            Assert.True(seen.Add(Encoding.ASCII.GetString(TraceParent.TraceOf(value))));
            Assert.Equal(i % 2 == 0 ? "01" : "00", Encoding.ASCII.GetString(value)[^2..]);
        }
    }
}
