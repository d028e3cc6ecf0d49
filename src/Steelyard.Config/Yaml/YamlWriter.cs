using System.Buffers;
using System.Globalization;
using System.Text;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Yaml;

/// <summary>Writes a snapshot in Steelyard's own dialect: reading it back gives an equal snapshot. Defaults are left out.</summary>
internal sealed class YamlWriter
{
    // Whatever else a value holds, with only these after a letter or digit no parser takes it for anything but text.
    private static readonly SearchValues<char> PlainCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./");

    private readonly StringBuilder _text = new();

    public static string Write(Snapshot snapshot)
    {
        var writer = new YamlWriter();
        var blank = new Drafts.SnapshotDraft(default);
        writer.Settings(FileTable.Table, blank with { Loops = snapshot.Loops, Shutdown = snapshot.Shutdown, User = snapshot.User }, blank, "");
        writer.Given("group", snapshot.Group, "");
        writer.Admin(snapshot.Admin);
        if (snapshot.Metrics != new MetricsSettings())
            writer.Line($"metrics: {{ buckets: {Many(snapshot.Metrics.Buckets, DurationText.Write)} }}");
        writer.Identity(snapshot.AccessLog, snapshot.RequestId, snapshot.TraceContext, "");
        writer.Resolver(snapshot.Resolver, "");
        writer.Shared(snapshot.Shared);
        writer.Given("state-file", snapshot.StateFile, "");
        writer.Section("timeouts", TimeoutsTable.Table, snapshot.Timeouts, new());
        writer.Section("limits", LimitsTable.Table, snapshot.Limits, new());
        if (snapshot.Tables.Count > 0)
            writer.Line("tables:");
        foreach (var table in snapshot.Tables)
            writer.Line($"  - {{ {string.Join(", ", Parts(CounterTables.Tables, table, new CounterTableSettings { Name = "", Store = default }))} }}");
        if (snapshot.Lists.Count > 0)
            writer.Line("lists:");
        foreach (var list in snapshot.Lists)
            writer.Line($"  - {Braces([.. PatternLists.Parts(list)])}");
        if (snapshot.Listeners.Count > 0)
            writer.Line("listen:");
        foreach (var listener in snapshot.Listeners)
            writer.Listener(listener);
        if (snapshot.Pools.Count > 0)
            writer.Line("pools:");
        foreach (var pool in snapshot.Pools)
            writer.Pool(pool);
        if (snapshot.Expectations.Count > 0)
            writer.Line("expect:");
        foreach (var expectation in snapshot.Expectations)
            writer.Line($"  - {Text(expectation.ToString())}");
        return writer._text.ToString();
    }

    private void Admin(AdminSettings? admin)
    {
        if (admin is null)
            Line("admin: none");
        else if (admin.Tls is not null || admin.CommandSockets.Count > 0 || admin.CommandTimeout != new AdminSettings().CommandTimeout)
            Line($"admin: {Braces(AdminParts(admin))}");
        else if (admin is { Address: { } address, TokenFile: null })
            Line($"admin: {Text(address.ToString())}");
        else if (admin is { TokenFile: { } file })
            Line($"admin: {{ {(admin.Address is { } at ? $"address: {Text(at.ToString())}, " : "")}token-file: {Text(file)} }}");
    }

    private static IEnumerable<string> AdminParts(AdminSettings admin)
    {
        if (admin.Address is { } address)
            yield return $"address: {Text(address.ToString())}";
        if (admin.TokenFile is { } file)
            yield return $"token-file: {Text(file)}";
        if (admin.Tls is { } tls)
            yield return $"tls: {Files(tls)}";
        if (admin.CommandSockets.Count > 0)
            yield return $"command-sockets: [{string.Join(", ", admin.CommandSockets.Select(socket => $"{{ address: {Text(socket.Address.ToString())}, level: {socket.Level.ToString().ToLowerInvariant()}{(socket.Mode is { } mode ? $", mode: \"{mode}\"" : "")} }}"))}]";
        if (admin.CommandTimeout != new AdminSettings().CommandTimeout)
            yield return $"command-timeout: {DurationText.Write(admin.CommandTimeout)}";
    }

