using Steelyard.Config.Expressions;

namespace Steelyard.Config.Drafts;

/// <summary>What a listener that carries anything cannot do, for it reads no requests.</summary>
internal static class TcpChecks
{
    private const string Expected = "only 'host', the name in a TLS hello, 'when', 'concurrency', and 'to', 'to-named', 'split' or 'respond'; or 'mode: http'";

    public static void Check(ListenerDraft listener, ProblemList problems)
    {
        var mode = listener.Mode!.Value.Place;
        if (listener.TrustedProxies is [var first, ..])
            problems.Error(first.Place, "'trusted-proxies' in a listener with 'mode: tcp', which reads no fields", "'proxy-protocol', by which a proxy says who the client is without HTTP; or 'mode: http'");
        if (listener.Explain is [var asking, ..])
            problems.Error(asking.Place, "'explain' in a listener with 'mode: tcp', where nobody can ask by a field", "a listener without it; or 'mode: http'");
        if (listener.ClientField is { } field)
            problems.Error(field.Place, "'client-field' in a listener with 'mode: tcp', which reads no fields", "'proxy-protocol', by which a proxy says who the client is without HTTP; or 'mode: http'");
        if (listener.Connect)
            problems.Error(mode, "'mode: tcp' with 'connect', where no requests are read", "a listener without it; or 'mode: http'");
        if (listener.FieldNames != FieldNames.Any)
            problems.Error(mode, "'mode: tcp' with 'field-names', where no requests are read", "a listener without it; or 'mode: http'");
        if (listener.KeepsSlashes)
            problems.Error(mode, "'mode: tcp' with 'keep-slashes', where no requests are read", "a listener without it; or 'mode: http'");
        if (listener.AsNginx)
            problems.Error(mode, "'mode: tcp' with 'as-nginx', where no requests are read", "a listener without it; or 'mode: http'");
        if (listener.Tolerant)
            problems.Error(mode, "'mode: tcp' with 'tolerant', where no requests are read", "a listener without it; or 'mode: http'");
        if (listener.Compress is not null)
            problems.Error(mode, "'mode: tcp' with 'compress', where no answers are read", "a listener without it; or 'mode: http'");
        if (listener.Forwarded != ForwardedStyle.XForwarded)
            problems.Error(mode, "'mode: tcp' with 'forwarded', where no fields are written", "'proxy-protocol' in the pool; or 'mode: http'");
        if (listener.RequestHeaders != HeaderEdits.None || listener.ResponseHeaders != HeaderEdits.None)
            problems.Error(mode, $"'mode: tcp' with '{(listener.RequestHeaders != HeaderEdits.None ? "request-headers" : "response-headers")}', where there are no fields", "a listener without them; or 'mode: http'");
        if (listener.RequestId is not null || listener.TraceContext is not null)
            problems.Error(mode, $"'mode: tcp' with '{(listener.RequestId is not null ? "request-id" : "trace-context")}', where no fields are written", "a listener without it; or 'mode: http'");
        if ((listener.RateLimit?.Place ?? listener.Concurrency?.Place) is { } limit)
            problems.Error(limit, $"'{(listener.RateLimit is null ? "concurrency" : "rate-limit")}' in a listener with 'mode: tcp', which reads no requests", "'max-connections-per-address'; or 'mode: http'");
        foreach (var (when, place) in (listener.Routes ?? []).Select(route => (route.Match.When, route.Place)).Concat(listener.Rules.Select(rule => (rule.Value.When, rule.Place))))
        {
            if (when is not null && ExpressionSearch.Any(when, IsOfRequests))
                problems.Error(place, "a condition about requests in a listener with 'mode: tcp', which reads none", "what is known of a connection: client, peer-port, local-address, local-port, server-name, tls-hello, random or now; or 'mode: http'");
            if (when is not null && listener.Tls is not null && ExpressionSearch.Any(when, one => one is FetchExpression { Kind: FetchKind.ServerName or FetchKind.TlsHello or FetchKind.TlsOffer or FetchKind.HelloVersion or FetchKind.HelloProtocols }))
                problems.Error(place, "'server-name' or 'tls-hello' in a condition of a listener with 'mode: tcp' and 'tls'", "a listener without 'tls', which knows the name and leaves TLS to the servers");
        }

        foreach (var route in listener.Routes ?? [])
        {
            Check(route, problems);
            CheckTexts(route, listener.Tls is not null, problems);
            if (route.Hosts is [var host, ..] && listener.Tls is not null)
                problems.Error(host.Place, "'host' in a route of a listener with 'mode: tcp' and 'tls'", "a listener without 'tls', which routes by the name and leaves TLS to the servers; or a route without 'host'");
        }
    }

    /// <summary>Whether a text says something of requests.</summary>
    public static bool AsksOfRequests(TextTemplate text) => ExpressionSearch.Any(text, IsOfRequests);

