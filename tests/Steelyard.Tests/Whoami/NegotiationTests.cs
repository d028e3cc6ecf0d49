using Microsoft.Net.Http.Headers;
using Steelyard.Whoami;

namespace Steelyard.Tests.Whoami;

public sealed class NegotiationTests
{
    [Theory]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Html")]
    [InlineData("*/*", "Text")]
    [InlineData("", "Text")]
    [InlineData("application/json", "Json")]
    [InlineData("application/*", "Json")]
    [InlineData("text/html;q=0.5, application/json", "Json")]
    [InlineData("image/png", "Text")]
    public void A_browser_gets_a_page_and_curl_gets_text(string accept, string expected)
    {
        var accepted = MediaTypeHeaderValue.TryParseList([accept], out var list) ? list : [];

        Assert.Equal(expected, Negotiation.Choose(accepted).ToString());
    }
}
