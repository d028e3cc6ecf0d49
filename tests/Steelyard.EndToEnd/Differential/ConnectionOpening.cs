using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>What stands before the first request of a connection: a PROXY header, or a TLS hello.</summary>
internal static class ConnectionOpening
{
    private const byte Handshake = 0x16;
    private const int PeekLength = 6;

    private static readonly SslStreamCertificateContext s_site = SslStreamCertificateContext.Create(TestCertificates.Shared.Load(new("site.pem", "site.key")), null, offline: true);

    private static readonly byte[] s_signature = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    /// <summary>A client that asks for a name, with <c>tls1.2</c> behind it in that version, and offers the protocols behind that; it knows the servers' certificate whatever it is for.</summary>
    public static SslClientAuthenticationOptions Asking(string name)
    {
        var words = name.Split(' ');
        var old = Array.IndexOf(words, "tls1.2") >= 0;
        return new()
        {
            TargetHost = words[0],
            EnabledSslProtocols = old ? SslProtocols.Tls12 : SslProtocols.None,
            ApplicationProtocols = words.Length > (old ? 2 : 1) ? [.. words[^1].Split(',').Select(protocol => new SslApplicationProtocol(protocol))] : null,
            RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate?.Subject == "CN=site",
        };
    }

    /// <summary>Takes what there is, as a server, and speaks TLS from there on where the client begins with it.</summary>
    /// <returns>A line of it; empty for neither.</returns>
    public static async Task<string> Take(OriginConnection connection)
    {
        var begin = await Peek(connection.Socket);
        if (begin.AsSpan().SequenceEqual(s_signature.AsSpan(0, PeekLength)))
            return await ReadBinary(connection) + "\n";
        if (begin.AsSpan().SequenceEqual("PROXY "u8))
            return await connection.ReadLine() + "\n";
        if (begin is not [Handshake, ..])
            return "";
        await connection.Secure(new SslServerAuthenticationOptions { ServerCertificateContext = s_site });
        return "TLS\n";
    }

    /// <summary>An answer with the ports of both ends of the client's connection in words: they are others each time.</summary>
    public static string WithoutPorts(string answer, RawClient client) => !answer.Contains("PROXY", StringComparison.Ordinal) ? answer
        : answer.Replace(PortOf(client.Socket.LocalEndPoint), "CLIENT", StringComparison.Ordinal).Replace(PortOf(client.Socket.RemoteEndPoint), "LISTENER", StringComparison.Ordinal);

    private static string PortOf(EndPoint? end) => ((IPEndPoint)end!).Port.ToString(CultureInfo.InvariantCulture);

    private static async Task<byte[]> Peek(Socket socket)
    {
        using var patience = new CancellationTokenSource(Patience.Limit);
        var begin = new byte[PeekLength];
        return begin[..await socket.ReceiveAsync(begin, SocketFlags.Peek, patience.Token)];
    }

    private static async Task<string> ReadBinary(OriginConnection connection)
    {
        var head = await connection.ReadExactly(s_signature.Length + 4);
        var body = await connection.ReadExactly(BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(14)));
        var (length, name) = head[13] switch { 0x11 => (4, "TCP4"), 0x21 => (16, "TCP6"), _ => (0, $"{head[13]:x2}") };
        if (length == 0)
            return $"PROXY {head[12]:x2} {name} {Convert.ToHexString(body)}";
        var ports = body.AsSpan(2 * length);
        return $"PROXY {head[12]:x2} {name} {new IPAddress(body.AsSpan(0, length))} {new IPAddress(body.AsSpan(length, length))} {BinaryPrimitives.ReadUInt16BigEndian(ports)} {BinaryPrimitives.ReadUInt16BigEndian(ports[2..])} {Convert.ToHexString(ports[4..])}";
    }
}
