using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Steelyard.Config;
using Steelyard.Whoami;

namespace Steelyard.Tests.Whoami;

public sealed class WishesTests
{
    [Fact]
    public void A_query_says_how_the_answer_shall_be()
    {
        var problems = Read("?delay=200ms&status=503&size=100KiB&close=1&chunked=1&q=shoes", out var wishes);

        Assert.Empty(problems);
        Assert.Equal((TimeSpan.FromMilliseconds(200), 503, new ByteSize(102400), true, true),
            (wishes.Delay, wishes.Status, wishes.Size, wishes.Close, wishes.Chunked));
    }

    [Fact]
    public void Without_wishes_the_answer_is_whole_and_at_once()
    {
        Read("?q=shoes", out var wishes);

        Assert.Equal((TimeSpan.Zero, 200, (ByteSize?)null, false, false),
            (wishes.Delay, wishes.Status, wishes.Size, wishes.Close, wishes.Chunked));
    }

    [Theory]
    [InlineData("?delay=soon")]
    [InlineData("?delay=2")]
    [InlineData("?delay=2h")]
    [InlineData("?delay=1s&delay=2s")]
    [InlineData("?status=199")]
    [InlineData("?status=600")]
    [InlineData("?status=ok")]
    [InlineData("?size=-1B")]
    [InlineData("?size=2048TiB")]
    [InlineData("?close=yes")]
    [InlineData("?chunked=")]
    public void A_wish_that_cannot_be_read_is_answered_with_what_can(string query)
    {
        var problems = Read(query, out _);

        Assert.Contains(": expected ", Assert.Single(problems), StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Read(string query, out Wishes wishes) =>
        Wishes.Read(new QueryCollection(QueryHelpers.ParseQuery(query)), out wishes);
}