    private void Shared(SharedSettings? shared)
    {
        if (shared is null)
            return;
        Line("shared:");
        Line($"  redis: {Text(shared.Redis.ToString())}");
        Given("user", shared.User, "  ");
        Given("password", shared.Password, "  ");
        Given("password-file", shared.PasswordFile, "  ");
        Given("ca", shared.Authorities, "  ");
        Given("prefix", shared.Prefix, "  ");
        Given("key", shared.Secret, "  ");
        Settings(SharedTable.Table, shared with { Prefix = "" }, new() { Redis = shared.Redis, Prefix = "" }, "  ");
    }

    private void Identity(AccessLogSettings? log, string? requestId, TraceSettings? trace, string indentation)
    {
        if (log is not null)
            AccessLog(log, indentation);
        if (requestId is not null)
            Line($"{indentation}request-id: {TraceTable.RequestIdForm.Write!(requestId)}");
        if (trace is not null)
            Line($"{indentation}trace-context: {TraceTable.FileForm.Write!(trace)}");
    }

    private void AccessLog(AccessLogSettings log, string indentation)
    {
        if (log.Beside.Count > 0 || log == new AccessLogSettings { To = log.To })
        {
            Line($"{indentation}access-log: {AccessLog(log)}");
            return;
        }

        Line($"{indentation}access-log:");
        foreach (var part in AccessLogParts(log))
            Line($"{indentation}  {part}");
    }

    private static string AccessLog(AccessLogSettings log) =>
        log.Beside.Count > 0 ? $"[{string.Join(", ", log.Beside.Prepend(log with { Beside = [] }).Select(AccessLog))}]"
            : log == new AccessLogSettings { To = log.To } ? Text(log.To.ToString())
            : Braces(AccessLogParts(log));

    private static IEnumerable<string> AccessLogParts(AccessLogSettings log)
    {
        foreach (var part in Parts(AccessLogTable.Table, log, AccessLogSettings.None))
            yield return part;
        if (log.When is { } when)
            yield return $"when: {Text(when.ToString())}";
        foreach (var (name, captures) in new[] { ("request-headers", log.RequestFields), ("response-headers", log.ResponseFields), ("cookie", log.Cookie is { } cookie ? [cookie] : default(ValueList<LogCapture>)) })
        {
            if (captures.Count > 0)
                yield return $"{name}: {Map(captures, capture => capture.Name, capture => capture.Most.ToString(CultureInfo.InvariantCulture))}";
        }

        if (log.Also.Count > 0)
            yield return $"also: [{string.Join(", ", log.Also.Select(copy => $"{{ {string.Join(", ", Parts(AccessLogTable.Copies, copy, new() { To = AccessLogSettings.None.To }))} }}"))}]";
        if (log.HiddenParameters.Count > 0)
            yield return $"redact-query: {Many(log.HiddenParameters, name => name)}";
        if (log.HiddenFields != AccessLogSettings.None.HiddenFields)
            yield return $"redact-headers: {Many(log.HiddenFields, name => name)}";
    }

    private void Section<T>(string name, DirectiveTable<T> table, T settings, T defaults, string indentation = "")
        where T : IEquatable<T>
    {
        if (settings.Equals(defaults))
            return;
        Line($"{indentation}{name}:");
        Settings(table, settings, defaults, indentation + "  ");
    }

    private void Settings<T>(DirectiveTable<T> table, T settings, T defaults, string indentation)
    {
        foreach (var part in Parts(table, settings, defaults))
            Line(indentation + part);
    }

    /// <summary>What differs from the defaults, a text for each key.</summary>
    internal static IEnumerable<string> PartsOf<T>(DirectiveTable<T> table, T settings, T defaults) => Parts(table, settings, defaults);

    private static IEnumerable<string> Parts<T>(DirectiveTable<T> table, T settings, T defaults)
    {
        foreach (var directive in table.Directives)
        {
            if (directive.Write(settings) is { } value && value != directive.Write(defaults))
                yield return $"{directive.Name}: {value}";
        }
    }

