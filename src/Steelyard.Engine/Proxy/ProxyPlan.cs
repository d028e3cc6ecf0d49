using System.Buffers.Binary;
using System.Security.Cryptography;
using Steelyard.Balancing;
using Steelyard.Balancing.Sticky;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Lists;
using Steelyard.Engine.Logging;
using Steelyard.Engine.Metering;
using Steelyard.Engine.Network;
using Steelyard.Engine.Rules;
using Steelyard.Engine.Tls;

namespace Steelyard.Engine.Proxy;

/// <summary>What the loops share of a snapshot: settings, routes, and where each server is. Immutable but for the pools' live state.</summary>
internal sealed class ProxyPlan
{
    private ListenerState?[] _bySlot = [];

    /// <summary>What it was worked out from.</summary>
    public required Snapshot Snapshot { get; init; }

    /// <summary>How much of each thing is accepted.</summary>
    public required Limits Limits { get; init; }

    /// <summary>The least rates of clients.</summary>
    public required LeastRates Rates { get; init; }

    /// <summary>Client connections of the whole process that are open now.</summary>
    public required ConnectionCount Connections { get; init; }

    /// <summary>How many may be open.</summary>
    public required int MostConnections { get; init; }

    /// <summary>How many connections the process has accepted in the last second; null where that has no limit.</summary>
    public ConnectionPace? Pace { get; init; }

    /// <summary>How many those may be.</summary>
    public int MostPerSecond { get; init; }

    /// <summary>By what the clients are known that pools remember, by the names of the pools.</summary>
    public required IReadOnlyDictionary<string, RequestKeyReader> ClientKeys { get; init; }

    /// <summary>What cookies are signed with where the configuration does not say; the same from the start of the engine to its end.</summary>
    public required byte[] StickyKey { get; init; }

    /// <summary>What clients are hashed with that pools remember.</summary>
    public required byte[] ClientKey { get; init; }

    /// <summary>The limits that other balancers count too.</summary>
    public IReadOnlyList<SharedRate> SharedRates => LimitBook.Shared;

    /// <summary>All limits of rates, by names that are the same in a configuration that says the same.</summary>
    public IReadOnlyList<KeptRate> KeptRates => LimitBook.Kept;

    /// <inheritdoc cref="LimitBook.KeptBeyond"/>
    public IReadOnlyList<KeptRate> KeptRatesBeyond(long least) => LimitBook.KeptBeyond(least);

    /// <summary>How much memory buffers may take up; null for no limit.</summary>
    public MemoryBudget? Memory { get; init; }

    /// <summary>What the routes are counted under.</summary>
    public required RouteNames RouteNames { get; init; }

    /// <summary>What the listeners are counted under, in the order of the configuration: their first addresses.</summary>
    public required string[] ListenerNames { get; init; }

    /// <summary>What the times of routes are counted in.</summary>
    public required Buckets RouteBuckets { get; init; }

    /// <summary>What the times of pools are counted in.</summary>
    public required Buckets PoolBuckets { get; init; }

    /// <summary>The pools, alive, by their names.</summary>
    public required IReadOnlyDictionary<string, Pool> Pools { get; init; }

    /// <summary>A number for each pool, from 0, by which loops find what they count of it.</summary>
    public required IReadOnlyDictionary<Pool, int> PoolOrdinals { get; init; }

    public static IReadOnlyDictionary<string, Pool> NoPools { get; } = new Dictionary<string, Pool>();

    /// <summary>What each pool hashes of a request; pools that hash nothing are not in it.</summary>
    public required IReadOnlyDictionary<Pool, RequestKeyReader> HashedKeys { get; init; }

    /// <summary>What each client may do with a pool; null where no pool says.</summary>
    public required IReadOnlyDictionary<Pool, PlaceLimits>? PoolLimits { get; init; }

    /// <summary>What the timeouts of pools are where they differ; null where none does.</summary>
    public required IReadOnlyDictionary<Pool, MillisecondTimeouts>? PoolTimeouts { get; init; }

    /// <summary>What clients do, by the names of the tables; null where there is none.</summary>
    public required IReadOnlyDictionary<string, CounterTable>? Tables { get; init; }

    /// <summary>The lists of patterns, alive; null where there are none.</summary>
    public required PatternLists? Lists { get; init; }

    // All limits, for the plan that follows.
    private LimitBook LimitBook { get; init; } = new(null, seed: 0);

