using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Haproxy;

/// <summary>What a section of a haproxy.cfg has said so far. Those of proxies begin as a copy of their defaults.</summary>
internal sealed class HaproxySection
{
    /// <summary>G, D, F, B or L, as in the manual's tables.</summary>
    public required char Kind { get; init; }

    public required Located<string> Name { get; init; }

    public bool IsTcp { get; set; } = true;

    public bool IsDisabled { get; set; }

    public List<HaproxyBind> Binds { get; } = [];

    public Located<string>? DefaultBackend { get; set; }

    public List<(Located<string> Backend, Condition? When, TextTemplate? Dynamic)> UseBackends { get; } = [];

    public List<(Located<string> Server, Condition? When)> UseServers { get; } = [];

    public Dictionary<string, List<Condition>> Acls { get; } = new(StringComparer.Ordinal);

    /// <summary>The conditions that HAProxy knows itself and that this section has asked for.</summary>
    public HashSet<string> KnownAcls { get; } = new(StringComparer.Ordinal);

    public List<Located<RuleSettings>> EarlyRules { get; } = [];

    /// <summary>From where connections begin with a PROXY header.</summary>
    public List<Located<System.Net.IPNetwork>> ProxyFrom { get; } = [];

    /// <summary>The lines that let connections through, read where one behind them rejects others.</summary>
    public List<(string Phase, Lazy<Condition?> When)> Accepts { get; } = [];

