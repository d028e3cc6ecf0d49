using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>A request that a named location answers in the place of a server gets there as it came, as in nginx.</summary>
public sealed class ErrorPageBodyTests
{
    private static TestBalancer Start(NetworkAddress first, RecordingOrigin second) => TestBalancer.Start(ConfigurationFile.Parse(
        $$"""
        events { }
        http {
          server {
            listen 127.0.0.1:0;
            proxy_intercept_errors on;
            location / { error_page 502 503 @second; proxy_pass http://{{first}}; }
            location @second { proxy_set_header X-From first; proxy_pass http://{{second.Address}}; }
            location /told { error_page 502 503 = @told; proxy_pass http://{{first}}; }
            location @told { return 200 told; }
          }
        }
        """,
        "nginx.conf"));

    private static RecordingOrigin Second() => RecordingOrigin.Start(async connection =>
    {
        while (await connection.ReadRequestOrEnd() is { } request)
        {
            var said = $"{request.StartLine} {request.Text}";
            await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {said.Length}\r\n\r\n{said}");
        }
    });

    private static RecordingOrigin Busy() => RecordingOrigin.Answering("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_comes_in_pieces_is_whole_there(bool isThere)
    {
        await using var first = Busy();
        await using var second = Second();
        await using var balancer = Start(isThere ? first.Address : RecordingOrigin.Refusing(), second);
        using var client = await balancer.Connect();

        await client.Send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\nfirst");
        if (isThere)
            await Patience.Until(() => first.Connections.Count > 0);
        await client.Send(" second");
        var answer = await client.ReadResponse("POST");
        var next = await client.Ask("POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");

        Assert.Equal("POST /a HTTP/1.1 first second", answer.Text);
        Assert.StartsWith("POST /b HTTP/1.1 ", next.Text, StringComparison.Ordinal);
        Assert.EndsWith("abcdefg", next.Text.Replace("\r\n4\r\n", "", StringComparison.Ordinal).TrimEnd('\r', '\n', '0'), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_too_large_to_be_kept_is_left_out_and_the_method_is_GET()
    {
        await using var first = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is not null)
                await connection.Send("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
        });
        await using var second = Second();
        await using var balancer = Start(first.Address, second);
        using var client = await balancer.Connect();

        var answer = await client.Ask($"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{new string('x', 100_000)}");

        Assert.Equal("GET /a HTTP/1.1 ", answer.Text);
    }

    [Fact]
    public async Task What_is_kept_for_who_does_not_want_it_is_let_go_of()
    {
        await using var second = Second();
        await using var balancer = Start(RecordingOrigin.Refusing(), second);
        using var client = await balancer.Connect();

        for (var i = 0; i < 10; i++)
            Assert.Equal("told", (await client.Ask("POST /told HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")).Text);
        Assert.Equal("POST /a HTTP/1.1 abc", (await client.Ask("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")).Text);
    }
}
