using System.Net;
using CsCheck;
using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>A snapshot of any settings, written and read back, is the same snapshot.</summary>
public sealed class RoundTrip
{
    private static readonly Gen<string> Name = Gen.Char["abcXYZ019-_.:"].Array[1, 12].Select(letters => new string(letters));

    private static readonly Gen<string> Label = Gen.Char["abcxyz019_"].Array[1, 8].Select(letters => "a" + new string(letters));

    private static readonly Gen<string> HostName = Label.Array[1, 4].Select(labels => string.Join('.', labels));

    private static readonly Gen<string> Word = Gen.OneOf(Gen.String[0, 10].Where(IsText), Gen.OneOf("{socket}", "\"", "'", "\\", " ", "#", ": ", "- a", "*x", "é日😀", "\u0001\u007F\u0085\u2028", "a\nb"));

    private static readonly Gen<TimeSpan> Duration = Gen.Int[1, 86_400_000].Select(ms => TimeSpan.FromMilliseconds(ms));

    private static readonly Gen<NetworkAddress> Address = Gen.OneOf(
        Gen.Select(Gen.OneOf(HostName, Gen.OneOf("10.0.0.1", "::1", "fd00::1:2", "255.255.255.255")), Gen.Int[1, 65535], NetworkAddress.ForHost),
        Gen.Char["abc /:\"'#{}[]é"].Array[1, 30].Select(letters => NetworkAddress.ForUnix("/" + new string(letters))));

    private static readonly Gen<IPNetwork> Network = Gen.Select(Gen.UInt, Gen.Int[0, 32], (bits, length) =>
        new IPNetwork(new IPAddress(BitConverter.GetBytes(IPAddress.HostToNetworkOrder((int)(length == 0 ? 0 : bits & (uint.MaxValue << (32 - length)))))), length));

    private static readonly Gen<PoolSettings> Pool = Gen.Select(
        Name,
        Gen.Select(Address, Gen.Int[0, 256], (address, weight) => new ServerSettings { Address = address, At = (weight % 9) switch { 0 => NetworkAddress.Nowhere, 1 => NetworkAddress.ForHost("10.0.0.1", 80), _ => null }, Weight = weight, ClientPort = address.UnixPath is null && weight % 11 == 3 ? weight - 100 : null, MaxConnections = weight % 4 == 1 ? weight : null, Backup = weight % 7 == 0, Priority = weight % 7 == 0 ? 0 : weight % 4, ProxyProtocol = weight % 5 == 4 ? null : (ProxyProtocolVersion)(weight % 3), Tls = address.UnixPath is null ? ServerTlsOf(weight) : null }).List[0, 4],
        Gen.Select(Word.Where(word => word.Length > 0), Word.Array[0, 4], Gen.Int[1, 1024].Nullable(), (program, words, instances) =>
            Varied(new() { Command = words.Prepend(program).ToValueList(), Instances = instances }, words.Length + (instances ?? 0))).Null(),
        (name, servers, app) => new PoolSettings
        {
            Name = name,
            Retries = name.Length % 3 == 0 ? new() : new()
            {
                Attempts = name.Length,
                On = (RetryConditions)(name.Length * 5461),
                Budget = name.Length * 8,
                LeastPerSecond = name.Length - 1,
                NonIdempotent = name.Length % 2 == 0,
                Body = new(name.Length * 1000),
            },
            Health = HealthOf(name.Length),
            Agent = (name.Length % 3) switch { 0 => null, 1 => new() { Port = 9777 }, _ => new() { Port = 1, Send = "a: b\\n", Interval = TimeSpan.FromMinutes(1), Timeout = TimeSpan.FromMilliseconds(10) } },
            Outlier = OutlierOf(name.Length),
            SlowStart = name.Length % 4 == 0 ? TimeSpan.FromMilliseconds(100 * name.Length) : null,
            Breaker = BreakerOf(name.Length),
            RateLimit = RateOf(name.Length),
            Concurrency = name.Length % 2 == 0 ? null : new() { Key = new(RequestKeyKind.Cookie, "a"), Most = name.Length, Ipv6Prefix = name.Length },
            MaxConnections = name.Length % 2 == 0 ? name.Length : null,
            Queue = name.Length % 4 == 0 ? new() { Most = name.Length * 10, Timeout = TimeSpan.FromMilliseconds(name.Length), PriorityField = "X-Priority", PriorityVariable = "txn.class", OffsetVariable = "txn.offset" } : new(),
            Panic = name.Length % 3 == 0 ? name.Length * 8 : 0,
            Sticky = StickyOf(name.Length, servers.Count > 0 && app is null),
            Balance = BalanceOf(name.Length),
            AllBackups = name.Length % 2 == 0,
            BackupsWhenFull = name.Length % 3 == 0,
            ProxyProtocol = (ProxyProtocolVersion)(servers.Count % 3),
            Tls = servers.TrueForAll(server => server.Address.UnixPath is null) ? ServerTlsOf(servers.Count) : null,
            Servers = servers.DistinctBy(server => server.Address).Select((server, place) => StickyOf(name.Length, servers.Count > 0 && app is null)?.Value == StickyValue.Server ? server with { Cookie = $"s{place}", AgentPort = name.Length % 3 == 0 ? null : place + 1 } : server).ToValueList(),
            Resolver = (name.Length % 4) switch { 0 => null, 1 => new(), _ => new() { Servers = [NetworkAddress.ForHost("10.0.0.1", 53), NetworkAddress.ForHost("a.b", 5353)], Hold = TimeSpan.FromSeconds(name.Length), HoldEmpty = null, HoldMissing = TimeSpan.FromSeconds(1), PreferIpv6 = name.Length % 8 == 2 } },
            Discover = (name.Length % 3) switch
            {
                0 => [],
                1 => [new() { File = "a b.yaml", NamePrefix = "a" }],
                _ => [new() { Dns = "_a._tcp.b.", Records = DnsRecords.Srv, MostServers = 5, FirstNumber = 0, Server = new() { Address = NetworkAddress.Nowhere, AgentPort = 5 } }, new() { Dns = "a.b", Port = 80, Server = new() { Address = NetworkAddress.Nowhere, Weight = 3, AgentPort = 1, Tls = new() { Verify = false } } }],
            },
            App = servers.Count == 0 ? app ?? new() { Command = ["app"] } : app,
        });

