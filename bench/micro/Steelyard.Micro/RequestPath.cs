using System.Net;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;
using Steelyard.Fuzz.Targets;

namespace Steelyard.Micro;

/// <summary>
/// The steps of a request that are neither system calls nor waits, each on its own. The benchmarks measure them, and
/// a unit test requires that none of them allocates.
/// </summary>
internal sealed class RequestPath
{
    private const int MostBytes = 16 * 1024;
    private const int MostFields = 100;

    private static readonly byte[] SmallHead = "GET /small HTTP/1.1\r\nHost: bench.example.com\r\n\r\n"u8.ToArray();

    private static readonly byte[] BrowserHead =
        """
        GET /articles/2026/11/a-load-balancer?utm_source=news&page=2 HTTP/1.1
        Host: www.example.com
        Connection: keep-alive
        Cache-Control: max-age=0
        sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"
        sec-ch-ua-mobile: ?0
        User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36
        Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8
        Sec-Fetch-Site: same-origin
        Sec-Fetch-Mode: navigate
        Accept-Encoding: gzip, deflate, br, zstd
        Accept-Language: en-GB,en;q=0.9,de;q=0.8
        Cookie: session=4fd2c1a09b7e4c55a1d0; theme=dark; consent=all; _ga=GA1.1.1234567890.1700000000


        """u8.ToArray().ReplaceLineEnds();

    private static readonly byte[] ProxiedHead =
        """
        GET /small HTTP/1.1
        Host: www.example.com
        X-Forwarded-For: 198.51.100.7, 203.0.113.77, 10.0.0.9
        X-Forwarded-Proto: https


        """u8.ToArray().ReplaceLineEnds();

    private static readonly byte[] AnswerHead =
        """
        HTTP/1.1 200 OK
        Server: nginx/1.22.1
        Date: Mon, 23 Nov 2026 08:00:00 GMT
        Content-Type: text/html; charset=utf-8
        Content-Length: 1024
        Connection: keep-alive
        Keep-Alive: timeout=65
        ETag: "5f3a-1024"
        Cache-Control: public, max-age=60
        Vary: Accept-Encoding


        """u8.ToArray().ReplaceLineEnds();

    private readonly RequestHead _request = new();
    private readonly ResponseHead _response = new();
    private readonly RequestHead _browserRequest = new();
    private readonly ResponseHead _answer = new();
    private readonly RequestHead _proxiedRequest = new();
    private readonly ForwardedFields _client = new();
    private readonly ForwardedFields _trustedProxy = new();
    private readonly RouteTable _routes;
    private readonly Pool _poolOf10 = PoolOf("web", 10);
    private readonly Pool _poolOf10000 = PoolOf("large", 10_000);
    private readonly ServerSet _triedOf10 = new();
    private readonly ServerSet _triedOf10000 = new();
    private readonly EventLoop _loop = new(0, new StillNetwork());
    private readonly Block _block;
    private readonly ScriptedTransport _chunks;
    private readonly InputBuffer _input;

    public RequestPath()
    {
        var pools = new Dictionary<string, Pool>(StringComparer.Ordinal) { ["web"] = _poolOf10 };
        _routes = new RouteTable(
            [
                new() { Host = "api.example.com", Path = "/v1/*", Pool = "web" },
                new() { Host = "*.example.com", Path = "/articles/*", Pool = "web" },
                new() { Host = "*.example.com", Path = "/login", Pool = "web" },
                new() { Pool = "web" },
            ],
            pools);
        _client.Reset(KernelAddress.For(IPAddress.Parse("203.0.113.77"), 50_000), new ListenerState(_routes, []));
        _trustedProxy.Reset(KernelAddress.For(IPAddress.Parse("10.0.0.2"), 50_000), new ListenerState(_routes, [IPNetwork.Parse("fd00::/8"), IPNetwork.Parse("10.0.0.0/8")]));
        _triedOf10.Clear(_poolOf10.Count);
        _triedOf10000.Clear(_poolOf10000.Count);
        _block = _loop.Blocks.Rent();
        _chunks = new ScriptedTransport(_loop, Chunks(8, 1000), seed: 0);
        _input = new InputBuffer(_loop);
        Read(_browserRequest, BrowserHead);
        Read(_proxiedRequest, ProxiedHead);
        Read(_answer, AnswerHead);
    }