    private static void CheckTexts(RouteDraft route, bool isSecure, ProblemList problems)
    {
        var key = route.Concurrency?.Value.Key;
        if (key is { Kind: not (RequestKeyKind.Address or RequestKeyKind.ServerName or RequestKeyKind.Text) })
            problems.Error(route.Concurrency!.Value.Place, $"'concurrency' by '{key}' in a listener with 'mode: tcp', which reads no requests", "'address'; or 'mode: http'");
        ReadOnlySpan<(string Name, TextTemplate? Text, Place? Place)> given =
        [
            ("to-named", route.ToNamed?.Value, route.ToNamed?.Place),
            ("respond", route.Respond?.Value.Text, route.Respond?.Place),
            ("concurrency", key?.Kind switch { RequestKeyKind.Text => TextTemplate.Parse(key.Name!), RequestKeyKind.ServerName => TextTemplate.Of(new FetchExpression(FetchKind.ServerName)), _ => null }, route.Concurrency?.Place),
        ];
        foreach (var (name, text, place) in given)
        {
            if (text is not null && AsksOfRequests(text))
                problems.Error(place!.Value, $"'{name}' goes by requests in a listener with 'mode: tcp', which reads none", "what is known of a connection: client, peer-port, local-address, local-port, server-name, tls-hello, random or now; or 'mode: http'");
            else if (text is not null && isSecure && ExpressionSearch.Any(text, one => one is FetchExpression { Kind: FetchKind.ServerName }))
                problems.Error(place!.Value, $"'server-name' in '{name}' of a listener with 'mode: tcp' and 'tls'", "a listener without 'tls', which knows the name and leaves TLS to the servers");
        }

        if (route.Respond is { Value.Headers.Count: > 0 } told)
            problems.Error(told.Place, "'respond' with 'headers' in a listener with 'mode: tcp', which writes no fields", "'body' or 'text' alone; or 'mode: http'");
    }

    private static bool IsOfRequests(Expression expression) => expression switch
    {
        VariableExpression { Variable: not TemplateVariable.Client } => true,
        FetchExpression { Kind: FetchKind.ServerName or FetchKind.TlsHello or FetchKind.TlsOffer or FetchKind.HelloVersion or FetchKind.HelloProtocols or FetchKind.FirstBytes or FetchKind.FirstLength or FetchKind.Tls or FetchKind.Peer or FetchKind.PeerPort or FetchKind.Sender or FetchKind.SenderPort or FetchKind.ToldPeer or FetchKind.ToldPeerPort or FetchKind.ToldAddress or FetchKind.ToldPort or FetchKind.LocalAddress or FetchKind.LocalPort or FetchKind.Now or FetchKind.PreciseNow or FetchKind.LocalTime or FetchKind.IsoTime or FetchKind.ConnectionNumber or FetchKind.ProcessId or FetchKind.TlsVersion or FetchKind.TlsCipher or FetchKind.ClientVerified or FetchKind.ClientSubject or FetchKind.ClientIssuer or FetchKind.ClientSerial or FetchKind.ClientFingerprint or FetchKind.Random or FetchKind.UsableServers or FetchKind.Measured or FetchKind.Tracked or FetchKind.TrackedKey } => false,
        FetchExpression => true,
        _ => false,
    };

    private static void Check(RouteDraft route, ProblemList problems)
    {
        ReadOnlySpan<(string Name, Place? Place)> given =
        [
            ("path", route.Paths is [var path, ..] ? path.Place : null),
            ("methods", route.Match.Methods.Count > 0 ? route.Place : null),
            ("headers", route.Match.Headers.Count > 0 ? route.Place : null),
            ("query", route.Match.Query.Count > 0 ? route.Place : null),
            ("error-pages", route.ErrorPages is [var page, ..] ? page.Place : null),
            ("redirect", route.Redirect?.Place),
            ("files", route.Files?.Place),
            ("statistics", route.Statistics?.Place),
            ("compress", route.Compress is not null ? route.Place : null),
            ("unpack", route.Unpack ? route.Place : null),
            ("mirror", route.Mirror?.Place),
            ("substitute", route.Substitute is not null ? route.Place : null),
            ("rate-limit", route.RateLimit?.Place),
            ("strip-prefix", route.StripPrefix?.Place),
            ("rewrite", route.Rewrite?.Place),
            ("server-target", route.ServerTarget?.Place),
            ("request-headers", route.RequestHeaders?.Place),
            ("response-headers", route.ResponseHeaders != HeaderEdits.None ? route.Place : null),
        ];
        foreach (var (name, place) in given)
        {
            if (place is { } where)
                problems.Error(where, $"'{name}' in a route of a listener with 'mode: tcp', which reads no requests", Expected);
        }
    }
}