    private void Listener(ListenerSettings listener)
    {
        Line($"  - bind: {OneOrMany(listener.Bind, address => address.ToString())}");
        if (listener.Name is not null)
            Line($"    name: {Text(listener.Name)}");
        if (listener.Mode == ListenerMode.Tcp)
            Line("    mode: tcp");
        if (listener.Tls is { } tls)
            Line($"    tls: {Braces(TlsParts(tls))}");
        if (listener.TrustedProxies.Count > 0)
            Line($"    trusted-proxies: {Many(listener.TrustedProxies, NetworkText.Write)}");
        if (listener.ClientField is { } field)
            Line($"    client-field: {{ name: {Text(field.Name)}, from: {Many(field.From, NetworkText.Write)}, recursive: {(field.Recursive ? "true" : "false")} }}");
        if (listener.ProxyProtocol.Count > 0)
            Line($"    proxy-protocol: {Many(listener.ProxyProtocol, NetworkText.Write)}");
        if (listener.ProxyProtocolClients is { } clients)
            Line($"    proxy-protocol-clients: {Many(clients, NetworkText.Write)}");
        if (listener.Explain.Count > 0)
            Line($"    explain: {Many(listener.Explain, NetworkText.Write)}");
        var blank = new Drafts.ListenerDraft(default(Drafts.Place));
        Settings(ListenerTable.Listeners, blank with { Serving = listener.Serving, MaxConnections = listener.MaxConnections, MaxConnectionsPerAddress = listener.MaxConnectionsPerAddress, Connect = listener.Connect, GatewayStatuses = listener.GatewayStatuses, Tolerant = listener.Tolerant, KeepsSlashes = listener.KeepsSlashes, AsNginx = listener.AsNginx, FieldNames = listener.FieldNames, Forwarded = listener.Forwarded }, blank, "    ");
        if (listener.Compress is { } compress)
            Line($"    compress: {Compression(compress)}");
        Section("timeouts", TimeoutOverridesTable.Listeners, listener.Timeouts, TimeoutOverrides.None, "    ");
        Identity(listener.AccessLog, listener.RequestId, listener.TraceContext, "    ");
        foreach (var limit in LimitParts(listener.RateLimit, listener.Concurrency))
            Line($"    {limit}");
        foreach (var part in EditsParts(listener.RequestHeaders, listener.ResponseHeaders))
            Line($"    {part}");
        Rules("rules", listener.Rules);
        Rules("response-rules", listener.ResponseRules);
        if (listener.Routes.Count == 1 && listener.Routes[0] is var all && all == new RouteSettings { Pool = all.Pool } && all.Pool is not null)
        {
            Line($"    to: {Text(all.Pool)}");
            return;
        }

        Line("    routes:");
        foreach (var route in listener.Routes)
            Line($"      - {{ {string.Join(", ", RouteParts(route))} }}");
    }

    internal static string Braces(IEnumerable<string> parts) => $"{{ {string.Join(", ", parts)} }}";

    private static string Files(CertificateFiles files) => Braces(FileParts(files));

    private static IEnumerable<string> FileParts(CertificateFiles files)
    {
        yield return $"certificate: {Text(files.Certificate)}";
        if (files.Key is not null)
            yield return $"key: {Text(files.Key)}";
        if (files.Passwords is not null)
            yield return $"passwords: {Text(files.Passwords)}";
    }

    private static IEnumerable<string> TlsParts(ListenerTls tls)
    {
        yield return $"certificates: [{string.Join(", ", tls.Certificates.Select(Files))}]";
        if (tls.Versions != TlsVersions.All)
            yield return $"versions: {(tls.Versions == TlsVersions.Tls12 ? "1.2" : "1.3")}";
        if (tls.StrictSni)
            yield return "strict-sni: true";
        if (tls.ClientCertificates is { } clients)
            yield return $"client-certificates: {{ ca: {Text(clients.Authorities)}, require: {(clients.Optional ? "optional" : "required")} }}";
        if (tls.StrictTransportSecurity is { } time)
            yield return $"strict-transport-security: {DurationText.Write(time)}";
    }

    internal static string Tls(ServerTls tls) => tls == new ServerTls() ? "true" : Braces(TlsParts(tls));

    private static IEnumerable<string> TlsParts(ServerTls tls)
    {
        if (!tls.Verify)
            yield return "verify: false";
        if (tls.Authorities is not null)
            yield return $"ca: {Text(tls.Authorities)}";
        if (tls.Name is not null)
            yield return $"name: {Text(tls.Name)}";
        foreach (var part in tls.Certificate is { } files ? FileParts(files) : [])
            yield return part;
    }

