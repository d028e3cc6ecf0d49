namespace Steelyard.Config.Nginx;

/// <summary>How fast answers are sent: limit_rate, limit_rate_after, proxy_limit_rate.</summary>
internal static class NginxBandwidth
{
    /// <summary>Checks one of them.</summary>
    public static void Check(NginxUse use)
    {
        if (!use.Directive[1].Contains('$', StringComparison.Ordinal))
            NginxArguments.Size(use);
    }

    /// <summary>What a block says; null for no limit.</summary>
    public static BandwidthSettings? Of(NginxLevel level, NginxScope scope)
    {
        var (rate, ofServers) = (Read("limit_rate", level, scope), Read("proxy_limit_rate", level, scope));
        var after = Read("limit_rate_after", level, scope);

        // A rate may also be what set or a server says.
        return rate is null && ofServers is null && after is null ? null : new() { Rate = rate, After = after, OfServers = ofServers };
    }

    private static TextTemplate? Read(string name, NginxLevel level, NginxScope scope) =>
        level.Find(name) is { } line && line[1] != "0" && NginxVariables.TryRead(line[1], scope, line.Words[1].Place, out var text) ? text : null;
}
