using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Steelyard.Config;

namespace Steelyard.Engine.Logging;

/// <summary>
/// Lines as datagrams to syslog: RFC 3164 as HAProxy writes it, or RFC 5424. Nobody there is no fault: what it does not take
/// is lost and counted, said once, and it is tried again.
/// </summary>
/// <param name="settings">Where, and what the messages say.</param>
/// <param name="clock">The wall clock.</param>
/// <param name="report">Takes a line for standard error.</param>
internal sealed class SyslogDestination(AccessLogSettings settings, Func<DateTimeOffset> clock, Action<string> report) : LogDestination
{
    private const int SeverityInfo = 6;
    private const int LongestHeader = 320;

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private readonly byte[] _message = new byte[LongestHeader + LogRing.LongestLine];
    private readonly string _host = Environment.MachineName is { Length: > 0 and <= 255 } name ? name : "-";
    private Socket? _socket;
    private DateTimeOffset _failedAt;
    private bool _failed;

    public override int Write(ReadOnlySpan<byte> lines)
    {
        var now = clock();
        var header = Encoding.ASCII.GetBytes(HeaderOf(settings, now, _host, Environment.ProcessId), _message);
        var lost = 0;
        while (!lines.IsEmpty)
        {
            var end = lines.IndexOf((byte)'\n');
            lines[..end].CopyTo(_message.AsSpan(header));
            lost += Send(_message.AsSpan(0, header + end), now) ? 0 : 1;
            lines = lines[(end + 1)..];
        }

        return lost;
    }

    /// <summary>What stands before each line.</summary>
    internal static string HeaderOf(AccessLogSettings settings, DateTimeOffset now, string host, int process)
    {
        var priority = (settings.Facility * 8) + SeverityInfo;
        if (settings.Syslog == SyslogFormat.Rfc5424)
            return string.Create(CultureInfo.InvariantCulture, $"<{priority}>1 {now.UtcDateTime:yyyy-MM-ddTHH:mm:ss.ffffffZ} {host} {settings.Tag} {process} - {(settings.StructuredData ? "" : "- ")}");
        var local = TimeZoneInfo.ConvertTime(now, TimeZoneInfo.Local).DateTime;
        var time = settings.Syslog is SyslogFormat.Timed or SyslogFormat.Iso ? string.Create(CultureInfo.InvariantCulture, $"{TimeZoneInfo.ConvertTime(now, TimeZoneInfo.Local):yyyy-MM-ddTHH:mm:ss.ffffffzzz} ") : "";
        switch (settings.Syslog)
        {
            case SyslogFormat.Raw or SyslogFormat.Iso:
                return time;
            case SyslogFormat.Short or SyslogFormat.Timed:
                return string.Create(CultureInfo.InvariantCulture, $"<{SeverityInfo}>{time}");
            case SyslogFormat.Priority:
                return string.Create(CultureInfo.InvariantCulture, $"<{priority}>");
        }

        // RFC 3164, 4.1.2: a day of one digit has a blank before it.
        return string.Create(CultureInfo.InvariantCulture, $"<{priority}>{LogClock.MonthOf(local)} {local.Day,2} {local:HH:mm:ss} {settings.Tag}[{process}]: ");
    }

    private bool Send(ReadOnlySpan<byte> message, DateTimeOffset now)
    {
        if (_socket is null && now - _failedAt < s_pause)
            return false;
        try
        {
            (_socket ??= Connect()).Send(message);
            if (_failed)
                report($"{settings.To} takes messages again");
            _failed = false;
            return true;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.MessageSize)
        {
            return false;
        }
        catch (SocketException error)
        {
            if (!_failed)
                report($"lines are lost to {settings.To}: {ReasonOf(error)}");
            (_failed, _failedAt) = (true, now);
            _socket?.Dispose();
            _socket = null;
            return false;
        }
    }

    // The runtime has one error for that and for an address that nobody has.
    private string ReasonOf(SocketException error) =>
        settings.To.Address is null && error.SocketErrorCode == SocketError.AddressNotAvailable ? "No such file or directory" : error.Message;

    /// <exception cref="SocketException">Nobody is there.</exception>
    private Socket Connect()
    {
        var address = settings.To.Address;
        var socket = address is null ? new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) : null;
        try
        {
            if (address is null)
            {
                socket!.Connect(new UnixDomainSocketEndPoint(settings.To.Path!));
                return socket;
            }

            var ip = System.Net.IPAddress.TryParse(address.Host, out var literal) ? literal : System.Net.Dns.GetHostAddresses(address.Host)[0];
            socket = new Socket(ip.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(ip, address.Port);
            return socket;
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }

    public override void Dispose() => _socket?.Dispose();
}