    private static IEnumerable<string> RouteParts(RouteSettings route)
    {
        if (route.Name is not null)
            yield return $"name: {Text(route.Name)}";
        if (route.Host is not null)
            yield return $"host: {Text(route.Host)}";
        if (route.Path is not null)
            yield return $"path: {Text(route.Path)}";
        if (route.Methods.Count > 0)
            yield return $"methods: {OneOrMany(route.Methods, method => method)}";
        if (route.Headers.Count > 0)
            yield return $"headers: {Map(route.Headers, match => match.Name, match => match.Pattern)}";
        if (route.Query.Count > 0)
            yield return $"query: {Map(route.Query, match => match.Name, match => match.Pattern)}";
        if (route.When is { } when)
            yield return $"when: {Text(when.ToString())}";
        if (route.Rules.Count > 0)
            yield return $"rules: [{string.Join(", ", route.Rules.Select(Rule))}]";
        if (route.AccessRules.Count > 0)
            yield return $"access-rules: [{string.Join(", ", route.AccessRules.Select(Rule))}]";
        if (route.Bandwidth is { } bandwidth)
            yield return $"bandwidth: {Braces(BandwidthTable.Parts(bandwidth))}";
        if (route.SendMethod is { } method)
            yield return $"send-method: {method}";
        if (route.SendBody is { } sent)
            yield return $"send-body: {Text(sent.ToString())}";
        if (route.DropsBody)
            yield return "drop-body: true";
        if (route.DropsFields)
            yield return "drop-fields: true";
        if (route.Ask is { } ask)
            yield return $"ask: {Text(ask.ToString())}";
        if (route.AskWhen is { } askWhen)
            yield return $"ask-when: {Text(askWhen.ToString())}";
        if (route.Mirror is { } mirror)
            yield return $"mirror: {Braces([$"paths: {Many(mirror.Paths, path => path.ToString())}", .. Parts(MirrorTable.Table, mirror, new())])}";
        if (route.AskRules.Count > 0)
            yield return $"ask-rules: [{string.Join(", ", route.AskRules.Select(Rule))}]";
        if (route.ResponseRules.Count > 0)
            yield return $"response-rules: [{string.Join(", ", route.ResponseRules.Select(Rule))}]";
        if (route.Internal)
            yield return "internal: true";
        if (route.Pool is not null)
            yield return $"to: {Text(route.Pool)}";
        if (route.PoolName is { } poolName)
            yield return $"to-named: {Text(poolName.ToString())}";
        if (route.Split.Count > 0)
            yield return $"split: {Map(route.Split, share => share.Pool, share => share.Weight.ToString(CultureInfo.InvariantCulture))}";
        if (route.Redirect is { } redirect)
            yield return $"redirect: {Redirect(redirect)}";
        if (route.Respond is { } respond)
            yield return $"respond: {Respond(respond)}";
        if (route.Files is { } files)
            yield return $"files: {Braces(FilesParts(files))}";
        if (route.Statistics is { } statistics)
            yield return $"statistics: {Braces([$"show: {statistics.Kind.ToString().ToLowerInvariant()}", .. Parts(StatisticsTable.Table, statistics, new() { Kind = statistics.Kind }), .. statistics.Node is { } node ? (string[])[$"node: {Text(node)}"] : [], .. statistics.Description is { } description ? (string[])[$"description: {Text(description)}"] : [], .. statistics.Admin is { } admin ? (string[])[$"admin: {Text(admin.ToString())}"] : [], .. statistics.Scope.Count > 0 ? (string[])[$"scope: {Many(statistics.Scope, Text)}"] : []])}";
        foreach (var limit in LimitParts(route.RateLimit, route.Concurrency))
            yield return limit;
        if (route.ErrorPages.Count > 0)
            yield return $"error-pages: [{string.Join(", ", route.ErrorPages.Select(ErrorPage))}]";
        if (route.InterceptErrors)
            yield return "intercept-errors: true";
        if (route.RecursiveErrors)
            yield return "recursive-errors: true";
        if (route.MaxBody is { } body)
            yield return $"max-body: {body}";
        if (route.AccessLog is { } log)
            yield return $"access-log: {AccessLog(log)}";
        if (route.Compress is { } compress)
            yield return $"compress: {Compression(compress)}";
        if (route.Unpack)
            yield return "unpack: true";
        if (route.Substitute is { } substitute)
            yield return $"substitute: {Braces([$"texts: [{string.Join(", ", substitute.Texts.Select(text => $"{{ text: {Text(text.Text)}, by: {Text(text.By.ToString())} }}"))}]", $"types: {Many(substitute.Types, type => type)}", .. Parts(SubstitutionTable.Table, substitute, new())])}";
        if (route.Priority != 0)
            yield return $"priority: {route.Priority.ToString(CultureInfo.InvariantCulture)}";
        if (route.Timeouts != TimeoutOverrides.None)
            yield return $"timeouts: {Braces(Parts(TimeoutOverridesTable.Routes, route.Timeouts, TimeoutOverrides.None))}";
        if (route.StripPrefix is not null)
            yield return $"strip-prefix: {Text(route.StripPrefix)}";
        if (route.Rewrite is not null)
            yield return $"rewrite: {Text(route.Rewrite.ToString())}";
        if (route.ServerTarget is not null)
            yield return $"server-target: {Text(route.ServerTarget.ToString())}";
        foreach (var part in EditsParts(route.RequestHeaders, route.ResponseHeaders))
            yield return part;
    }

