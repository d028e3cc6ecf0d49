using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>Bodies that come late are waited for as by the real HAProxy: in pieces, in chunks, from clients that want to be told to go on, and not for ever.</summary>
public sealed class HaproxyBodies
{
    private const string Post = "POST /a HTTP/1.1\r\nHost: example.com\r\n";

    /// <summary>What is said of waiting, the pieces that a client sends with a pause between, and what is said behind them.</summary>
    public static TheoryData<string, string[]> Bodies => new()
    {
        { "option http-buffer-request", [Post + "Content-Length: 10\r\n\r\n", "abc", "defghij"] },
        { "option http-buffer-request", [Post + "Content-Length: 10\r\n\r\nabc", "defghijGET /b HTTP/1.1\r\nHost: example.com\r\n\r\n"] },
        { "option http-buffer-request", [Post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "4\r\nde", "fg\r\n0\r\n\r\n"] },
        { "option http-buffer-request", [Post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"] },
        { "option http-buffer-request", [Post + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n", "abc"] },
        { "timeout http-request 600ms\n option http-buffer-request", [Post + "Content-Length: 10\r\n\r\n", "abc"] },
        { "http-request wait-for-body time 400ms", [Post + "Content-Length: 10\r\n\r\n", "abc"] },
        { "http-request wait-for-body time 4s at-least 3", [Post + "Content-Length: 6\r\n\r\n", "abc", "def"] },
        { "http-request wait-for-body time 4s if { path /b }", [Post + "Content-Length: 6\r\n\r\nabc", "def"] },
        { "http-request wait-for-body time 4s\n http-request deny if { req.body -m sub bad }", [Post + "Content-Length: 6\r\n\r\nba", "d!!!"] },
        { "http-request wait-for-body time 4s", [Post + "Content-Length: 20000\r\n\r\n" + new string('x', 20_000)] },
        { "http-request wait-for-body time 4s\n http-request wait-for-body time 4s", [Post + "Content-Length: 3\r\n\r\n", "abc"] },
    };

    [Theory, MemberData(nameof(Bodies))]
    public async Task What_is_seen_of_a_body_is_the_same(string lines, string[] pieces)
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
                await connection.Send($"HTTP/1.1 200 OK\r\nX-Seen: {request["X-Seen"]}\r\nX-Expect: {request["Expect"]}\r\nX-Body: {request.Text[..Math.Min(20, request.Text.Length)]}\r\nContent-Length: 0\r\n\r\n");
        });
        var configuration = $"""
            defaults
             mode http
             timeout client 5s
             timeout server 5s
             timeout connect 5s
            frontend front
             bind ADDRESS
             {lines}
             http-request set-header X-Seen %[req.body,bytes(0,16)]/%[req.body_size]
             default_backend back
            backend back
             server alpha {origin.Address}

            """;
        var (theirs, ours) = await SideBySide.Haproxy(configuration, connect => Ask(connect, pieces));
        Assert.Equal(theirs, ours);
    }

    private static async Task<string> Ask(Func<Task<RawClient>> connect, string[] pieces)
    {
        using var client = await connect();
        List<string> seen = [];
        foreach (var piece in pieces)
        {
            await client.Send(piece);
            if (piece.Contains("100-continue", StringComparison.Ordinal))
                seen.Add((await client.ReadInterim()).StartLine);
            await Task.Delay(150, TestContext.Current.CancellationToken);
        }

        // A second request in the last piece has an answer of its own.
        var answers = string.Concat(pieces).Split(" HTTP/1.1\r\n").Length - 1;
        for (var i = 0; i < answers; i++)
        {
            var answer = await client.ReadResponse("POST");
            seen.Add($"{answer.StartLine.Split(' ')[1]} {answer["X-Seen"]} {answer["X-Expect"]} {answer["X-Body"]}");
        }

        return string.Join('\n', seen);
    }
}
