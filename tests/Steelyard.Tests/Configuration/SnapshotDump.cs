using System.Text;
using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>A snapshot in words of its own, so that golden files do not depend on how YAML is written.</summary>
internal static class SnapshotDump
{
    private static string Identity(AccessLogSettings? log, string? requestId, TraceSettings? trace, string indentation)
    {
        var text = new StringBuilder();
        if (log is not null)
        {
            text.Append($"{indentation}logs to {log.To.Kind} {log.To}, {log.Format?.ToString() ?? "auto"}, {(log.SkipNull ? "" : "null ones, ")}{(log.OnlyErrors ? "errors" : $"1 of {log.Sample}")}, fields [{Join(log.RequestFields)}] [{Join(log.ResponseFields)}], cookie {log.Cookie?.ToString() ?? "(none)"}, ");
            text.Append($"hides [{Join(log.HiddenParameters)}] [{Join(log.HiddenFields)}], rotates {log.Size?.ToString() ?? "never"} {log.Every?.ToString() ?? "never"} {log.Keep}, {log.Syslog} {log.Facility} {log.Tag}, {log.Buffer}\n");
            if (log.Format == AccessLogFormat.Custom)
                text.Append($"{indentation}  by {log.Escape}: {string.Concat(log.Line.Select(part => part.Literal is { } literal ? literal : $"<{part.Expression?.ToString() ?? part.Field.ToString()}{(part.Form == LogForm.Plain ? "" : $" {part.Form}")}>"))}\n");
            if (log.When is { } when)
                text.Append($"{indentation}  when {when}\n");
        }

        if (requestId is not null)
            text.Append($"{indentation}names requests in '{requestId}'\n");
        if (trace is not null)
            text.Append($"{indentation}{trace}\n");
        return text.ToString();
    }