    private static IEnumerable<string> FilesParts(FilesSettings files)
    {
        yield return $"root: {Text(files.Root)}";
        if (files.Strip.Length > 0)
            yield return $"strip: {Text(files.Strip)}";
        yield return $"index: {Many(files.Index, name => name)}";
        if (files.Try.Count > 0)
            yield return $"try: {Many(files.Try, path => path.ToString())}";
        if (files.ElseStatus != 404)
            yield return $"else-status: {files.ElseStatus}";
        if (files.ElsePath is { } path)
            yield return $"else-path: {Text(path.ToString())}";
        if (files.ElseRoute is { } route)
            yield return $"else-go-to: {Text(route)}";
        if (files.Types.Count > 0)
            yield return $"types: {Map(files.Types, type => type.Ending, type => type.Type)}";
        yield return $"default-type: {Text(files.DefaultType)}";
        if (files.Slash is { } slash)
            yield return $"slash: {Text(slash.ToString())}";
        if (files.MadeRoot is { } made)
            yield return $"made-root: {Text(made.ToString())}";
        foreach (var part in Parts(FilesTable.Table, files with { Root = "", Strip = "", DefaultType = new FilesSettings { Root = "" }.DefaultType, ElseStatus = 404 }, new() { Root = "" }))
            yield return part;
        if (files.Packed is { } packed)
            yield return $"packed: {Braces([.. Parts(FilesTable.PackedFiles, packed, new())])}";
        if (files.Listing is { } listing)
            yield return $"listing: {Braces([.. Parts(FilesTable.Listing, listing, new()), .. listing.Charset.Length > 0 ? (string[])[$"charset: {Text(listing.Charset)}"] : []])}";
    }

    private static string Compression(CompressionSettings compression) =>
        compression == new CompressionSettings() ? "true"
            : compression == CompressionSettings.Off ? "false"
            : Braces(CompressionParts(compression));

    private static IEnumerable<string> CompressionParts(CompressionSettings compression)
    {
        var initial = new CompressionSettings();
        if (compression.Codings != initial.Codings)
            yield return $"codings: {Many(compression.Codings, CompressionTable.WordOf)}";
        if (compression.Types != initial.Types)
            yield return $"types: {Many(compression.Types, type => type)}";
        if (compression.Statuses.Count > 0)
            yield return $"statuses: {Many(compression.Statuses, status => status.ToString(CultureInfo.InvariantCulture))}";
        foreach (var part in Parts(CompressionTable.Table, compression, initial))
            yield return part;
    }

    private static string ErrorPage(ErrorPageSettings page) => Braces(
    [
        $"status: {Many(page.Statuses, status => status.ToString(CultureInfo.InvariantCulture))}",
        page.Path is { } path ? $"path: {Text(path.ToString())}" : page.Route is { } route ? $"go-to: {Text(route)}" : $"redirect: {Redirect(page.Redirect!)}",
        .. page.As is { } shown ? (string[])[$"as: {(shown == 0 ? "answer" : shown.ToString(CultureInfo.InvariantCulture))}"] : [],
    ]);

    internal static string Redirect(RedirectSettings redirect) => $"{{ to: {Text(redirect.To.ToString())}, status: {redirect.Status}{(redirect.NoCache ? ", no-cache: true" : "")} }}";

    internal static string Respond(FixedResponse respond)
    {
        var headers = respond.Headers.Count == 0 ? "" : $", headers: {Map(respond.Headers, line => line.Name, line => line.Value.ToString())}";
        return $"{{ status: {respond.Status}{Extra("body", respond.Body, "")}{Extra("body-base64", respond.Base64 ?? "", "")}{Extra("text", respond.Text?.ToString() ?? "", "")}{(respond.Refuses ? ", refuses: true" : "")}{Extra("content-type", respond.ContentType, new FixedResponse(200).ContentType)}{headers} }}";
    }