    /// <summary>What is done with requests and responses by pool; null where no pool says.</summary>
    public required IReadOnlyDictionary<Pool, (RuleSet? OfRequests, RuleSet? OfResponses, RuleSet? OfOwn)>? PoolRules { get; init; }

    /// <summary>What clients get instead, by the pools whose breakers say so.</summary>
    public required IReadOnlyDictionary<Pool, LocalAnswer> Fallbacks { get; init; }

    /// <summary>Where each server is, by <see cref="Server.Ordinal"/>; null where its name did not resolve.</summary>
    public required KernelAddress?[] Addresses { get; init; }

    /// <summary>The address that connections to each server come from, by <see cref="Server.Ordinal"/>; null for the kernel's choice.</summary>
    public required KernelAddress?[] SourceOf { get; init; }

    /// <summary>What says where a server is, of each that requests say it of, by <see cref="Server.Ordinal"/>; null for the others.</summary>
    public required TemplateBytes?[] MadeOf { get; init; }

    /// <summary>What requests say of connections to each server, by its <see cref="Server.Ordinal"/>; null for nothing.</summary>
    public required ConnectionAim?[] AimOf { get; init; }

    /// <summary>How TLS is spoken to each server, by <see cref="Server.Ordinal"/>; null for a plain connection.</summary>
    public required TlsClient?[] TlsOf { get; init; }

    /// <summary>How TLS is spoken to each server when it is asked for its health, by <see cref="Server.Ordinal"/>; null for a plain connection.</summary>
    public required TlsClient?[] ProbeTlsOf { get; init; }

    /// <summary>What each server is told of the client before anything else, by <see cref="Server.Ordinal"/>.</summary>
    public required ProxyProtocolVersion[] ProxyProtocolOf { get; init; }

    /// <summary>All that uses certificates.</summary>
    public required IReadOnlyCollection<IWatchedTls> Tls { get; init; }

    /// <summary>The ordinal each server had in the plan before; -1 for one that was not there, or elsewhere.</summary>
    public required int[] OrdinalsBefore { get; init; }

    /// <summary>The listener of a socket; null when the configuration has it no more.</summary>
    /// <param name="slot">The socket's <see cref="SocketHandle.Slot"/>.</param>
    public ListenerState? ListenerAt(int slot) => slot < _bySlot.Length ? _bySlot[slot] : null;

