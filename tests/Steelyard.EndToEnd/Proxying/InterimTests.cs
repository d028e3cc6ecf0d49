using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

public class InterimTests
{
    private const string Expecting = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    private const string Done = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";

    [Fact]
    public async Task A_client_that_waits_for_100_gets_the_servers_own()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send(Expecting);
        using var server = await origin.Accept();
        var head = await server.ReadRequestHead();
        await server.Send("HTTP/1.1 100 Continue\r\n\r\n");
        var interim = await client.ReadInterim();
        await client.Send("hello");
        var request = await server.ReadRequestBody(head);
        await server.Send(Done);
        var answer = await client.ReadResponse();

        Assert.Equal(("100-continue", "hello"), (head["Expect"], request.Text));
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", interim.Head);
        Assert.Equal(("done", null), (answer.Text, answer["Connection"]));
    }

    [Theory]
    [InlineData("417 Expectation Failed")]
    [InlineData("413 Content Too Large")]
    public async Task A_server_that_does_not_want_the_body_says_so_before_it_is_sent(string status)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send(Expecting);
        using var server = await origin.Accept();
        await server.ReadRequestHead();
        await server.Send($"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nno");
        var answer = await client.ReadResponse();

        Assert.Equal((status[..3], "no"), (answer.Status.ToString(), answer.Text));
        // Nobody could tell a body that comes after all from a request: both connections end, and the client is told.
        Assert.Equal("close", answer["Connection"]);
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        await server.Drain();
    }

    [Fact]
    public async Task A_client_that_does_not_wait_is_served_as_well()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send(Expecting + "hello");
        using var server = await origin.Accept();
        var request = await server.ReadRequest();
        await server.Send("HTTP/1.1 100 Continue\r\n\r\n" + Done);

        Assert.Equal("hello", request.Text);
        Assert.Equal(100, (await client.ReadInterim()).Status);
        Assert.Equal("done", (await client.ReadResponse()).Text);
    }

    [Fact]
    public async Task A_server_that_never_asked_for_a_body_cannot_take_it_for_a_request()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        const string Smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

        await client.Send($"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {Smuggled.Length}\r\nExpect: 100-continue\r\n\r\n{Smuggled}");
        using var server = await origin.Accept();
        await server.ReadRequest();
        await server.Send(Done);

        // What the server makes of the body has no way to anybody.
        Assert.Equal("done", (await client.ReadResponse()).Text);
        Assert.Equal(Ending.Closed, await server.ReadEnding());
        await client.Send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
        using var other = await origin.Accept();
        await other.Serve(Done);
        Assert.Equal("done", (await client.ReadResponse()).Text);
    }

    [Fact]
    public async Task Early_hints_are_passed_on_when_they_come()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        using var server = await origin.Accept();
        await server.ReadRequest();
        await server.Send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: x\r\nX: y\r\n\r\n");
        var hints = await client.ReadInterim();
        await server.SendInPieces("HTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + Done, 5);

        Assert.Equal("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n", hints.Head);
        Assert.Equal("</b.css>", (await client.ReadInterim())["Link"]);
        Assert.Equal(102, (await client.ReadInterim()).Status);
        Assert.Equal("done", (await client.ReadResponse()).Text);
    }
}
