using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Causes;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Tls;

namespace Steelyard.Engine.Logging;

/// <summary>Writes the fields that lines of the configuration's own are made of.</summary>
internal static class LogFields
{
    // nginx: a request that its client closed before the answer.
    private const int ClientGoneStatus = 499;
    private const int LongestLine = 8 * 1024;

    private static readonly byte[] s_hostName = Encoding.UTF8.GetBytes(Environment.MachineName);

    /// <summary>Writes a field; nothing, or what the style has for it, where it is absent.</summary>
    public static void Write(ref LineWriter writer, in LoggedExchange line, LogField field, LogForm form, Escaping escaping, LogEscape style)
    {
        if (TryGetNumber(line, field, style, out var number))
        {
            WriteNumber(ref writer, number, form, style);
            return;
        }

        var context = line.Context;
        switch (field)
        {
            case LogField.ReadyMilliseconds when form.HasFlag(LogForm.Hex):
                WriteNumber(ref writer, line.ReadyAt.Millisecond, form, style);
                break;
            case LogField.ReadyMilliseconds:
                LogClock.WriteDigits(ref writer, line.ReadyAt.Millisecond, 3);
                break;
            case LogField.Time or LogField.TimeLocal or LogField.TimeUtc or LogField.TimeIso or LogField.TimeMilliseconds or LogField.EndLocal or LogField.EndIso
                or LogField.Ready or LogField.ReadyLocal or LogField.ReadyUtc:
                WriteTime(ref writer, line, field);
                break;
            case LogField.RequestLine:
                if (line.HasRequest || (style != LogEscape.HaProxy && !line.RequestLine.IsEmpty))
                    line.Log.Redaction.Write(ref writer, style == LogEscape.HaProxy ? AccessLog.Cut(line.RequestLine) : line.RequestLine, escaping, LongestLine);
                else if (style == LogEscape.HaProxy)
                    writer.Write("<BADREQ>"u8);
                else
                    WriteAbsent(ref writer, form, style);
                break;
            case LogField.User:
                if (!CombinedFormat.TryWriteUser(ref writer, line, escaping))
                    WriteAbsent(ref writer, form, style);
                break;
            case LogField.Protocol or LogField.QueryString when !line.HasRequest && style == LogEscape.HaProxy:
                writer.Write("<BADREQ>"u8);
                break;
            case LogField.QueryString:
                WriteQuery(ref writer, line, form, escaping, style);
                break;
            case LogField.Protocol:
                WriteText(ref writer, !line.HasRequest ? default : context.Request.MinorVersion == 0 ? "HTTP/1.0"u8 : "HTTP/1.1"u8, form, escaping, style);
                break;
            case LogField.Peer:
                if (context.Client.Peer.Port == 0)
                    WriteText(ref writer, "unix"u8, form, escaping, style);
                else if (form.HasFlag(LogForm.Hex))
                    WriteHexAddress(ref writer, context.Client.Peer, form, style);
                else
                    WriteText(ref writer, context.Client.Forwarded.PeerAddress, form, escaping, style);
                break;
            case LogField.LocalAddress:
                WriteAddress(ref writer, context.Client.Destination, form, style);
                break;
            case LogField.Listener or LogField.ListenerWithMark:
                writer.Write(line.Log.Listener, escaping);
                if (field == LogField.ListenerWithMark && line.IsTls)
                    writer.Write((byte)'~');
                break;
            case LogField.Route:
                WriteText(ref writer, context.Route is { } route ? route.NameBytes.Span : default, form, escaping, style);
                break;
            case LogField.Backend:
                writer.Write(context.Record.Pool is { } pool ? pool.NameBytes.Span : line.Log.Listener, escaping);
                break;
            case LogField.ServedBy:
                WriteText(ref writer, context.Server is { } its ? its.NameBytes.Span : style == LogEscape.HaProxy ? "<NOSRV>"u8 : default, form, escaping, style);
                break;
            case LogField.ServerHost:
                WriteText(ref writer, HostOf(context.ServerBytes.Span), form, escaping, style);
                break;
            case LogField.TlsVersion:
                WriteText(ref writer, context.Client.Tls is { } tls ? TlsWords.VersionOf(tls) : default, form, escaping, style);
                break;
            case LogField.TlsCipher:
                WriteText(ref writer, context.Client.Tls is { } secured ? TlsWords.CipherOf(secured) : default, form, escaping, style);
                break;
            case LogField.Termination or LogField.TerminationShort:
                WriteTermination(ref writer, line, field);
                break;
            case LogField.Cause:
                if (line.Record.Ending.IsSuccess)
                    WriteAbsent(ref writer, form, style);
                else
                    writer.Write(CauseTable.CodeOf(line.Record.Ending));
                break;
            case LogField.RateLimit:
                WriteText(ref writer, LimitVerdicts.Word(line.Record.ByRate), form, escaping, style);
                break;
            case LogField.ConcurrencyLimit:
                WriteText(ref writer, LimitVerdicts.Word(line.Record.ByConcurrency), form, escaping, style);
                break;
            case LogField.Retries:
                if (line.Record.Redispatched)
                    writer.Write((byte)'+');
                writer.Write(line.Record.Retries);
                break;
            case LogField.RequestFields or LogField.RequestFieldsQuoted or LogField.RequestFieldList or LogField.ResponseFields or LogField.ResponseFieldsQuoted or LogField.ResponseFieldList:
                WriteCaptured(ref writer, line, field, escaping, style);
                break;
            case LogField.RequestCookie or LogField.ResponseCookie:
                WriteCookie(ref writer, line, field, form, escaping, style);
                break;
            case >= LogField.TriedServers and <= LogField.TriedLengths:
                WriteTried(ref writer, line, field, form, escaping, style);
                break;
            case LogField.Pipelined:
                writer.Write(context.Client.IsPipelined ? (byte)'p' : (byte)'.');
                break;
            case LogField.Completion:
                WriteText(ref writer, line.Status >= 0 && !line.Record.IsCut && (line.Record.Ending.IsSuccess || !context.ResponseBegun) ? "OK"u8 : default, form, escaping, style);
                break;
            case LogField.HostName:
                writer.Write(s_hostName, escaping);
                break;
            default:
                WriteAbsent(ref writer, form, style);
                break;
        }
    }