    private static readonly Gen<Snapshot> Settings = Gen.Select(
        Pool.List[1, 4].Select(pools => pools.DistinctBy(pool => pool.Name).ToValueList()),
        Gen.Int[1, 64].Nullable(),
        Duration.Array[11],
        Gen.Select(Gen.Int[1024, 16384], Gen.Int[8, 128], Gen.Long[0, 1L << 40].Nullable(), (header, count, body) => new Limits
        {
            Header = new(header),
            HeaderCount = count,
            RequestRate = count % 2 == 0 ? null : new(count),
            ResponseRate = count % 3 == 0 ? null : new(header * 1000L),
            RateGrace = TimeSpan.FromSeconds(count),
            RequestLine = new(header / 16),
            Connections = count % 2 == 0 ? null : count * 70_000,
            ConnectionsPerSecond = count % 3 == 0 ? null : count * 1000,
            RequestsPerConnection = count % 3 == 0 ? null : header * count,
            Body = body is { } bytes ? new ByteSize(bytes) : null,
        }),
        Gen.Select(Address.List[1, 3], Gen.Select(HostName.Null(), Gen.Bool, HostName.Null(), Gen.Int[0, 3]).List[1, 5], Network.List[0, 3]).List[1, 3],
        Build);

    [Fact]
    public void Settings_written_and_read_back_are_the_same() => Settings.Sample(
        snapshot =>
        {
            var text = ConfigurationFile.Write(snapshot);
            var result = ConfigurationFile.Parse(text, "a.yaml");
            Assert.True(result.Snapshot is not null, GoldenYaml.Print(result));
            Assert.Equal(SnapshotDump.Of(snapshot), SnapshotDump.Of(result.Snapshot));
            Assert.Equal(snapshot, result.Snapshot);
            Assert.Equal(text, ConfigurationFile.Write(result.Snapshot));
        },
        iter: 1_000);