    /// <summary>What rules of a proxy in TCP mode call something: it is what stands for the name.</summary>
    public Dictionary<string, Sample> ConnectionVariables { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Whose connections end behind an answer, as <see cref="RuleAction.CloseAfter"/> names them; null for nobody's.</summary>
    public Located<string>? ClosesAfter { get; set; }

    /// <summary>What becomes of fields with unusual names; null for nothing.</summary>
    public Located<RuleSettings>? NameRule { get; set; }

    public List<Located<RuleSettings>> Rules { get; } = [];

    /// <summary>The lines redirect, which go behind the rules.</summary>
    public List<Located<RuleSettings>> Redirects { get; } = [];

    public List<Located<RuleSettings>> ResponseRules { get; } = [];

    public List<HaproxyServer> Servers { get; } = [];

    public HaproxyServer DefaultServer { get; private set; } = new(default, default);

    public Dictionary<string, Located<TimeSpan>> Timeouts { get; private set; } = new(StringComparer.Ordinal);

    public Located<BalanceSettings>? Balance { get; set; }

    public HashPlacement Placement { get; set; } = HashPlacement.Map;

    public HashFunction? HashFunction { get; set; }

    public bool? Avalanche { get; set; }

    public int? HashLoad { get; set; }

    public int? FullConnections { get; set; }

    public bool AllBackups { get; set; }

    public bool Redispatch { get; set; }

    public bool Persist { get; set; }

    /// <summary>How long the first bytes of a connection are waited for in TCP mode; null where nothing is said.</summary>
    public TimeSpan? InspectDelay { get; set; }

    /// <summary>Where it is said that requests wait for their bodies; null where it is not.</summary>
    public Place? BuffersRequests { get; set; }

    public int Retries { get; set; } = 3;

    public RetryConditions RetryOn { get; set; } = RetryConditions.ConnectFailure;

    public int? MaxConnections { get; set; }

    public int? MaxConnectionsPerSecond { get; set; }

    public HaproxyHttpCheck HttpCheck { get; set; } = new(null, []);

    /// <summary>What is said to servers that speak no HTTP.</summary>
    public ValueList<ProbeStep> TcpCheck { get; set; }

    /// <summary>Whether that is what the defaults say, which own lines put an end to.</summary>
    public bool InheritsTcpCheck { get; set; }

    /// <summary>Whether option tcp-check says that it counts.</summary>
    public bool ChecksByTcp { get; set; }

    /// <summary>The same in the words of a protocol that HAProxy knows; null where <see cref="TcpCheck"/> counts.</summary>
    public ValueList<ProbeStep>? ServiceCheck { get; set; }

    public Located<StickySettings>? Cookie { get; set; }

    /// <summary>Whether lines say of requests whether their cookie counts.</summary>
    public bool PersistsByVariable { get; set; }

    public string? DynamicKey { get; set; }

    public Located<HaproxyTable>? StickTable { get; set; }

    public Located<RequestKey>? StickOn { get; set; }

    public Located<string>? StickLearn { get; set; }

    /// <summary>The section whose table they are about; null where nothing is remembered.</summary>
    public Located<string>? StickIn { get; set; }

    /// <summary>Whether lines look clients up, and whether lines remember them.</summary>
    public (bool LooksUp, bool Remembers) StickUse { get; set; }

    public HaproxyForwardFor? ForwardFor { get; set; }

    /// <summary>What option originalto says.</summary>
    public HaproxyForwardFor? OriginalTo { get; set; }

    public HaproxyLogging Logging { get; set; } = new();

    public Dictionary<int, HaproxyErrorPage> ErrorPages { get; init; } = [];

    /// <summary>What <c>http-check set-var</c> has set.</summary>
    public Dictionary<string, string> CheckVariables { get; init; } = new(StringComparer.Ordinal);

    public Located<string>? MonitorPath { get; set; }

    public List<Condition> MonitorFails { get; } = [];

    public HaproxyStats? Stats { get; set; }

    public HaproxyCompression? Compression { get; set; }

    /// <summary>The address that connections to servers come from; null for the kernel's choice.</summary>
    public string? Source { get; set; }

    /// <summary>What a section resolvers says.</summary>
    public ResolverSettings Resolver { get; set; } = HaproxyResolvers.Defaults;

    /// <summary>When what is counted is told to Prometheus.</summary>
    public List<(Condition? When, Place Place)> Metrics { get; } = [];

    /// <summary>A proxy that begins with what a section of defaults says.</summary>
    public static HaproxySection From(char kind, Located<string> name, HaproxySection? defaults)
    {
        if (defaults is null)
            return new() { Kind = kind, Name = name };
        var section = new HaproxySection
        {
            Kind = kind,
            Name = name,
            IsTcp = defaults.IsTcp,
            IsDisabled = defaults.IsDisabled,
            DefaultBackend = kind == 'B' ? null : defaults.DefaultBackend,
            DefaultServer = defaults.DefaultServer.Copy(default, default),
            Timeouts = new(defaults.Timeouts, StringComparer.Ordinal),
            Balance = defaults.Balance,
            Placement = defaults.Placement,
            HashFunction = defaults.HashFunction,
            Avalanche = defaults.Avalanche,
            HashLoad = defaults.HashLoad,
            FullConnections = defaults.FullConnections,
            AllBackups = defaults.AllBackups,
            Redispatch = defaults.Redispatch,
            Persist = defaults.Persist,
            InspectDelay = defaults.InspectDelay,
            BuffersRequests = defaults.BuffersRequests,
            NameRule = defaults.NameRule,
            ClosesAfter = defaults.ClosesAfter,
            Retries = defaults.Retries,
            RetryOn = defaults.RetryOn,
            MaxConnections = defaults.MaxConnections,
            MaxConnectionsPerSecond = defaults.MaxConnectionsPerSecond,
            HttpCheck = defaults.HttpCheck with { IsInherited = true },
            TcpCheck = defaults.TcpCheck,
            InheritsTcpCheck = true,
            ChecksByTcp = defaults.ChecksByTcp,
            ServiceCheck = defaults.ServiceCheck,
            Cookie = defaults.Cookie,
            DynamicKey = defaults.DynamicKey,
            ForwardFor = defaults.ForwardFor,
            OriginalTo = defaults.OriginalTo,
            Logging = defaults.Logging,
            ErrorPages = new(defaults.ErrorPages),
            ConnectionVariables = new(defaults.ConnectionVariables, StringComparer.Ordinal),
            CheckVariables = new(defaults.CheckVariables, StringComparer.Ordinal),
            MonitorPath = defaults.MonitorPath,
            Stats = defaults.Stats,
            Compression = defaults.Compression,
            Source = defaults.Source,
        };

        // Rules of defaults go before those of the proxy (2.6: from named ones only).
        section.EarlyRules.AddRange(defaults.EarlyRules);
        section.ProxyFrom.AddRange(defaults.ProxyFrom);
        section.Accepts.AddRange(defaults.Accepts);
        section.Rules.AddRange(defaults.Rules);
        section.Redirects.AddRange(defaults.Redirects);
        section.ResponseRules.AddRange(defaults.ResponseRules);
        foreach (var (acl, conditions) in defaults.Acls)
            section.Acls[acl] = [.. conditions];
        return section;
    }

    public bool IsFrontend => Kind is 'F' or 'L';

    public bool IsBackend => Kind is 'B' or 'L';
}

/// <summary>One address of a bind line.</summary>
/// <param name="Address">The address.</param>
/// <param name="Tls">How TLS is spoken; null for plain connections.</param>
/// <param name="AcceptProxy">Whether each connection begins with a PROXY header.</param>
internal sealed record HaproxyBind(Located<NetworkAddress> Address, ListenerTlsDraft? Tls, bool AcceptProxy);

/// <summary>What a stick-table says.</summary>
/// <param name="Size">How many entries.</param>
/// <param name="Expire">How long each is kept; null for ever.</param>
internal sealed record HaproxyTable(int Size, TimeSpan? Expire)
{
    /// <summary>Whether nobody makes room for a new one.</summary>
    public bool NoPurge { get; init; }

