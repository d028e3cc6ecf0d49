using System.Buffers;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of a pool.</summary>
internal static class PoolTable
{
    private const int LongestName = 64;

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:");

    public static DirectiveTable<PoolDraft> Pools { get; } = new(
        "a pool",
        "a mapping with 'servers', 'discover' or 'app'",
        "Each key of `pools` is the name of a pool: 1 to 64 letters, digits and `- _ . :`. A pool has `servers`, `discover`, `app` or several of them.",
        [["servers", "discover", "app"]],
        [
            new Directive<PoolDraft, BalanceSettings>(
                "balance",
                BalanceTable.Form,
                "How a server is chosen for a request, see [balance](#pools-balance) and [balancing.md](balancing.md).",
                pool => pool.Balance,
                (pool, value) => pool with { Balance = value }),
            new Directive<PoolDraft, string?>(
                "source",
                HealthTable.Address,
                "The address of this machine that connections and checks come from; the kernel chooses it when left out.",
                pool => pool.Source,
                (pool, value) => pool with { Source = value }),
            new Directive<PoolDraft, ProxyProtocolVersion>(
                "proxy-protocol",
                ServerTable.ProxyProtocol,
                "The PROXY header that servers are sent before the first byte of each connection, before TLS too, so that they know whose it is. A connection then serves the requests of one client alone, one after the other.",
                pool => pool.ProxyProtocol,
                (pool, value) => pool with { ProxyProtocol = value }),
            new Directive<PoolDraft, ServerTlsDraft?>(
                "tls",
                TlsTable.ServersForm,
                "TLS is spoken to the servers, see [tls](#pools-tls).",
                pool => pool.Tls,
                (pool, value) => pool with { Tls = value }),
            new Directive<PoolDraft, RetrySettings>(
                "retries",
                Form.Mapping(RetriesTable.Table, _ => new()),
                "When a request is sent again, see [retries](#pools-retries).",
                pool => pool.Retries,
                (pool, value) => pool with { Retries = value }),
            new Directive<PoolDraft, HealthSettings?>(
                "health",
                HealthTable.PoolForm,
                "How the servers are asked whether they are well, see [health](#pools-health). Nobody is asked when left out.",
                pool => pool.Health,
                (pool, value) => pool with { Health = value }),
            new Directive<PoolDraft, Located<AgentSettings>?>(
                "agent",
                AgentTable.PoolForm,
                "What tells how much each server can do, see [agent](#pools-agent). Nobody when left out.",
                pool => pool.Agent,
                (pool, value) => pool with { Agent = value }),
            new Directive<PoolDraft, OutlierSettings?>(
                "outlier",
                OutlierTable.PoolForm,
                "When a server whose requests go wrong is left out for a while, see [outlier](#pools-outlier).",
                pool => pool.Outlier,
                (pool, value) => pool with { Outlier = value }),
            new Directive<PoolDraft, TimeSpan?>(
                "slow-start",
                ScalarForms.OrWord(ScalarForms.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(24)), "none"),
                "How long a server that comes back, or that joins by a reload, takes to get its whole share; it grows evenly.",
                pool => pool.SlowStart,
                (pool, value) => pool with { SlowStart = value }),
            new Directive<PoolDraft, int>(
                "panic",
                ScalarForms.Percent,
                "Below which share of servers that can be chosen the health of all is ignored and every one is chosen from; 0% for never.",
                pool => pool.Panic,
                (pool, value) => pool with { Panic = value }),
            new Directive<PoolDraft, Located<StickySettings>?>(
                "sticky",
                StickyTable.PoolForm,
                "How a client stays with the server it had before, see [sticky](#pools-sticky). It does not when left out.",
                pool => pool.Sticky,
                (pool, value) => pool with { Sticky = value }),
            new Directive<PoolDraft, int?>(
                "max-connections",
                ScalarForms.OrWord(ScalarForms.Number(1, 1_000_000), "none"),
                "What each server has to do at once at most: requests, tunnels, sessions in TCP mode. Further ones wait in the [queue](#pools-queue). While a server comes back (`slow-start`) it is less.",
                pool => pool.MaxConnections,
                (pool, value) => pool with { MaxConnections = value }),
            new Directive<PoolDraft, int?>(
                "full-connections",
                HealthTable.OrNull(ScalarForms.Number(1, 1_000_000)),
                "How many requests and sessions the pool has to do, waiting ones too, when the whole limit of servers with `min-connections` counts (HAProxy: `fullconn`).",
                pool => pool.FullConnections,
                (pool, value) => pool with { FullConnections = value }),
            new Directive<PoolDraft, Located<AdaptiveLimitSettings>?>(
                "adaptive-limit",
                Form.Located(Form.Mapping(AdaptiveLimitTable.Table, _ => new())),
                "How it is found out how much each server may have to do at once, see [adaptive-limit](#pools-adaptive-limit). It is not when left out. HTTP only.",
                pool => pool.AdaptiveLimit,
                (pool, value) => pool with { AdaptiveLimit = value }),
            new Directive<PoolDraft, Located<QueueSettings>?>(
                "queue",
                Form.Located(Form.Mapping(QueueTable.Table, _ => new())),
                "Who waits for a server that has room, see [queue](#pools-queue).",
                pool => pool.Queue,
                (pool, value) => pool with { Queue = value }),
            new Directive<PoolDraft, TimeoutOverrides>(
                "timeouts",
                Form.Mapping(TimeoutOverridesTable.Pools, _ => TimeoutOverrides.None),
                "Where its timeouts differ from those of the file and of the listener, see [timeouts of a pool](#pools-timeouts).",
                pool => pool.Timeouts,
                (pool, value) => pool with { Timeouts = value }),
            new Directive<PoolDraft, bool>(
                "all-backups",
                ScalarForms.Switch,
                "Whether all backups serve when no other server can, or the first that can alone, as with HAProxy without `option allbackups`.",
                pool => pool.AllBackups,
                (pool, value) => pool with { AllBackups = value }),
            new Directive<PoolDraft, bool>(
                "backups-when-full",
                ScalarForms.Switch,
                "Whether backups serve too when all other servers have as many requests as they may, as with nginx; else who comes waits for one of the others, as with HAProxy.",
                pool => pool.BackupsWhenFull,
                (pool, value) => pool with { BackupsWhenFull = value }),
            new Directive<PoolDraft, Located<RateLimitSettings>?>(
                "rate-limit",
                Form.Located(Form.Mapping(RateLimitTable.Rates, _ => new RateLimitSettings { Rate = new(1, TimeSpan.FromSeconds(1)) })),
                "How many requests of each client are let through, see [rate-limit](#rate-limit). HTTP only.",
                target => target.RateLimit,
                (target, value) => target with { RateLimit = value }),
            new Directive<PoolDraft, Located<ConcurrencySettings>?>(
                "concurrency",
                Form.Located(Form.Mapping(RateLimitTable.Concurrency, _ => new ConcurrencySettings { Most = 1 })),
                "How many requests of each client may be under way at once, see [concurrency](#concurrency). HTTP only.",
                target => target.Concurrency,
                (target, value) => target with { Concurrency = value }),
            new Directive<PoolDraft, Located<BreakerSettings>?>(
                "breaker",
                Form.Located(Form.Mapping(BreakerTable.Table, _ => new())),
                "When requests are refused at once because those before them failed, see [breaker](#pools-breaker). Never when left out.",
                pool => pool.Breaker,
                (pool, value) => pool with { Breaker = value }),
            new Directive<PoolDraft, IReadOnlyList<Located<RuleSettings>>>(
                "rules",
                RuleTable.RequestList,
                "What is done with every request that comes to the pool, see [rules](#rules). HTTP only.",
                pool => [],
                (pool, value) => pool with { Rules = value }),
            new Directive<PoolDraft, IReadOnlyList<Located<RuleSettings>>>(
                "response-rules",
                RuleTable.ResponseList,
                "What is done with every response of its servers, see [rules for responses](#response-rules). HTTP only.",
                pool => [],
                (pool, value) => pool with { ResponseRules = value }),
            new Directive<PoolDraft, IReadOnlyList<ServerDraft>>(
                "servers",
                ServerTable.List,
                "The servers.",
                pool => pool.Servers,
                (pool, value) => pool with { Servers = value }),
            new Directive<PoolDraft, IReadOnlyList<DiscoverDraft>>(
                "discover",
                DiscoverTable.List,
                "Where further servers are found while the pool is served, see [discover](#pools-discover); several in a list.",
                pool => [],
                (pool, value) => pool with { Discover = value }),
            new Directive<PoolDraft, ResolverSettings?>(
                "resolver",
                Form.OrNull(Form.Mapping(ResolverTable.Table, _ => new())),
                "How names are looked up for this pool, see [resolver](#resolver), in the place of all that the file says.",
                pool => pool.Resolver,
                (pool, value) => pool with { Resolver = value }),
            new Directive<PoolDraft, AppDraft?>(
                "app",
                Form.OrNull(Form.Mapping(AppTable.Table, mapping => new(mapping.Place))),
                "A program that is started with the balancer and joins the pool, see [app](#pools-app).",
                pool => pool.App,
                (pool, value) => pool with { App = value }),
        ]);

    public static Form<IReadOnlyList<PoolDraft>> PoolsForm { get; } = new("a mapping of names to pools, as in 'web: { servers: [ 10.0.0.1:3000 ] }'", ReadPools);

    private static bool ReadPools(ProblemList problems, YamlNode node, out IReadOnlyList<PoolDraft> pools)
    {
        List<PoolDraft> read = [];
        pools = read;
        if (node is not YamlMapping mapping)
            return Form.RefuseKind(problems, node, PoolsForm.Accepts);

        foreach (var (key, value) in mapping.Entries)
        {
            CheckName(problems, key);
            var pool = new PoolDraft(new(key.Value, key.Place));
            if (value is YamlText { IsAbsent: true })
                problems.Error(key.Place, $"the pool {Shown.Quote(key.Value)} is empty", Pools.Accepts);
            else if (value is not YamlMapping settings)
                Form.RefuseKind(problems, value, Pools.Accepts);
            else
                pool = Pools.Read(problems, settings, pool, key.Place);
            read.Add(pool);
        }

        return true;
    }

    private static void CheckName(ProblemList problems, YamlText key)
    {
        const string Expected = "1 to 64 letters, digits and - _ . :";
        if (key.Value.Length is 0 or > LongestName)
            problems.Error(key.Place, $"the name of a pool has {key.Value.Length} characters", Expected);
        else if (key.Value.AsSpan().ContainsAnyExcept(NameCharacters))
            problems.Error(key.Place, $"{Shown.Quote(key.Value)} cannot be the name of a pool", Expected);
    }
}
