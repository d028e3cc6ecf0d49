using System.Globalization;
using System.Text;
using CsCheck;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

/// <summary>The proxy's own answers, in the format the client likes best.</summary>
public sealed class ErrorPages
{
    private static string Write(string accept, Outcome outcome, bool headOnly = false, ConnectionOption connection = ConnectionOption.Default, string trace = "")
    {
        using var pool = new BlockPool();
        var writer = new BlockWriter(pool.Rent());
        ErrorPage.Write(ref writer, outcome, Encoding.Latin1.GetBytes(accept), headOnly, connection, Encoding.ASCII.GetBytes(Heads.Date), requestId: "r-1"u8, trace: Encoding.ASCII.GetBytes(trace));
        Assert.False(writer.Overflowed);
        return Encoding.UTF8.GetString(writer.Written.Span);
    }

    private static string Format(string accept)
    {
        var page = Write(accept, new Outcome(Cause.NoServer));
        return page.Contains("application/problem+json", StringComparison.Ordinal) ? "json" : page.Contains("text/html", StringComparison.Ordinal) ? "html" : "plain";
    }

    [Theory]
    [InlineData("", "plain")]
    [InlineData("*/*", "plain")]
    [InlineData("text/plain", "plain")]
    [InlineData("text/*", "plain")]
    [InlineData("image/png", "plain")]
    [InlineData("application/json", "json")]
    [InlineData("application/problem+json", "json")]
    [InlineData("Application/JSON", "json")]
    [InlineData("application/*", "json")]
    [InlineData("application/json, */*", "json")]
    [InlineData("text/html", "html")]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", "html")]
    [InlineData("text/html;q=0.5, application/json;q=0.6", "json")]
    [InlineData("text/html;q=0.6, application/json;q=0.5", "html")]
    [InlineData("text/html;level=1;q=0.1, application/json ; q=0.2", "json")]
    [InlineData("text/html;Q=0.1, text/plain;q=0.2", "plain")]
    [InlineData("text/*, text/html;q=0.1", "plain")]
    [InlineData("*/*, text/plain;q=0.1, application/json;q=0", "html")]
    [InlineData("application/json;q=0", "plain")]
    [InlineData("text/html;q=0, application/json;q=0.000", "plain")]
    [InlineData("text/html;faq=0, application/json;q=0.9", "html")]
    [InlineData("text/html;q=x, application/json;q=0.9", "html")]
    [InlineData("text/html;q=NaN, application/json;q=0.9", "json")]
    [InlineData(",,;q=1,text/html", "html")]
    public void The_client_gets_the_format_it_likes_best(string accept, string format) => Assert.Equal(format, Format(accept));

    [Fact]
    public void A_page_is_well_formed_whatever_the_client_says_it_accepts() =>
        Gen.Select(Gen.OneOf("text/html", "*/*", "application/json", ";", ",", "q=", ";q=0.3", "=", " ", "\t", "NaN", "-1", "1e9", "Infinity", "\u00e9", "\0").List[0, 10], Gen.Bool).Sample(
            (pieces, headOnly) =>
            {
                var page = Write(string.Concat(pieces), new Outcome(Cause.NoRoute), headOnly);
                var (head, body) = (page[..page.IndexOf("\r\n\r\n", StringComparison.Ordinal)], page[(page.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
                var length = int.Parse(head.Split("Content-Length: ")[1].Split('\r')[0], CultureInfo.InvariantCulture);
                Assert.Equal(headOnly ? 0 : length, Encoding.UTF8.GetByteCount(body));
            },
            iter: 3_000);

    [Fact]
    public void A_plain_answer_says_what_happened() => Assert.Equal(
        $"HTTP/1.1 503 Service Unavailable\r\nDate: {Heads.Date}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 94\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
        + "503 Service Unavailable\nThe pool has no server that takes requests.\n503.no-server\nrequest r-1\n",
        Write("", new Outcome(Cause.NoServer), connection: ConnectionOption.Close));

    [Theory]
    [InlineData("", "\nrequest r-1\ntrace 4bf9\n")]
    [InlineData("application/json", ""","request":"r-1","trace":"4bf9"}""" + "\n")]
    [InlineData("text/html", "request <code>r-1</code><br>trace <code>4bf9</code></small></p>")]
    public void A_trace_stands_behind_the_name_of_the_request(string accept, string expected)
    {
        var page = Write(accept, new Outcome(Cause.NoServer), trace: "4bf9");
        Assert.Contains(expected, page, StringComparison.Ordinal);
        Assert.Equal(page.Split("\r\n\r\n")[1].Length, int.Parse(page.Split("Content-Length: ")[1].Split('\r')[0], CultureInfo.InvariantCulture));
        Assert.DoesNotContain("trace", Write(accept, new Outcome(Cause.NoServer)), StringComparison.Ordinal);
    }

    [Fact]
    public void JSON_is_JSON_for_every_outcome()
    {
        foreach (var cause in Enum.GetValues<Cause>())
        {
            foreach (var detail in Enum.GetValues<HeadError>())
            {
                var outcome = new Outcome(cause, Detail: detail);
                if (outcome.Status == 0)
                    continue;
                var page = Write("application/json", outcome);
                using var json = System.Text.Json.JsonDocument.Parse(page[(page.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
                Assert.Equal(outcome.Status, json.RootElement.GetProperty("status").GetInt32());
                Assert.NotEqual("Error", json.RootElement.GetProperty("title").GetString());
                Assert.Equal("r-1", json.RootElement.GetProperty("request").GetString());
                Assert.Equal(outcome.Code, json.RootElement.GetProperty("cause").GetString());
                Assert.EndsWith(".", json.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
            }
        }
    }
}
