namespace Steelyard.Config.Drafts;

/// <summary>What a listener that carries anything cannot do, for it reads no requests.</summary>
internal static class TcpChecks
{
    private const string Expected = "only 'host', the name in a TLS hello, and 'to' or 'split'; or 'mode: http'";

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
        if (listener.Tolerant)
            problems.Error(mode, "'mode: tcp' with 'tolerant', where no requests are read", "a listener without it; or 'mode: http'");
        if (listener.Forwarded != ForwardedStyle.XForwarded)
            problems.Error(mode, "'mode: tcp' with 'forwarded', where no fields are written", "'proxy-protocol' in the pool; or 'mode: http'");
        if (listener.RequestHeaders != HeaderEdits.None || listener.ResponseHeaders != HeaderEdits.None)
            problems.Error(mode, $"'mode: tcp' with '{(listener.RequestHeaders != HeaderEdits.None ? "request-headers" : "response-headers")}', where there are no fields", "a listener without them; or 'mode: http'");
        if (listener.RequestId is not null || listener.TraceContext is not null)
            problems.Error(mode, $"'mode: tcp' with '{(listener.RequestId is not null ? "request-id" : "trace-context")}', where no fields are written", "a listener without it; or 'mode: http'");
        if ((listener.RateLimit?.Place ?? listener.Concurrency?.Place) is { } limit)
            problems.Error(limit, $"'{(listener.RateLimit is null ? "concurrency" : "rate-limit")}' in a listener with 'mode: tcp', which reads no requests", "'max-connections-per-address'; or 'mode: http'");
        foreach (var route in listener.Routes ?? [])
        {
            Check(route, problems);
            if (route.Hosts is [var host, ..] && listener.Tls is not null)
                problems.Error(host.Place, "'host' in a route of a listener with 'mode: tcp' and 'tls'", "a listener without 'tls', which routes by the name and leaves TLS to the servers; or a route without 'host'");
        }
    }

    private static void Check(RouteDraft route, ProblemList problems)
    {
        ReadOnlySpan<(string Name, Place? Place)> given =
        [
            ("path", route.Paths is [var path, ..] ? path.Place : null),
            ("methods", route.Match.Methods.Count > 0 ? route.Place : null),
            ("headers", route.Match.Headers.Count > 0 ? route.Place : null),
            ("query", route.Match.Query.Count > 0 ? route.Place : null),
            ("to-named", route.ToNamed?.Place),
            ("error-pages", route.ErrorPages is [var page, ..] ? page.Place : null),
            ("redirect", route.Redirect?.Place),
            ("respond", route.Respond?.Place),
            ("files", route.Files?.Place),
            ("statistics", route.Statistics?.Place),
            ("rate-limit", route.RateLimit?.Place),
            ("concurrency", route.Concurrency?.Place),
            ("strip-prefix", route.StripPrefix?.Place),
            ("rewrite", route.Rewrite?.Place),
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
