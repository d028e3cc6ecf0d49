using System.Globalization;
using System.Text;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;
using static Steelyard.Config.Yaml.YamlRoutes;
using static Steelyard.Config.Yaml.YamlValues;

namespace Steelyard.Config.Yaml;

/// <summary>Writes a snapshot in Steelyard's own dialect: reading it back gives an equal snapshot. Defaults are left out.</summary>
internal sealed class YamlWriter
{
    private readonly StringBuilder _text = new();

    // Null where nothing is explained.
    private readonly HashSet<string>? _explained;

    private YamlWriter(bool explains) => _explained = explains ? [] : null;

    /// <param name="snapshot">What is written.</param>
    /// <param name="explains">Whether a comment says of a setting what it does, where it comes first.</param>
    public static string Write(Snapshot snapshot, bool explains = false)
    {
        var writer = new YamlWriter(explains);
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
            writer.Line($"  - {Scalar(expectation.ToString())}");
        return writer._text.ToString();
    }

    private void Admin(AdminSettings? admin)
    {
        if (admin is null)
            Line("admin: none");
        else if (admin.Tls is not null || admin.CommandSockets.Count > 0 || admin.CommandTimeout != new AdminSettings().CommandTimeout)
            Line($"admin: {Braces(AdminParts(admin))}");
        else if (admin is { Address: { } address, TokenFile: null })
            Line($"admin: {Scalar(address.ToString())}");
        else if (admin is { TokenFile: { } file })
            Line($"admin: {{ {(admin.Address is { } at ? $"address: {Scalar(at.ToString())}, " : "")}token-file: {Scalar(file)} }}");
    }

    private static IEnumerable<string> AdminParts(AdminSettings admin)
    {
        if (admin.Address is { } address)
            yield return $"address: {Scalar(address.ToString())}";
        if (admin.TokenFile is { } file)
            yield return $"token-file: {Scalar(file)}";
        if (admin.Tls is { } tls)
            yield return $"tls: {Files(tls)}";
        if (admin.CommandSockets.Count > 0)
            yield return $"command-sockets: [{string.Join(", ", admin.CommandSockets.Select(socket => $"{{ address: {Scalar(socket.Address.ToString())}, level: {socket.Level.ToString().ToLowerInvariant()}{(socket.Mode is { } mode ? $", mode: \"{mode}\"" : "")} }}"))}]";
        if (admin.CommandTimeout != new AdminSettings().CommandTimeout)
            yield return $"command-timeout: {DurationText.Write(admin.CommandTimeout)}";
    }

    private void Shared(SharedSettings? shared)
    {
        if (shared is null)
            return;
        Line("shared:");
        Line($"  redis: {Scalar(shared.Redis.ToString())}");
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

    internal static string AccessLog(AccessLogSettings log) =>
        log.Beside.Count > 0 ? $"[{string.Join(", ", log.Beside.Prepend(log with { Beside = [] }).Select(AccessLog))}]"
            : log == new AccessLogSettings { To = log.To } ? Scalar(log.To.ToString())
            : Braces(AccessLogParts(log));

    private static IEnumerable<string> AccessLogParts(AccessLogSettings log)
    {
        foreach (var part in Parts(AccessLogTable.Table, log, AccessLogSettings.None))
            yield return part;
        if (log.When is { } when)
            yield return $"when: {Scalar(when.ToString())}";
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
        {
            if (_explained is not null)
                Explain(table, part[..part.IndexOf(':', StringComparison.Ordinal)], indentation);
            Line(indentation + part);
        }
    }

    private void Explain<T>(DirectiveTable<T> table, string name, string indentation)
    {
        var description = table.Directives.First(directive => directive.Name == name).Description;
        var sentence = description.IndexOf(". ", StringComparison.Ordinal);
        var first = WithoutLinks(sentence < 0 ? description : description[..(sentence + 1)]);
        if (_explained!.Add(first))
            Line($"{indentation}# {first}");
    }

    // What is a link in the reference page is a word here.
    private static string WithoutLinks(string text)
    {
        while (text.IndexOf("](", StringComparison.Ordinal) is > 0 and var middle)
            text = $"{text[..text.LastIndexOf('[', middle)]}{text[(text.LastIndexOf('[', middle) + 1)..middle]}{text[(text.IndexOf(')', middle) + 1)..]}";
        return text;
    }

    private void Listener(ListenerSettings listener)
    {
        Line($"  - bind: {OneOrMany(listener.Bind, address => address.ToString())}");
        if (listener.Name is not null)
            Line($"    name: {Scalar(listener.Name)}");
        if (listener.Mode == ListenerMode.Tcp)
            Line("    mode: tcp");
        if (listener.Tls is { } tls)
            Line($"    tls: {Braces(TlsParts(tls))}");
        if (listener.TrustedProxies.Count > 0)
            Line($"    trusted-proxies: {Many(listener.TrustedProxies, NetworkText.Write)}");
        if (listener.ClientField is { } field)
            Line($"    client-field: {{ name: {Scalar(field.Name)}, from: {Many(field.From, NetworkText.Write)}, recursive: {(field.Recursive ? "true" : "false")} }}");
        if (listener.ProxyProtocol.Count > 0)
            Line($"    proxy-protocol: {Many(listener.ProxyProtocol, NetworkText.Write)}");
        if (listener.ProxyProtocolClients is { } clients)
            Line($"    proxy-protocol-clients: {Many(clients, NetworkText.Write)}");
        if (listener.Explain.Count > 0)
            Line($"    explain: {Many(listener.Explain, NetworkText.Write)}");
        var blank = new Drafts.ListenerDraft(default(Drafts.Place));
        Settings(ListenerTable.Listeners, blank with { Serving = listener.Serving, MaxConnections = listener.MaxConnections, MaxConnectionsPerAddress = listener.MaxConnectionsPerAddress, MaxConnectionsPerSecond = listener.MaxConnectionsPerSecond, Connect = listener.Connect, GatewayStatuses = listener.GatewayStatuses, Tolerant = listener.Tolerant, KeepsSlashes = listener.KeepsSlashes, AsNginx = listener.AsNginx, FieldNames = listener.FieldNames, Forwarded = listener.Forwarded }, blank, "    ");
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
            Line($"    to: {Scalar(all.Pool)}");
            return;
        }

        Line("    routes:");
        foreach (var route in listener.Routes)
            Line($"      - {{ {string.Join(", ", RouteParts(route))} }}");
    }

