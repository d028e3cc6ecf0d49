using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Steelyard.Keeper;

/// <summary>
/// Tells systemd how we are, where it asks for that (sd_notify(3), <c>Type=notify-reload</c>): by datagrams to the socket
/// that NOTIFY_SOCKET names. Anywhere else it does nothing.
/// </summary>
internal sealed class ServiceManager : IDisposable
{
    private readonly Socket? _socket;

    public ServiceManager()
    {
        var name = Environment.GetEnvironmentVariable("NOTIFY_SOCKET");
        if (string.IsNullOrEmpty(name))
            return;

        // The instances of apps are not who it hears from.
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            // "@" stands for the zero of an abstract name.
            _socket.Connect(new UnixDomainSocketEndPoint(name[0] == '@' ? "\0" + name[1..] : name));
        }
        catch (SocketException error)
        {
            Console.Error.WriteLine($"steelyard: NOTIFY_SOCKET {name}: {error.Message}");
            _socket.Dispose();
            _socket = null;
        }
    }

    public void Ready() => Send("READY=1");

    public void Reloading() => Send(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000)}"));

    public void Stopping() => Send("STOPPING=1");

    public void Dispose() => _socket?.Dispose();

    private void Send(string state)
    {
        try
        {
            _socket?.Send(Encoding.UTF8.GetBytes(state));
        }
        catch (SocketException error)
        {
            Console.Error.WriteLine($"steelyard: NOTIFY_SOCKET: {error.Message}");
        }
    }
}