    /// <summary>The fields that are numbers; -1 for one that is absent.</summary>
    private static bool TryGetNumber(in LoggedExchange line, LogField field, LogEscape style, out long number)
    {
        var (context, client) = (line.Context, line.Context.Client);
        long? value = field switch
        {
            LogField.TimeSeconds => new DateTimeOffset(line.BegunAt, TimeSpan.Zero).ToUnixTimeSeconds(),
            LogField.ReadySeconds => new DateTimeOffset(line.ReadyAt, TimeSpan.Zero).ToUnixTimeSeconds(),
            LogField.EndMilliseconds => new DateTimeOffset(context.Loop.LogClock.At(line.Now, line.Now), TimeSpan.Zero).ToUnixTimeMilliseconds(),
            LogField.HandshakeTime => client.HandshakeTime,
            LogField.IdleTime => line.IdleTime,
            LogField.RequestTime => line.RequestTime,
            LogField.QueueTime => line.QueueTime,
            LogField.ConnectTime => line.ConnectTime,
            LogField.ResponseTime => line.ResponseTime,
            LogField.DataTime => line.Record.AnswerAt < 0 ? -1 : line.Now - line.Record.AnswerAt,
            LogField.TotalTime => line.TotalTime,
            LogField.UserTime => line.TotalTime + line.IdleTime,
            LogField.ConnectionTime => line.TotalTime + line.IdleTime + client.HandshakeTime,
            LogField.BeforeTime => line.RequestTime < 0 ? -1 : line.RequestTime + line.IdleTime + client.HandshakeTime,
            LogField.ServerHeadTime => line.ResponseTime < 0 ? -1 : line.ConnectTime + line.ResponseTime,
            LogField.ServerTime => line.Record.ChosenAt < 0 ? -1 : line.Now - line.Record.ChosenAt,
            LogField.Status => line.Status >= 0 || style == LogEscape.HaProxy ? line.Status : ClientGoneStatus,
            LogField.BytesSent => line.Sent,
            LogField.BodyBytesSent => line.Body,
            LogField.BytesReceived => line.Received,
            LogField.PeerPort => client.Peer.Port == 0 ? (style == LogEscape.HaProxy ? 1 : -1) : client.Peer.Port,
            LogField.LocalPort => client.Destination is { Length: > 0 } place ? place.Port : -1,
            LogField.ServerPort => context.Server?.Settings.Address.Port,
            LogField.ProcessConnections => context.Plan.Connections.Open,
            LogField.ListenerConnections => client.Listener.Connections.Open,
            LogField.PoolRequests => context.Pool?.Sessions ?? 0,
            LogField.ServerRequests => context.Server?.Active ?? 0,
            LogField.QueuePosition => line.Record.QueuePosition,
            LogField.ServerQueuePosition => 0,
            LogField.ConnectionRequests => client.Requests,
            LogField.LineNumber => line.Number,
            LogField.SessionStatus => line.Record.IsDenied ? 403 : line.Record.Ending switch { { IsSuccess: true } => 200, { Cause: Cause.TooManyAtOnce } => 503, { Fault: Fault.Server } => 502, _ => 500 },
            LogField.ConnectionNumber => client.Number,
            LogField.ProcessId => Environment.ProcessId,
            _ => null,
        };
        number = value ?? 0;
        return value is not null;
    }