    public static string Of(Snapshot snapshot)
    {
        var text = new StringBuilder();
        text.Append($"loops {snapshot.Loops?.ToString() ?? "auto"}, shutdown {snapshot.Shutdown}{(snapshot.User is { } user ? $", user {user}" : "")}{(snapshot.Group is { } group ? $", group {group}" : "")}\n");
        if (snapshot.Admin != new AdminSettings())
            text.Append($"admin {(snapshot.Admin is { } admin ? $"on {admin.Address?.ToString() ?? "(its default)"}, token {admin.TokenFile ?? "(none)"}{(admin.Tls is { } adminTls ? $", {adminTls}" : "")}{string.Concat(admin.CommandSockets.Select(socket => $", {socket}"))}, {admin.CommandTimeout}" : "none")}\n");
        if (snapshot.Metrics != new MetricsSettings())
            text.Append($"buckets {Join(snapshot.Metrics.Buckets)}\n");
        text.Append(Identity(snapshot.AccessLog, snapshot.RequestId, snapshot.TraceContext, ""));
        if (snapshot.Timeouts != new Timeouts())
            text.Append($"{snapshot.Timeouts}\n");
        if (snapshot.Resolver != new ResolverSettings())
            text.Append($"{snapshot.Resolver}\n");
        if (snapshot.Shared is { } shared)
            text.Append($"{shared}\n");
        if (snapshot.StateFile is not null)
            text.Append($"keeps clients in {snapshot.StateFile}\n");
        if (snapshot.Limits != new Limits())
            text.Append($"{snapshot.Limits}\n");
        foreach (var table in snapshot.Tables)
            text.Append($"table {table.Name} of {table.Size} x {table.KeyLength}, expire {table.Expire?.ToString() ?? "never"}{(table.Evict ? "" : ", full is full")}: {Join(table.Store)}\n");
        foreach (var listener in snapshot.Listeners)
        {
            text.Append($"listener {(listener.Name is { } called ? called + " " : "")}on {Join(listener.Bind)}{(listener.Mode == ListenerMode.Tcp ? " in TCP mode" : "")}\n");
            if (listener.Tls is { } tls)
                text.Append($"  TLS {tls.Versions}{(tls.StrictSni ? ", strict" : "")} with {Join(tls.Certificates)}, clients {tls.ClientCertificates?.ToString() ?? "(none)"}, HSTS {tls.StrictTransportSecurity?.ToString() ?? "(none)"}\n");
            if (listener.TrustedProxies.Count > 0)
                text.Append($"  trusts {Join(listener.TrustedProxies)}\n");
            if (listener.ProxyProtocol.Count > 0)
                text.Append($"  believes PROXY headers of {Join(listener.ProxyProtocol)}{(listener.ProxyProtocolClients is { } clients ? $", for clients {Join(clients)}" : "")}\n");
            if (listener.Explain.Count > 0)
                text.Append($"  explains to {Join(listener.Explain)}\n");
            if (listener.MaxConnections is not null || listener.MaxConnectionsPerAddress is not null)
                text.Append($"  at most {listener.MaxConnections?.ToString() ?? "any number"} connections, {listener.MaxConnectionsPerAddress?.ToString() ?? "any number"} of an address\n");
            if (listener.Connect)
                text.Append("  passes CONNECT on\n");
            if (listener.Compress is { } compress)
                text.Append($"  {compress}\n");
            if (listener.KeepsSlashes)
                text.Append("  keeps slashes\n");
            if (listener.Tolerant)
                text.Append("  reads requests tolerantly\n");
            if (listener.Forwarded != ForwardedStyle.XForwarded)
                text.Append($"  forwards {listener.Forwarded}\n");
            text.Append(Times(listener.Timeouts, "  ")).Append(Identity(listener.AccessLog, listener.RequestId, listener.TraceContext, "  "));
            text.Append(Edits("request", listener.RequestHeaders)).Append(Edits("response", listener.ResponseHeaders));
            text.Append(Rules("rule", listener.Rules, "  ")).Append(Rules("response rule", listener.ResponseRules, "  "));
            foreach (var route in listener.Routes)
                text.Append($"  {(route.Name is { } name ? name + ": " : "")}{route.Host ?? "(any host)"} {route.Path ?? "(any path)"}{Conditions(route)} -> {Action(route)}\n{Changes(route)}");
        }

        foreach (var pool in snapshot.Pools)
        {
            text.Append($"pool {pool.Name}, {pool.Balance}{(pool.AllBackups ? "" : ", one backup")}{(pool.BackupsWhenFull ? "" : ", none for full ones")}{(pool.ProxyProtocol == ProxyProtocolVersion.None ? "" : $", PROXY {pool.ProxyProtocol}")}{Tls(pool.Tls)}{(pool.Source is { } source ? $", from {source}" : "")}\n");
            if (pool.Retries != new RetrySettings())
                text.Append($"  {pool.Retries.ToString().Replace(", Within =  }", " }", StringComparison.Ordinal)}\n");
            if (pool.Health is { } health)
                text.Append($"  {health with { Fields = default, Statuses = default }}, fields [{Join(health.Fields)}], statuses [{Join(health.Statuses)}]\n");
            if (pool.Outlier != new OutlierSettings())
                text.Append($"  {pool.Outlier?.ToString() ?? "no outliers"}\n");
            if (pool.SlowStart is not null || pool.Panic != 0)
                text.Append($"  slow start {pool.SlowStart?.ToString() ?? "none"}, panic below {pool.Panic}%\n");
            text.Append(Times(pool.Timeouts, "  "));
            text.Append(Rules("rule", pool.Rules, "  ")).Append(Rules("response rule", pool.ResponseRules, "  "));
            foreach (var server in pool.Servers)
                text.Append($"  {(server.Name is { } known ? known + " at " : "")}{server.Address}{(server.At is { } at ? $" ({at})" : "")}{(server.Made is { } made ? $" at {made}" : "")} weight {server.Weight}{(server.Maintenance ? ", maintenance" : "")}{(server.MaxFails is { } fails ? $", max fails {fails}" : "")}{(server.FailTimeout is { } failing ? $", fail timeout {failing}" : "")}{(server.Backup ? ", backup" : server.Priority > 0 ? $", priority {server.Priority}" : "")}{(server.ProxyProtocol is { } version ? $", PROXY {version}" : "")}{Tls(server.Tls)}\n");
            if (pool.Resolver is { } resolver)
                text.Append($"  {resolver}\n");
            foreach (var discover in pool.Discover)
                text.Append($"  {discover}\n");
            if (pool.App is { } app)
                text.Append($"  app [{string.Join("] [", app.Command.AsEnumerable())}] instances {app.Instances?.ToString() ?? "max"}\n{Worker(app)}");
        }

        foreach (var expectation in snapshot.Expectations)
            text.Append($"expects {expectation}\n");
        return text.ToString();
    }

    private static string Worker(AppSettings app)
    {
        var blank = new AppSettings { Command = [] };
        var text = new StringBuilder();
        foreach (var (part, initial) in new (object Part, object Initial)[] { (app.Limits, blank.Limits), (app.Ready, blank.Ready), (app.Stop, blank.Stop), (app.Restart with { LeaveOn = default }, blank.Restart), (app.Rolling, blank.Rolling), (app.Log, blank.Log) })
        {
            if (!part.Equals(initial))
                text.Append($"    {part}\n");
        }

        if (app.Scale is { } scale)
            text.Append($"    {scale}\n");
        var rest = app with { Command = [], Instances = 1, Scale = null, Limits = blank.Limits, Ready = blank.Ready, Stop = blank.Stop, Restart = blank.Restart with { LeaveOn = app.Restart.LeaveOn }, Rolling = blank.Rolling, Log = blank.Log };
        if (rest != blank)
            text.Append($"    listens {app.Listen?.ToString() ?? "auto"}{(app.Port is null ? "" : $" on {app.Port}")}, in {app.Folder ?? "."} as {app.User ?? "self"}:{app.Group ?? "own"}, at most {app.MostMemory?.ToString() ?? "any"}, schedule {app.Schedule ?? "none"}, watches [{Join(app.Watch)}]{(app.Metrics is { } metrics ? $", metrics {metrics}" : "")}, env [{Join(app.Environment)}]{(app.WithoutVariables.Count > 0 ? $" without [{Join(app.WithoutVariables)}]" : "")}, leaves on [{Join(app.Restart.LeaveOn)}]\n");
        return text.ToString();
    }

    private static string Times(TimeoutOverrides times, string indentation) => times == TimeoutOverrides.None ? "" : $"{indentation}{times}\n";

    private static string Tls(ServerTls? tls) => tls is null ? "" : $", {tls}";

    private static string Conditions(RouteSettings route) =>
        string.Concat(route.Methods.Select(method => $" {method}")
            .Concat(route.Headers.Select(match => $" field {match.Name}={match.Pattern}"))
            .Concat(route.Query.Select(match => $" query {match.Name}={match.Pattern}"))
            .Concat(route.When is { } when ? [$" when {when}"] : []));

    private static string Action(RouteSettings route) =>
        route.Pool ?? route.Redirect?.ToString() ?? route.Respond?.ToString() ?? string.Join(" + ", route.Split.Select(share => $"{share.Weight} {share.Pool}"));

    private static string Changes(RouteSettings route) =>
        (route.StripPrefix is null ? "" : $"    strips {route.StripPrefix}\n") + (route.Rewrite is null ? "" : $"    rewrites to {route.Rewrite}\n") + (route.ServerTarget is null ? "" : $"    asks servers for {route.ServerTarget}\n")
        + (route.Compress is null ? "" : $"    {route.Compress}\n") + Times(route.Timeouts, "    ") + Rules("rule", route.Rules, "    ") + Edits("request", route.RequestHeaders) + Edits("response", route.ResponseHeaders);

    private static string Rules(string name, ValueList<RuleSettings> rules, string indentation) =>
        string.Concat(rules.Select(rule => $"{indentation}{name}{(rule.OfOwn ? " of all" : "")}{(rule.When is { } when ? $" when {when}" : "")}: {rule.Action}{(rule.Name.Length > 0 ? $" {rule.Name}" : "")}{(rule.Pattern is { } pattern ? $" /{pattern}/" : "")}{(rule.Value is { } value ? $" = {value}" : "")}{(rule.Track is { } track ? $" in {track}" : "")}{(rule.Status > 0 ? $" {rule.Status}" : "")}{(rule.Redirect is { } redirect ? $" {redirect.Status} to {redirect.To}" : "")}{(rule.Respond is { } respond ? $" {respond.Status} '{respond.Body}' {respond.ContentType} {Join(respond.Headers)}" : "")}\n"));

    private static string Edits(string head, HeaderEdits edits) => edits == HeaderEdits.None ? ""
        : $"    {head}: remove [{Join(edits.Remove)}] set [{Lines(edits.Set)}] add [{Lines(edits.Add)}]\n";

    private static string Lines(ValueList<HeaderLine> lines) => string.Join("; ", lines.Select(line => $"{line.Name}: {line.Value}"));

    private static string Join<T>(ValueList<T> values) => string.Join(", ", values.AsEnumerable());
}
