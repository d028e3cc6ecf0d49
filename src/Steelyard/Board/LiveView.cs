using System.Globalization;
using Steelyard.Admin;
using Steelyard.Engine;
using Steelyard.Serving;

namespace Steelyard.Board;

/// <summary>What somebody who watches wants to see of all there is: a page of the pools, and of each some of its servers.</summary>
internal sealed record LiveView
{
    /// <summary>Pools on a page.</summary>
    public const int PoolsOnAPage = 24;

    /// <summary>Servers on a page, of all its pools together.</summary>
    public const int MostServers = 240;

    /// <summary>What servers can be sorted by; the first is as the file has them.</summary>
    public static IReadOnlyList<string> Sorts { get; } = ["file", "state", "active", "failures"];

    // Of each pool, however many there are.
    private const int LeastServers = 10;

    /// <summary>A part of the names of pools, or of the names or addresses of servers; empty for all.</summary>
    public string Search { get; init; } = "";

    /// <summary>Whether servers are left out that are plainly well.</summary>
    public bool OnlyTroubled { get; init; }

    /// <summary>What servers are sorted by: one of <see cref="Sorts"/>.</summary>
    public string Sort { get; init; } = Sorts[0];

    /// <summary>Which page of the pools, from 0.</summary>
    public int Page { get; init; }

    /// <summary>The first server that is shown of a pool, where that is not its first.</summary>
    public IReadOnlyDictionary<string, int> From { get; init; } = new Dictionary<string, int>();

    /// <summary>Reads it from a query.</summary>
    /// <exception cref="AdminProblemException">Something of it cannot be understood.</exception>
    public static LiveView Of(AdminCall call)
    {
        var from = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var text in call.Context.Request.Query["from"])
        {
            // Of pools that have gone nothing is wanted any more: whoever watches over a reload still names them.
            if (text?.LastIndexOf(':') is not (> 0 and var colon) || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var first))
                throw new AdminProblemException(StatusCodes.Status400BadRequest, $"'{text}' is no from; it is POOL:N, the name of a pool and the first server of it from 0");
            from[text[..colon]] = first;
        }

        return new()
        {
            Search = call.Query("search") ?? "",
            OnlyTroubled = call.Query("troubled") == "true",
            Sort = call.Query("sort") ?? Sorts[0],
            Page = call.QueryNumber("page", 0, int.MaxValue) ?? 0,
            From = from,
        };
    }

    /// <summary>The pools on the page, each with the servers of it that are shown.</summary>
    /// <param name="sample">What there is.</param>
    /// <param name="pages">How many pages there are.</param>
    public IReadOnlyList<ShownPool> Choose(LiveSample sample, out int pages)
    {
        var matching = new List<(PoolLook Pool, List<(int Number, ServerStatus Status)> Servers)>();
        foreach (var pool in sample.Pools)
        {
            var servers = Matching(pool);
            if (servers.Count > 0 || ((!OnlyTroubled || pool.IsDead) && pool.Name.Contains(Search, StringComparison.OrdinalIgnoreCase)))
                matching.Add((pool, servers));
        }

        pages = Math.Max(1, (matching.Count + PoolsOnAPage - 1) / PoolsOnAPage);
        var page = matching.Skip(Math.Min(Page, pages - 1) * PoolsOnAPage).Take(PoolsOnAPage).ToList();
        var most = ShareOf([.. page.Select(pool => pool.Servers.Count)]);
        return [.. page.Select(pool => Shown(pool.Pool, pool.Servers, most))];
    }

    private ShownPool Shown(PoolLook pool, List<(int Number, ServerStatus Status)> servers, int most)
    {
        var from = Math.Clamp(From.GetValueOrDefault(pool.Name), 0, Math.Max(0, servers.Count - 1));
        IEnumerable<(int Number, ServerStatus Status)> sorted = Sort switch
        {
            "state" => servers.OrderBy(server => RankOf(server.Status)),
            "active" => servers.OrderByDescending(server => server.Status.Active),
            "failures" => servers.OrderByDescending(server => server.Status.Failures),
            _ => servers,
        };
        return new(pool, servers.Count, from, [.. sorted.Skip(from).Take(most)]);
    }

    private List<(int Number, ServerStatus Status)> Matching(PoolLook pool)
    {
        var whole = pool.Name.Contains(Search, StringComparison.OrdinalIgnoreCase);
        var servers = new List<(int, ServerStatus)>();
        for (var i = 0; i < pool.Servers.Count; i++)
        {
            var server = pool.Servers[i];
            if ((!OnlyTroubled || ServerHistory.StateOf(server) != "up") && (whole || IsCalledLike(pool, server)))
                servers.Add((i + 1, server));
        }

        return servers;
    }

    private bool IsCalledLike(PoolLook pool, ServerStatus server) =>
        server.Address.ToString().Contains(Search, StringComparison.OrdinalIgnoreCase) || pool.NameOf(server)?.Contains(Search, StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>How many servers each pool may show, so that those of small ones are all there, and no more than so many in all.</summary>
    internal static int ShareOf(int[] counts)
    {
        Array.Sort(counts);
        var left = MostServers;
        for (var i = 0; i < counts.Length; i++)
        {
            var share = left / (counts.Length - i);
            if (counts[i] > share)
                return Math.Max(LeastServers, share);
            left -= counts[i];
        }

        return MostServers;
    }

    private static int RankOf(ServerStatus server) => ServerHistory.StateOf(server) switch { "down" => 0, "ejected" => 1, "maintenance" => 2, "drain" => 3, _ => 4 };
}

/// <summary>A pool as somebody sees it.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Matching">How many of its servers there are to be seen.</param>
/// <param name="From">The place of the first that is.</param>
/// <param name="Servers">Those that are, with their numbers in the pool.</param>
internal sealed record ShownPool(PoolLook Pool, int Matching, int From, IReadOnlyList<(int Number, ServerStatus Status)> Servers);