    private static void WriteNumber(ref LineWriter writer, long number, LogForm form, LogEscape style)
    {
        if (number < 0 && style != LogEscape.HaProxy)
        {
            WriteAbsent(ref writer, form, style);
        }
        else if (form.HasFlag(LogForm.Seconds) && number >= 0)
        {
            writer.Write(number / 1000);
            writer.Write((byte)'.');
            LogClock.WriteDigits(ref writer, (int)(number % 1000), 3);
        }
        else if (form.HasFlag(LogForm.Hex) && number >= 0)
        {
            Span<byte> digits = stackalloc byte[16];
            Utf8Formatter.TryFormat(number, digits, out var length, new StandardFormat('X', 4));
            writer.Write(digits[..length]);
        }
        else
        {
            writer.Write(number);
        }
    }

    private static void WriteTried(ref LineWriter writer, in LoggedExchange line, LogField field, LogForm form, Escaping escaping, LogEscape style)
    {
        var tried = line.Record.Tried;
        if (tried.Count == 0)
            WriteAbsent(ref writer, form, style);
        for (var i = 0; i < tried.Count; i++)
        {
            if (i > 0)
                writer.Write(tried[i].Turn == tried[i - 1].Turn ? ", "u8 : " : "u8);
            if (field == LogField.TriedServers)
                writer.Write(tried[i].Server.Span, escaping);
            else
                WriteNumber(ref writer, NumberOf(tried[i], field), form, style);
        }
    }

    private static long NumberOf(in LoggedAttempt attempt, LogField field) => field switch
    {
        LogField.TriedStatuses => attempt.Status,
        LogField.TriedConnectTimes => attempt.Connect,
        LogField.TriedHeadTimes => attempt.Head,
        LogField.TriedTimes => attempt.Time,
        _ => attempt.Length,
    };

    private static void WriteTime(ref LineWriter writer, in LoggedExchange line, LogField field)
    {
        var clock = line.Context.Loop.LogClock;
        switch (field)
        {
            case LogField.Time:
                clock.WriteWithMilliseconds(ref writer, line.BegunAt);
                break;
            case LogField.Ready:
                clock.WriteWithMilliseconds(ref writer, line.ReadyAt);
                break;
            case LogField.ReadyLocal:
                clock.WriteWithZone(ref writer, line.ReadyAt);
                break;
            case LogField.ReadyUtc:
                LogClock.WriteUtcWithZone(ref writer, line.ReadyAt);
                break;
            case LogField.TimeLocal:
                clock.WriteWithZone(ref writer, line.BegunAt);
                break;
            case LogField.TimeUtc:
                LogClock.WriteUtcWithZone(ref writer, line.BegunAt);
                break;
            case LogField.TimeIso:
                LogClock.WriteUtc(ref writer, line.BegunAt);
                break;
            case LogField.TimeMilliseconds:
                LogClock.WriteDigits(ref writer, line.BegunAt.Millisecond, 3);
                break;
            case LogField.EndLocal:
                clock.WriteWithZone(ref writer, clock.At(line.Now, line.Now));
                break;
            default:
                LogClock.WriteIsoWithZone(ref writer, clock.At(line.Now, line.Now));
                break;
        }
    }

    private static void WriteText(ref LineWriter writer, scoped ReadOnlySpan<byte> text, LogForm form, Escaping escaping, LogEscape style)
    {
        if (text.IsEmpty)
            WriteAbsent(ref writer, form, style);
        else
            writer.Write(text, escaping);
    }

    /// <summary>What stands for a field that is not there; HAProxy's style has one mark for it and for what is empty.</summary>
    private static void WriteAbsent(ref LineWriter writer, LogForm form, LogEscape style)
    {
        if (style == LogEscape.Default && !form.HasFlag(LogForm.Quoted))
            writer.Write((byte)'-');
    }

