using System.Net;
using System.Net.Sockets;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>Ports of this machine for programs that have to be told one.</summary>
internal static class Ports
{
    // Below those that the kernel gives to connections, and to who binds port 0: between here and the program's start nobody
    // gets such a port by chance. Swarm publishes from 30,000 on.
    private const int First = 10_000, Count = 20_000;

    // Tests run in several processes at once: each begins somewhere else, and passes by what another has taken.
    private static int s_last = Environment.ProcessId * 997 % Count;

    /// <summary>A port that nobody listens on, and that nobody else here is given soon.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref s_last) % Count);
            if (IsFree(port))
                return port;
        }
    }

    /// <summary>Whether nobody has a port of any address of this machine.</summary>
    public static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
