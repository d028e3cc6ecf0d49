using System.Net.Sockets;
using Steelyard.Config;

namespace Steelyard.Apps;

/// <summary>Whether an instance listens, found out by connecting.</summary>
internal static class Readiness
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);

    public static async Task UntilAcceptsAsync(NetworkAddress address, CancellationToken cancel)
    {
        for (var pause = FirstPause; !await AcceptsAsync(address, cancel); pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
            await Task.Delay(pause, cancel);
    }

    private static async Task<bool> AcceptsAsync(NetworkAddress address, CancellationToken cancel)
    {
        using var socket = address.UnixPath is null
            ? new Socket(SocketType.Stream, ProtocolType.Tcp)
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            if (address.UnixPath is null)
                await socket.ConnectAsync(address.Host, address.Port, cancel);
            else
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(address.UnixPath), cancel);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
