using System.Runtime.CompilerServices;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Tls;

/// <summary>What became of the beginning of a client's connection on a TLS listener.</summary>
internal enum HandshakeEnd : byte
{
    /// <summary>The connection stands.</summary>
    Done,

    /// <summary>Close it.</summary>
    Failed,

    /// <summary>The client speaks HTTP without TLS and was told so; close it once it has had time to read that.</summary>
    PlainHttp,
}

/// <summary>The handshake with a client.</summary>
internal static class ServerHandshake
{
    private static ReadOnlySpan<byte> UnrecognizedName => [21, 3, 3, 0, 2, 2, 112];

    private static ReadOnlySpan<byte> PlainAnswer =>
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 57\r\nConnection: close\r\n\r\nThis port speaks HTTPS, and the request came without TLS."u8;

    /// <summary>Runs it, within the time and the number of handshakes that are allowed.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="transport">The connection.</param>
    /// <param name="tls">How the listener speaks TLS.</param>
    /// <param name="first">The first byte that has come; -1 when none did.</param>
    /// <param name="due">When to give up, in the loop's milliseconds.</param>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public static async ValueTask<HandshakeEnd> Run(ProxyLoop loop, TlsTransport transport, TlsListener tls, int first, long due)
    {
        if (first is not 22)
            return first is >= 'A' and <= 'Z' ? HandshakeEnd.PlainHttp : HandshakeEnd.Failed;
        if (!await loop.Tls.Enter(transport.Place, loop.Plan.Limits.TlsHandshakes, due))
            return HandshakeEnd.Failed;
        var done = await transport.Accept(TlsListener.Select, tls, due);
        loop.Tls.Leave();
        if (done)
            loop.Counters.TlsHandshakes++;
        else if (transport.Failure is TlsListener.UnknownHostException)
            transport.Carrier.Send(UnrecognizedName);
        return done ? HandshakeEnd.Done : HandshakeEnd.Failed;
    }

    /// <summary>Tells a client that does not speak TLS what is wrong.</summary>
    public static void AnswerPlain(Transport carrier) => carrier.Send(PlainAnswer);
}
