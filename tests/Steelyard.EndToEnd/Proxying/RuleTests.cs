using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>What rules do with requests and responses, with real sockets.</summary>
public sealed class RuleTests
{
    private const string Done = "HTTP/1.1 200 OK\r\nServer: theirs\r\nX-Trace: a, x-b\r\nContent-Length: 4\r\n\r\ndone";

    private static TestBalancer Serve(RecordingOrigin origin, string listener, string pool) =>
        TestBalancer.Start(ConfigurationFile.Parse($"listen:\n  - bind: 127.0.0.1:0\n{listener}\n    to: web\npools:\n  web:\n{pool}\n    servers: [ {origin.Address} ]\n", "rules.yaml"));

    private static async Task<(HttpMessage Request, HttpMessage Answer)> Pass(string listener, string pool, string request, string answer = Done)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Serve(origin, listener, pool);
        using var client = await balancer.Connect();
        await client.Send(request);
        using var server = await origin.Accept();
        var seen = await server.Serve(answer);
        return (seen, await client.ReadResponse());
    }

    [Theory]
    [InlineData(401)]
    [InlineData(407)]
    public async Task A_refusal_whose_fields_rules_have_changed_reaches_the_client(int status)
    {
        var (_, answer) = await Pass(
            "",
            "    response-rules: [ { add-header: 'X-Long: {method}-longer-than-the-whole-head-of-the-response-that-it-is-added-to' }, { remove-header: X-A } ]",
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            $"HTTP/1.1 {status} No\r\nX-A: a\r\nContent-Length: 4\r\n\r\ndone");

        Assert.Equal((status, "done"), (answer.Status, answer.Text));
        Assert.Equal("GET-longer-than-the-whole-head-of-the-response-that-it-is-added-to", answer["X-Long"]);
    }

    [Fact]
    public async Task Each_rule_sees_what_the_one_before_has_changed()
    {
        var (seen, answer) = await Pass(
            """
                forwarded: as-is
                rules:
                  - { set-header: "X-One: {lower(header('Host'))}" }
                  - { when: "header('X-One') is 'a.example'", set-header: "X-Two: {header('X-One')}-{path}" }
                  - { remove-header: X-One }
                  - { when: "header('X-One')", deny: 500 }
                  - { replace-path: { pattern: "^/old/(.*)$", with: "/new/\\1" } }
                  - { set-variable: "txn.path: {path}" }
                  - { set-query: "{query}&b=2" }
                  - { set-header: "Host: {variable('txn.path')}.internal" }
            """,
            """
                rules:
                  - { add-header: "X-Forwarded-For: {client}" }
                  - { replace-value: { name: X-List, pattern: "^a(.)$", with: "z\\1" } }
                response-rules:
                  - { replace-value: { name: X-Trace, pattern: "^x-", with: gone } }
                  - { add-header: "X-Path: {variable('txn.path')}" }
                  - { when: "status is '200'", set-status: 203 }
                  - { remove-header: Server }
            """,
            "GET /old/page?a=1 HTTP/1.1\r\nHost: A.example\r\nX-Forwarded-For: 1.2.3.4\r\nX-List: a1, b2 ,a3\r\n\r\n");

        Assert.Equal("GET /new/page?a=1&b=2 HTTP/1.1", seen.StartLine);
        Assert.Equal(["/new/page.internal"], seen.All("Host"));
        Assert.Equal(["a.example-/old/page"], seen.All("X-Two"));
        Assert.Empty(seen.All("X-One"));
        Assert.Equal(["1.2.3.4", "127.0.0.1"], seen.All("X-Forwarded-For"));
        Assert.Equal(["z1, b2, z3"], seen.All("X-List"));
        Assert.Equal("HTTP/1.1 203 Non-Authoritative Information", answer.StartLine);
        Assert.Equal(["a, gone"], answer.All("X-Trace"));
        Assert.Equal(["/new/page"], answer.All("X-Path"));
        Assert.Empty(answer.All("Server"));
        Assert.Equal("done", answer.Text);
    }

    private const string Decided =
        """
            request-id: X-Request-Id
            request-headers: { set: { X-User: alice }, remove: [ X-Gone ], add: { X-Beside: ours } }
            response-headers: { remove: [ X-Inside ] }
            rules:
              - { set-header: "X-Rule: ours" }
              - { remove-header: X-Also-Gone }
        """;

    [Fact]
    public async Task No_spelling_steps_around_what_is_set_or_removed()
    {
        var (seen, _) = await Pass(Decided, "    balance: round-robin",
            "GET / HTTP/1.1\r\nHost: a\r\nX_User: evil\r\nx-USER: evil\r\nX_Gone: evil\r\nX_Rule: evil\r\nX_Also-Gone: evil\r\nX_Request_Id: evil\r\nX_Beside: theirs\r\nX-Users: fine\r\n\r\n");

        Assert.DoesNotContain("evil", seen.Head, StringComparison.Ordinal);
        Assert.Equal(["alice", "ours", "theirs", "fine"], [.. seen.All("X-User"), .. seen.All("X-Rule"), .. seen.All("X_Beside"), .. seen.All("X-Users")]);
    }

    [Fact]
    public async Task Trailers_bring_nothing_of_what_is_set_or_removed()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Serve(origin, Decided, "    balance: round-robin");
        using var client = await balancer.Connect();

        await client.Send(
            "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
            + "X-User: evil\r\nX-Request-Id: evil\r\nx-gone: evil\r\nX-Rule: evil\r\nX-Also-Gone: evil\r\nX-Beside: fine\r\nX-Sum: 1\r\n\r\n");
        using var server = await origin.Accept();
        await server.ReadHead();
        await server.ReadChunks();
        await server.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Inside: evil\r\nX-Sum: 2\r\n\r\n");
        await client.ReadHead();
        await client.ReadChunks();

        Assert.EndsWith("\r\n0\r\nX-Beside: fine\r\nX-Sum: 1\r\n\r\n", server.Received, StringComparison.Ordinal);
        Assert.EndsWith("\r\n0\r\nX-Sum: 2\r\n\r\n", client.Received, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/deny", "HTTP/1.1 429")]
    [InlineData("/answer", "HTTP/1.1 418")]
    [InlineData("/move?x", "HTTP/1.1 301")]
    public async Task A_rule_answers_in_the_servers_place(string target, string line)
    {
        await using var origin = RecordingOrigin.Answering(Done);
        await using var balancer = Serve(
            origin,
            """
                rules:
                  - { when: "path is '/deny'", deny: 429 }
                  - { when: "path is '/answer'", respond: { status: 418, body: tea, headers: { X-Pot: "{method}" } } }
                  - { when: "path is '/move'", redirect: { to: "https://elsewhere{uri}", status: 301 } }
                  - { when: "path is '/close'", close: true }
            """,
            "");

        var answer = await balancer.Ask($"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.StartsWith(line, answer.StartLine, StringComparison.Ordinal);
        Assert.Equal(target == "/answer" ? "GET" : null, answer.All("X-Pot").SingleOrDefault());
        Assert.Equal(target == "/move?x" ? "https://elsewhere/move?x" : null, answer.All("Location").SingleOrDefault());
        Assert.Equal(0, origin.Requests);
    }

    [Fact]
    public async Task What_a_value_decodes_ends_no_line()
    {
        var (seen, answer) = await Pass(
            """
                rules: [ { set-header: "X-Name: {url-decode(parameter('n'))}" }, { set-path: "/{url-decode(parameter('n'))}" } ]
                response-headers: { set: { X-Back: "{url-decode(parameter('n'))}" } }
            """,
            "",
            "GET /?n=a%0d%0aX-Evil:%201 HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal("GET /a%0D%0AX-Evil:%201?n=a%0d%0aX-Evil:%201 HTTP/1.1", seen.StartLine);
        Assert.Equal(["a  X-Evil: 1"], seen.All("X-Name"));
        Assert.Empty(seen.All("X-Evil"));
        Assert.Equal(["a  X-Evil: 1"], answer.All("X-Back"));
        Assert.Empty(answer.All("X-Evil"));
    }

    [Fact]
    public async Task A_response_that_a_rule_keeps_back_is_502()
    {
        var (_, answer) = await Pass("", "    response-rules: [ { when: \"response-header('Server') is 'theirs'\", deny: 502 } ]", "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 502", answer.StartLine, StringComparison.Ordinal);
    }
}
