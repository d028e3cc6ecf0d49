using System.Net;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd;

/// <summary>A file that clients get instead, where a breaker says so.</summary>
public sealed class FallbackFileTests : ProgramRun
{
    [Fact]
    public async Task It_is_given_for_failures_and_refusals_and_read_again_by_a_reload()
    {
        await using var origin = RecordingOrigin.Answering("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\n\r\nbroken");
        Folder.Write("busy.html", "<p>We are busy.</p>\n");
        var file = Folder.Write("steelyard.yaml", $$"""
            admin: 127.0.0.1:0
            listen: [ { bind: 127.0.0.1:0, to: web } ]
            pools:
              web:
                breaker: { volume: 2, reset: 1h, fallback: { status: 502, file: busy.html, content-type: text/html } }
                servers: [ {{origin.Address}} ]
            """);
        await using var up = await UpAsync(file);
        using var client = new HttpClient { BaseAddress = await up.UrlAsync("listening on") };

        for (var i = 0; i < 4; i++)
            Assert.Equal((HttpStatusCode.BadGateway, "text/html", "<p>We are busy.</p>\n"), await AskAsync(client));
        Assert.Equal(2, origin.Requests);

        Folder.Write("busy.html", "Later.");
        Assert.Equal(0, (await SteelyardProcess.RunAsync(["reload", file], Environment)).Status);
        Assert.Equal((HttpStatusCode.BadGateway, "text/html", "Later."), await AskAsync(client));

        // Without it nothing is taken up, and what was read stays.
        File.Delete(Folder.At("busy.html"));
        var (status, _, error) = await SteelyardProcess.RunAsync(["reload", file], Environment);
        Assert.Equal(1, status);
        Assert.Contains("busy.html", error, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.BadGateway, "text/html", "Later."), await AskAsync(client));
    }

    private static async Task<(HttpStatusCode Status, string? Type, string Text)> AskAsync(HttpClient client)
    {
        using var answer = await client.GetAsync("/", TestContext.Current.CancellationToken);
        return (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
