using System.Net;
using System.Net.Sockets;
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
    public static Task UntilAnswersAsync(NetworkAddress address, string path, CancellationToken cancel) => UntilAsync(() => AnswersAsync(address, path, cancel), cancel);

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

    private static async Task<bool> AnswersAsync(NetworkAddress address, string path, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(AnswerWithin);
        try
        {
            using var socket = await ConnectAsync(address, limit.Token);
            if (socket is null)
                return false;
            await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Steelyard\r\nConnection: close\r\n\r\n"), limit.Token);
            var room = new byte[12];
            var length = 0;
            for (int count; length < room.Length && (count = await socket.ReceiveAsync(room.AsMemory(length), limit.Token)) > 0;)
                length += count;
            return length == room.Length && room.AsSpan().StartsWith("HTTP/1."u8) && room[8] == ' ' && room[9] is (byte)'2' or (byte)'3';
        }
        catch (SocketException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
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