    private void Rules(string name, ValueList<RuleSettings> rules)
    {
        if (rules.Count > 0)
            Line($"    {name}:");
        foreach (var rule in rules)
            Line($"      - {Rule(rule)}");
    }

    private static string Rule(RuleSettings rule)
    {
        var (key, value) = RuleTable.Write(rule);
        return Braces([.. rule.When is { } when ? (string[])[$"when: {Text(when.ToString())}"] : [], .. rule.OfOwn ? (string[])["own: true"] : [], $"{key}: {value}"]);
    }

    private static IEnumerable<string> EditsParts(HeaderEdits request, HeaderEdits response)
    {
        if (request != HeaderEdits.None)
            yield return $"request-headers: {Edits(request)}";
        if (response != HeaderEdits.None)
            yield return $"response-headers: {Edits(response)}";
    }

    private static string Edits(HeaderEdits edits)
    {
        List<string> parts = [];
        if (edits.Remove.Count > 0)
            parts.Add($"remove: {Many(edits.Remove, name => name)}");
        if (edits.Set.Count > 0)
            parts.Add($"set: {Map(edits.Set, line => line.Name, line => line.Value.ToString())}");
        if (edits.Add.Count > 0)
            parts.Add($"add: {{ {string.Join(", ", Lines(edits.Add))} }}");
        return $"{{ {string.Join(", ", parts)} }}";
    }

    // Those of one name stand behind it; where others are between, that changes nothing that anybody may rely on.
    private static IEnumerable<string> Lines(ValueList<HeaderLine> lines) => lines.GroupBy(line => line.Name, StringComparer.OrdinalIgnoreCase)
        .Select(named => $"{Text(named.Key)}: {(named.Count() == 1 ? Text(named.First().Value.ToString()) : Many(named.ToValueList(), line => line.Value.ToString()))}");

    private static string Extra(string name, string value, string initial) => value == initial ? "" : $", {name}: {Text(value)}";

    private static string Map<T>(ValueList<T> values, Func<T, string> name, Func<T, string> value) =>
        $"{{ {string.Join(", ", values.Select(item => $"{Text(name(item))}: {Text(value(item))}"))} }}";

    private void Pool(PoolSettings pool)
    {
        Line($"  {Text(pool.Name)}:");
        var blank = new Drafts.PoolDraft(default(Drafts.Located<string>));
        Settings(PoolTable.Pools, blank with { Balance = pool.Balance, ProxyProtocol = pool.ProxyProtocol, Source = pool.Source, SlowStart = pool.SlowStart, Panic = pool.Panic, MaxConnections = pool.MaxConnections, FullConnections = pool.FullConnections, AllBackups = pool.AllBackups, BackupsWhenFull = pool.BackupsWhenFull }, blank, "    ");
        if (pool.Tls is { } tls)
            Line($"    tls: {Tls(tls)}");
        Section("retries", RetriesTable.Table, pool.Retries, new(), "    ");

        foreach (var limit in LimitParts(pool.RateLimit, pool.Concurrency))
            Line($"    {limit}");
        if (pool.Breaker is { } breaker)
            Breaker(breaker);
        if (pool.AdaptiveLimit is { } adaptive)
        {
            Line(adaptive == new AdaptiveLimitSettings() ? "    adaptive-limit: {}" : "    adaptive-limit:");
            Settings(AdaptiveLimitTable.Table, adaptive, new(), "      ");
        }

        Section("queue", QueueTable.Table, pool.Queue, new(), "    ");
        Section("timeouts", TimeoutOverridesTable.Pools, pool.Timeouts, TimeoutOverrides.None, "    ");
        if (pool.Health is { } health)
            Health(health);
        if (pool.Agent is { } agent)
        {
            Line(agent == new AgentSettings() ? "    agent: {}" : "    agent:");
            if (agent.Send.Length > 0)
                Line($"      send: {Text(agent.Send)}");
            Settings(AgentTable.Table, agent with { Send = "" }, new(), "      ");
        }

        if (pool.Outlier is null)
            Line("    outlier: none");
        else
            Section("outlier", OutlierTable.Table, pool.Outlier, new(), "    ");
        if (pool.Sticky is { } sticky)
            Sticky(sticky);
        Rules("rules", pool.Rules);
        Rules("response-rules", pool.ResponseRules);

        if (pool.Servers.Count > 0)
            Line("    servers:");
        foreach (var server in pool.Servers)
            Line($"      - {ServerWriter.Write(server)}");
        if (pool.Resolver is { } resolver)
            Resolver(resolver, "    ", always: true);
        if (pool.Discover.Count > 0)
            Line("    discover:");
        foreach (var discover in pool.Discover)
            Line($"      - {ServerWriter.Write(discover)}");
        if (pool.App is { } app)
            App(app);
    }