    private static void WriteQuery(ref LineWriter writer, in LoggedExchange line, LogForm form, Escaping escaping, LogEscape style)
    {
        if (!line.HasRequest || line.Context.Request.OriginalTarget(line.Record.Head).IndexOf((byte)'?') is var question && question < 0)
            WriteAbsent(ref writer, form, style);
        else
            line.Log.Redaction.Write(ref writer, line.Context.Request.OriginalTarget(line.Record.Head)[question..], escaping, LongestLine);
    }

    private static void WriteAddress(ref LineWriter writer, in KernelAddress address, LogForm form, LogEscape style)
    {
        Span<byte> text = stackalloc byte[64];
        if (form.HasFlag(LogForm.Hex))
            WriteHexAddress(ref writer, address, form, style);
        else if (address.Length > 0 && address.WriteText(text) is > 0 and var length)
            writer.Write(text[..length]);
        else
            WriteAbsent(ref writer, form, style);
    }

    private static void WriteHexAddress(ref LineWriter writer, in KernelAddress address, LogForm form, LogEscape style)
    {
        Span<byte> bytes = stackalloc byte[16];
        var length = address.Length > 0 ? address.WriteBytes(bytes) : 0;
        Span<byte> digits = stackalloc byte[2];
        foreach (var value in bytes[..length])
        {
            Utf8Formatter.TryFormat(value, digits, out _, new StandardFormat('X', 2));
            writer.Write(digits);
        }

        if (length == 0)
            WriteAbsent(ref writer, form, style);
    }

    /// <summary>An address without its port.</summary>
    private static ReadOnlySpan<byte> HostOf(ReadOnlySpan<byte> address)
    {
        var colon = address.LastIndexOf((byte)':');
        return colon > 0 && colon > address.LastIndexOf((byte)']') && !address.StartsWith("unix:"u8) ? address[..colon] : address;
    }

    private static void WriteTermination(ref LineWriter writer, in LoggedExchange line, LogField field)
    {
        var (who, where) = Termination.Of(line.Context);
        writer.Write([who, where]);
        if (field == LogField.TerminationShort)
            return;
        var (sent, returned) = Termination.OfCookie(line.Context);
        writer.Write([sent, returned]);
    }

    private static void WriteCaptured(ref LineWriter writer, in LoggedExchange line, LogField field, Escaping escaping, LogEscape style)
    {
        if (!line.HasRequest)
            return;
        if (escaping == Escaping.HaProxyText)
            escaping = Escaping.HaProxy;
        var ofRequest = field is LogField.RequestFields or LogField.RequestFieldsQuoted or LogField.RequestFieldList;
        var listed = field is LogField.RequestFieldList or LogField.ResponseFieldList;
        var quoted = field is LogField.RequestFieldsQuoted or LogField.ResponseFieldsQuoted;
        var list = ofRequest ? line.Log.RequestFields : line.Log.ResponseFields;
        for (var i = 0; i < list.Count; i++)
        {
            var value = ofRequest ? list.ValueOf(i, line.Context.Request.Fields, line.Record.Head, line.Scope.Variables) : line.Record.Captured(line.Log, i);
            if (listed)
            {
                if (i > 0)
                    writer.Write((byte)' ');
                if (value.IsEmpty && style is LogEscape.Default or LogEscape.HaProxy)
                    writer.Write((byte)'-');
                writer.Write(value, escaping);
                continue;
            }

            if (!quoted)
            {
                writer.Write(i == 0 ? (byte)'{' : (byte)'|');
                writer.Write(value, escaping);
                continue;
            }

            writer.Write(i == 0 ? "\""u8 : " \""u8);
            writer.Write(value, escaping);
            writer.Write((byte)'"');
        }

        if (list.Count > 0 && !quoted && !listed)
            writer.Write((byte)'}');
    }

    private static void WriteCookie(ref LineWriter writer, in LoggedExchange line, LogField field, LogForm form, Escaping escaping, LogEscape style)
    {
        var cookie = line.Log.Cookie;
        var value = cookie is null || !line.HasRequest ? default
            : field == LogField.ResponseCookie ? line.Record.SetCookie(line.Log)
            : Proxy.Cookies.Find(line.Context.Request, line.Record.Head, cookie.Name);
        if (value.IsEmpty)
            WriteAbsent(ref writer, form, style);
        else
            cookie!.Write(ref writer, value, escaping);
    }
}
