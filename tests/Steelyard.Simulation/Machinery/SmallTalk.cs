using System.Net.Security;
using System.Runtime.CompilerServices;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Tls;

namespace Steelyard.Simulation.Machinery;

/// <summary>
/// A server that answers each request head with the same bytes, and allocates nothing while it does. The first answer
/// of a connection may be another.
/// </summary>
internal sealed class CannedServer(EventLoop loop, byte[] answer, byte[]? first = null) : Acceptor
{
    public int Connections { get; private set; }

    public override void Accepted(in AcceptedConnection connection)
    {
        Connections++;
        _ = Serve(loop.Network.Adopt(connection)).AsTask();
    }

    [AsyncMethodBuilder(typeof(LoopMethod))]
    private async ValueTask Serve(Transport transport)
    {
        var input = new InputBuffer(loop);
        var next = first ?? answer;
        while (await input.Fill(transport, 0) == IoStatus.Done)
        {
            for (int end; (end = input.Unread.IndexOf("\r\n\r\n"u8)) >= 0;)
            {
                _ = input.Take(end + 4);
                if (transport.Send(next) != next.Length)
                    throw new InvalidOperationException("The canned answer does not fit the connection.");
                next = answer;
            }
        }

        input.Release();
        transport.Close();
    }
}

/// <summary>A client that sends the same request again and again and counts its answers.</summary>
/// <param name="loop">The loop.</param>
/// <param name="request">The request.</param>
/// <param name="answerLength">The bytes of its answer.</param>
/// <param name="opening">What is sent first of all, and the bytes of its answer; null for nothing.</param>
internal sealed class CannedClient(EventLoop loop, byte[] request, int answerLength, (byte[] Request, int AnswerLength)? opening = null)
{
    private Transport _transport = null!;
    private int _missing;

    public int Answers { get; private set; }

    /// <summary>How many requests to send altogether; <see cref="Kick"/> goes on after it was raised.</summary>
    public int Goal { get; set; }

    public void Start(Transport transport)
    {
        _transport = transport;
        _ = Talk().AsTask();
    }

    /// <summary>Starts inside of TLS.</summary>
    /// <param name="transport">The connection, which is not open yet.</param>
    /// <param name="shared">What the loop's TLS connections share.</param>
    /// <param name="options">How TLS is spoken.</param>
    public void Start(Transport transport, TlsLoop shared, SslClientAuthenticationOptions options)
    {
        var secured = new TlsTransport(transport, shared);
        _transport = secured;
        _ = Secure(secured, options).AsTask();
    }

    [AsyncMethodBuilder(typeof(LoopMethod))]
    private async ValueTask Secure(TlsTransport secured, SslClientAuthenticationOptions options)
    {
        if (!await secured.Connect(options, TimerEntry.Never))
            throw new InvalidOperationException("The handshake with the proxy failed.", secured.Failure);
        Secured = true;
        await Talk();
    }

    /// <summary>The handshake is done.</summary>
    public bool Secured { get; private set; }

    /// <summary>Sends the next request, if none is under way and the goal is not reached.</summary>
    public void Kick()
    {
        if (_transport is TlsTransport && !Secured)
            return;
        if (_missing > 0 || Answers >= Goal || _transport.ConnectError() != 0)
            return;
        if (_transport.Send(request) != request.Length)
            throw new InvalidOperationException("The canned request does not fit the connection.");
        _missing = answerLength;
    }

    [AsyncMethodBuilder(typeof(LoopMethod))]
    private async ValueTask Talk()
    {
        var input = new InputBuffer(loop);
        await _transport.Writable(0);
        if (_transport.ConnectError() != 0)
            throw new InvalidOperationException("The proxy refused a connection.");
        if (opening is { } first)
        {
            _missing = first.AnswerLength;
            if (_transport.Send(first.Request) != first.Request.Length)
                throw new InvalidOperationException("The opening does not fit the connection.");
            while (_missing > 0 && await input.Fill(_transport, 0) == IoStatus.Done)
            {
                _missing -= input.Unread.Length;
                _ = input.Take(input.Unread.Length);
            }
        }

        Kick();
        while (await input.Fill(_transport, 0) == IoStatus.Done)
        {
            _missing -= input.Unread.Length;
            _ = input.Take(input.Unread.Length);
            if (_missing < 0)
                throw new InvalidOperationException("More came than one answer.");
            if (_missing > 0)
                continue;
            Answers++;
            Kick();
        }

        input.Release();
        _transport.Close();
    }
}
