using System.Text.Json;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

public class RefusalTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    public static readonly TheoryData<int, string> BadRequests = new()
    {
        { 400, "GET /\r\n\r\n" },
        { 400, "GET  / HTTP/1.1\r\nHost: x\r\n\r\n" },
        { 400, "GET / HTTP/1.1\nHost: x\n\n" },
        { 400, "GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: x\r\nA: b\0\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: x y\r\n\r\n" },
        { 400, "GET x HTTP/1.1\r\nHost: x\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na" },
        { 400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na" },
        { 400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na" },
        { 400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" },
        { 400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\nab\r\n0\r\n\r\n" },
        { 400, "\u0016\u0003\u0001\u0002\0\u0001\0" },
        { 413, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n" },
        { 413, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n186a1\r\n" + new string('a', 100_001) + "\r\n0\r\n\r\n" },
        { 414, "GET /" + new string('a', 20_000) },
        { 417, "GET / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n" },
        { 431, "GET / HTTP/1.1\r\nHost: x\r\nA: " + new string('a', 20_000) },
        { 431, "GET / HTTP/1.1\r\nHost: x\r\n" + string.Concat(Enumerable.Repeat("A: b\r\n", 200)) + "\r\n" },
        { 501, "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n" },
        { 501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" },
        { 505, "GET / HTTP/2.0\r\nHost: x\r\n\r\n" },
        { 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(BadRequests))]
    public async Task A_bad_request_is_told_so_and_ends_the_connection(int status, string request)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Limits = new() { Body = new ByteSize(100_000) } });
        using var client = await balancer.Connect();

        // Behind it comes what a smuggler would like to be taken for the next request.
        await client.Send(request + "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
        var answer = await client.ReadResponse();

        Assert.Equal((status, "close", "no-store"), (answer.Status, answer["Connection"], answer["Cache-Control"]));
        Assert.StartsWith($"{status} ", answer.Text, StringComparison.Ordinal);
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        Assert.Equal(0, origin.Requests);
        Assert.True(request.Contains("chunked", StringComparison.OrdinalIgnoreCase) || origin.Connections.Count == 0);
        Assert.Equal(1, balancer.Counters.Refused);
    }

    [Fact]
    public async Task A_chunk_that_breaks_late_is_told_so_and_the_server_never_gets_an_end()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        using var server = await origin.Accept();
        await server.ReadRequestHead();
        await server.ReadExactly(8);
        await client.Send("oops\r\n");
        var answer = await client.ReadResponse();

        Assert.Equal((400, "close"), (answer.Status, answer["Connection"]));
        await server.ReadEnding();
        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Fact]
    public async Task A_chunked_body_that_grows_too_large_is_told_so()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Limits = new() { Body = new ByteSize(1000) } });
        using var client = await balancer.Connect();

        await client.Send($"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n{new string('a', 1000)}\r\n");
        using var server = await origin.Accept();
        await server.ReadRequestHead();
        await server.ReadExactly(1000);
        await client.Send("1\r\nb\r\n");

        Assert.Equal(413, (await client.ReadResponse()).Status);
        Assert.NotEqual("0\r\n\r\n", server.Received[^5..]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_sends_all_of_a_refused_body_before_it_looks_still_finds_the_answer(bool counted)
    {
        const int size = 50_000_000;
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Limits = new() { Body = new ByteSize(1000) } });
        using var client = await balancer.Connect();

        await client.Send("POST / HTTP/1.1\r\nHost: x\r\n" + (counted ? $"Content-Length: {size}\r\n\r\n" : $"Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n"));
        await client.Send(new byte[size]);

        Assert.Equal((413, "close"), await StatusAndConnection(client));
        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Theory]
    [InlineData("*/*", "text/plain; charset=utf-8")]
    [InlineData("", "text/plain; charset=utf-8")]
    [InlineData("application/json", "application/problem+json")]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8")]
    [InlineData("text/html;q=0.1, application/problem+json;q=0.2", "application/problem+json")]
    [InlineData("image/png", "text/plain; charset=utf-8")]
    public async Task An_error_comes_in_the_form_the_client_likes_best(string accept, string type)
    {
        await using var balancer = TestBalancer.Start(RecordingOrigin.Refusing());

        var answer = await balancer.Ask($"GET / HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n");

        Assert.Equal((503, type), (answer.Status, answer["Content-Type"]));
        if (type == "application/problem+json")
            Assert.Equal(503, JsonDocument.Parse(answer.Text).RootElement.GetProperty("status").GetInt32());
        else if (type.StartsWith("text/html", StringComparison.Ordinal))
            Assert.StartsWith("<!doctype html>", answer.Text, StringComparison.Ordinal);
        else
            Assert.StartsWith("503 Service Unavailable\n", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_in_answer_to_head_is_a_head()
    {
        await using var balancer = TestBalancer.Start(RecordingOrigin.Refusing());
        using var client = await balancer.Connect();

        await client.Send("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        var answer = await client.ReadResponse("HEAD");

        Assert.Equal(503, answer.Status);
        Assert.NotEqual("0", answer["Content-Length"]);
        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Fact]
    public async Task An_error_that_is_not_the_clients_leaves_it_connected()
    {
        await using var balancer = TestBalancer.Start([RecordingOrigin.Refusing()], snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { Routes = [new() { Host = "known", Pool = "web" }] }],
        });
        using var client = await balancer.Connect();

        Assert.Equal(404, (await client.Ask("GET / HTTP/1.1\r\nHost: unknown\r\n\r\n")).Status);
        Assert.Equal(503, (await client.Ask("GET / HTTP/1.1\r\nHost: known\r\n\r\n")).Status);
        Assert.Equal(503, (await client.Ask("POST / HTTP/1.1\r\nHost: known\r\nContent-Length: 3\r\n\r\nabc")).Status);
        Assert.Equal(503, (await client.Ask("GET / HTTP/1.0\r\nHost: known\r\nConnection: keep-alive\r\n\r\n")).Status);
        Assert.Equal(503, (await client.Ask("GET / HTTP/1.1\r\nHost: known\r\n\r\n")).Status);
    }

    [Fact]
    public async Task A_404_to_a_request_with_a_body_ends_the_connection()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { Routes = [new() { Host = "known", Pool = "web" }] }],
        });
        using var client = await balancer.Connect();

        await client.Send("POST / HTTP/1.1\r\nHost: unknown\r\nContent-Length: 36\r\n\r\nGET / HTTP/1.1\r\nHost: known\r\n\r\n");

        Assert.Equal((404, "close"), await StatusAndConnection(client));
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        Assert.Empty(origin.Connections);
    }

    private static async Task<(int, string?)> StatusAndConnection(RawClient client)
    {
        var answer = await client.ReadResponse();
        return (answer.Status, answer["Connection"]);
    }

    [Theory]
    [InlineData("GET / HT")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n")]
    public async Task A_head_that_does_not_come_is_not_waited_for(string part)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Timeouts = new() { ClientHeader = TimeSpan.FromMilliseconds(50) } });
        using var client = await balancer.Connect();

        await client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        await client.Send(part);

        Assert.Equal((408, "close"), await StatusAndConnection(client));
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        Assert.Equal(1, origin.Requests);
    }

    [Theory]
    [InlineData("Content-Length: 10\r\n\r\nabc")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\na\r\nabc")]
    [InlineData("Content-Length: 100000\r\n\r\nabc")]
    public async Task A_body_that_does_not_come_is_not_waited_for(string part)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Timeouts = new() { ClientBody = TimeSpan.FromMilliseconds(50) } });
        using var client = await balancer.Connect();

        await client.Send($"POST / HTTP/1.1\r\nHost: x\r\n{part}");
        using var server = await origin.Accept();

        Assert.Equal((408, "close"), await StatusAndConnection(client));
        await server.Drain();
        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Fact]
    public async Task A_pool_without_servers_answers_503()
    {
        await using var balancer = TestBalancer.Start();

        Assert.Equal(503, (await balancer.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")).Status);
    }

    [Fact]
    public async Task A_server_that_never_answers_costs_504()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address, origin.Address], snapshot => snapshot with { Timeouts = new() { ServerResponse = TimeSpan.FromMilliseconds(50) } });
        using var client = await balancer.Connect();

        await client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        using var server = await origin.Accept();
        var answer = await client.ReadResponse();

        Assert.Equal((504, null), (answer.Status, answer["Connection"]));
        await server.Drain();
        Assert.Single(origin.Connections);
        Assert.Equal(504, (await client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")).Status);
    }

    public static readonly TheoryData<string> BadAnswers = new()
    {
        "Welcome to SMTP\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: " + new string('a', 20_000) + "\r\n\r\n",
        "HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("A: b\r\n", 200)) + "\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n\0\0",
    };

    [Theory]
    [MemberData(nameof(BadAnswers))]
    public async Task A_bad_answer_costs_502_and_never_reaches_the_client(string response)
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.Serve(response);
            await connection.Drain();
        });
        await using var balancer = TestBalancer.Start(origin.Address, origin.Address);
        using var client = await balancer.Connect();

        await client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        if (response.StartsWith("HTTP/1.1 100", StringComparison.Ordinal))
            await client.ReadInterim();
        var answer = await client.ReadResponse();

        Assert.Equal(502, answer.Status);
        Assert.Equal(1, origin.Requests);
    }
}