    /// <summary>Works a snapshot out.</summary>
    /// <param name="snapshot">The configuration.</param>
    /// <param name="sockets">The sockets it listens on.</param>
    /// <param name="resolve">Finds where a server is; null when its name does not resolve.</param>
    /// <param name="unresolved">The servers it was not found for.</param>
    /// <param name="files">Where certificates are read; null for a configuration without any.</param>
    /// <param name="logs">What writes access logs; null where none is written.</param>
    /// <param name="stickyKey">What cookies are signed with where the configuration does not say; null for something new.</param>
    /// <param name="policies">How servers are chosen, by the names of pools, instead of what they say; null for nowhere.</param>
    /// <param name="before">The plan that this one follows: pools that have not changed are the same, servers that stay keep their state.</param>
    public static ProxyPlan From(
        Snapshot snapshot,
        IReadOnlyList<SocketHandle> sockets,
        Func<NetworkAddress, KernelAddress?> resolve,
        out IReadOnlyList<NetworkAddress> unresolved,
        ProxyPlan? before = null,
        TlsFiles? files = null,
        LogBook? logs = null,
        byte[]? stickyKey = null,
        IReadOnlyDictionary<string, IServerPolicy>? policies = null)
    {
        var tls = new TlsBook(files, before?.Tls);
        stickyKey = before?.StickyKey ?? stickyKey ?? RandomNumberGenerator.GetBytes(32);
        var clientKey = snapshot.Shared?.HashKey() ?? stickyKey;
        var pools = PoolsOf(snapshot, before, stickyKey, clientKey, policies);
        var clientKeys = new Dictionary<string, RequestKeyReader>(StringComparer.Ordinal);
        foreach (var pool in pools.Values)
        {
            if (pool.Settings.Sticky?.Key is { } key)
                clientKeys.Add(pool.Name, new(key));
        }

        var limits = LimitsKept(snapshot, before, stickyKey);
        var missing = new List<NetworkAddress>();
        var ordinals = 0;
        foreach (var pool in pools.Values)
        {
            foreach (var server in pool.Servers)
                ordinals = Math.Max(ordinals, server.Ordinal + 1);
        }

        var (addresses, ordinalsBefore, tlsOf) = (new KernelAddress?[ordinals], new int[ordinals], new TlsClient?[ordinals]);
        var (madeOf, aimOf, sourceOf) = (new TemplateBytes?[ordinals], new ConnectionAim?[ordinals], new KernelAddress?[ordinals]);
        var (proxyProtocolOf, probeTlsOf) = (new ProxyProtocolVersion[ordinals], new TlsClient?[ordinals]);
        Array.Fill(ordinalsBefore, -1);
        foreach (var pool in pools.Values)
        {
            foreach (var server in pool.Servers)
            {
                proxyProtocolOf[server.Ordinal] = server.Settings.ProxyProtocol ?? pool.Settings.ProxyProtocol;
                tlsOf[server.Ordinal] = tls.For(server.Settings.Tls ?? pool.Settings.Tls);
                var health = pool.Settings.HealthOf(server.Settings);
                probeTlsOf[server.Ordinal] = health?.Tls switch
                {
                    null => tlsOf[server.Ordinal],
                    true => health.TlsSettings is { } own ? tls.For(own) : tlsOf[server.Ordinal] ?? tls.For(new ServerTls()),
                    false => null,
                };
                var address = addresses[server.Ordinal] = resolve(server.Settings.At ?? server.Settings.Address);
                sourceOf[server.Ordinal] = pool.Settings.Source is { } source ? KernelAddress.For(System.Net.IPAddress.Parse(source), 0) : null;
                aimOf[server.Ordinal] = ConnectionAim.Of(server.Settings, server.Settings.Tls ?? pool.Settings.Tls);
                madeOf[server.Ordinal] = server.Settings.Made is { } made ? new(made) : null;
                if (address is null && server.Settings is { At: null, Made: null })
                    missing.Add(server.Settings.Address);
                if (address is not null && before?.Pools.GetValueOrDefault(pool.Name)?.Find(server.Settings.Address) is { } same && before.Addresses[same.Ordinal] is { } place && place.SameAs(address.Value)
                    && before.TlsOf[same.Ordinal] == tlsOf[server.Ordinal])
                    ordinalsBefore[server.Ordinal] = same.Ordinal;
            }
        }

        unresolved = missing;
        var routeNames = new RouteNames(snapshot);
        var buckets = new Buckets(Array.ConvertAll(snapshot.Metrics.Buckets.AsSpan().ToArray(), static bound => (long)bound.TotalMilliseconds));
        var plan = new ProxyPlan
        {
            RouteNames = routeNames,
            ListenerNames = Array.ConvertAll(snapshot.Listeners.AsSpan().ToArray(), static listener => listener.Bind[0].ToString()),
            RouteBuckets = buckets,
            PoolBuckets = buckets.With(PoolMeter.FineBounds),
            PoolOrdinals = PoolOrdinalsOf(pools.Values),
            Snapshot = snapshot,
            Limits = snapshot.Limits,
            Rates = LeastRates.From(snapshot.Limits),
            Connections = before?.Connections ?? new(),
            MostConnections = snapshot.Limits.Connections ?? DescriptorLimit.Connections,
            Pace = snapshot.Limits.ConnectionsPerSecond is null ? null : before?.Pace ?? new(),
            MostPerSecond = snapshot.Limits.ConnectionsPerSecond ?? 0,
            ClientKeys = clientKeys,
            StickyKey = stickyKey,
            ClientKey = clientKey,
            Memory = snapshot.Limits.Memory is { } most ? new MemoryBudget(most.Bytes) : null,
            Pools = pools,
            HashedKeys = HashedKeysOf(pools.Values),
            LimitBook = limits,
            PoolLimits = PoolLimitsOf(pools.Values, limits),
            PoolRules = PoolRulesOf(pools.Values),
            PoolTimeouts = PoolTimeoutsOf(pools.Values),
            Tables = TablesOf(snapshot, before),
            Lists = PatternLists.From(snapshot.Lists, before?.Lists),
            Fallbacks = FallbacksOf(pools.Values, files),
            Addresses = addresses,
            OrdinalsBefore = ordinalsBefore,
            _bySlot = ListenersBySlot(snapshot, sockets, pools, tls, limits, routeNames, before, logs, files),
            MadeOf = madeOf,
            AimOf = aimOf,
            SourceOf = sourceOf,
            TlsOf = tlsOf,
            ProxyProtocolOf = proxyProtocolOf,
            ProbeTlsOf = probeTlsOf,
            Tls = tls.All,
        };
        limits.Seal();
        return plan;
    }

