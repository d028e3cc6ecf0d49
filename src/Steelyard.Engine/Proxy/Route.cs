using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Compression;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Logging;
using Steelyard.Engine.Network;
using Steelyard.Engine.Rules;
using Steelyard.Engine.Substitution;

namespace Steelyard.Engine.Proxy;

/// <summary>What becomes of the requests of one route, compiled. Immutable but for the pools' live state, shared by all loops.</summary>
internal sealed class Route
{
    private readonly Pool? _pool;
    private readonly PoolSplit? _split;
    private readonly TemplateBytes? _poolName;
    private readonly Dictionary<byte[], Pool>.AlternateLookup<ReadOnlySpan<byte>> _poolsByName;
    private readonly byte[]? _stripPrefix;
    private readonly TemplateBytes? _rewrite;

    public Route(RouteSettings settings, IReadOnlyDictionary<string, Pool> pools, HeaderEdits requestEdits, HeaderEdits responseEdits, PlaceLimits? limits = null, Func<string, string>? pathOf = null, CompressionSettings? compress = null, DecidedByListener? decided = null)
    {
        Settings = settings;
        NameBytes = Encoding.UTF8.GetBytes(Metering.RouteNames.Of(settings));
        _pool = settings.Pool is { } name ? pools[name] : null;
        Server = settings.Server is { } server ? _pool?.FindServer(server) : null;
        if (settings.Split.Count > 0)
            _split = new PoolSplit(Array.ConvertAll(settings.Split.AsSpan().ToArray(), share => (pools[share.Pool], share.Weight)));
        if (settings.PoolName is { } named)
        {
            _poolName = new(named);
            var byName = new Dictionary<byte[], Pool>(BytesComparer.Exact);
            foreach (var (its, pool) in pools)
                byName.Add(Encoding.ASCII.GetBytes(its), pool);
            _poolsByName = byName.GetAlternateLookup<ReadOnlySpan<byte>>();
        }

        Files = settings.Files is { } files ? new(files, pathOf?.Invoke(files.Root) ?? files.Root) : null;
        Statistics = settings.Statistics;
        MayChange = CompiledCondition.From(settings.Statistics?.Admin);
        Packing = Packing.From(settings.Compress ?? compress);
        Unpacks = settings.Unpack;
        Substitutes = Substitutes.From(settings.Substitute);
        ErrorPages = ErrorPages.From(settings.ErrorPages);
        Intercepts = settings.InterceptErrors && ErrorPages is not null;
        RecursiveErrors = settings.RecursiveErrors;
        MostBody = settings.MaxBody?.Bytes;
        Bandwidth = Bandwidth.From(settings.Bandwidth);
        SendMethod = settings.SendMethod is { } method ? Encoding.ASCII.GetBytes(method) : null;
        SendBody = settings.SendBody is { } body ? new TemplateBytes(body) : null;
        (DropsBody, DropsFields) = (settings.DropsBody || SendBody is not null, settings.DropsFields);
        AskWhen = CompiledCondition.From(settings.AskWhen);
        Mirror = Mirror.From(settings.Mirror);
        Ask = settings.Ask is { } ask ? new(ask, settings.AskRules) : null;
        (Priority, Limits) = (settings.Priority, limits);
        Conditions = RouteConditions.From(settings);
        Answer = LocalAnswer.From(settings);
        Rules = RuleSet.From(settings.Rules);
        AccessRules = RuleSet.From(settings.AccessRules);
        Timeouts = MillisecondTimeouts.From(settings.Timeouts);
        ResponseRules = RuleSet.From(settings.ResponseRules);
        RequestEdits = FieldEdits.From(requestEdits, settings.RequestHeaders);
        ResponseEdits = FieldEdits.From(responseEdits, settings.ResponseHeaders);
        RequestNames = NamesIn(decided?.OfRequests, requestEdits, settings.RequestHeaders, settings.Rules, settings.AccessRules);
        ResponseNames = NamesIn(decided?.OfResponses, responseEdits, settings.ResponseHeaders, settings.ResponseRules, []);
        _stripPrefix = settings.StripPrefix is { } prefix ? Encoding.ASCII.GetBytes(prefix) : null;
        _rewrite = settings.Rewrite is { } rewrite ? new TemplateBytes(rewrite) : null;
        ServerTarget = settings.ServerTarget is { } target ? new TemplateBytes(target) : null;
    }

    private static DecidedNames? NamesIn(HashSet<string>? byListener, HeaderEdits listener, HeaderEdits route, ValueList<RuleSettings> rules, ValueList<RuleSettings> more)
    {
        var names = new HashSet<string>(byListener ?? [], StringComparer.OrdinalIgnoreCase);
        DecidedNames.Add(names, listener);
        DecidedNames.Add(names, route);
        DecidedNames.Add(names, rules);
        DecidedNames.Add(names, more);
        return DecidedNames.From(names);
    }

    /// <summary>What writes its requests down; null for nothing.</summary>
    public AccessLog? Log { get; init; }

    /// <summary>What the configuration says of it.</summary>
    public RouteSettings Settings { get; }

    /// <summary>What it is called, or what it matches.</summary>
    public ReadOnlyMemory<byte> NameBytes { get; }

    /// <summary>What it is counted under, in <see cref="ProxyPlan.RouteNames"/>.</summary>
    public int Ordinal { get; init; }

    /// <summary>What it asks of a request beside host and path; null for nothing.</summary>
    public RouteConditions? Conditions { get; }

    /// <summary>The answer that needs no server; null where a pool serves the request.</summary>
    public LocalAnswer? Answer { get; }

    /// <summary>The server of the pool that takes its requests while it is up; null for any.</summary>
    public Server? Server { get; }

    /// <summary>What is done with its requests; null for nothing.</summary>
    public RuleSet? Rules { get; }

