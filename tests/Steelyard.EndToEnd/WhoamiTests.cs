using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace Steelyard.EndToEnd;

public sealed class WhoamiTests : IDisposable
{
    private static readonly HttpClient Client = new();
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_tells_who_answered_and_what_it_received()
    {
        await using var whoami = SteelyardProcess.Start("whoami", "--listen", "127.0.0.1:0", "--name", "a");
        var url = await whoami.UrlAsync("listens on");
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(url, "/shop?q=shoes%20red"));
        request.Headers.Add("Accept", "application/json");
        request.Headers.Add("X-Color", ["red", "blue"]);
        // More than any buffer on the way, and of no announced length.
        var body = RandomNumberGenerator.GetBytes(3_000_000);
        request.Content = new StreamContent(new MemoryStream(body));
        request.Headers.TransferEncodingChunked = true;

        using var response = await Client.SendAsync(request, Cancel);
        using var report = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancel));

        var root = report.RootElement;
        Assert.Equal(("a", whoami.Id, url.Authority, 1), (root.GetProperty("name").GetString(), root.GetProperty("pid").GetInt32(), root.GetProperty("address").GetString(), root.GetProperty("requests").GetInt32()));
        var received = root.GetProperty("request");
        Assert.Equal(("POST", "/shop?q=shoes%20red", "HTTP/1.1"), (received.GetProperty("method").GetString(), received.GetProperty("target").GetString(), received.GetProperty("protocol").GetString()));
        Assert.Equal("red, blue", received.GetProperty("headers").GetProperty("X-Color")[0].GetString());
        Assert.Equal((body.Length, Convert.ToHexStringLower(SHA256.HashData(body))), (received.GetProperty("bodyLength").GetInt32(), received.GetProperty("bodySha256").GetString()));
        Assert.Equal("a", Assert.Single(response.Headers.GetValues("X-Whoami")));
    }

    [Fact]
    public async Task A_terminal_gets_text_and_a_browser_a_page_that_escapes_what_it_shows()
    {
        await using var whoami = SteelyardProcess.Start("whoami", "--listen", "127.0.0.1:0", "--name", "<i>a");
        var url = await whoami.UrlAsync("listens on");

        var text = await Client.GetStringAsync(url, Cancel);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, "/?x=<script>"));
        request.Headers.Add("Accept", "text/html,*/*;q=0.8");
        request.Headers.Add("X-Evil", "<script>{{name}}");
        using var page = await Client.SendAsync(request, Cancel);
        var html = await page.Content.ReadAsStringAsync(Cancel);

        Assert.StartsWith($"name: <i>a\npid: {whoami.Id}\n", text, StringComparison.Ordinal);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.Contains("<h1>&lt;i&gt;a</h1>", html, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;{{name}}", html, StringComparison.Ordinal);
        Assert.Single(html.Split("<script>")[1..]);
    }

    [Fact]
    public async Task It_fails_slowly_on_demand()
    {
        await using var whoami = SteelyardProcess.Start("whoami", "--listen", "127.0.0.1:0");
        var url = await whoami.UrlAsync("listens on");
        var begun = TimeProvider.System.GetTimestamp();

        using var response = await Client.GetAsync(new Uri(url, "/?delay=150ms&status=503"), Cancel);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.True(TimeProvider.System.GetElapsedTime(begun) >= TimeSpan.FromMilliseconds(149));
    }

    [Theory]
    [InlineData("/?size=100KiB", 102400, false)]
    [InlineData("/?size=100KiB&chunked=1", 102400, true)]
    [InlineData("/?size=0B", 0, false)]
    [InlineData("/?status=204", 0, false)]
    public async Task It_fills_a_body_on_demand(string target, int length, bool chunked)
    {
        await using var whoami = SteelyardProcess.Start("whoami", "--listen", "127.0.0.1:0");
        var url = await whoami.UrlAsync("listens on");

        using var response = await Client.GetAsync(new Uri(url, target), Cancel);
        var body = await response.Content.ReadAsByteArrayAsync(Cancel);

        Assert.Equal((length, chunked), (body.Length, response.Headers.TransferEncodingChunked ?? false));
    }

    [Theory]
    [InlineData("/?size=1MiB&close=1")]
    [InlineData("/?size=1MiB&close=1&chunked=1")]
    public async Task It_cuts_an_answer_in_the_middle_on_demand(string target)
    {
        await using var whoami = SteelyardProcess.Start("whoami", "--listen", "127.0.0.1:0");
        var url = await whoami.UrlAsync("listens on");
        using var response = await Client.GetAsync(new Uri(url, target), HttpCompletionOption.ResponseHeadersRead, Cancel);
        await using var body = await response.Content.ReadAsStreamAsync(Cancel);
        var half = new byte[512 * 1024];
        await body.ReadExactlyAsync(half, Cancel);

        var cut = await Assert.ThrowsAsync<HttpIOException>(async () => await body.ReadExactlyAsync(new byte[1], Cancel));

        Assert.Equal(HttpRequestError.ResponseEnded, cut.HttpRequestError);
    }

    [Fact]
    public async Task A_wish_it_cannot_read_is_refused_with_what_it_can()
    {
        await using var whoami = SteelyardProcess.Start("whoami", "--listen", "127.0.0.1:0");
        var url = await whoami.UrlAsync("listens on");

        using var response = await Client.GetAsync(new Uri(url, "/?status=99&close=perhaps"), Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("status=99: expected a status from 200 to 599\nclose=perhaps: expected 0 or 1\n", await response.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task Its_health_is_what_it_was_told()
    {
        await using var whoami = SteelyardProcess.Start("whoami", "--listen", "127.0.0.1:0");
        var health = new Uri(await whoami.UrlAsync("listens on"), "/health");

        using var before = await Client.GetAsync(health, Cancel);
        using var told = await Client.PutAsync(new Uri(health, "?status=503"), content: null, Cancel);
        using var after = await Client.GetAsync(health, Cancel);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable), (before.StatusCode, told.StatusCode, after.StatusCode));
    }

    [Fact]
    public async Task It_listens_in_several_places_and_takes_over_a_dead_servers_socket()
    {
        var path = _folder.At("w.sock");
        await using (var killed = SteelyardProcess.Start("whoami", "--listen", $"unix:{path}"))
            await killed.LineAsync("listens on");
        Assert.True(File.Exists(path));

        await using var whoami = SteelyardProcess.Start("whoami", "--listen", $"unix:{path}", "--listen", "127.0.0.1:0");
        var url = await whoami.UrlAsync("http://");
        using var handler = new SocketsHttpHandler { ConnectCallback = (_, cancel) => ConnectAsync(path, cancel) };
        using var client = new HttpClient(handler);

        Assert.Contains($"address: unix:{path}\n", await client.GetStringAsync(new Uri("http://whoami/"), Cancel), StringComparison.Ordinal);
        Assert.Contains($"address: {url.Authority}\n", await Client.GetStringAsync(url, Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_in_use_is_said_plainly()
    {
        await using var first = SteelyardProcess.Start("whoami", "--listen", "127.0.0.1:0");
        var url = await first.UrlAsync("listens on");

        var (status, output, error) = await SteelyardProcess.RunAsync("whoami", "--listen", url.Authority);

        Assert.Equal((1, ""), (status, output));
        Assert.Contains("address already in use", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sigterm_lets_a_request_end_and_exits_with_0()
    {
        await using var whoami = SteelyardProcess.Start("whoami", "--listen", "127.0.0.1:0", "--name", "slow");
        var url = await whoami.UrlAsync("listens on");
        await using var slow = await SlowRequest.BeginAsync(url);

        whoami.Signal(PosixSignal.SIGTERM);
        var answer = await slow.EndAsync();

        Assert.Contains("HTTP/1.1 200 OK", answer, StringComparison.Ordinal);
        Assert.Contains("name: slow", answer, StringComparison.Ordinal);
        Assert.Equal(0, await whoami.ExitAsync());
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
