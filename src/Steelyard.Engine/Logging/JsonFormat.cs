using Steelyard.Engine.Causes;

namespace Steelyard.Engine.Logging;

/// <summary>A line that is an object of JSON. What is not there is left out.</summary>
internal static class JsonFormat
{
    private const int LongestTarget = 4096;
    private const int LongestHost = 256;
    private const int LongestReferer = 1024;
    private const int LongestAgent = 512;

    public static void Write(ref LineWriter writer, in LoggedExchange line)
    {
        var (context, record) = (line.Context, line.Record);
        writer.Write("{\"time\":\""u8);
        LogClock.WriteUtc(ref writer, line.BegunAt);
        writer.Write((byte)'"');
        WriteText(ref writer, "client"u8, line.ClientAddress);
        WriteNumber(ref writer, "port"u8, context.Client.Peer.Port);
        WriteText(ref writer, "listener"u8, line.Log.Listener);
        writer.Write(line.IsTls ? ",\"tls\":true"u8 : ",\"tls\":false"u8);
        if (context.Pool is { } pool)
            WriteText(ref writer, "pool"u8, pool.NameBytes.Span);
        if (context.Server is not null)
            WriteText(ref writer, "server"u8, context.ServerBytes.Span);
        if (line.HasBegun)
            WriteRequest(ref writer, line);
        if (line.Status > 0)
            WriteNumber(ref writer, "status"u8, line.Status);
        if (!record.Ending.IsSuccess)
            WriteText(ref writer, "cause"u8, CauseTable.CodeOf(record.Ending));
        WriteEnd(ref writer, line);
        writer.Write((byte)'}');
    }

    private static void WriteRequest(ref LineWriter writer, in LoggedExchange line)
    {
        var context = line.Context;
        WriteText(ref writer, "request_id"u8, context.Identity.Name);
        if (context.Identity.Trace is { IsEmpty: false } trace)
            WriteText(ref writer, "trace_id"u8, trace);
        if (!context.Request.MethodBytes(line.Head).IsEmpty)
            WriteAsked(ref writer, line);
        if (CombinedFormat.ValueOf(line, "referer"u8) is { IsEmpty: false } referer)
        {
            writer.Write(",\"referer\":\""u8);
            line.Log.Redaction.Write(ref writer, referer, Escaping.Json, LongestReferer);
            writer.Write((byte)'"');
        }

        if (CombinedFormat.ValueOf(line, "user-agent"u8) is { IsEmpty: false } agent)
            WriteText(ref writer, "user_agent"u8, agent, LongestAgent);
        WriteCaptured(ref writer, line);
    }

    private static void WriteAsked(ref LineWriter writer, in LoggedExchange line)
    {
        var request = line.Context.Request;
        var head = line.Head;
        WriteText(ref writer, "method"u8, request.MethodBytes(head));
        if (line.HasRequest)
            WriteText(ref writer, "host"u8, request.Authority(head), LongestHost);
        else if (CombinedFormat.ValueOf(line, "host"u8) is { IsEmpty: false } host)
            WriteText(ref writer, "host"u8, host, LongestHost);
        writer.Write(",\"target\":\""u8);
        line.Log.Redaction.Write(ref writer, request.Target(head), Escaping.Json, LongestTarget);
        writer.Write((byte)'"');
        if (line.HasRequest || request.Error != Http1.HeadError.Version)
            writer.Write(request.MinorVersion == 0 ? ",\"protocol\":\"HTTP/1.0\""u8 : ",\"protocol\":\"HTTP/1.1\""u8);
    }

    private static void WriteCaptured(ref LineWriter writer, in LoggedExchange line)
    {
        var (request, response) = (line.Log.RequestFields, line.Log.ResponseFields);
        for (var i = 0; i < request.Count; i++)
        {
            writer.Write(i == 0 ? ",\"request_headers\":{\""u8 : ",\""u8);
            WriteMember(ref writer, request, i, request.ValueOf(i, line.Context.Request.Fields, line.Head, line.Scope.Variables));
        }

        if (request.Count > 0)
            writer.Write((byte)'}');
        for (var i = 0; i < response.Count; i++)
        {
            writer.Write(i == 0 ? ",\"response_headers\":{\""u8 : ",\""u8);
            WriteMember(ref writer, response, i, line.Record.Captured(line.Log, i));
        }

        if (response.Count > 0)
            writer.Write((byte)'}');
        if (line.Log.Cookie is not { } cookie)
            return;
        if (Proxy.Cookies.Find(line.Context.Request, line.Head, cookie.Name) is { IsEmpty: false } brought)
            WriteText(ref writer, "cookie"u8, brought, cookie.Most);
        if (line.Record.SetCookie(line.Log) is { IsEmpty: false } set)
            WriteText(ref writer, "set_cookie"u8, set, cookie.Most);
    }

    // The name of a field is a token, and so is that of a variable, which holds nothing that JSON escapes.
    private static void WriteMember(ref LineWriter writer, CaptureList list, int index, scoped ReadOnlySpan<byte> value)
    {
        foreach (var letter in list.KeyOf(index))
            writer.Write((byte)letter);
        writer.Write("\":\""u8);
        writer.Write(value, Escaping.Json, list.MostOf(index));
        writer.Write((byte)'"');
    }

    private static void WriteEnd(ref LineWriter writer, in LoggedExchange line)
    {
        var (context, record) = (line.Context, line.Record);
        var (who, where) = Termination.Of(context);
        var (sent, returned) = Termination.OfCookie(context);
        writer.Write(",\"termination\":\""u8);
        writer.Write([who, where, sent, returned, (byte)'"']);
        WriteNumber(ref writer, "bytes_sent"u8, line.Sent);
        WriteNumber(ref writer, "bytes_received"u8, line.Received);
        WriteTime(ref writer, "request_ms"u8, line.RequestTime);
        WriteTime(ref writer, "queue_ms"u8, line.QueueTime);
        WriteTime(ref writer, "connect_ms"u8, line.ConnectTime);
        WriteTime(ref writer, "response_ms"u8, line.ResponseTime);
        WriteTime(ref writer, "total_ms"u8, line.TotalTime);
        WriteNumber(ref writer, "retries"u8, record.Retries);
        writer.Write(record.Redispatched ? ",\"redispatched\":true"u8 : ",\"redispatched\":false"u8);
        WriteNumber(ref writer, "queue_position"u8, record.QueuePosition);
        WriteNumber(ref writer, "process_connections"u8, context.Plan.Connections.Open);
        WriteNumber(ref writer, "listener_connections"u8, context.Client.Listener.Connections.Open);
        WriteNumber(ref writer, "pool_requests"u8, context.Pool?.Sessions ?? 0);
        WriteNumber(ref writer, "server_requests"u8, context.Server?.Active ?? 0);
    }

    private static void WriteTime(ref LineWriter writer, scoped ReadOnlySpan<byte> name, long time)
    {
        if (time >= 0)
            WriteNumber(ref writer, name, time);
    }

    private static void WriteNumber(ref LineWriter writer, scoped ReadOnlySpan<byte> name, long number)
    {
        writer.Write(",\""u8);
        writer.Write(name);
        writer.Write("\":"u8);
        writer.Write(number);
    }

    private static void WriteText(ref LineWriter writer, scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value, int most = int.MaxValue)
    {
        writer.Write(",\""u8);
        writer.Write(name);
        writer.Write("\":\""u8);
        writer.Write(value, Escaping.Json, most);
        writer.Write((byte)'"');
    }
}
