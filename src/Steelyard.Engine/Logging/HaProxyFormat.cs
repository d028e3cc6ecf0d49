namespace Steelyard.Engine.Logging;

/// <summary>The lines of HAProxy's option httplog and option tcplog (its manual, 8.2).</summary>
internal static class HaProxyFormat
{
    public static void WriteHttp(ref LineWriter writer, in LoggedExchange line)
    {
        WriteStart(ref writer, line);
        WriteSlashed(ref writer, line.RequestTime, line.QueueTime, line.ConnectTime, line.ResponseTime, line.TotalTime);
        writer.Write((byte)' ');
        writer.Write(line.Status);
        writer.Write((byte)' ');
        writer.Write(line.Sent);
        writer.Write((byte)' ');
        WriteCookies(ref writer, line);
        var (who, where) = Termination.Of(line.Context);
        var (sent, returned) = Termination.OfCookie(line.Context);
        writer.Write([(byte)' ', who, where, sent, returned, (byte)' ']);
        WriteCounts(ref writer, line);
        if (line.HasRequest)
        {
            WriteRequestFields(ref writer, line);
            WriteResponseFields(ref writer, line);
        }

        writer.Write(" \""u8);
        if (line.HasRequest)
            line.Log.Redaction.Write(ref writer, AccessLog.Cut(line.RequestLine), Escaping.HaProxyText, int.MaxValue);
        else
            writer.Write("<BADREQ>"u8);
        writer.Write((byte)'"');
    }

    public static void WriteTcp(ref LineWriter writer, in LoggedExchange line)
    {
        WriteStart(ref writer, line);
        WriteSlashed(ref writer, line.QueueTime, line.ConnectTime, line.TotalTime);
        writer.Write((byte)' ');
        writer.Write(line.Sent);
        var (who, where) = Termination.Of(line.Context);
        writer.Write([(byte)' ', who, where, (byte)' ']);
        WriteCounts(ref writer, line);
    }

    /// <summary>Who came, when, to which listener, and who served.</summary>
    private static void WriteStart(ref LineWriter writer, in LoggedExchange line)
    {
        var (context, client) = (line.Context, line.Context.Client);
        if (client.Peer.Port == 0)
        {
            writer.Write("unix:1"u8);
        }
        else
        {
            writer.Write(client.Forwarded.PeerAddress);
            writer.Write((byte)':');
            writer.Write(client.Peer.Port);
        }

        writer.Write(" ["u8);
        context.Loop.LogClock.WriteWithMilliseconds(ref writer, line.BegunAt);
        writer.Write("] "u8);
        writer.Write(line.Log.Listener);
        if (line.IsTls)
            writer.Write((byte)'~');
        writer.Write((byte)' ');
        writer.Write(context.Record.Pool is { } pool ? pool.NameBytes.Span : line.Log.Listener);
        writer.Write((byte)'/');
        writer.Write(context.Server is null ? "<NOSRV>"u8 : context.Server.NameBytes.Span);
        writer.Write((byte)' ');
    }

    /// <summary>Connections of the process, the listener, the pool and the server; attempts after the first; who waited before.</summary>
    private static void WriteCounts(ref LineWriter writer, in LoggedExchange line)
    {
        var context = line.Context;
        WriteSlashed(ref writer, context.Plan.Connections.Open, context.Client.Listener.Connections.Open, context.Pool?.Sessions ?? 0, context.Server?.Active ?? 0);
        writer.Write(line.Record.Redispatched ? "/+"u8 : "/"u8);
        writer.Write(line.Record.Retries);
        writer.Write(" 0/"u8);
        writer.Write(line.Record.QueuePosition);
    }

    private static void WriteSlashed(ref LineWriter writer, params scoped ReadOnlySpan<long> numbers)
    {
        writer.Write(numbers[0]);
        foreach (var number in numbers[1..])
        {
            writer.Write((byte)'/');
            writer.Write(number);
        }
    }

    private static void WriteCookies(ref LineWriter writer, in LoggedExchange line)
    {
        if (line.Log.Cookie is not { } cookie || !line.HasRequest)
        {
            writer.Write("- -"u8);
            return;
        }

        WriteCookie(ref writer, cookie, Proxy.Cookies.Find(line.Context.Request, line.Record.Head, cookie.Name));
        writer.Write((byte)' ');
        WriteCookie(ref writer, cookie, line.Record.SetCookie(line.Log));
    }

    private static void WriteCookie(ref LineWriter writer, LoggedCookie cookie, scoped ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
            writer.Write((byte)'-');
        else
            cookie.Write(ref writer, value, Escaping.HaProxy);
    }

    private static void WriteRequestFields(ref LineWriter writer, in LoggedExchange line)
    {
        var fields = line.Log.RequestFields;
        for (var i = 0; i < fields.Count; i++)
        {
            writer.Write(i == 0 ? " {"u8 : "|"u8);
            writer.Write(fields.ValueOf(i, line.Context.Request.Fields, line.Record.Head, line.Scope.Variables), Escaping.HaProxy);
        }

        if (fields.Count > 0)
            writer.Write((byte)'}');
    }

    private static void WriteResponseFields(ref LineWriter writer, in LoggedExchange line)
    {
        var fields = line.Log.ResponseFields;
        for (var i = 0; i < fields.Count; i++)
        {
            writer.Write(i == 0 ? " {"u8 : "|"u8);
            writer.Write(line.Record.Captured(line.Log, i), Escaping.HaProxy);
        }

        if (fields.Count > 0)
            writer.Write((byte)'}');
    }
}