    /// <summary>How many bytes of a key count.</summary>
    public int KeyLength { get; init; } = 45;

    /// <summary>What is counted.</summary>
    public IReadOnlyList<StoredCounter> Store { get; init; } = [];

    /// <summary>Whether it counts, or only remembers servers.</summary>
    public bool Counts { get; init; }
}

/// <summary>How servers are asked by HTTP.</summary>
/// <param name="Option">What option httpchk asks; null without it, where the steps do not count.</param>
/// <param name="Steps">The lines of http-check.</param>
internal sealed record HaproxyHttpCheck(ProbeRequest? Option, ValueList<ProbeStep> Steps)
{
    /// <summary>Whether 404 says that no new clients are wanted.</summary>
    public bool DrainsOn404 { get; init; }

    /// <summary>Whether the steps are those of the defaults, which own lines put an end to.</summary>
    public bool IsInherited { get; init; }

    /// <summary>What own lines are added to.</summary>
    public HaproxyHttpCheck Own => IsInherited ? this with { Steps = [], IsInherited = false } : this;
}

/// <summary>What option forwardfor says.</summary>
/// <param name="Header">The name of the field.</param>
/// <param name="Except">Networks whose clients are not named.</param>
/// <param name="IfNone">Only where the request has none.</param>
/// <param name="Place">Where it is said.</param>
internal sealed record HaproxyForwardFor(string Header, string? Except, bool IfNone, Place Place);

/// <summary>A server line, or what default-server says.</summary>
internal sealed class HaproxyServer(Located<string> name, Located<NetworkAddress> address)
{
    public Located<string> Name { get; } = name;

    public Located<NetworkAddress> Address { get; } = address;

    /// <summary>The section that its name is looked up by.</summary>
    public Located<string>? Resolvers { get; set; }

    public bool? PrefersIpv6 { get; set; }

    /// <summary>Where the servers are found that it stands for; null for one server.</summary>
    public DiscoverSettings? Template { get; set; }

    public bool Check { get; set; }

    public bool Backup { get; set; }

