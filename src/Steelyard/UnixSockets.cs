using System.Net.Sockets;

namespace Steelyard;

/// <summary>Connections to sockets of this machine that have a path.</summary>
internal static class UnixSockets
{
    /// <summary>Whether somebody listens there.</summary>
    public static bool Answers(string path)
    {
        using var socket = New();
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Opens a connection.</summary>
    /// <exception cref="SocketException">Nobody listens there, or this user may not connect.</exception>
    public static async ValueTask<Stream> OpenAsync(string path, CancellationToken cancel)
    {
        var socket = New();
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static Socket New() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
}