    private static AccessLogSettings? LogOf(int number) => (number % 7) switch
    {
        0 => null,
        1 => AccessLogSettings.None,
        2 => new() { To = new(LogTargetKind.Stdout), Format = AccessLogFormat.Json, SkipNull = false, OnlyErrors = true },
        3 => new() { To = new(LogTargetKind.File, "a b/c: d.log"), Size = new(1 << 20), Every = TimeSpan.FromHours(24), Keep = 0, Sample = 10 },
        4 => new() { To = new(LogTargetKind.Syslog, "/dev/log"), Syslog = SyslogFormat.Rfc5424, Facility = 23, Tag = "a-b.c_1", Buffer = new(64 * 1024) },
        5 => new() { To = new(LogTargetKind.Syslog, Address: NetworkAddress.ForHost("::1", 514)), RequestFields = [new("User-Agent", 1), new("X-B", 4096)], ResponseFields = [new("Server", 7)], Cookie = new("sid", 32) },
        _ => new() { To = new(LogTargetKind.File, "x"), Format = AccessLogFormat.Combined, HiddenParameters = ["a", "b[c]"], HiddenFields = ["X-Key"] },
    };

    private static Snapshot Build(
        ValueList<PoolSettings> pools,
        int? loops,
        TimeSpan[] times,
        Limits limits,
        List<(List<NetworkAddress> Bind, List<(string? Host, bool Wildcard, string? Path, int Pool)> Routes, List<IPNetwork> Trusted)> listeners)
    {
        HashSet<NetworkAddress> bound = [];
        return new()
        {
            Pools = pools,
            Loops = loops,
            Shutdown = times[0],
            User = pools.Count == 1 ? "www-data" : null,
            Group = pools.Count == 1 && times[0].Ticks % 2 == 0 ? "adm" : null,
            Shared = SharedOf(pools.Count + listeners.Count),
            StateFile = pools.Count == 2 ? "a b/clients: 1" : null,
            Metrics = pools.Count == 2 ? new() { Buckets = [TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1)] } : new(),
            Admin = (listeners.Count + pools.Count) switch
            {
                2 => null,
                3 => new(),
                4 => new() { Address = NetworkAddress.ForHost("::1", loops ?? 0) },
                5 => new() { TokenFile = "a b/token" },
                _ => new() { Address = NetworkAddress.ForHost("", 9000), TokenFile = "token", Tls = pools.Count % 2 == 0 ? new("admin.pem", "a key") : new("admin.pem", null) },
            },
            AccessLog = LogOf(listeners.Count + (int)(times[0].Ticks / 10_000 % 4)),
            RequestId = (pools.Count % 3) switch { 0 => null, 1 => "", _ => "X-Request-Id" },
            TraceContext = (listeners.Count % 3) switch { 0 => TraceSettings.None, 1 => new(), _ => new() { OnlyTrusted = true, Sampled = 7 } },
            Timeouts = new()
            {
                Connect = times[1],
                ClientHeader = times[2],
                ClientBody = times[3],
                ClientIdle = times[4],
                ServerResponse = times[5],
                ServerBody = times[6],
                ServerIdle = times[7],
                TlsHandshake = times[8],
                Tunnel = times[9],
                ClientFin = times[9] > TimeSpan.FromHours(8) ? times[9] : null,
                ServerFin = times[9] < TimeSpan.FromHours(16) ? times[9] : null,
                Queue = times[10] > TimeSpan.FromHours(12) ? times[10] : null,
                Request = times[10] > TimeSpan.FromHours(2) ? times[10] : null,
            },
            Limits = limits,
            Listeners = listeners.Select(listener => listener.Routes.Count == 1 && listener.Trusted.Count <= 1 ? InTcpMode(listener.Bind.Where(bound.Add), pools, listener.Routes[0].Host, listener.Trusted) : new ListenerSettings
            {
                Bind = listener.Bind.Where(bound.Add).DefaultIfEmpty(NetworkAddress.ForHost("", 0)).ToValueList(),
                Routes = listener.Routes
                    .Select(route => new RouteSettings
                    {
                        Host = route.Host is null ? null : (route.Wildcard ? "*." : "") + route.Host,
                        Path = route.Path is null ? null : "/" + route.Path + (route.Wildcard ? "" : "*"),
                        Pool = pools[route.Pool % pools.Count].Name,
                    })
                    .Select((route, place) => Varied(route, place + route.Path?.Length ?? 0, pools))
                    .DistinctBy(route => (route.Host, route.Path))
                    .ToValueList(),
                TrustedProxies = listener.Trusted.ToValueList(),
                ProxyProtocol = listener.Trusted.Skip(1).ToValueList(),
                Explain = listener.Trusted.Skip(2).ToValueList(),
                RateLimit = RateOf(listener.Routes.Count),
                Concurrency = listener.Routes.Count == 2 ? new() { Most = 1 } : null,
                Connect = listener.Trusted.Count == 2,
                Tls = listener.Trusted.Count == 1 ? TlsOf(times[0], listener.Routes.Count) : null,
                MaxConnections = listener.Trusted.Count < 2 ? null : 10_000_000 / listener.Routes.Count,
                MaxConnectionsPerAddress = listener.Routes.Count < 3 ? null : listener.Routes.Count,
                MaxConnectionsPerSecond = listener.Trusted.Count < 2 ? null : listener.Trusted.Count,
                Forwarded = (ForwardedStyle)(listener.Trusted.Count % 4),
                RequestHeaders = listener.Trusted.Count == 2 ? Edits : HeaderEdits.None,
                ResponseHeaders = listener.Trusted.Count == 3 ? Edits : HeaderEdits.None,
            }).ToValueList(),
        };
    }

    private static ListenerTls TlsOf(TimeSpan time, int variant) => new()
    {
        Certificates = variant % 2 == 0 ? [new("a b.pem", null)] : [new("site.pem", "keys/: #.key"), new("b.pem", null)],
        Versions = (TlsVersions)(1 + (variant % 3)),
        StrictSni = variant % 2 == 0,
        ClientCertificates = variant < 3 ? null : new() { Authorities = "ca.pem", Optional = variant == 4 },
        StrictTransportSecurity = variant == 1 ? null : time,
    };

    // Keys that not every listener has stand in a golden file.
    private static BalanceSettings BalanceOf(int variant) => (variant % 8) switch
    {
        0 => BalanceSettings.Source,
        1 => new() { Policy = BalancePolicy.Hash, Hash = new() { Key = RequestKey.Address, Load = 100 + variant, Length = variant } },
        2 => new() { Policy = BalancePolicy.PeakEwma, Decay = TimeSpan.FromSeconds(variant), Penalty = TimeSpan.FromMilliseconds(variant) },
        3 => new() { Policy = BalancePolicy.Hash, Hash = new() { Key = RequestKey.Address, Placement = HashPlacement.Ring, Function = (HashFunction)(variant % 5), Avalanche = variant % 2 == 0 } },
        _ => (BalancePolicy)(variant % Enum.GetValues<BalancePolicy>().Length),
    };

    private static AppSettings Varied(AppSettings app, int variant) => (variant % 4) switch
    {
        0 => app,
        1 => app with
        {
            Folder = "../a b: {c}",
            Environment = [new("A", "b: \"{port}\"\n"), new("_B1", "")],
            User = "www-data",
            Group = "adm",
            MostMemory = new(variant * 1024L * 1024),
            Schedule = "*/5 0-6,22 * 1-3 7",
            Watch = ["src", "a, b"],
            Ready = new() { On = ReadySign.Log, Text = "é: #", Within = TimeSpan.FromMilliseconds(variant), Watchdog = TimeSpan.FromSeconds(1) },
            Listen = app.ListensBy == WorkerListen.Socket ? WorkerListen.Socket : WorkerListen.Activation,
            Log = new() { File = "logs/{instance}.log", Size = null, Every = TimeSpan.FromDays(1), Keep = 0, Format = LogFormat.Json, Terminal = false },
        },
        2 => app.ListensBy == WorkerListen.Socket ? app : app with
        {
            Listen = WorkerListen.Cluster,
            Port = variant + 1,
            Ready = new() { On = ReadySign.Signal },
            Stop = new() { Message = "shut: \"down\" #" },
        },
        _ => app with
        {
            Limits = new() { OpenFiles = 1000 + variant, Processes = 1, AddressSpace = new(1L << 31), Core = new(0), FileSize = new(variant) },
            Ready = variant % 2 == 0 ? new() { On = ReadySign.Http, Path = "/a?b" } : new() { On = ReadySign.Notify },
            Stop = new() { Signal = StopSignal.Winch, Drain = TimeSpan.Zero, Grace = TimeSpan.FromMinutes(1) },
            Restart = new() { On = RestartOn.Failure, LeaveOn = [0, 255, 3], Most = null, Window = TimeSpan.FromHours(1), Delay = TimeSpan.FromMilliseconds(1), MostDelay = TimeSpan.FromSeconds(1), Stable = TimeSpan.FromSeconds(2) },
            Rolling = new() { Order = RollingOrder.StopFirst, Parallel = variant % 1024 + 1, Delay = TimeSpan.FromSeconds(1), Monitor = TimeSpan.Zero, OnFailure = RollingFailure.Continue },
        },
    };

    private static HealthSettings? HealthOf(int variant) => (variant % 4) switch
    {
        0 => null,
        1 => new(),
        2 => new() { Port = variant, Tls = false, Interval = TimeSpan.FromMilliseconds(10 * variant), FastInterval = TimeSpan.FromSeconds(1), DownInterval = TimeSpan.FromMinutes(1), Rise = variant, Start = HealthStart.Down },
        _ => new()
        {
            Kind = ProbeKind.Http,
            Tls = variant % 8 == 3 ? true : null,
            TlsSettings = variant % 8 == 3 ? new() { Authorities = "ca.pem", AnyName = true } : null,
            Path = "/health?deep=1#\"'",
            Method = "OPTIONS",
            Host = "[::1]:80",
            Fields = [new("X-A", "b: {c}"), new("Accept", "true")],
            Statuses = [new(200, 200), new(300, 399), new(401, 403)],
            Body = "é \"ok\"\n",
            BodyPattern = "^\\s*{ \"a\": [0-9]+",
            Jitter = 50,
            Timeout = TimeSpan.FromMilliseconds(1),
            Fall = 100,
        },
    };

    private static StickySettings? StickyOf(int variant, bool named) => (variant % 7) switch
    {
        5 => new() { Learn = "connect.sid", Size = variant * 100_000, Expire = TimeSpan.FromDays(variant) },
        6 => new() { On = new(RequestKeyKind.Header, "X-User"), WhenDown = StickyDown.Persist, WhenDrained = StickyDrained.Redispatch, WhenFull = StickyFull.Redispatch, Redispatch = false, Table = "a.b:c", Use = StickyUse.LookUp },
        0 => null,
        1 => new() { Cookie = "STEELYARD" },
        2 => new()
        {
            Cookie = "a.b-c",
            Secret = "0123456789: #abcdef",
            Indirect = false,
            NoCache = false,
            PostOnly = true,
            Preserve = true,
            MaxAge = TimeSpan.FromHours(24),
            MaxIdle = TimeSpan.FromSeconds(variant),
            MaxLife = TimeSpan.FromDays(400),
            Domains = ["example.com", ".a.example.com"],
            Path = "/a:b",
            Secure = StickySecure.Always,
            HttpOnly = false,
            SameSite = StickySameSite.None,
            Attributes = ["Priority=High", "a b: #"],
        },
        3 => new() { Cookie = "true", Kind = StickyKind.Prefix, WhenDown = StickyDown.Refuse, Redispatch = false },
        _ => new() { Cookie = "SRV", Kind = StickyKind.Rewrite, Value = named ? StickyValue.Server : StickyValue.Signed, WhenDown = StickyDown.Persist },
    };

    private static RateLimitSettings? RateOf(int variant) => (variant % 3) switch
    {
        0 => null,
        1 => new() { Rate = new(variant, TimeSpan.FromMinutes(1)) },
        _ => new() { Key = new(RequestKeyKind.Header, "X-Key"), Rate = new(variant, TimeSpan.FromHours(1)), Burst = variant, Delay = variant, Ipv6Prefix = variant, Keys = 64 * variant, Zone = variant % 2 == 0 ? $"zone-{variant}" : null, Shared = variant % 2 == 0 },
    };

    private static SharedSettings SharedOf(int variant) => (variant % 3) switch
    {
        0 => new() { Redis = NetworkAddress.ForHost("::1", 6379) },
        1 => new() { Redis = NetworkAddress.ForUnix("/a b.sock"), User = "a: b", Password = "\"#'", Database = variant, Prefix = "{a}:", Every = TimeSpan.FromMilliseconds(variant) },
        _ => new() { Redis = NetworkAddress.ForHost("a.b", 1), PasswordFile = "a b", Tls = true, Authorities = "c: d", Secret = "0123456789abcde#" },
    };

    private static BreakerSettings? BreakerOf(int variant) => (variant % 4) switch
    {
        0 => null,
        1 => new(),
        2 => new() { Timeout = null, Errors = variant, Reset = TimeSpan.FromMilliseconds(variant), Volume = 0, Window = TimeSpan.FromSeconds(variant), Buckets = variant, Capacity = variant, On = OutlierConditions.Status429 | OutlierConditions.Reset, Scope = BreakerScope.Server },
        _ => new() { Fallback = variant < 8 ? new() { Body = "a\n\"b\": é", Status = 200 } : new() { File = "sorry page.html", ContentType = "text/html" } },
    };

    private static OutlierSettings? OutlierOf(int variant) => (variant % 4) switch
    {
        3 => new() { MaxFails = variant, FailTimeout = TimeSpan.FromSeconds(variant), On = OutlierConditions.Status500 },
        0 => null,
        1 => new(),
        _ => new()
        {
            On = (OutlierConditions)(variant * 97 % 1024),
            Consecutive = variant % 2 == 0 ? null : variant,
            Ratio = variant,
            Volume = variant,
            Window = TimeSpan.FromSeconds(variant),
            Ejection = TimeSpan.FromMilliseconds(100 * variant),
            MostEjection = TimeSpan.FromMinutes(variant),
            MostEjected = variant,
        },
    };

    private static ServerTls? ServerTlsOf(int variant) => (variant % 5) switch
    {
        0 => null,
        1 => new(),
        2 => new() { Verify = false, NameOfRequest = TextTemplate.Parse("{header('Host')}") },
        3 => new() { Authorities = "ca.pem", Name = "a.example.com" },
        _ => new() { Certificate = new("me.pem", "me.key") },
    };

    private static ListenerSettings InTcpMode(IEnumerable<NetworkAddress> bind, ValueList<PoolSettings> pools, string? host, List<IPNetwork> proxies) => new()
    {
        Mode = ListenerMode.Tcp,
        Bind = bind.DefaultIfEmpty(NetworkAddress.ForHost("", 0)).ToValueList(),
        ProxyProtocol = proxies.ToValueList(),
        Routes =
        [
            pools.Count == 1 ? new() { Pool = pools[0].Name } : new() { Split = [new(pools[0].Name, 1), new(pools[1].Name, 0)] },
            .. host is null ? Array.Empty<RouteSettings>() : [new RouteSettings { Host = "*." + host, Pool = pools[0].Name }],
        ],
    };

    private static readonly HeaderEdits Edits = new()
    {
        Remove = ["Server", "X-Powered-By"],
        Set = [new("X-A", Template("{{{client}}} on {host}: #'\"")), new("null", TextTemplate.Empty)],
        Add = [new("X-B", TextTemplate.Literal("true"))],
    };

    private static TextTemplate Template(string text)
    {
        Assert.True(TextTemplate.TryParse(text, out var template, out _));
        return template;
    }

    private static RouteSettings Varied(RouteSettings route, int kind, ValueList<PoolSettings> pools) => (kind % 6) switch
    {
        1 => route with { Pool = null, Split = pools.Select((pool, place) => new PoolShare(pool.Name, place == 0 ? 1 : place * 7)).ToValueList(), Methods = ["GET", "M-SEARCH"] },
        2 => route with { Pool = null, Redirect = new(Template("https://{host}/a{uri}"), 308), Headers = [new("X-A", "*"), new("x-b", ": c*")] },
        3 => route with { Pool = null, Respond = new(451, "a\n\"b\": é", "application/json"), ResponseHeaders = Edits },
        4 => route with { Name = "a.B-c_1:", Priority = -2047, RateLimit = RateOf(2), Concurrency = new() { Most = 7 }, StripPrefix = "/v1", Rewrite = Template("/a{path}"), RequestHeaders = Edits },
        5 => route with { Pool = null, Respond = new(204), Query = [new("a[]", "1"), new("b", "*")] },
        _ => route,
    };

    // Half a surrogate pair is no text, and no program can be given a NUL.
    private static bool IsText(string text) => !text.Contains('\0') && !text.EnumerateRunes().Any(rune => rune.Value == 0xFFFD);
}
