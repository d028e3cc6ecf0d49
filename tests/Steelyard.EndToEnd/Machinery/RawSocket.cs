using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>How the other end let go of a connection.</summary>
internal enum Ending
{
    /// <summary>Orderly, behind its last byte (FIN).</summary>
    Closed,

    /// <summary>Broken off (RST).</summary>
    Reset,

    /// <summary>Inside of TLS, by a FIN without close_notify.</summary>
    Truncated,
}

/// <summary>
/// One end of a connection under the control of a test: sends exactly these bytes, reads strictly by framing, and
/// knows an orderly end from a reset. Its parser shares nothing with the engine's.
/// </summary>
internal class RawSocket(Socket socket) : IDisposable
{
    public static readonly Encoding Latin1 = Encoding.Latin1;

    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly MemoryStream _received = new();
    private int _start;
    private int _end;
    private Ending? _ending;
    private SslStream? _tls;
    private WatchedStream? _underTls;

    /// <summary>What was agreed on; null for a plain connection.</summary>
    public SslStream? Tls => _tls;

    /// <summary>How many bytes this end sent in its handshake.</summary>
    public long HandshakeBytes { get; private set; }

    public Socket Socket => socket;

    /// <summary>Whether <see cref="Received"/> keeps every byte; switched off for bodies too large to keep.</summary>
    public bool Records { get; set; } = true;

    /// <summary>All bytes that were read off the socket so far.</summary>
    public string Received => Latin1.GetString(_received.ToArray());

    /// <summary>Speaks TLS from here on, as a client.</summary>
    public async Task Secure(SslClientAuthenticationOptions options)
    {
        using var patience = new CancellationTokenSource(Patience.Limit);
        try
        {
            await PutTlsOn().AuthenticateAsClientAsync(options, patience.Token);
        }
        catch (IOException error)
        {
            throw AsSocketError(error);
        }
    }

    /// <summary>Speaks TLS from here on, as a server.</summary>
    public async Task Secure(SslServerAuthenticationOptions options)
    {
        using var patience = new CancellationTokenSource(Patience.Limit);
        await PutTlsOn().AuthenticateAsServerAsync(options, patience.Token);
        HandshakeBytes = _underTls!.Written;
    }

    /// <summary>What the same end of a plain connection says.</summary>
    private static SocketException AsSocketError(IOException error) =>
        new((int)((error.InnerException as SocketException)?.SocketErrorCode ?? SocketError.ConnectionAborted));

    private SslStream PutTlsOn()
    {
        _underTls = new WatchedStream(socket);
        return _tls = new SslStream(_underTls, leaveInnerStreamOpen: true);
    }

    public Task Send(string text) => Send(Latin1.GetBytes(text));

