using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>Which connections end behind an answer, as the real HAProxy ends them.</summary>
public sealed class HaproxyClosing
{
    [Theory]
    [InlineData("option http-keep-alive", "")]
    [InlineData("option http-server-close", "")]
    [InlineData("", "option http-server-close")]
    [InlineData("option httpclose", "")]
    [InlineData("", "option httpclose")]
    [InlineData("option httpclose", "option http-server-close")]
    [InlineData("option httpclose\n no option httpclose", "")]
    public async Task Connections_end_where_they_end_with_HAProxy(string ofFrontend, string ofBackend)
    {
        var connections = 0;
        await using var origin = Origin(() => Interlocked.Increment(ref connections));
        var configuration = $"""
            defaults
             mode http
             timeout client 5s
             timeout server 5s
             timeout connect 5s
            frontend front
             bind ADDRESS
             {ofFrontend}
             http-request return status 200 content-type text/plain string own if METH_POST
             default_backend back
            backend back
             {ofBackend}
             server one {origin.Address}

            """;
        var (theirs, ours) = await SideBySide.Haproxy(configuration, async connect =>
        {
            connections = 0;
            return (List<string>)[.. await Ask(connect, "GET"), .. await Ask(connect, "POST")];
        });
        Assert.Equal(theirs, ours);
    }

    // Says on which of its connections it was asked, and whether that goes on.
    private static RecordingOrigin Origin(Func<int> count) => RecordingOrigin.Start(async connection =>
    {
        var number = count();
        while (await connection.ReadRequestOrEnd() is { } request)
        {
            var told = $"connection {number}, {request["Connection"] ?? "kept"}";
            await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {told.Length}\r\n\r\n{told}");
        }
    });

    // Three requests, on one connection as long as it goes on.
    private static async Task<List<string>> Ask(Func<Task<RawClient>> connect, string method)
    {
        List<string> answers = [];
        RawClient? client = null;
        for (var i = 0; i < 3; i++)
        {
            client ??= await connect();
            await client.Send($"{method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
            var answer = await client.ReadResponse(method);
            var closes = answer.All("Connection").Contains("close");
            answers.Add($"{answer.Status} {answer.Plain}{(closes ? ", closed" : "")}");
            if (!closes)
                continue;
            client.Dispose();
            client = null;
        }

        client?.Dispose();
        return answers;
    }
}