    /// <summary>What is done with those that its limits admit; null for nothing.</summary>
    public RuleSet? AccessRules { get; }

    /// <summary>What is done with the responses of its servers; null for nothing.</summary>
    public RuleSet? ResponseRules { get; }

    /// <summary>What each client may do; null for anything.</summary>
    public PlaceLimits? Limits { get; }

    /// <summary>The files that are served; null where something else answers.</summary>
    public StaticFiles? Files { get; }

    /// <summary>The page about the balancer that is served; null where something else answers.</summary>
    public StatisticsSettings? Statistics { get; }

    /// <summary>Who may change what is served by that page; null for nobody.</summary>
    public CompiledCondition? MayChange { get; }

    /// <summary>Which of its answers are compressed; null for none.</summary>
    public Packing? Packing { get; }

    /// <summary>Whether answers in gzip are unpacked for clients that do not take it.</summary>
    public bool Unpacks { get; }

    /// <summary>What is put in the place of texts in its answers; null for nothing.</summary>
    public Substitutes? Substitutes { get; }

    /// <summary>What is answered instead of errors; null for nothing.</summary>
    public ErrorPages? ErrorPages { get; }

    /// <summary>Whether that is so for answers of servers too.</summary>
    public bool Intercepts { get; }

    /// <summary>Whether they count for errors of error pages.</summary>
    public bool RecursiveErrors { get; }

    /// <summary>How fast its answers are sent; null for any rate.</summary>
    public Bandwidth? Bandwidth { get; }

    /// <summary>The method for the server; null for the client's.</summary>
    public byte[]? SendMethod { get; }

    /// <summary>The body for the server; null for the client's.</summary>
    public TemplateBytes? SendBody { get; }

    /// <summary>Whether the server does not get the client's body.</summary>
    public bool DropsBody { get; }

    /// <summary>Whether the server gets none of the client's fields but Host.</summary>
    public bool DropsFields { get; }

    /// <summary>Who is asked whether a request may go on; null for nobody.</summary>
    public AskedFirst? Ask { get; }

    /// <summary>Which requests it is asked for; null for all.</summary>
    public CompiledCondition? AskWhen { get; }

    /// <summary>Where copies of its requests go; null for nowhere.</summary>
    public Mirror? Mirror { get; }

    /// <summary>The largest body of a request; null for what the limits say.</summary>
    public long? MostBody { get; }

    /// <summary>Who goes first where requests wait for a server: smaller numbers.</summary>
    public int Priority { get; }

    /// <summary>What its timeouts are where they differ; null where none does.</summary>
    public MillisecondTimeouts? Timeouts { get; }

    public FieldEdits? RequestEdits { get; }

    public FieldEdits? ResponseEdits { get; }

    /// <summary>The fields of requests that are decided here; null for none.</summary>
    public DecidedNames? RequestNames { get; }

    /// <summary>The fields of answers that are decided here; null for none.</summary>
    public DecidedNames? ResponseNames { get; }

    /// <summary>Path and query for servers; null for the request's.</summary>
    public TemplateBytes? ServerTarget { get; }

    /// <summary>Whether servers see another path than the client wrote.</summary>
    public bool ChangesPath => _stripPrefix is not null || _rewrite is not null;

    /// <summary>The pool for the next request; null where the request names one that there is not. Not asked where there is an <see cref="Answer"/>.</summary>
    public Pool? ChoosePool(RoutedRequest request) => _poolName is null ? _pool ?? _split?.Next() : FindPool(request) ?? _pool;

    private Pool? FindPool(RoutedRequest request)
    {
        ExpressionRoom.OfThread.Clear();
        return _poolName!.TryMake(request.Scope, out var name) && _poolsByName.TryGetValue(name, out var pool) ? pool : null;
    }

    /// <summary>Writes the path as servers see it.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="scope">What the variables stand for.</param>
    /// <param name="path">The client's path, in the form that routes are compared with.</param>
    public void WritePath(ref BlockWriter writer, in TemplateScope scope, scoped ReadOnlySpan<byte> path)
    {
        path = Strip(path);
        if (_rewrite is null)
        {
            ExpressionRoom.OfThread.Clear();
            writer.Write(scope.Request.AsNginx && UriForms.TryWrite(path, "encode-path"u8, ExpressionRoom.OfThread, out var encoded) ? encoded : path);
            return;
        }

        _rewrite.Write(ref writer, scope with { Path = path });
    }

    private ReadOnlySpan<byte> Strip(ReadOnlySpan<byte> path)
    {
        if (_stripPrefix is null || !path.StartsWith(_stripPrefix))
            return path;
        return path.Length == _stripPrefix.Length ? "/"u8 : path[_stripPrefix.Length] == '/' ? path[_stripPrefix.Length..] : path;
    }
}

/// <summary>The fields that are decided for all routes of a listener, by itself or by the pools behind them.</summary>
internal sealed class DecidedByListener
{
    public DecidedByListener(ListenerSettings listener, Snapshot snapshot)
    {
        if ((listener.RequestId ?? snapshot.RequestId) is { Length: > 0 } identity)
            OfRequests.Add(identity);
        if (listener.ClientField is { } client)
            OfRequests.Add(client.Name);
        DecidedNames.Add(OfRequests, listener.Rules);
        DecidedNames.Add(OfResponses, listener.ResponseRules);
        foreach (var pool in snapshot.Pools)
        {
            DecidedNames.Add(OfRequests, pool.Rules);
            DecidedNames.Add(OfResponses, pool.ResponseRules);
        }
    }

    public HashSet<string> OfRequests { get; } = new(StringComparer.OrdinalIgnoreCase);

    public HashSet<string> OfResponses { get; } = new(StringComparer.OrdinalIgnoreCase);
}
