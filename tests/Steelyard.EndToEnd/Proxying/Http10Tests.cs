using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

public class Http10Tests
{
    private const string Counted = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private const string Chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    private const string UntilClose = "HTTP/1.0 200 OK\r\n\r\nhello";

    [Theory]
    [InlineData(Counted)]
    [InlineData(Chunked)]
    public async Task A_plain_client_gets_the_bare_body_and_the_end(string response)
    {
        await using var origin = RecordingOrigin.Answering(response);
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        var answer = await client.Ask("GET / HTTP/1.0\r\n\r\n");

        Assert.Equal(("hello", "close", null), (answer.Text, answer["Connection"], answer["Transfer-Encoding"]));
        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Fact]
    public async Task A_client_that_asks_to_keep_the_connection_keeps_it()
    {
        await using var origin = RecordingOrigin.Answering(Counted);
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 3; i++)
        {
            var answer = await client.Ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

            Assert.Equal(("hello", "keep-alive", "5"), (answer.Text, answer["Connection"], answer["Content-Length"]));
        }
    }

    [Fact]
    public async Task A_body_of_unknown_length_ends_a_connection_that_was_to_be_kept()
    {
        await using var origin = RecordingOrigin.Answering(Chunked);
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        var answer = await client.Ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

        Assert.Equal(("hello", "close"), (answer.Text, answer["Connection"]));
        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Fact]
    public async Task An_answer_until_close_passes_until_close()
    {
        await using var origin = RecordingOrigin.Start(connection => connection.Serve(UntilClose));
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        var answer = await client.Ask("GET / HTTP/1.0\r\n\r\n");

        Assert.Equal(("hello", true), (answer.Text, answer.UntilClose));
    }

    [Fact]
    public async Task The_server_is_spoken_to_in_http_1_1_and_told_a_host()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send("GET /old HTTP/1.0\r\n\r\n");
        using var server = await origin.Accept();
        var request = await server.Serve(Counted);
        await client.ReadResponse();

        Assert.Equal(("GET /old HTTP/1.1", "web"), (request.StartLine, request["Host"]));
    }

    [Fact]
    public async Task Interim_answers_are_kept_from_it()
    {
        await using var origin = RecordingOrigin.Answering("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + Counted);
        await using var balancer = TestBalancer.Start(origin.Address);

        var answer = await balancer.Ask("GET / HTTP/1.0\r\n\r\n");

        Assert.Equal((200, "hello", null), (answer.Status, answer.Text, answer["Link"]));
    }

    [Fact]
    public async Task A_counted_post_passes()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send("POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc");
        using var server = await origin.Accept();
        var request = await server.Serve(Counted);

        Assert.Equal(("abc", "3"), (request.Text, request["Content-Length"]));
        Assert.Equal("hello", (await client.ReadResponse()).Text);
    }
}
