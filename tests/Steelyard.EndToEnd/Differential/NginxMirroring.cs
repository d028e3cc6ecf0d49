using System.Collections.Concurrent;
using System.Text;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>What the servers get that a <c>mirror</c> names, from nginx and from Steelyard; and that clients never feel it.</summary>
public sealed class NginxMirroring
{
    private const string Configuration = """
        events { }
        http {
          client_max_body_size 0;
          server {
            listen ADDRESS;
            mirror /copy;
            location / { proxy_pass http://MAIN; }
            location /set { set $tried yes; proxy_pass http://MAIN; }
            location /bare { mirror /copy; mirror_request_body off; proxy_pass http://MAIN; }
            location /two { mirror /copy; mirror /other; proxy_pass http://MAIN; }
            location /none { mirror off; proxy_pass http://MAIN; }
            location /return { return 204; }
            location /denied { deny all; proxy_pass http://MAIN; }
            location /file { root /nowhere; }
            location = /copy { internal; proxy_pass http://COPIES$request_uri; proxy_set_header X-Copy "$request_method $uri $args $tried"; }
            location = /other { internal; proxy_pass http://COPIES/elsewhere/; proxy_set_header X-Copy $remote_addr; proxy_pass_request_body off; proxy_set_header Content-Length ""; }
          }
        }
        """;

    private static readonly string[] s_requests =
    [
        "GET /plain?a=1 HTTP/1.1\r\nHost: x\r\nX-Mine: yes\r\n\r\n",
        "POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "POST /chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
        "POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + new string('x', 100_000),
        "HEAD /head HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /set HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /bare HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /two?b=2 HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /two HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "GET /none HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /return HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /denied HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /file HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /copy HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /end HTTP/1.1\r\nHost: x\r\n\r\n",
    ];

    private static string Fill(RecordingOrigin main, RecordingOrigin copies) =>
        Configuration.Replace("MAIN", main.Address.ToString(), StringComparison.Ordinal).Replace("COPIES", copies.Address.ToString(), StringComparison.Ordinal);

    private static TestBalancer Start(RecordingOrigin main, RecordingOrigin copies) =>
        TestBalancer.Start(ConfigurationFile.Parse(Fill(main, copies).Replace("ADDRESS", "127.0.0.1:0", StringComparison.Ordinal), "nginx.conf"));

    [Fact]
    public async Task Copies_are_those_of_nginx()
    {
        var got = new ConcurrentQueue<string>();
        await using var main = RecordingOrigin.Start(connection => Answer(connection, null));
        await using var copies = RecordingOrigin.Start(connection => Answer(connection, got));
        var (theirs, ours) = await SideBySide.Nginx(Fill(main, copies), connect => Try(connect, got));

        Assert.Equal(string.Join("\n--\n", theirs), string.Join("\n--\n", ours));
        Assert.Contains(ours, copy => copy.Contains("x-copy: GET /copy a=1", StringComparison.Ordinal));
    }

    /// <returns>What clients were answered, and the copies, sorted, for they overtake each other.</returns>
    private static async Task<List<string>> Try(Func<Task<RawClient>> connect, ConcurrentQueue<string> got)
    {
        got.Clear();
        List<string> seen = [];
        foreach (var request in s_requests)
        {
            using var client = await connect();
            await client.Send(request);
            seen.Add((await client.ReadResponse(request[..request.IndexOf(' ', StringComparison.Ordinal)])).StartLine.Split(' ')[1]);
        }

        await Patience.Until(() => got.Any(copy => copy.Contains(" /end", StringComparison.Ordinal)), "the last copy");
        await Task.Delay(TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken);
        return [.. seen, .. got.Order(StringComparer.Ordinal)];
    }

    private static async Task Answer(OriginConnection connection, ConcurrentQueue<string>? got)
    {
        while (await connection.ReadRequestOrEnd() is { } request)
        {
            var fields = request.Lines.Select(line => line[..line.IndexOf(':', StringComparison.Ordinal)].ToLowerInvariant() + line[line.IndexOf(':', StringComparison.Ordinal)..])
                .Where(line => !line.StartsWith("connection", StringComparison.Ordinal) && !line.StartsWith("content-length", StringComparison.Ordinal) && !line.StartsWith("transfer-encoding", StringComparison.Ordinal) && !line.StartsWith("te:", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
            got?.Enqueue($"{request.StartLine[..request.StartLine.LastIndexOf(' ')]}\n{string.Join('\n', fields)}\n{request.Text.Length} {(request.Text.Length < 100 ? request.Text : "")}");
            await connection.Send(request.Method == "HEAD" ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    }

    [Fact]
    public async Task A_server_of_copies_that_hangs_or_breaks_off_is_not_felt()
    {
        var hung = 0;
        await using var main = RecordingOrigin.Start(connection => Answer(connection, null));
        await using var copies = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequest();
            if (Interlocked.Increment(ref hung) % 2 == 0)
                return;
            await connection.ReadRequestOrEnd();
        });
        await using var balancer = Start(main, copies);
        var text = new StringBuilder();
        for (var i = 0; i < 20; i++)
        {
            using var client = await balancer.Connect();
            await client.Send("POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
            await client.Send("hello");
            text.Append((await client.ReadResponse("POST")).Text);
        }

        Assert.Equal(string.Concat(Enumerable.Repeat("ok", 20)), text.ToString());
        await Patience.Until(() => Volatile.Read(ref hung) == 20, "copies of all");

        // Who leaves does not wait for copies either.
        Assert.Equal(0, await balancer.Stop(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task A_request_whose_body_is_too_large_has_no_copy_and_one_that_breaks_off_neither()
    {
        var got = new ConcurrentQueue<string>();
        await using var main = RecordingOrigin.Start(connection => Answer(connection, null));
        await using var copies = RecordingOrigin.Start(connection => Answer(connection, got));
        await using var balancer = Start(main, copies);
        using (var broken = await balancer.Connect())
            await broken.Send("POST /broken HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhello");
        var most = (int)MirrorSettings.LargestBody.Bytes;
        var size = most.ToString("x", System.Globalization.CultureInfo.InvariantCulture);
        foreach (var request in (string[])[$"POST /counted HTTP/1.1\r\nHost: x\r\nContent-Length: {most + 1}\r\n\r\n" + new string('x', most + 1), $"POST /chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\n{new string('x', most)}\r\n0\r\n\r\n", "GET /end HTTP/1.1\r\nHost: x\r\n\r\n"])
        {
            using var client = await balancer.Connect();
            await client.Send(request);
            Assert.Equal("ok", (await client.ReadResponse("POST")).Text);
        }

        await Patience.Until(() => !got.IsEmpty, "the last copy");
        Assert.StartsWith("GET /end", Assert.Single(got), StringComparison.Ordinal);
        await balancer.CheckAtRest();
    }
}
