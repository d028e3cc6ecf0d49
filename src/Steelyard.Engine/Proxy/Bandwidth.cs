using Steelyard.Config;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Proxy;

/// <summary>How fast the answers of a route are sent, compiled. Immutable, shared by all loops.</summary>
internal sealed class Bandwidth
{
    private readonly TemplateBytes? _rate;
    private readonly TemplateBytes? _after;
    private readonly TemplateBytes? _ofServers;

    private Bandwidth(BandwidthSettings settings) => (_rate, _after, _ofServers) = (Compile(settings.Rate), Compile(settings.After), Compile(settings.OfServers));

    private static TemplateBytes? Compile(TextTemplate? text) => text is null ? null : new(text);

    /// <summary>Compiles it; null where nothing is limited.</summary>
    public static Bandwidth? From(BandwidthSettings? settings) => settings is null ? null : new(settings);

    /// <summary>Begins to limit an answer, where it is to be.</summary>
    /// <param name="context">The exchange.</param>
    /// <param name="ofServer">Whether a server gives the answer.</param>
    public static void Begin(ExchangeContext context, bool ofServer)
    {
        var ours = context.Route?.Bandwidth;
        if (ours is null && context.SetRate < 0)
        {
            context.SendRate.End();
            return;
        }

        var scope = context.Scope;
        var rate = context.SetRate >= 0 ? context.SetRate : Read(ours?._rate, scope);
        var free = rate > 0 ? Read(ours?._after, scope) : 0;
        if (ofServer && Read(ours?._ofServers, scope) is > 0 and var other && (rate == 0 || other < rate))
            (rate, free) = (other, 0);
        context.SendRate.Begin(rate, free, context.Begun);
    }

    private static long Read(TemplateBytes? template, in TemplateScope scope)
    {
        ExpressionRoom.OfThread.Clear();
        return template is not null && template.TryMake(scope, out var text) ? Math.Max(Parse(text), 0) : 0;
    }

    /// <summary>A number of bytes, with k, m or g perhaps; -1 for what is none.</summary>
    public static long Parse(ReadOnlySpan<byte> text)
    {
        text = HttpBytes.Trim(text);
        var unit = text.IsEmpty ? 0 : (text[^1] | 0x20) switch { 'k' => 1L << 10, 'm' => 1L << 20, 'g' => 1L << 30, _ => 1 };
        return HttpBytes.TryParseLength(unit > 1 ? text[..^1] : text, out var number) && number < long.MaxValue >> 31 ? number * unit : -1;
    }
}
