using System.Text;
using Steelyard.Config;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Tests.Configuration;

/// <summary>docs/configuration.md is written from the tables that read the file: STEELYARD_ACCEPT=1 writes it anew.</summary>
public sealed class ReferencePage
{
    private static readonly string PagePath = Path.Combine(GoldenFile.Repository, "docs/configuration.md");

    [Fact]
    public void The_reference_page_says_what_the_tables_say()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PagePath)!);

        GoldenFile.Compare(PagePath, Render());
    }

    [Fact]
    public void Every_sample_on_the_reference_page_reads_without_a_problem()
    {
        var samples = Render().Split("```yaml\n").Skip(1).Select(part => part[..part.IndexOf("```", StringComparison.Ordinal)]).ToArray();

        Assert.NotEmpty(samples);
        foreach (var sample in samples)
        {
            var result = ConfigurationFile.Parse(sample, "sample.yaml");
            Assert.True(result.Problems.Count == 0, GoldenYaml.Print(result));
        }
    }

    private static string Render()
    {
        var page = new StringBuilder(Introduction);
        Section(page, "The file", FileTable.Table, new SnapshotDraft(default));
        Section(page, "admin", AdminTable.Table, new AdminDraft());
        Section(page, "admin: command-sockets", AdminTable.CommandSockets, new CommandSocketDraft(default(Place)));
        Section(page, "tables", CounterTables.Tables, new CounterTableSettings { Name = "", Store = default });
        Section(page, "lists", PatternLists.Lists, new PatternListSettings { Name = "" });
        Section(page, "metrics", MetricsTable.Table, new MetricsSettings());
        Section(page, "access-log", AccessLogTable.Table, new AccessLogSettings { To = new(LogTargetKind.None) });
        page.Append("\n| In a `format` with braces | Stands for | HAProxy | nginx |\n|---|---|---|---|\n");
        foreach (var row in LogFieldTable.Rows)
            page.Append($"| `{{{row.Word}}}` | {row.Description.Replace("|", "\\|", StringComparison.Ordinal)} | {Called(row.Haproxy)} | {Called(row.Nginx)} |\n");
        Section(page, "access-log: also", AccessLogTable.Copies, new LogCopy { To = new(LogTargetKind.None) });
        Section(page, "trace-context", TraceTable.Table, new TraceSettings());
        Section(page, "resolver", ResolverTable.Table, new ResolverSettings());
        Section(page, "shared", SharedTable.Table, new SharedSettings { Redis = NetworkAddress.Nowhere });
        Section(page, "timeouts", TimeoutsTable.Table, new Timeouts());
        Section(page, "limits", LimitsTable.Table, new Limits());
        Section(page, "listen", ListenerTable.Listeners, new ListenerDraft(default));
        Section(page, "listen: timeouts", TimeoutOverridesTable.Listeners, TimeoutOverrides.None);
        Section(page, "listen: tls", TlsTable.Listeners, new ListenerTlsDraft());
        Section(page, "listen: tls: certificates", TlsTable.Certificates, new CertificateDraft());
        Section(page, "listen: tls: client-certificates", TlsTable.Clients, new ClientCertificates { Authorities = "" });
        Section(page, "listen: routes", RouteTable.Routes, new RouteDraft(default));
        page.Append(RouteSample);
        Section(page, "listen: routes: timeouts", TimeoutOverridesTable.Routes, TimeoutOverrides.None);
        Section(page, "listen: routes: statistics", StatisticsTable.Table, new StatisticsSettings());
        Section(page, "listen: routes: redirect", AnswerTable.Redirects, new RedirectSettings(TextTemplate.Empty));
        Section(page, "listen: routes: respond", AnswerTable.Responses, new FixedResponse(200));
        Section(page, "rules", RuleTable.Requests, new RuleSettings { Action = RuleAction.Stop });
        page.Append(RuleSample);
        Section(page, "response-rules", RuleTable.Responses, new RuleSettings { Action = RuleAction.Stop });
        Expressions(page);
        Section(page, "request-headers and response-headers", HeaderTable.Requests, new HeaderEdits());
        Section(page, "compress", CompressionTable.Table, new CompressionSettings());
        Section(page, "substitute", SubstitutionTable.Table, new SubstitutionSettings());
        Section(page, "mirror", MirrorTable.Table, new MirrorSettings());
        Section(page, "rate-limit", RateLimitTable.Rates, new RateLimitSettings { Rate = default });
        Section(page, "concurrency", RateLimitTable.Concurrency, new ConcurrencySettings { Most = 0 });
        page.Append("\nValues, redirects and rewritten paths may hold variables; `{{` and `}}` are braces themselves.\n\n| Variable | Stands for |\n|---|---|\n");
        foreach (var (name, _, description) in TextTemplate.Variables)
            page.Append($"| `{{{name}}}` | {description} |\n");
        Section(page, "pools", PoolTable.Pools, new PoolDraft(default(Located<string>)));
        Section(page, "pools: balance", BalanceTable.Table, new BalanceDraft());
        page.Append("\n| Word | A server is chosen |\n|---|---|\n");
        foreach (var (word, _, description) in BalanceTable.Words)
            page.Append($"| `{word}` | {description} |\n");
        page.Append("\n| `placement` | A hash leads to a server |\n|---|---|\n");
        foreach (var (word, _, description) in BalanceTable.Placements)
            page.Append($"| `{word}` | {description} |\n");
        Section(page, "pools: tls", TlsTable.Servers, new ServerTlsDraft());
        Section(page, "pools: breaker", BreakerTable.Table, new BreakerSettings());
        Section(page, "pools: breaker: fallback", BreakerTable.Fallback, new FallbackSettings());
        Section(page, "pools: adaptive-limit", AdaptiveLimitTable.Table, new AdaptiveLimitSettings());
        Section(page, "pools: queue", QueueTable.Table, new QueueSettings());
        Section(page, "pools: timeouts", TimeoutOverridesTable.Pools, TimeoutOverrides.None);
        Section(page, "pools: retries", RetriesTable.Table, new RetrySettings());
        Section(page, "pools: health: script", ProbeStepTable.Table, new ProbeStep());
        Section(page, "pools: health", HealthTable.Table, new HealthSettings());
        Section(page, "pools: agent", AgentTable.Table, new AgentSettings());
        Section(page, "pools: outlier", OutlierTable.Table, new OutlierSettings());
        Section(page, "pools: sticky", StickyTable.Table, new StickySettings());
        Section(page, "pools: servers", ServerTable.Servers, new ServerDraft(default));
        Section(page, "pools: discover", DiscoverTable.Discover, new DiscoverDraft(default));
        Section(page, "pools: app", AppTable.Table, new AppDraft(default(Place)));
        page.Append("\n| `listen` | A worker listens |\n|---|---|\n");
        foreach (var (word, _, description) in AppTable.Listens)
            page.Append($"| `{word}` | {description} |\n");
        Section(page, "pools: app: scale", WorkerTables.Scale, new ScaleSettings());
        Section(page, "pools: app: limits", WorkerTables.Limits, new ResourceLimits());
        Section(page, "pools: app: ready", WorkerTables.Ready, new ReadySettings());
        Section(page, "pools: app: stop", WorkerTables.Stop, new StopSettings());
        Section(page, "pools: app: restart", WorkerTables.Restart, new RestartSettings());
        Section(page, "pools: app: rolling", WorkerTables.Rolling, new RollingSettings());
        Section(page, "pools: app: log", WorkerTables.Log, new LogSettings());
        return page.Append(Units).Append(YamlTraps).Append(Checks).ToString();
    }

    private static void Expressions(StringBuilder page)
    {
        page.Append(ExpressionText);
        page.Append("\n| Comparison | Holds where |\n|---|---|\n");
        foreach (var (word, _, description) in TestTable.Rows)
            page.Append($"| `{word}` | {description} |\n");
        page.Append("\n| Value | Stands for |\n|---|---|\n");
        foreach (var row in FetchTable.Rows)
            page.Append($"| `{row.Word}{(row.Named ? "('NAME')" : "")}` | {row.Description}{(row.Kind == FetchKind.SentHeader ? "; in lines of access logs" : row.OfResponse ? "; in rules for responses" : "")} |\n");
        page.Append("\n| Function | Gives of its value |\n|---|---|\n");
        foreach (var row in FunctionTable.Rows)
            page.Append($"| `{row.Word}(VALUE{string.Concat(row.Arguments.Select((argument, i) => $"{(i >= row.Needed ? " [" : "")}, '{argument.ToString().ToLowerInvariant()}'{(i >= row.Needed ? "]" : "")}"))})` | {row.Description} |\n");
    }

    private static void Section<T>(StringBuilder page, string title, DirectiveTable<T> table, T blank)
    {
        page.Append($"\n## {title}\n{table.Description}\n\n| Key | Value | Default | Meaning |\n|---|---|---|---|\n");
        foreach (var directive in table.Directives)
        {
            var group = table.Required.FirstOrDefault(keys => keys.Contains(directive.Name));
            var initial = group is null ? directive.Write(blank) is { Length: > 0 } value ? $"`{value}`" : ""
                : group.Length == 1 ? "required"
                : $"required, or `{group.First(key => key != directive.Name)}`";
            page.Append($"| `{directive.Name}` | {Escape(directive.Accepts)} | {initial} | {directive.Description} |\n");
        }
    }

    private static string Called(string? names) => names is null ? "" : string.Join(", ", names.Split(", ").Select(name => $"`{name}`"));

    // Bare asterisks would make what stands between two of them italic.
    private static string Escape(string text) => text.Replace("*", "\\*", StringComparison.Ordinal);

    private const string RuleSample = """

        ```yaml
        listen:
          - bind: ":80"
            rules:
              - { when: "path starts-with ['/admin', '/metrics'] and not client in-network '10.0.0.0/8'", deny: 403 }
              - { when: "host is any-case 'old.example.com'", redirect: { to: "https://example.com{uri}", status: 301 } }
              - { set-header: "X-Device: {map(header('User-Agent'), contains any-case 'mobile' => 'phone', else 'desk')}" }
            routes:
              - { when: "cookie('beta') is '1' or parameter('beta') is '1'", to: beta }
              - { to: web }
        pools:
          beta: { servers: [ 10.0.0.2:3000 ] }
          web:
            response-rules:
              - { when: "status in-range '500:599'", set-header: "Cache-Control: no-store" }
            servers: [ 10.0.0.1:3000 ]
        ```

        """;

    private const string ExpressionText = """

        ## conditions and expressions
        A condition compares values, with `and`, `or`, `not` and round brackets: `path starts-with '/api' and not method is 'POST'`. A value alone holds where there is such a value. Texts stand in single quotes, `\\'` being a quote in them; several in square brackets, of which one has to fit: `host is ['a.example', 'b.example']`. `any-case` behind a comparison leaves the case of letters out: `host ends-with any-case '.example'`.

        A value is one of the variables of templates below (`path`, `client`, ...), one of these, or a function of a value: `lower(header('Host'))`. In a template it stands in braces, as in `X-User: {lower(cookie('user'))}`. `map(VALUE, is 'a' => 'x', matches '^b' => 'y', else 'z')` chooses a text by the first case that holds; `lookup(VALUE, 'LIST', is, else 'z')` finds it in one of the [lists](#lists), with `groups`, `numbers` or `addresses` behind the comparison where the values are such, and `VALUE is list 'LIST'` asks whether it is there. What is absent meets no comparison and is an empty text; numbers are decimal digits.

        Regular expressions are those of PCRE without back-references, and with look-around where it has a length, as in `(?!well-known/)`, or stands right behind `^`; they take time in proportion to the text, whatever they are. Nothing of this allocates while requests are served, and a configuration without it pays nothing.

        """;

    private const string RouteSample = """

        ```yaml
        listen:
          - bind: ":80"
            routes:
              - { redirect: { to: "https://{host}{uri}", status: 308 } }
              - { path: /.well-known/acme-challenge/*, to: acme }
          - bind: ":8080"
            response-headers: { remove: Server, set: { X-Content-Type-Options: nosniff } }
            routes:
              - { path: /ping, respond: { status: 200, body: pong } }
              - { path: /api/*, strip-prefix: /api, to: api }
              - { path: /api/*, methods: [ POST, PUT, DELETE ], strip-prefix: /api, to: writers, request-headers: { set: { X-Client: "{client}" } } }
              - { headers: { X-Canary: "*" }, to: canary, response-headers: { set: { X-Served-By: "{server}" } } }
              - { split: { web: 95, canary: 5 } }
        pools:
          acme: { servers: [ 127.0.0.1:8888 ] }
          api: { servers: [ 10.0.0.1:3000 ] }
          writers: { servers: [ 10.0.0.2:3000 ] }
          web: { servers: [ 10.0.0.3:3000 ] }
          canary: { servers: [ 10.0.0.4:3000 ] }
        ```

        """;

    private const string Introduction = """
        # Configuration
        <!-- Written by a test from the tables in src/Steelyard.Config/Yaml/Tables: change them, not this page,
             and run the tests with STEELYARD_ACCEPT=1. -->
        One YAML file says what is listened on, where requests go and which servers answer them:

        ```yaml
        listen:
          - bind: ":8080"
            routes:
              - { host: api.example.com, path: /v1/*, to: api }
              - { to: web }
        pools:
          web:
            servers: [ 10.0.0.1:3000, { address: 10.0.0.2:3000, weight: 2 } ]
          api:
            servers: [ 10.0.0.3:3000 ]
        ```

        An application beside the balancer needs no address; its instances are started and join the pool:

        ```yaml
        listen:
          - { bind: ":8080", to: app }
        pools:
          app:
            app:
              command: node server.js --listen {socket}
              instances: max
        ```

        """;

    private static readonly string Units = $"""

        ## Values
        - **Durations** are a whole number and `ms`, `s`, `m` or `h`: `250ms`, `10s`, `2m`, `24h`. A bare number is an error, for nobody can tell seconds from milliseconds.
        - **Sizes** are a whole number and `B`, `KiB`, `MiB`, `GiB` or `TiB`, in steps of 1,024. `k`, `m` and `g`, small or capital, mean the same steps, as they do to nginx and HAProxy. `KB`, `MB` and `GB` are errors: they mean 1,000 to some and 1,024 to others. So is a bare number.
        - **Numbers** are decimal digits, without sign, dots or leading zeros. Quotes around a value change nothing.
        - **Addresses** are `host:port`, `"[ipv6]:port"` or `unix:/path` (at most 107 bytes); to bind also `":port"` for every address of the machine, and `fd@3` for a socket that whoever starts Steelyard has bound and passes to it as descriptor 3. Names may hold letters, digits, `-` and `_`; IPv4 is four decimal numbers.
        - **Keys** say what of a request it is known by. {string.Join("; ", RequestKey.Words.Select(word => $"`{word.Word}{(word.Word.EndsWith(':') ? "NAME" : "")}`: {word.Description}"))}. Names of fields are compared without regard to case, those of cookies and parameters with it.
        - **Hosts** of routes are compared without regard to case and without port. `*.example.com` is every name below `example.com` at any depth, not `example.com` itself. Names outside ASCII are written as browsers send them, `xn--...`.
        - **Paths** of routes start with `/`. A `*` at the end is any rest, the empty one included; anywhere else it is an error. They are compared in one form, so that no spelling steps around a route: characters that need no encoding are decoded, `.` and `..` are resolved, slashes that follow each other are one. `%2F` stays apart from `/`. The server gets the path as the client wrote it.
        - **Commands** are split at blanks. Single quotes keep everything as it is; in double quotes a backslash stands before `"` and `\`; elsewhere a backslash keeps the next character. No shell takes part: no variables, no wildcards, no pipes. Placeholders are {string.Join(", ", CommandText.Placeholders.Select(name => $"`{name}`"))}; other braces reach the program as they are.

        """;

    private const string YamlTraps = """

        ## Where YAML bites
        - **Braces**: inside `{ }` or `[ ]` a value that holds braces needs quotes, `{ command: "app --listen {socket}" }`. On a line of its own, as in the example above, it needs none, unless it begins with the brace.
        - **IPv6**: `"[::1]:8080"` needs quotes, for brackets begin a list.
        - **Wildcard hosts**: `*.example.com` needs no quotes here, although to YAML it is an alias. `"*"` alone is not used: leave the key out.
        - **Colons**: `:8080` needs no quotes, but editors colour it better with them. A blank belongs after the colon of a key.
        - **Anchors and aliases** (`&name`, `*name`) repeat a whole value; merge keys (`<<`) and tags (`!!int`) are errors. At most 64 levels, one document, 32 MiB, UTF-8 with or without byte order mark.

        """;

    private const string Checks = """

        ## What is checked
        Everything is reported at once, with file, line and column; only what is not YAML at all ends the reading there, so that what stands behind it is judged once that is mended. Nothing is ignored in silence: an unknown key is an error. So are a pool, a server of a pool, an address to bind (in the same words: `:80` beside `127.0.0.1:80` is left to the kernel), or a route of one listener that is given twice, a route to a pool that does not exist, and one that does two things at once or changes a request that goes to no server. It is only a warning when no route leads to a pool, when all servers of a pool have weight 0, and when a command holds a placeholder that stands for nothing.

        """;
}
