using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Requests that go on where a server's X-Accel-Redirect leads, in what the differential files cannot ask.</summary>
public sealed class HandedOnTests
{
    private static TestBalancer Start(RecordingOrigin one, RecordingOrigin other, string more = "") =>
        TestBalancer.Start(ConfigurationFile.Parse(
            $$"""
            events {}
            http {
              server {
                listen 127.0.0.1:0;
                location / { proxy_pass http://{{one.Address}}; }
                location /within/ { internal; proxy_pass http://{{other.Address}}; }
                {{more}}
              }
            }
            """,
            "nginx.conf"));

    private static async Task Answer(OriginConnection connection, Func<HttpMessage, string> answer)
    {
        while (await connection.ReadRequestOrEnd() is { } request)
            await connection.Send(answer(request));
    }

    [Theory]
    [InlineData("HEAD")]
    [InlineData("POST")]
    public async Task What_a_first_server_has_taken_of_a_body_is_not_taken_again(string method)
    {
        var seen = new List<string>();
        await using var one = RecordingOrigin.Start(connection => Answer(connection, request =>
            request.Target == "/first" ? "HTTP/1.1 200 OK\r\nX-Accel-Redirect: /within/x\r\nContent-Length: 0\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"));
        await using var other = RecordingOrigin.Start(connection => Answer(connection, request =>
        {
            seen.Add($"{request.StartLine} {request.Head.Contains("Content-Length", StringComparison.OrdinalIgnoreCase)} {request.Text}");
            return method == "HEAD" ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfound";
        }));
        await using var balancer = Start(one, other);
        using var client = await balancer.Connect();

        await client.Send($"{method} /first HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /second HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.Equal(200, (await client.ReadResponse(method)).Status);
        Assert.Equal("second", (await client.ReadResponse()).Text);
        Assert.Equal([$"{(method == "HEAD" ? "HEAD" : "GET")} /within/x HTTP/1.1 False "], seen);
    }

    [Fact]
    public async Task Fields_that_leave_no_room_for_an_answer_are_left_out_of_the_error()
    {
        static string Leads(string to) => $"HTTP/1.1 200 OK\r\nX-Accel-Redirect: {to}\r\nSet-Cookie: a={new string('x', 15_000)}\r\nContent-Length: 0\r\n\r\n";
        await using var one = RecordingOrigin.Start(connection => Answer(connection, request =>
            request.Target == "/first" ? Leads("/within/x") : "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"));
        await using var other = RecordingOrigin.Start(connection => Answer(connection, _ => Leads("/own")));
        await using var balancer = Start(one, other, $"location = /own {{ internal; return 200 {new string('y', 3_000)}; }}");

        for (var i = 0; i < 20; i++)
        {
            using var client = await balancer.Connect();
            Assert.Equal(502, (await client.Ask("GET /first HTTP/1.1\r\nHost: a\r\n\r\n")).Status);
            using var another = await balancer.Connect();
            Assert.Equal("second", (await another.Ask("GET /second HTTP/1.1\r\nHost: a\r\n\r\n")).Text);
        }
    }
}