    private static Dictionary<Pool, int> PoolOrdinalsOf(IEnumerable<Pool> pools)
    {
        var ordinals = new Dictionary<Pool, int>();
        foreach (var pool in pools)
            ordinals.Add(pool, ordinals.Count);
        return ordinals;
    }

    private static LimitBook LimitsKept(Snapshot snapshot, ProxyPlan? before, byte[] stickyKey)
    {
        // With what is kept in a file its key is kept too.
        var seed = BinaryPrimitives.ReadInt64LittleEndian(HMACSHA256.HashData(stickyKey, "limits"u8));
        var limits = new LimitBook(before?.LimitBook, seed, snapshot.Shared is { } shared ? BinaryPrimitives.ReadInt64LittleEndian(shared.HashKey()) : 0);
        foreach (var listener in snapshot.Listeners)
        {
            limits.Keep(PlaceOf(listener), listener.RateLimit, listener.Concurrency);
            foreach (var route in listener.Routes)
                limits.Keep(PlaceOfRoutes(listener), route.RateLimit, route.Concurrency);
        }

        foreach (var pool in snapshot.Pools)
            limits.Keep(PlaceOf(pool), pool.RateLimit, pool.Concurrency);
        return limits;
    }

    private static string PlaceOf(ListenerSettings listener) => $"listener {listener.Bind[0]}";

    private static string PlaceOfRoutes(ListenerSettings listener) => $"routes of {listener.Bind[0]}";

    private static string PlaceOf(PoolSettings pool) => $"pool {pool.Name}";

    private static Dictionary<Pool, RequestKeyReader> HashedKeysOf(IEnumerable<Pool> pools)
    {
        var keys = new Dictionary<Pool, RequestKeyReader>();
        foreach (var pool in pools)
        {
            if (pool.Settings.Balance.Hash is { } hash)
                keys.Add(pool, new RequestKeyReader(hash.Key));
        }

        return keys;
    }

    private static Dictionary<string, Pool> PoolsOf(Snapshot snapshot, ProxyPlan? before, byte[] stickyKey, byte[] clientKey, IReadOnlyDictionary<string, IServerPolicy>? policies)
    {
        var taken = new HashSet<int>();
        foreach (var settings in snapshot.Pools)
        {
            foreach (var server in Unchanged(settings)?.Servers ?? [])
                taken.Add(server.Ordinal);
        }

        // What one pool knows of clients that others have too, all of these go on with.
        var shared = new Dictionary<string, StickTable>(StringComparer.Ordinal);
        foreach (var settings in snapshot.Pools)
        {
            if (settings.Sticky is { Table: { } name } sticky && before?.Pools.GetValueOrDefault(settings.Name)?.Clients is { } clients && clients.SharedName == name && clients.Table.Size == sticky.Size
                && clients.Table.Expire == (long)sticky.Expire.TotalMilliseconds && before.ClientKey.AsSpan().SequenceEqual(clientKey))
                shared[name] = clients.Table;
        }

        // Whoever goes by the plan before has its arrays, so a number that is free now may be given out again.
        var next = 0;
        var pools = new Dictionary<string, Pool>(StringComparer.Ordinal);
        foreach (var settings in snapshot.Pools)
        {
            var table = settings.Sticky?.Table is { } name ? shared.GetValueOrDefault(name) : null;
            var pool = Unchanged(settings) ?? new Pool(settings, NextOrdinal, before?.Pools.GetValueOrDefault(settings.Name), stickyKey, clientKey, table, policies?.GetValueOrDefault(settings.Name));
            pools.Add(settings.Name, pool);
            if (pool.Clients is { SharedName: { } its } clients)
                shared.TryAdd(its, clients.Table);
        }

        return pools;

        Pool? Unchanged(PoolSettings settings) => before?.Pools.GetValueOrDefault(settings.Name) is { } pool && pool.Settings == settings && (pool.Clients is null || before.ClientKey.AsSpan().SequenceEqual(clientKey)) ? pool : null;

        int NextOrdinal()
        {
            while (taken.Contains(next))
                next++;
            return next++;
        }
    }

