using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.RealClients;

/// <summary>The clients that people try a proxy with: curl, wrk and h2load, each in the ways that are its own.</summary>
public class ToolTests : IDisposable
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Wrk_sees_no_error()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Balancer(origin);

        var (status, said) = await ShortProgram.Run("wrk", "", "-t", "1", "-c", "32", "-d", "1", UrlOf(balancer));

        Assert.True(status == 0, said);
        Assert.DoesNotContain("Socket errors", said, StringComparison.Ordinal);
        Assert.DoesNotContain("Non-2xx", said, StringComparison.Ordinal);
        Assert.InRange(RequestsIn(said), 32, origin.Requests);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task H2load_succeeds_with_every_request(int pipelined)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Balancer(origin);

        var (status, said) = await ShortProgram.Run("h2load", "", "--h1", "-n", "2000", "-c", "16", "-m", $"{pipelined}", UrlOf(balancer));

        Assert.True(status == 0, said);
        Assert.Contains("2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout", said, StringComparison.Ordinal);
        Assert.Contains("status codes: 2000 2xx", said, StringComparison.Ordinal);
        Assert.Equal(2000, origin.Requests);
    }

    [Fact]
    public async Task Curl_keeps_one_connection_for_many_requests()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Balancer(origin);

        var said = await Curl(balancer, "-w", "%{num_connects} %{http_version}\n", "/a", "/b", "/c");

        Assert.Equal("hello1 1.1\nhello0 1.1\nhello0 1.1\n", said);
        Assert.Equal(1, balancer.Counters.Connections);
    }

    [Theory]
    [InlineData("Expect: 100-continue")]
    [InlineData("Expect:")]
    [InlineData("Transfer-Encoding: chunked")]
    public async Task Curl_gets_back_what_it_uploads(string field)
    {
        await using var origin = RecordingOrigin.Start(Echo);
        await using var balancer = Balancer(origin);
        var body = RandomNumberGenerator.GetBytes(2_000_000);
        var (sent, received) = (_folder.At("sent"), _folder.At("received"));
        await File.WriteAllBytesAsync(sent, body, TestContext.Current.CancellationToken);

        await Curl(balancer, "-H", field, "-T", sent, "-o", received, "/upload");

        Assert.Equal(body, await File.ReadAllBytesAsync(received, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Curl_gets_a_body_without_length_from_its_standard_input()
    {
        await using var origin = RecordingOrigin.Start(Echo);
        await using var balancer = Balancer(origin);

        Assert.Equal("from a pipe", await Curl(balancer, "from a pipe", ["-T", "-", "/upload"]));
    }

    [Fact]
    public async Task Curl_may_speak_http_1_0()
    {
        await using var origin = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        await using var balancer = Balancer(origin);

        Assert.Equal("hello", await Curl(balancer, "--http1.0", "/"));
    }

    [Fact]
    public async Task Curl_that_offers_http_2_is_answered_in_http_1_1()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Balancer(origin);

        Assert.Equal("hello 1.1", await Curl(balancer, "--http2", "-w", " %{http_version}", "/"));
    }

    [Fact]
    public async Task Curl_asks_for_heads_parts_and_options()
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
            {
                await connection.Send(request.Method switch
                {
                    "HEAD" => "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
                    "OPTIONS" => $"HTTP/1.1 200 OK\r\nAllow: GET\r\nContent-Length: {request.Target.Length}\r\n\r\n{request.Target}",
                    _ => $"HTTP/1.1 206 Partial Content\r\nContent-Range: {request["Range"]}/9\r\nContent-Length: 3\r\n\r\nabc",
                });
            }
        });
        await using var balancer = Balancer(origin);

        Assert.Contains("Content-Length: 1000000", await Curl(balancer, "-I", "/"), StringComparison.Ordinal);
        Assert.Equal("abc 206", await Curl(balancer, "-r", "2-4", "-w", " %{http_code}", "/"));
        Assert.Equal("*", await Curl(balancer, "-X", "OPTIONS", "--request-target", "*", "/"));
    }

    [Fact]
    public async Task Curl_can_tell_an_answer_that_was_cut()
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequestOrEnd();
            await connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            connection.Reset();
        });
        await using var balancer = Balancer(origin);

        var (status, said) = await Run(balancer, "", "/");

        Assert.True(status is 18 or 56, said);
    }

    private static int RequestsIn(string wrkSaid)
    {
        var line = wrkSaid.Split('\n').First(line => line.Contains(" requests in ", StringComparison.Ordinal));
        return int.Parse(line.AsSpan().Trim()[..line.Trim().IndexOf(' ')], CultureInfo.InvariantCulture);
    }

    private static async Task Echo(OriginConnection connection)
    {
        while (await connection.ReadRequestOrEnd() is { } request)
        {
            await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {request.Body.Length}\r\n\r\n");
            await connection.Send(request.Body);
        }
    }

    private static TestBalancer Balancer(RecordingOrigin origin) => TestBalancer.Start(origin.Address);

    private static string UrlOf(TestBalancer balancer) =>
        $"{(balancer.SpeaksTls ? "https" : "http")}://127.0.0.1:{((IPEndPoint)balancer.Address).Port}/";

    private static Task<string> Curl(TestBalancer balancer, params string[] arguments) => Curl(balancer, "", arguments);

    private static async Task<string> Curl(TestBalancer balancer, string input, string[] arguments)
    {
        var (status, said) = await Run(balancer, input, arguments);
        Assert.True(status == 0, said);
        return said;
    }

    // Arguments that begin with a slash are paths.
    private static Task<(int Status, string Said)> Run(TestBalancer balancer, string input, params string[] arguments) => ShortProgram.Run(
        "curl", input, ["-sS", "-k", .. arguments.Select(argument => argument.StartsWith('/') && !File.Exists(argument) && argument.Length < 10 ? UrlOf(balancer) + argument[1..] : argument)]);
}

[Trait("Lane", "files")]
public sealed class ToolsOverTls : ToolTests
{
    public ToolsOverTls() => TestBalancer.AlwaysSpeakTls();
}