    public async Task Send(ReadOnlyMemory<byte> bytes)
    {
        using var patience = new CancellationTokenSource(Patience.Limit);
        if (_tls is not null)
        {
            try
            {
                await _tls.WriteAsync(bytes, patience.Token);
                return;
            }
            catch (IOException error)
            {
                throw AsSocketError(error);
            }
        }

        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, patience.Token)..];
    }

    /// <summary>Sends the bytes in pieces, each in a packet of its own.</summary>
    public async Task SendInPieces(string text, params int[] sizes)
    {
        socket.NoDelay = socket.AddressFamily != AddressFamily.Unix;
        var bytes = Latin1.GetBytes(text).AsMemory();
        for (var i = 0; !bytes.IsEmpty; i++)
        {
            var size = Math.Min(sizes[i % sizes.Length], bytes.Length);
            await Send(bytes[..size]);
            bytes = bytes[size..];
            await Task.Yield();
        }
    }

    /// <summary>Reads start line and fields.</summary>
    public async Task<string> ReadHead()
    {
        var head = new StringBuilder();
        do
        {
            head.Append(await ReadLine()).Append("\r\n");
        }
        while (head.Length < 4 || head.ToString(head.Length - 4, 4) != "\r\n\r\n");
        return head.ToString();
    }

    /// <summary>Reads a line, without its end.</summary>
    public async Task<string> ReadLine()
    {
        var line = new ArrayBufferWriter<byte>();
        while (true)
        {
            var value = await ReadByte();
            if (value == '\n')
            {
                Assert.True(line.WrittenCount > 0 && line.WrittenSpan[^1] == '\r', "A line that does not end in CR LF.");
                return Latin1.GetString(line.WrittenSpan[..^1]);
            }

            line.Write([value]);
        }
    }

    private async ValueTask<byte> ReadByte()
    {
        if (_start == _end && !await Fill())
            throw new EndOfStreamException($"The connection ended ({_ending}) in the middle of a message.");
        return _buffer[_start++];
    }

    public async Task<byte[]> ReadExactly(int count)
    {
        var bytes = new byte[count];
        for (var got = 0; got < count;)
        {
            var piece = await ReadSome(count - got);
            if (piece.IsEmpty)
                throw new EndOfStreamException($"The connection ended ({_ending}) after {got} of {count} bytes.");
            piece.CopyTo(bytes.AsMemory(got));
            got += piece.Length;
        }

        return bytes;
    }

    /// <summary>Whatever has come, up to a size; empty at the end. Good until the next read.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadSome(int most = int.MaxValue)
    {
        if (_start == _end && !await Fill())
            return default;
        var piece = _buffer.AsMemory(_start, Math.Min(most, _end - _start));
        _start += piece.Length;
        return piece;
    }

    /// <summary>Reads a chunked body to the end of its trailers; chunk extensions are an error.</summary>
    public async Task<(byte[] Body, int[] Chunks)> ReadChunks()
    {
        var body = new MemoryStream();
        var sizes = new List<int>();
        while (true)
        {
            var size = int.Parse(await ReadLine(), NumberStyles.AllowHexSpecifier);
            if (size == 0)
                break;
            body.Write(await ReadExactly(size));
            Assert.Equal("", await ReadLine());
            sizes.Add(size);
        }

        while ((await ReadLine()).Length > 0)
        {
        }

        return (body.ToArray(), [.. sizes]);
    }

    /// <summary>Reads until the other end closes; a reset is an error.</summary>
    public async Task<byte[]> ReadToEnd()
    {
        var (bytes, ending) = await ReadToEnding();
        Assert.Equal(Ending.Closed, ending);
        return bytes;
    }

    /// <summary>Reads until the other end closes in either way.</summary>
    public async Task<(byte[] Bytes, Ending Ending)> ReadToEnding()
    {
        var rest = new MemoryStream();
        for (var piece = await ReadSome(); !piece.IsEmpty; piece = await ReadSome())
            rest.Write(piece.Span);
        return (rest.ToArray(), _ending!.Value);
    }

    /// <summary>Waits for the end, before which nothing more may come.</summary>
    public async Task<Ending> ReadEnding()
    {
        var (bytes, ending) = await ReadToEnding();
        Assert.Equal("", Latin1.GetString(bytes));
        return ending;
    }

    /// <summary>Waits for the end and does not look at what comes before it.</summary>
    public async Task<Ending> Drain()
    {
        while (!(await ReadSome()).IsEmpty)
        {
        }

        return _ending!.Value;
    }

    /// <summary>The body of a message whose head has been read.</summary>
    protected async Task<HttpMessage> ReadBody(string head, bool none, bool mayEndWithConnection)
    {
        var message = new HttpMessage(head);
        if (none)
            return message;
        if (message["Transfer-Encoding"] == "chunked")
        {
            var (body, chunks) = await ReadChunks();
            return message with { Body = body, Chunks = chunks };
        }

        if (message["Content-Length"] is { } length)
            return message with { Body = await ReadExactly(int.Parse(length)) };
        return mayEndWithConnection ? message with { Body = await ReadToEnd(), UntilClose = true } : message;
    }

    private async ValueTask<bool> Fill()
    {
        if (_ending is not null)
            return false;
        using var patience = new CancellationTokenSource(Patience.Limit);
        try
        {
            (_start, _end) = (0, _tls is null ? await socket.ReceiveAsync(_buffer, patience.Token) : await _tls.ReadAsync(_buffer, patience.Token));
            if (_end == 0)
                _ending = _underTls is { Ended: true } ? Ending.Truncated : Ending.Closed;
        }
        catch (IOException error) when (error.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown })
        {
            (_start, _end, _ending) = (0, 0, Ending.Reset);
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            (_start, _end, _ending) = (0, 0, Ending.Reset);
        }
        catch (OperationCanceledException timeout)
        {
            throw new TimeoutException($"Nothing came in {Patience.Limit.TotalSeconds} s. Before it:\n{Received}", timeout);
        }

        if (Records)
            _received.Write(_buffer, 0, _end);
        return _end > 0;
    }

    /// <summary>Ends this side in an orderly way: inside of TLS with close_notify.</summary>
    public void FinishSending()
    {
        _tls?.ShutdownAsync().GetAwaiter().GetResult();
        socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Ends this side by a bare FIN, as somebody in between could forge it.</summary>
    public void Truncate() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Breaks the connection off.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(enable: true, 0);
        socket.Close();
    }

    public void Close() => socket.Close();

    public void Dispose()
    {
        socket.Dispose();
        _tls?.Dispose();
    }
}

/// <summary>A client of the balancer.</summary>
internal sealed class RawClient : RawSocket
{
    private RawClient(Socket socket)
        : base(socket)
    {
    }

    /// <summary>Opens a connection.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="receiveBuffer">The size of the socket's buffer; null for the system's.</param>
    /// <param name="tls">How TLS is spoken; null for a plain connection.</param>
    public static async Task<RawClient> Connect(EndPoint address, int? receiveBuffer = null, SslClientAuthenticationOptions? tls = null)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        if (receiveBuffer is { } size)
            socket.ReceiveBufferSize = size;
        var client = new RawClient(socket);
        try
        {
            await socket.ConnectAsync(address).Patiently();
            if (tls is not null)
                await client.Secure(tls);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Reads the final response to a request; interim ones before it are an error.</summary>
    /// <param name="method">The method of the request: the answer to HEAD has no body.</param>
    public async Task<HttpMessage> ReadResponse(string method = "GET")
    {
        var head = await ReadHead();
        var status = new HttpMessage(head).Status;
        Assert.True(status >= 200, $"An interim response:\n{head}");
        return await ReadBody(head, none: method == "HEAD" || status is 204 or 304, mayEndWithConnection: true);
    }

    /// <summary>Reads the head of an interim response.</summary>
    public async Task<HttpMessage> ReadInterim()
    {
        var message = new HttpMessage(await ReadHead());
        Assert.InRange(message.Status, 100, 199);
        return message;
    }

    /// <summary>Sends a whole request and reads its answer.</summary>
    public async Task<HttpMessage> Ask(string request)
    {
        await Send(request);
        return await ReadResponse(request.Split(' ')[0]);
    }
}