    public bool Disabled { get; set; }

    public int Weight { get; set; } = 1;

    public int? MaxConnections { get; set; }

    public int? MinConnections { get; set; }

    public bool CutsWhenDown { get; set; }

    public bool CutsBackups { get; set; }

    public int? MaxQueue { get; set; }

    public TimeSpan? Interval { get; set; }

    public TimeSpan? FastInterval { get; set; }

    public TimeSpan? DownInterval { get; set; }

    public int? Rise { get; set; }

    public int? Fall { get; set; }

    public int? CheckPort { get; set; }

    public bool CheckTls { get; set; }

    public string? CheckAddress { get; set; }

    /// <summary>The server whose health is its own.</summary>
    public Located<string>? Track { get; set; }

    /// <summary>Where connections to it come from; null for what its backend says.</summary>
    public Located<string?>? Source { get; set; }

    public TimeSpan? SlowStart { get; set; }

    public string? Cookie { get; set; }

    public ProxyProtocolVersion? ProxyProtocol { get; set; }

    public bool Tls { get; set; }

    /// <summary>Whether its certificate is checked; null for what <c>ssl-server-verify</c> says.</summary>
    public bool? Verify { get; set; }

    /// <summary>The file of the authorities that are believed; null for none.</summary>
    public string? Authorities { get; set; }

    /// <summary>Whether those of the system are.</summary>
    public bool SystemAuthorities { get; set; }

    public string? Certificate { get; set; }

    /// <summary>The name that is asked for.</summary>
    public string? ServerName { get; set; }

    /// <summary>The name that its certificate has to have; null for the one that is asked for, or for any.</summary>
    public string? CertificateName { get; set; }

    /// <summary>The name that is asked for, made of each request; null for the one above.</summary>
    public TextTemplate? NameOfRequest { get; set; }

    /// <summary>What is added to the port that clients come to, which connections go to; null for that of the address.</summary>
    public int? ClientPort { get; set; }

    public int? AgentPort { get; set; }

    public string? AgentAddress { get; set; }

    public bool AgentCheck { get; set; }

    public TimeSpan? AgentInterval { get; set; }

    public string? AgentSend { get; set; }

    public HealthObserve Observe { get; set; }

    public HealthOnError OnError { get; set; } = HealthOnError.FailCheck;

    public int? ErrorLimit { get; set; }

    public HaproxyServer Copy(Located<string> name, Located<NetworkAddress> address) => new(name, address)
    {
        Resolvers = Resolvers,
        PrefersIpv6 = PrefersIpv6,
        Check = Check,
        Backup = Backup,
        Disabled = Disabled,
        Weight = Weight,
        MaxConnections = MaxConnections,
        MinConnections = MinConnections,
        CutsWhenDown = CutsWhenDown,
        CutsBackups = CutsBackups,
        MaxQueue = MaxQueue,
        Interval = Interval,
        FastInterval = FastInterval,
        DownInterval = DownInterval,
        Rise = Rise,
        Fall = Fall,
        CheckPort = CheckPort,
        CheckTls = CheckTls,
        CheckAddress = CheckAddress,
        Track = Track,
        Source = Source,
        SlowStart = SlowStart,
        Cookie = Cookie,
        ProxyProtocol = ProxyProtocol,
        Tls = Tls,
        Verify = Verify,
        Authorities = Authorities,
        SystemAuthorities = SystemAuthorities,
        Certificate = Certificate,
        ServerName = ServerName,
        CertificateName = CertificateName,
        NameOfRequest = NameOfRequest,
        ClientPort = ClientPort,
        AgentPort = AgentPort,
        AgentAddress = AgentAddress,
        AgentCheck = AgentCheck,
        AgentInterval = AgentInterval,
        AgentSend = AgentSend,
        Observe = Observe,
        OnError = OnError,
        ErrorLimit = ErrorLimit,
    };
}