    /// <summary>Every step by its name.</summary>
    public IEnumerable<(string Name, Action Run)> Steps =>
    [
        (nameof(ReadSmallHead), () => ReadSmallHead()),
        (nameof(ReadBrowserHead), () => ReadBrowserHead()),
        (nameof(ReadAnswerHead), () => ReadAnswerHead()),
        (nameof(MatchRoute), () => MatchRoute()),
        (nameof(ChooseOf10), () => ChooseOf10()),
        (nameof(ChooseOf10000), () => ChooseOf10000()),
        (nameof(WriteRequest), () => WriteRequest()),
        (nameof(WriteRequestOfTrustedProxy), () => WriteRequestOfTrustedProxy()),
        (nameof(WriteResponse), () => WriteResponse()),
        (nameof(PassChunks), () => PassChunks()),
    ];

    public HeadState ReadSmallHead() => Read(_request, SmallHead);

    public HeadState ReadBrowserHead() => Read(_request, BrowserHead);

    public HeadState ReadAnswerHead() => Read(_response, AnswerHead);

    public object? MatchRoute() => _routes.Match(_browserRequest, BrowserHead, _browserRequest.Path(BrowserHead));

    public object? ChooseOf10() => _poolOf10.Choose(new() { Tried = _triedOf10 }).Server;

    public object? ChooseOf10000() => _poolOf10000.Choose(new() { Tried = _triedOf10000 }).Server;

    public int WriteRequest()
    {
        var writer = new BlockWriter(_block);
        RequestWriter.Write(ref writer, _browserRequest, BrowserHead, _client, "web"u8);
        return writer.Length;
    }

    public int WriteRequestOfTrustedProxy()
    {
        var writer = new BlockWriter(_block);
        RequestWriter.Write(ref writer, _proxiedRequest, ProxiedHead, _trustedProxy, "web"u8);
        return writer.Length;
    }

    public int WriteResponse()
    {
        var writer = new BlockWriter(_block);
        ResponseWriter.Write(ref writer, _answer, AnswerHead, chunked: false, ConnectionOption.Default, _loop.Date.At(_loop.Now));
        return writer.Length;
    }

    /// <summary>8 chunks of 1,000 bytes arrive at once and go out as one.</summary>
    public int PassChunks()
    {
        _chunks.Rewind();
        var framer = new BodyFramer(new BodyFraming(BodyKind.Chunked), chunkedOut: true);
        var filled = _input.Fill(_chunks, 0);
        if (!filled.IsCompletedSuccessfully || framer.Take(_input, out var piece) != FrameState.Complete)
            throw new InvalidOperationException("The body is there as a whole.");
        _input.Release();
        return piece.Length;
    }

    private static HeadState Read(HeadReader reader, byte[] head)
    {
        reader.Clear();
        return reader.Read(head, MostBytes, MostFields) == HeadState.Complete ? HeadState.Complete : throw new InvalidOperationException(reader.Error.ToString());
    }

    private static Pool PoolOf(string name, int servers)
    {
        var settings = new ServerSettings[servers];
        for (var i = 0; i < servers; i++)
            settings[i] = new() { Address = NetworkAddress.ForHost("127.0.0.1", 10_000 + i), Weight = 1 + (i % 2) };
        return new(new PoolSettings { Name = name, Servers = settings.ToValueList() }, firstOrdinal: 0);
    }

    private static byte[] Chunks(int count, int size)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < count; i++)
        {
            bytes.AddRange("3e8\r\n"u8);
            bytes.AddRange(new byte[size]);
            bytes.AddRange("\r\n"u8);
        }

        bytes.AddRange("0\r\n\r\n"u8);
        return [.. bytes];
    }
}

internal static class LineEnds
{
    /// <summary>A literal's line ends are those of this file; a head's are CRLF.</summary>
    public static byte[] ReplaceLineEnds(this byte[] text) =>
        System.Text.Encoding.ASCII.GetBytes(System.Text.Encoding.ASCII.GetString(text).ReplaceLineEndings("\r\n"));
}
