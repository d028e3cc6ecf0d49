using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Threading.Channels;
using Steelyard.Config;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>
/// A server behind the balancer that does what the test says. Either the test takes each connection
/// (<see cref="Accept"/>) and plays the server itself, or a script does for every connection.
/// </summary>
internal sealed class RecordingOrigin : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly Channel<OriginConnection> _accepted = Channel.CreateUnbounded<OriginConnection>();
    private readonly List<OriginConnection> _connections = [];
    private readonly List<Task> _scripts = [];
    private readonly Task _accepting;
    private readonly SslServerAuthenticationOptions? _tls;
    private int _requests;

    private RecordingOrigin(Socket listener, NetworkAddress address, Func<OriginConnection, Task>? script, SslServerAuthenticationOptions? tls)
    {
        (_listener, Address, _tls) = (listener, address, tls);
        _accepting = AcceptAll(script);
    }

    /// <summary>Where it listens.</summary>
    public NetworkAddress Address { get; }

    /// <summary>All connections so far, closed ones too.</summary>
    public IReadOnlyList<OriginConnection> Connections
    {
        get
        {
            lock (_connections)
                return [.. _connections];
        }
    }

    /// <summary>How many requests have been read whole, over all connections.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>A server the test plays itself.</summary>
    public static RecordingOrigin Start() => Listen(NetworkAddress.ForHost("127.0.0.1", 0), script: null);

    /// <summary>A server that follows a script on every connection; it ends where the script or the balancer ends.</summary>
    public static RecordingOrigin Start(Func<OriginConnection, Task> script) => Listen(NetworkAddress.ForHost("127.0.0.1", 0), script);

    /// <summary>A server that speaks TLS and follows a script on every connection whose handshake succeeds.</summary>
    public static RecordingOrigin StartTls(SslServerAuthenticationOptions tls, Func<OriginConnection, Task> script) =>
        Listen(NetworkAddress.ForHost("127.0.0.1", 0), script, tls: tls);

    /// <summary>A server that answers every request with the same bytes.</summary>
    public static RecordingOrigin Answering(string response) => Start(Always(response));

    public static Func<OriginConnection, Task> Always(string response) => async connection =>
    {
        while (await connection.ReadRequestOrEnd() is not null)
            await connection.Send(response);
    };

    public static RecordingOrigin Listen(NetworkAddress address, Func<OriginConnection, Task>? script, int? receiveBuffer = null, SslServerAuthenticationOptions? tls = null)
    {
        EndPoint endPoint = address.UnixPath is { } path ? new UnixDomainSocketEndPoint(path) : new IPEndPoint(IPAddress.Parse(address.Host), address.Port);
        var listener = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        if (receiveBuffer is { } size)
            listener.ReceiveBufferSize = size;
        listener.Bind(endPoint);
        listener.Listen(1024);
        return new(listener, listener.LocalEndPoint is IPEndPoint bound ? NetworkAddress.ForHost(address.Host, bound.Port) : address, script, tls);
    }

    /// <summary>An address nobody listens on.</summary>
    public static NetworkAddress Refusing() => NetworkAddress.ForHost("127.0.0.1", Ports.Free());

    /// <summary>The next connection of the balancer's.</summary>
    public Task<OriginConnection> Accept() => _accepted.Reader.ReadAsync().AsTask().Patiently("a connection to the origin");

    private async Task AcceptAll(Func<OriginConnection, Task>? script)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync();
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                return;
            }

            var connection = new OriginConnection(socket, () => Interlocked.Increment(ref _requests));
            lock (_connections)
                _connections.Add(connection);
            if (script is null)
                await _accepted.Writer.WriteAsync(connection);
            else
                _scripts.Add(Follow(script, connection));
        }
    }

    private async Task Follow(Func<OriginConnection, Task> script, OriginConnection connection)
    {
        try
        {
            if (_tls is not null)
                await connection.Secure(_tls);
            await Task.Run(() => script(connection));
        }
        catch (Exception ended) when (ended is SocketException or IOException or AuthenticationException or ObjectDisposedException)
        {
            // The balancer, or the end of the test, closed the connection under the script.
        }
        finally
        {
            connection.Dispose();
            connection.ScriptEnded.SetResult();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        foreach (var connection in Connections)
            connection.Dispose();
        await Task.WhenAll(_scripts).Patiently("the end of the origin's scripts");
    }
}

/// <summary>A connection the balancer opened.</summary>
internal sealed class OriginConnection(Socket socket, Action requestRead) : RawSocket(socket)
{
    /// <summary>Completes when the script has ended and the connection is closed.</summary>
    public TaskCompletionSource ScriptEnded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Reads a whole request.</summary>
    public async Task<HttpMessage> ReadRequest() => await ReadRequestBody(await ReadRequestHead());

    /// <summary>Reads the head of a request and leaves the body.</summary>
    public async Task<HttpMessage> ReadRequestHead() => new(await ReadHead());

    public async Task<HttpMessage> ReadRequestBody(HttpMessage request)
    {
        var whole = await ReadBody(request.Head, none: false, mayEndWithConnection: false);
        requestRead();
        return whole;
    }

    /// <summary>Reads a whole request; null when the balancer closes the connection instead.</summary>
    public async Task<HttpMessage?> ReadRequestOrEnd()
    {
        try
        {
            return await ReadRequest();
        }
        catch (Exception ended) when (ended is IOException or SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Reads a request and answers it.</summary>
    public async Task<HttpMessage> Serve(string response)
    {
        var request = await ReadRequest();
        await Send(response);
        return request;
    }
}
