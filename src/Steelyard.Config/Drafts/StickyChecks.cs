using System.Net;

namespace Steelyard.Config.Drafts;

/// <summary>Whether the servers of a pool have what its stickiness goes by.</summary>
internal static class StickyChecks
{
    /// <summary>Whether a pool's clients can be known where no requests are read.</summary>
    public static void CheckTcp(Place listener, PoolDraft? pool, ProblemList problems)
    {
        if (pool?.Sticky is { } sticky && sticky.Value.On?.Kind != RequestKeyKind.Address && !IsOfConnections(sticky.Value.On))
            problems.Warn(listener, $"'mode: tcp' leads to the pool {Text.Shown.Quote(pool.Name.Value)}, whose clients are known by what is in requests (line {sticky.Place.Line}): here they stay with nobody", "a pool without 'sticky', or with 'sticky: { on: address }'");
    }

    private static bool IsOfConnections(RequestKey? key) => key is { Kind: RequestKeyKind.Text, Name: { } name } && !TcpChecks.AsksOfRequests(TextTemplate.Parse(name));

    /// <summary>Whether pools that have a memory in common say the same of it.</summary>
    public static void CheckTables(IEnumerable<PoolDraft> pools, ProblemList problems)
    {
        var tables = new Dictionary<string, Located<StickySettings>>(StringComparer.Ordinal);
        foreach (var pool in pools)
        {
            if (pool.Sticky is not { Value.Table: { } name } sticky || tables.TryAdd(name, sticky))
                continue;
            var first = tables[name];
            if ((sticky.Value.Size, sticky.Value.Expire) != (first.Value.Size, first.Value.Expire))
                problems.Error(sticky.Place, $"another 'size' or 'expire' of the table {Text.Shown.Quote(name)} than in line {first.Place.Line}", "the same in all pools that have it");
        }
    }

    public static void Check(PoolDraft pool, IReadOnlyList<ServerSettings> servers, ProblemList problems)
    {
        var named = pool.Servers.FirstOrDefault(server => server.Cookie is not null);
        if (pool.Sticky is not { } sticky || sticky.Value.Value != StickyValue.Server)
        {
            if (named is not null)
                problems.Error(named.Place, "a server with 'cookie' in a pool whose cookies do not name it", "'sticky' with 'value: server' in the pool");
            if (pool.Sticky is { Value.Value: StickyValue.Dynamic } dynamic && servers.Any(server => !IPAddress.TryParse(server.Address.Host, out _)))
                problems.Error(dynamic.Place, "'value: dynamic' with a server whose address is not a number", "addresses such as 10.0.0.1:3000, or 'value: signed'");
            if (pool.Sticky is { Value: { Value: StickyValue.Dynamic, Secret: null } } keyless)
                problems.Error(keyless.Place, "'value: dynamic' without 'key'", "'key', the dynamic-cookie-key of HAProxy");
            return;
        }

        if (pool.App is not null)
            problems.Error(sticky.Place, "'value: server' in a pool with 'app', whose instances have no names", "'value: signed'");
        else if (named is null && servers.Count > 0)
            problems.Error(sticky.Place, "'value: server' without a server that has a 'cookie'", "'cookie' in the servers, as in { address: 10.0.0.1:3000, cookie: s1 }");
    }
}