    private void Resolver(ResolverSettings resolver, string indentation, bool always = false)
    {
        if (!always && resolver == new ResolverSettings())
            return;
        Line($"{indentation}resolver:{(resolver == new ResolverSettings() ? " {}" : "")}");
        if (resolver.Servers.Count > 0)
            Line($"{indentation}  servers: {Many(resolver.Servers, server => server.ToString())}");
        Settings(ResolverTable.Table, resolver with { Servers = [] }, new(), indentation + "  ");
    }

    private void App(AppSettings app)
    {
        Line("    app:");
        Line($"      command: {Many(app.Command, word => word)}");
        var blank = new Drafts.AppDraft(default(Drafts.Place));
        Settings(AppTable.Table, blank with { Settings = app with { User = null, Group = null } }, blank, "      ");
        Given("folder", app.Folder, "      ");
        if (app.Environment.Count > 0)
            Line($"      env: {Map(app.Environment, variable => variable.Name, variable => variable.Value)}");
        if (app.WithoutVariables.Count > 0)
            Line($"      env-without: {Many(app.WithoutVariables, name => name)}");
        if (app.After.Count > 0)
            Line($"      after: {Many(app.After, name => name)}");
        Given("user", app.User, "      ");
        Given("group", app.Group, "      ");
        Given("schedule", app.Schedule, "      ");
        Given("metrics", app.Metrics, "      ");
        if (app.Watch.Count > 0)
            Line($"      watch: {Many(app.Watch, path => path)}");
        if (app.IgnoreWatch.Count > 0)
            Line($"      ignore-watch: {Many(app.IgnoreWatch, path => path)}");
        if (app.Scale is { } scale)
            Section("scale", WorkerTables.Scale, scale, new(), "      ");
        Section("limits", WorkerTables.Limits, app.Limits, new(), "      ");
        Section("ready", WorkerTables.Ready, app.Ready, new(), "      ");
        if (app.Ready.Text is not null)
            Given("text", app.Ready.Text, "        ");
        Section("stop", WorkerTables.Stop, app.Stop, new(), "      ");
        if (app.Stop.Message is not null)
            Given("message", app.Stop.Message, "        ");
        Section("restart", WorkerTables.Restart, app.Restart, new(), "      ");
        if (app.Restart.LeaveOn.Count > 0)
            Line($"        leave-on: [{string.Join(", ", app.Restart.LeaveOn.AsEnumerable())}]");
        Section("rolling", WorkerTables.Rolling, app.Rolling, new(), "      ");
        Section("log", WorkerTables.Log, app.Log, new(), "      ");
        Given("file", app.Log.File, "        ");
    }

    private void Given(string name, string? value, string indentation)
    {
        if (value is not null)
            Line($"{indentation}{name}: {Text(value)}");
    }

    private void Health(HealthSettings health)
    {
        if (health == new HealthSettings())
        {
            Line("    health: tcp");
            return;
        }

        Line("    health:");
        foreach (var part in HealthParts(health))
            Line($"      {part}");
    }

    internal static IEnumerable<string> HealthParts(HealthSettings health)
    {
        if (health.Kind == ProbeKind.Http)
            yield return $"http: {Text(health.Path)}";
        if (health.Host is not null)
            yield return $"host: {Text(health.Host)}";
        if (health.Fields.Count > 0)
            yield return $"headers: {Map(health.Fields, field => field.Name, field => field.Value)}";
        if (health.Body is not null)
            yield return $"body: {Text(health.Body)}";
        if (health.BodyPattern is not null)
            yield return $"body-pattern: {Text(health.BodyPattern)}";
        foreach (var part in Parts(HealthTable.Table, health with { Host = null }, new()))
            yield return part;
    }