    // A table that stays as it was goes on.
    private static Dictionary<string, CounterTable>? TablesOf(Snapshot snapshot, ProxyPlan? before)
    {
        if (snapshot.Tables.Count == 0)
            return null;
        var tables = new Dictionary<string, CounterTable>(StringComparer.Ordinal);
        foreach (var settings in snapshot.Tables)
            tables.Add(settings.Name, before?.Tables?.GetValueOrDefault(settings.Name) is { } same && same.Settings == settings ? same : new(settings, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8))));
        return tables;
    }

    private static Dictionary<Pool, PlaceLimits>? PoolLimitsOf(IEnumerable<Pool> pools, LimitBook limits)
    {
        Dictionary<Pool, PlaceLimits>? all = null;
        foreach (var pool in pools)
        {
            if (limits.Of(PlaceOf(pool.Settings), pool.Settings.RateLimit, pool.Settings.Concurrency) is { } its)
                (all ??= []).Add(pool, its);
        }

        return all;
    }

    private static Dictionary<Pool, (RuleSet? OfRequests, RuleSet? OfResponses, RuleSet? OfOwn)>? PoolRulesOf(IEnumerable<Pool> pools)
    {
        Dictionary<Pool, (RuleSet?, RuleSet?, RuleSet?)>? all = null;
        foreach (var pool in pools)
        {
            if (pool.Settings.Rules.Count + pool.Settings.ResponseRules.Count > 0)
                (all ??= []).Add(pool, (RuleSet.From(pool.Settings.Rules), RuleSet.From(pool.Settings.ResponseRules), RuleSet.FromOwn(pool.Settings.ResponseRules)));
        }

        return all;
    }

    /// <summary>What waits for the first bytes of connections, where somebody looks at them.</summary>
    private static StartBytes? StartOf(ListenerSettings settings)
    {
        var needed = 0;
        foreach (var rule in settings.Rules)
            needed = Math.Max(needed, FirstBytes.NeededBy(rule.When));
        foreach (var route in settings.Routes)
            needed = Math.Max(needed, FirstBytes.NeededBy(route.When));
        return needed == 0 ? null : new(needed);
    }

    private static Dictionary<Pool, MillisecondTimeouts>? PoolTimeoutsOf(IEnumerable<Pool> pools)
    {
        Dictionary<Pool, MillisecondTimeouts>? all = null;
        foreach (var pool in pools)
        {
            if (MillisecondTimeouts.From(pool.Settings.Timeouts) is { } its)
                (all ??= []).Add(pool, its);
        }

        return all;
    }

    private static Dictionary<Pool, LocalAnswer> FallbacksOf(IEnumerable<Pool> pools, TlsFiles? files)
    {
        var answers = new Dictionary<Pool, LocalAnswer>();
        foreach (var pool in pools)
        {
            if (pool.Settings.Breaker is { Fallback: { Pool: null } fallback })
                answers.Add(pool, LocalAnswer.From(fallback, fallback.File is { } file ? ReadBody(file, files) : fallback.Body));
        }

        return answers;
    }

    private static string ReadBody(string file, TlsFiles? files)
    {
        const int Most = 16 * 1024;
        var text = files is null ? throw new TlsFileException(file, "files are not read here") : files.Read(file);
        return System.Text.Encoding.UTF8.GetByteCount(text) <= Most ? text : throw new TlsFileException(file, "the file is too large for an answer", "at most 16 KiB");
    }

    private static ListenerState?[] ListenersBySlot(Snapshot snapshot, IReadOnlyList<SocketHandle> sockets, Dictionary<string, Pool> pools, TlsBook tls, LimitBook limits, RouteNames routeNames, ProxyPlan? before, LogBook? logs, TlsFiles? files)
    {
        var listeners = new ListenerState[snapshot.Listeners.Count];
        var paces = new Dictionary<string, ConnectionPace>(StringComparer.Ordinal);
        var timeouts = MillisecondTimeouts.From(snapshot.Timeouts);
        for (var i = 0; i < listeners.Length; i++)
        {
            var settings = snapshot.Listeners[i];
            var same = Before(i);
            var name = settings.Name ?? settings.Bind[0].ToString();
            var log = AccessLog.From(settings.AccessLog ?? snapshot.AccessLog, settings.Mode, name, logs);
            listeners[i] = new ListenerState(
                new RouteTable(settings.Routes.AsSpan(), pools, settings.RequestHeaders, TlsBook.WithTransportSecurity(settings), routeNames, route => limits.Of(PlaceOfRoutes(settings), route.RateLimit, route.Concurrency), route => route.AccessLog is null ? log : AccessLog.From(route.AccessLog, settings.Mode, name, logs), files is null ? null : files.PathOf, settings.Compress, new DecidedByListener(settings, snapshot), settings.AsNginx),
                [.. settings.TrustedProxies.AsSpan()],
                settings.Forwarded)
            {
                Ordinal = i,
                Mode = settings.Mode,
                Rules = RuleSet.From(settings.Rules),
                RulesAskName = settings.Mode == ListenerMode.Tcp && RouteTable.AskName(settings.Rules),
                Start = settings.Mode == ListenerMode.Tcp ? StartOf(settings) : null,
                ResponseRules = RuleSet.From(settings.ResponseRules),
                OwnRules = RuleSet.FromOwn(settings.ResponseRules),
                Limits = limits.Of(PlaceOf(settings), settings.RateLimit, settings.Concurrency),
                Connect = settings.Connect,
                Tolerant = settings.Tolerant,
                KeepsSlashes = settings.KeepsSlashes,
                AsNginx = settings.AsNginx,
                HasPlainPage = settings is { AsNginx: true, Tls: not null } && HasPlainPage(settings),
                FieldNames = settings.FieldNames,
                GatewayStatuses = settings.GatewayStatuses,
                ClientField = settings.ClientField is { } named ? new(named) : null,
                Tls = tls.For(settings.Tls, settings.Mode),
                ProxyProtocol = new TrustedNetworks(settings.ProxyProtocol.AsSpan()),
                ProxyProtocolClients = settings.ProxyProtocolClients is { } clients ? new TrustedNetworks(clients.AsSpan()) : null,
                Explain = settings.Explain.Count == 0 ? null : new TrustedNetworks(settings.Explain.AsSpan()),
                Timeouts = MillisecondTimeouts.From(settings.Timeouts)?.Over(timeouts) ?? timeouts,
                Log = log,
                RequestId = (settings.RequestId ?? snapshot.RequestId) is { Length: > 0 } field ? System.Text.Encoding.ASCII.GetBytes(field) : null,
                Trace = (settings.TraceContext ?? snapshot.TraceContext) is { Enabled: true } trace ? trace : null,
                Connections = same?.Connections ?? new(),
                MostConnections = settings.MaxConnections ?? int.MaxValue,
                Pace = settings.MaxConnectionsPerSecond is null ? null : settings.Name is { } called ? PaceOf(called, same?.Pace) : same?.Pace ?? new(),
                MostPerSecond = settings.MaxConnectionsPerSecond ?? 0,
                ByAddress = same?.ByAddress ?? new(),
                MostPerAddress = settings.MaxConnectionsPerAddress,
            };
        }

        var slots = 0;
        foreach (var socket in sockets)
            slots = Math.Max(slots, socket.Slot + 1);
        var bySlot = new ListenerState?[slots];
        foreach (var socket in sockets)
            bySlot[socket.Slot] = listeners[socket.Listener];
        return bySlot;

        // The lines of bind of one frontend are listeners of one name where they do not speak alike.
        ConnectionPace PaceOf(string name, ConnectionPace? known)
        {
            paces.TryAdd(name, known ?? new());
            return paces[name];
        }

        // The listener that had one of its sockets, whose connections go on to be counted.
        ListenerState? Before(int listener)
        {
            foreach (var socket in sockets)
            {
                if (socket.Listener == listener && before?.ListenerAt(socket.Slot) is { } state)
                    return state;
            }

            return null;
        }
    }

    private static bool HasPlainPage(ListenerSettings settings)
    {
        foreach (var route in settings.Routes)
        {
            foreach (var page in route.ErrorPages)
            {
                if (page.Statuses.AsSpan().Contains(Exchange.PlainStatus))
                    return true;
            }
        }

        return false;
    }
}

/// <summary>A plan on one loop: beside what is shared, the loop's own connections to each server.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Idle">The loop's kept connections, by <see cref="Server.Ordinal"/>.</param>
/// <param name="Meters">What the loop counts.</param>
internal sealed record LoopPlan(ProxyPlan Plan, IdleConnections[] Idle, LoopMeters Meters);

/// <summary>The least rates of clients in bytes per second, 0 for none; any rate will do for the grace, in milliseconds.</summary>
internal readonly record struct LeastRates(long Request, long Response, long Grace)
{
    public static LeastRates From(Limits limits) =>
        new(limits.RequestRate?.Bytes ?? 0, limits.ResponseRate?.Bytes ?? 0, (long)limits.RateGrace.TotalMilliseconds);
}
