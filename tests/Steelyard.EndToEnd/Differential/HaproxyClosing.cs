using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Strictness;

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
        string Configuration(RecordingOrigin origin) => $"""
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
        List<string> theirs, ours;
        await using (var origin = Origin())
        await using (var haproxy = ForeignProxy.StartHaProxy(Configuration(origin)))
            theirs = [.. await Ask(haproxy.Connect, "GET"), .. await Ask(haproxy.Connect, "POST")];
        await using (var origin = Origin())
        {
            var read = ConfigurationFile.Parse(Configuration(origin).Replace("ADDRESS", "127.0.0.1:0", StringComparison.Ordinal), "closing.cfg");
            Assert.True(read.Snapshot is not null, string.Join('\n', read.Problems.Select(problem => problem.ToString())));
            await using var balancer = TestBalancer.Start([], _ => read.Snapshot with { Loops = 1 });
            ours = [.. await Ask(() => balancer.Connect(), "GET"), .. await Ask(() => balancer.Connect(), "POST")];
        }

        Assert.Equal(theirs, ours);
    }

    // Says on which of its connections it was asked, and whether that goes on.
    private static RecordingOrigin Origin()
    {
        var connections = 0;
        return RecordingOrigin.Start(async connection =>
        {
            var number = Interlocked.Increment(ref connections);
            while (await connection.ReadRequestOrEnd() is { } request)
            {
                var told = $"connection {number}, {request["Connection"] ?? "kept"}";
                await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {told.Length}\r\n\r\n{told}");
            }
        });
    }

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
