using System.Net;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Logging;

/// <summary>By which name the servers know a request, and as part of which trace.</summary>
public sealed class RequestIdentityTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: Sat, 28 Nov 2026 12:00:00 GMT\r\n\r\nhello";
    private const string Trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    private static async Task<HttpMessage> Seen(string fields, bool trusted = false, TraceSettings? trace = null, string? id = "X-Request-Id")
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with
        {
            RequestId = id,
            TraceContext = trace,
            Listeners = [snapshot.Listeners[0] with { TrustedProxies = trusted ? [IPNetwork.Parse("127.0.0.0/8")] : [], ResponseHeaders = new() { Set = [new("X-Id", TemplateOf("{request-id}")), new("X-Trace", TemplateOf("{trace-id}"))] } }],
        });
        using var client = await balancer.Connect();
        var asked = client.Ask($"GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        using var server = await origin.Accept();
        var request = await server.Serve(Hello);
        var answer = await asked;
        if (id is not null)
            Assert.Equal(request[id], answer["X-Id"]);
        if (request["traceparent"] is { Length: 55 } passed)
            Assert.Equal(passed[3..35], answer["X-Trace"]);
        return request;
    }

    private static TextTemplate TemplateOf(string text) =>
        ConfigurationFile.Parse($"listen: [ {{ bind: \":1\", to: web, response-headers: {{ set: {{ X: \"{text}\" }} }} }} ]\npools: {{ web: {{ servers: [ \"a:1\" ] }} }}", "x.yaml").Snapshot!.Listeners[0].ResponseHeaders.Set[0].Value;

    [Fact]
    public async Task A_request_without_a_name_gets_one() => Assert.Matches("^[0-9a-f]{32}$", (await Seen(""))["X-Request-Id"]);

    [Theory]
    [InlineData("X-Request-Id: from-client\r\n", false)]
    [InlineData("x_request_id: from-client\r\n", false)]
    [InlineData("X-Request-Id: a\r\nX-Request-Id: b\r\n", true)]
    [InlineData("X-Request-Id: a b\r\n", true)]
    [InlineData("X-Request-Id: \"><script>\r\n", true)]
    public async Task A_name_that_nobody_vouches_for_is_replaced(string fields, bool trusted)
    {
        var seen = await Seen(fields, trusted);

        Assert.Matches("^[0-9a-f]{32}$", Assert.Single(seen.All("X-Request-Id")));
        Assert.Empty(seen.All("x_request_id"));
    }

    [Fact]
    public async Task The_name_that_a_trusted_proxy_gave_is_passed_on() => Assert.Equal(["req/1-a_b"], (await Seen("X-Request-Id: req/1-a_b\r\n", trusted: true)).All("X-Request-Id"));

    [Fact]
    public async Task Without_the_setting_nothing_is_changed()
    {
        var seen = await Seen($"X-Request-Id: mine\r\ntraceparent: {Trace}\r\ntracestate: a=b\r\n", id: null);

        Assert.Equal(("mine", Trace, "a=b"), (seen["X-Request-Id"], seen["traceparent"], seen["tracestate"]));
    }

    [Fact]
    public async Task A_valid_trace_is_passed_on_as_it_is()
    {
        var seen = await Seen($"traceparent: {Trace}\r\ntracestate: a=b\r\n", trace: new());

        Assert.Equal((Trace, "a=b"), (seen["traceparent"], seen["tracestate"]));
    }

    [Theory]
    [InlineData("", false, 100, "01")]
    [InlineData("", false, 0, "00")]
    [InlineData("traceparent: nonsense\r\ntracestate: a=b\r\n", false, 100, "01")]
    [InlineData($"traceparent: {Trace}\r\ntraceparent: {Trace}\r\ntracestate: a=b\r\n", false, 100, "01")]
    [InlineData($"traceparent: {Trace}\r\ntracestate: a=b\r\n", true, 100, "01")]
    public async Task A_trace_that_is_not_there_or_not_believed_begins_anew(string fields, bool onlyTrusted, int sampled, string flags)
    {
        var seen = await Seen(fields, trace: new() { OnlyTrusted = onlyTrusted, Sampled = sampled });

        var parent = Assert.Single(seen.All("traceparent"));
        Assert.Matches($"^00-[0-9a-f]{{32}}-[0-9a-f]{{16}}-{flags}$", parent);
        Assert.NotEqual(Trace, parent);
        Assert.Null(seen["tracestate"]);
    }

    [Fact]
    public async Task All_attempts_of_a_request_have_one_name()
    {
        await using var first = RecordingOrigin.Start();
        await using var second = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([first.Address, second.Address], snapshot => snapshot with { RequestId = "X-Request-Id" });
        using var client = await balancer.Connect();
        var asked = client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        using var broken = await first.Accept();
        var seen = await broken.ReadRequest();
        broken.Close();
        using var server = await second.Accept();

        Assert.Equal(seen["X-Request-Id"], (await server.Serve(Hello))["X-Request-Id"]);
        await asked;
    }
}
