using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>What routes do beside choosing a pool, with real sockets.</summary>
public sealed class RouteTests
{
    private const string Done = "HTTP/1.1 200 OK\r\nServer: theirs\r\nContent-Length: 4\r\n\r\ndone";

    /// <summary>Serves the listener that a piece of configuration describes; the pool is called web.</summary>
    private static TestBalancer Serve(RecordingOrigin origin, string listener) =>
        TestBalancer.Start(ConfigurationFile.Parse($"listen:\n  - bind: 127.0.0.1:0\n{listener}\npools: {{ web: {{ servers: [ {origin.Address} ] }} }}\n", "routes.yaml"));

    private static async Task<(HttpMessage Request, HttpMessage Answer)> Pass(string listener, string request)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Serve(origin, listener);
        using var client = await balancer.Connect();
        await client.Send(request);
        using var server = await origin.Accept();
        var seen = await server.Serve(Done);
        return (seen, await client.ReadResponse());
    }

    private static async Task<HttpMessage> Ask(string listener, string request)
    {
        await using var origin = RecordingOrigin.Answering(Done);
        await using var balancer = Serve(origin, listener);
        var answer = await balancer.Ask(request);
        Assert.Equal(0, origin.Requests);
        return answer;
    }

    [Theory]
    [InlineData("GET /a/b?c=d HTTP/1.1\r\nHost: Old.example:8080\r\n\r\n", "https://Old.example/a/b?c=d")]
    [InlineData("GET //evil.example/%2e HTTP/1.1\r\nHost: x\r\n\r\n", "https://x//evil.example/%2e")]
    [InlineData("GET http://other.example HTTP/1.1\r\nHost: x\r\n\r\n", "https://other.example/")]
    [InlineData("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "https://[::1]/")]
    public async Task A_redirect_sends_the_client_to_the_same_place_elsewhere(string request, string location)
    {
        var answer = await Ask("    routes: [ { redirect: { to: \"https://{host}{uri}\", status: 308 } } ]", request);
        Assert.Equal(("HTTP/1.1 308 Permanent Redirect", location, "0"), (answer.StartLine, answer["Location"], answer["Content-Length"]));
    }

    [Fact]
    public async Task A_redirect_to_a_host_nobody_named_is_a_bad_request()
    {
        var answer = await Ask("    routes: [ { redirect: \"https://{host}{uri}\" } ]", "GET / HTTP/1.0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400", answer.StartLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fixed_answer_needs_no_server_and_keeps_the_connection()
    {
        await using var origin = RecordingOrigin.Answering(Done);
        await using var balancer = Serve(origin, """
                response-headers: { set: { X-Frame-Options: DENY } }
                routes:
                  - { path: /ping, respond: { status: 200, body: "pong é" }, response-headers: { set: { X-From: "{client} {method} {scheme}" } } }
                  - { path: /gone, respond: 410 }
                  - { to: web }
            """);
        using var client = await balancer.Connect();
        var pong = await client.Ask("GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal(("HTTP/1.1 200 OK", "7", "DENY", "127.0.0.1 GET http", "text/plain; charset=utf-8"), (pong.StartLine, pong["Content-Length"], pong["X-Frame-Options"], pong["X-From"], pong["Content-Type"]));
        await client.Send("HEAD /ping HTTP/1.1\r\nHost: x\r\n\r\nGET /gone HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("7", (await client.ReadResponse("HEAD"))["Content-Length"]);
        Assert.Equal("HTTP/1.1 410 Gone", (await client.ReadResponse()).StartLine);
        Assert.Equal(0, origin.Requests);
        Assert.Equal("theirs", (await client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))["Server"]);
    }

    // As nginx's add_header with "always" and HAProxy's http-after-response do.
    [Theory]
    [InlineData("GET /down HTTP/1.1\r\nHost: x\r\n\r\n", 502, "route", "/down")]
    [InlineData("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", 404, "listener", "/nowhere")]
    [InlineData("GET /down HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", 400, "listener", "/")]
    public async Task Errors_of_the_proxy_get_the_fields_that_every_response_gets(string request, int status, string stage, string path)
    {
        await using var origin = RecordingOrigin.Start(_ => Task.CompletedTask);
        await using var balancer = Serve(origin, """
                response-headers: { set: { X-Stage: listener, X-Path: "{path}{query}", Cache-Control: private } }
                routes:
                  - { path: /down, to: web, response-headers: { set: { X-Stage: route } } }
            """);

        var answer = await balancer.Ask(request);

        Assert.Equal((status, stage, path, "private"), (answer.Status, answer["X-Stage"], answer["X-Path"], answer["Cache-Control"]));
        Assert.NotEmpty(answer.Text);
    }

    [Fact]
    public async Task A_field_of_a_fixed_answer_that_is_set_anew_comes_once()
    {
        var answer = await Ask(
            "    routes: [ { respond: { status: 200, body: hi }, response-headers: { set: { Content-Type: text/x, Date: never } } } ]",
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal(["Content-Length: 2", "Content-Type: text/x", "Date: never"], answer.Lines);
    }

    [Fact]
    public async Task A_fixed_answer_to_a_body_closes_the_connection_behind_it()
    {
        var answer = await Ask("    routes: [ { respond: 204 } ]", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde");
        Assert.Equal(("HTTP/1.1 204 No Content", "close"), (answer.StartLine, answer["Connection"]));
    }

    [Theory]
    [InlineData("/api/users?x=1", "/app/users?x=1")]
    [InlineData("/api", "/app/")]
    [InlineData("/api?", "/app/?")]
    [InlineData("/apis", "/app/apis")]
    [InlineData("/api//x/%2e", "/app/x/")]
    [InlineData("/%61pi/x", "/app/x")]
    [InlineData("//api/x", "/app/x")]
    [InlineData("/./api/x", "/app/x")]
    [InlineData("/../secret", "/app/secret")]
    [InlineData("/%2e%2e/secret", "/app/secret")]
    [InlineData("/api/x/../../../secret", "/app/secret")]
    [InlineData("/api/a%2fb%20c?d/../e", "/app/a%2Fb%20c?d/../e")]
    public async Task A_prefix_is_stripped_and_the_path_rewritten(string sent, string seen)
    {
        var (request, _) = await Pass("    routes: [ { strip-prefix: /api, rewrite: \"/app{path}\", to: web } ]", $"GET {sent} HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal($"GET {seen} HTTP/1.1", request.StartLine);
    }

    [Fact]
    public async Task Fields_are_set_added_and_removed_both_ways()
    {
        var (request, answer) = await Pass(
            """
                request-headers: { set: { X-Env: listener, X-Client: "{client}" }, remove: Cookie }
                routes:
                  - request-headers: { set: { Host: "api.{host}", x-env: route }, add: { Accept: extra, X-Empty: "{query}" } }
                    response-headers: { set: { server: ours }, add: { X-Served-By: "{server} of {pool}" } }
                    to: web
            """,
            "GET /x HTTP/1.1\r\nHost: shop:81\r\nCookie: a=1\r\nX-ENV: client\r\nX-Client: liar\r\nAccept: */*\r\ncookie: b=2\r\n\r\n");

        Assert.Equal(["Accept: */*", "X-Client: 127.0.0.1", "Host: api.shop", "x-env: route", "Accept: extra"], request.Lines[..5]);
        Assert.Equal("shop:81", request["X-Forwarded-Host"]);
        Assert.Equal("ours", answer["Server"]);
        Assert.StartsWith("127.0.0.1:", answer["X-Served-By"], StringComparison.Ordinal);
        Assert.EndsWith(" of web", answer["X-Served-By"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rfc7239", false, "for=127.0.0.1;proto=http;host=\"x:81\"", null)]
    [InlineData("both", false, "for=127.0.0.1;proto=http;host=\"x:81\"", "127.0.0.1")]
    [InlineData("none", false, null, null)]
    [InlineData("x-forwarded", false, null, "127.0.0.1")]
    [InlineData("rfc7239", true, "for=9.9.9.9, for=127.0.0.1;proto=http;host=\"x:81\"", "8.8.8.8")]
    [InlineData("both", true, "for=9.9.9.9, for=127.0.0.1;proto=http;host=\"x:81\"", "8.8.8.8, 127.0.0.1")]
    [InlineData("none", true, "for=9.9.9.9", "8.8.8.8")]
    public async Task Servers_are_told_of_the_client_as_the_listener_wants(string style, bool trusted, string? forwarded, string? forwardedFor)
    {
        var (request, _) = await Pass(
            $"    forwarded: {style}\n    to: web\n{(trusted ? "    trusted-proxies: [ 127.0.0.1 ]" : "")}",
            "GET / HTTP/1.1\r\nHost: x:81\r\nForwarded: for=9.9.9.9\r\nX-Forwarded-For: 8.8.8.8\r\n\r\n");
        Assert.Equal((forwarded, forwardedFor), (request["Forwarded"], request["X-Forwarded-For"]));
    }

    [Fact]
    public async Task A_route_cannot_be_stepped_around_and_the_server_gets_the_bytes_as_they_came()
    {
        const string Listener = "    routes: [ { path: /admin/*, respond: 403 }, { to: web } ]";
        foreach (var path in new[] { "/admin/x", "//admin/x", "/a/../admin/", "/%61dmin/x", "/%2e/admin/x" })
            Assert.Equal("HTTP/1.1 403 Forbidden", (await Ask(Listener, $"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).StartLine);
        var (request, _) = await Pass(Listener, "GET //a/./%62%2F HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("GET //a/./%62%2F HTTP/1.1", request.StartLine);
    }

    [Fact]
    public async Task A_head_with_no_room_for_what_is_added_is_refused()
    {
        var repeated = string.Concat(Enumerable.Repeat("{uri}", 6));
        var answer = await Ask($"    routes: [ {{ request-headers: {{ set: {{ X-A: \"{repeated}\" }} }}, to: web }} ]", $"GET /{new string('a', 7_000)} HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 431", answer.StartLine, StringComparison.Ordinal);
    }
}