    private static string Files(CertificateFiles files) => Braces(FileParts(files));

    private static IEnumerable<string> FileParts(CertificateFiles files)
    {
        yield return $"certificate: {Scalar(files.Certificate)}";
        if (files.Key is not null)
            yield return $"key: {Scalar(files.Key)}";
        if (files.Passwords is not null)
            yield return $"passwords: {Scalar(files.Passwords)}";
    }

    private static IEnumerable<string> TlsParts(ListenerTls tls)
    {
        yield return $"certificates: [{string.Join(", ", tls.Certificates.Select(Files))}]";
        if (tls.Versions != TlsVersions.All)
            yield return $"versions: {(tls.Versions == TlsVersions.Tls12 ? "1.2" : "1.3")}";
        if (tls.StrictSni)
            yield return "strict-sni: true";
        if (tls.ClientCertificates is { } clients)
            yield return $"client-certificates: {{ ca: {Scalar(clients.Authorities)}, require: {(clients.Optional ? "optional" : "required")} }}";
        if (tls.StrictTransportSecurity is { } time)
            yield return $"strict-transport-security: {DurationText.Write(time)}";
    }

    internal static string Tls(ServerTls tls) => tls == new ServerTls() ? "true" : Braces(TlsParts(tls));

    private static IEnumerable<string> TlsParts(ServerTls tls)
    {
        if (!tls.Verify || tls.AnyName)
            yield return $"verify: {(tls.Verify ? "any-name" : "false")}";
        if (tls.Authorities is not null)
            yield return $"ca: {Scalar(tls.Authorities)}";
        if (tls.Name is not null)
            yield return $"name: {Scalar(tls.Name)}";
        if (tls.NameOfRequest is { } made)
            yield return $"name-of-request: {Scalar(made.ToString())}";
        foreach (var part in tls.Certificate is { } files ? FileParts(files) : [])
            yield return part;
    }

    private void Rules(string name, ValueList<RuleSettings> rules)
    {
        if (rules.Count > 0)
            Line($"    {name}:");
        foreach (var rule in rules)
            Line($"      - {Rule(rule)}");
    }

    private void Pool(PoolSettings pool)
    {
        Line($"  {Scalar(pool.Name)}:");
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
                Line($"      send: {Scalar(agent.Send)}");
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
        Given("stdout", app.Log.OutputFile, "        ");
        Given("stderr", app.Log.ErrorFile, "        ");
        Given("time", app.Log.Time, "        ");
    }

    private void Given(string name, string? value, string indentation)
    {
        if (value is not null)
            Line($"{indentation}{name}: {Scalar(value)}");
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
            yield return $"http: {Scalar(health.Path)}";
        if (health.Host is not null)
            yield return $"host: {Scalar(health.Host)}";
        if (health.Fields.Count > 0)
            yield return $"headers: {Map(health.Fields, field => field.Name, field => field.Value)}";
        if (health.Body is not null)
            yield return $"body: {Scalar(health.Body)}";
        if (health.BodyPattern is not null)
            yield return $"body-pattern: {Scalar(health.BodyPattern)}";
        foreach (var part in Parts(HealthTable.Table, health with { Host = null }, new()))
            yield return part;
    }

    private void Sticky(StickySettings sticky)
    {
        Line("    sticky:");
        if (sticky.Cookie.Length > 0)
            Line($"      cookie: {Scalar(sticky.Cookie)}");
        if (sticky.Learn is not null)
            Line($"      learn: {Scalar(sticky.Learn)}");
        if (sticky.On is { } key)
            Line($"      on: {Scalar(key.ToString())}");
        if (sticky.Table is not null)
            Line($"      table: {Scalar(sticky.Table)}");
        if (sticky.Secret is not null)
            Line($"      key: {Scalar(sticky.Secret)}");
        if (sticky.Domains.Count > 0)
            Line($"      domain: {Many(sticky.Domains, domain => domain)}");
        if (sticky.Path != "/")
            Line($"      path: {Scalar(sticky.Path)}");
        if (sticky.Variable is not null)
            Line($"      variable: {Scalar(sticky.Variable)}");
        if (sticky.Attributes.Count > 0)
            Line($"      attributes: {Many(sticky.Attributes, attribute => attribute)}");
        Settings(StickyTable.Table, sticky with { Path = "/" }, new(), "      ");
    }

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
        string[] parts = fallback.Pool is { } pool ? [$"to: {Scalar(pool)}"] :
        [
            $"status: {fallback.Status}{Extra("body", fallback.Body, "")}{Extra("file", fallback.File ?? "", "")}{Extra("content-type", fallback.ContentType, new FallbackSettings().ContentType)}",
        ];
        Line($"      fallback: {Braces(parts)}");
    }

    private void Line(string line) => _text.Append(line).Append('\n');
}
