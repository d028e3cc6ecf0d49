using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Steelyard.Config;

namespace Steelyard.Apps.Readiness;

/// <summary>Whether a worker listens, found out by connecting, and whether it answers.</summary>
internal static class AcceptProbe
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    public static Task UntilAcceptsAsync(NetworkAddress address, CancellationToken cancel) => UntilAsync(() => AcceptsAsync(address, cancel), cancel);

    /// <summary>Asks for a path until the answer has a status from 200 to 399.</summary>
    /// <param name="address">Who is asked.</param>
    /// <param name="path">What for.</param>
    /// <param name="overTls">Whether TLS is spoken. Whose certificate it is does not matter: we have started the one who has it.</param>
    /// <param name="cancel">Ends the wait.</param>
    public static Task UntilAnswersAsync(NetworkAddress address, string path, bool overTls, CancellationToken cancel) =>
        UntilAsync(() => AnswersAsync(address, path, overTls, cancel), cancel);

    private static async Task UntilAsync(Func<Task<bool>> asked, CancellationToken cancel)
    {
        for (var pause = FirstPause; !await asked(); pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
            await Task.Delay(pause, cancel);
    }

    private static async Task<bool> AcceptsAsync(NetworkAddress address, CancellationToken cancel)
    {
        using var socket = await ConnectAsync(address, cancel);
        return socket is not null;
    }

    private static async Task<bool> AnswersAsync(NetworkAddress address, string path, bool overTls, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(AnswerWithin);
        try
        {
            using var socket = await ConnectAsync(address, limit.Token);
            if (socket is null)
                return false;
            await using var stream = await SpeakAsync(socket, overTls, limit.Token);
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Steelyard\r\nConnection: close\r\n\r\n"), limit.Token);
            var room = new byte[12];
            var length = await stream.ReadAtLeastAsync(room, room.Length, throwOnEndOfStream: false, limit.Token);
            return length == room.Length && room.AsSpan().StartsWith("HTTP/1."u8) && room[8] == ' ' && room[9] is (byte)'2' or (byte)'3';
        }
        catch (Exception failure) when (failure is SocketException or IOException or AuthenticationException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task<Stream> SpeakAsync(Socket socket, bool overTls, CancellationToken cancel)
    {
        var plain = new NetworkStream(socket);
        if (!overTls)
            return plain;
        var stream = new SslStream(plain);
        await stream.AuthenticateAsClientAsync(new() { TargetHost = "localhost", RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null }, cancel);
        return stream;
    }

    private static async Task<Socket?> ConnectAsync(NetworkAddress address, CancellationToken cancel)
    {
        var socket = address.UnixPath is null
            ? new Socket(SocketType.Stream, ProtocolType.Tcp)
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            if (address.UnixPath is null)
                await socket.ConnectAsync(address.Host, address.Port, cancel);
            else
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(address.UnixPath), cancel);
            if (!IsOwnEcho(socket) && (!address.Greets || await socket.ReceiveAsync(new byte[1], cancel) == 1))
                return socket;
            socket.Dispose();
            return null;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Where nobody listens yet, the kernel may give the socket the very port it connects to, and TCP lets it meet itself.
    private static bool IsOwnEcho(Socket socket) => socket.LocalEndPoint is IPEndPoint local && local.Equals(socket.RemoteEndPoint);
}
