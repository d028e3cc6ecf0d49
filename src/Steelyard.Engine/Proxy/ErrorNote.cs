using System.Text;

namespace Steelyard.Engine.Proxy;

/// <summary>Writes an error down for people to look at.</summary>
internal static class ErrorNote
{
    private const int LongestRequest = 200;

    public static RecentError Of(in Outcome outcome, ExchangeContext context) => new(
        context.Events.Network.UtcNow,
        outcome.Code,
        context.ResponseBegun ? 0 : outcome.Status,
        outcome.Sentence,
        context.Client.Peer.Address()?.ToString(),
        RequestOf(context),
        context.Pool?.Name,
        context.Server?.Settings.Address.ToString(),
        Encoding.ASCII.GetString(context.Identity.Name),
        context.Identity.Trace is { IsEmpty: false } trace ? Encoding.ASCII.GetString(trace) : null);

    /// <summary>Method and target, without the query, which may hold what is nobody's business; null where the head has not arrived.</summary>
    public static string? RequestOf(ExchangeContext context)
    {
        if (!context.HeadHeld)
            return null;
        var head = context.Head;
        var text = $"{Encoding.Latin1.GetString(context.Request.MethodBytes(head))} {Encoding.Latin1.GetString(context.Request.Authority(head))}{Encoding.Latin1.GetString(context.Request.Path(head))}";
        return text.Length <= LongestRequest ? text : text[..LongestRequest] + "...";
    }
}