    private void Sticky(StickySettings sticky)
    {
        Line("    sticky:");
        if (sticky.Cookie.Length > 0)
            Line($"      cookie: {Text(sticky.Cookie)}");
        if (sticky.Learn is not null)
            Line($"      learn: {Text(sticky.Learn)}");
        if (sticky.On is { } key)
            Line($"      on: {Text(key.ToString())}");
        if (sticky.Secret is not null)
            Line($"      key: {Text(sticky.Secret)}");
        if (sticky.Domains.Count > 0)
            Line($"      domain: {Many(sticky.Domains, domain => domain)}");
        if (sticky.Path != "/")
            Line($"      path: {Text(sticky.Path)}");
        if (sticky.Variable is not null)
            Line($"      variable: {Text(sticky.Variable)}");
        if (sticky.Attributes.Count > 0)
            Line($"      attributes: {Many(sticky.Attributes, attribute => attribute)}");
        Settings(StickyTable.Table, sticky with { Path = "/" }, new(), "      ");
    }

    private static IEnumerable<string> LimitParts(RateLimitSettings? rate, ConcurrencySettings? concurrency)
    {
        if (rate is not null)
            yield return $"rate-limit: {RateLimit(rate)}";
        if (concurrency is not null)
            yield return $"concurrency: {Concurrency(concurrency)}";
    }

    private static string RateLimit(RateLimitSettings rate) =>
        $"{{ key: {Text(rate.Key.ToString())}, rate: {rate.Rate}, burst: {rate.Burst}, delay: {rate.Delay?.ToString(CultureInfo.InvariantCulture) ?? "none"}, ipv6-prefix: {rate.Ipv6Prefix}, keys: {rate.Keys}, status: {rate.Status}{Extra("zone", rate.Zone ?? "", "")}{(rate.Shared ? ", shared: true" : "")}{(rate.DryRun ? ", dry-run: true" : "")}{(rate.Also is { } also ? $", also: {RateLimit(also)}" : "")} }}";

    private static string Concurrency(ConcurrencySettings limit) =>
        $"{{ key: {Text(limit.Key.ToString())}, most: {limit.Most}, ipv6-prefix: {limit.Ipv6Prefix}, status: {limit.Status}{Extra("zone", limit.Zone ?? "", "")}{(limit.DryRun ? ", dry-run: true" : "")}{(limit.Also is { } also ? $", also: {Concurrency(also)}" : "")} }}";

    private void Breaker(BreakerSettings breaker)
    {
        if (breaker == new BreakerSettings())
        {
            Line("    breaker: {}");
            return;
        }

        Line("    breaker:");
        Settings(BreakerTable.Table, breaker, new(), "      ");
        if (breaker.Fallback is not { } fallback)
            return;
        string[] parts = fallback.Pool is { } pool ? [$"to: {Text(pool)}"] :
        [
            $"status: {fallback.Status}{Extra("body", fallback.Body, "")}{Extra("file", fallback.File ?? "", "")}{Extra("content-type", fallback.ContentType, new FallbackSettings().ContentType)}",
        ];
        Line($"      fallback: {Braces(parts)}");
    }

    private void Line(string line) => _text.Append(line).Append('\n');

    private static string OneOrMany<T>(ValueList<T> values, Func<T, string> write) =>
        values.Count == 1 ? Text(write(values[0])) : Many(values, write);

    private static string Many<T>(ValueList<T> values, Func<T, string> write) =>
        $"[{string.Join(", ", values.Select(value => Text(write(value))))}]";

    internal static string Text(string text)
    {
        if (IsPlain(text))
            return text;
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is '"' or '\\')
                quoted.Append('\\').Append((char)rune.Value);
            else if (rune.Value is (>= ' ' and < 0x7F) or > 0xFFFF || Rune.IsLetterOrDigit(rune))
                quoted.Append(rune.ToString());
            else
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}");
        }

        return quoted.Append('"').ToString();
    }

    // A colon is plain where it begins no value, as in 10.0.0.1:3000.
    private static bool IsPlain(string text)
    {
        if (text.Length == 0 || !char.IsAsciiLetterOrDigit(text[0]) || !char.IsAsciiLetterOrDigit(text[^1]))
            return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (!PlainCharacters.Contains(text[i]) && (text[i] != ':' || !char.IsAsciiLetterOrDigit(text[i + 1])))
                return false;
        }

        return true;
    }
}
