using System.Globalization;
using System.Text;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Proxy;

/// <summary>Writes an error down for people to look at.</summary>
internal static class ErrorNote
{
    private const int LongestRequest = 200;

    public static RecentError Of(in Outcome outcome, int status, ExchangeContext context) => new(
        context.Events.Network.UtcNow,
        outcome.Code,
        status,
        outcome.Sentence,
        context.Client.Peer.Address()?.ToString(),
        RequestOf(context),
        context.Pool?.Name,
        context.Server?.Settings.Address.ToString(),
        Encoding.ASCII.GetString(context.Identity.Name),
        context.Identity.Trace is { IsEmpty: false } trace ? Encoding.ASCII.GetString(trace) : null);

    /// <summary>Method and target, without the query, which may hold what is nobody's business; null where nothing has come.</summary>
    public static string? RequestOf(ExchangeContext context)
    {
        if (!context.HeadHeld)
            return RequestIn(RequestHead.FirstLineOf(context.Client.Input.Unread));
        var head = context.Head;
        return Shown($"{Encoding.Latin1.GetString(context.Request.MethodBytes(head))} {Encoding.Latin1.GetString(context.Request.Authority(head))}{Encoding.Latin1.GetString(context.Request.Path(head))}");
    }

    /// <summary>The same of a line that nobody could read, which may be anything.</summary>
    private static string? RequestIn(ReadOnlySpan<byte> line)
    {
        var query = line.IndexOf((byte)'?');
        if (query >= 0)
            line = line[..query];
        else if (line.EndsWith(" HTTP/1.0"u8) || line.EndsWith(" HTTP/1.1"u8))
            line = line[..^" HTTP/1.1".Length];
        var text = new StringBuilder();
        foreach (var value in line[..Math.Min(line.Length, LongestRequest + 1)])
            _ = value is >= (byte)' ' and <= (byte)'~' ? text.Append((char)value) : text.Append(CultureInfo.InvariantCulture, $"\\x{value:X2}");
        return text.Length == 0 ? null : Shown(text.ToString());
    }

    private static string Shown(string text) => text.Length <= LongestRequest ? text : text[..LongestRequest] + "...";
}
