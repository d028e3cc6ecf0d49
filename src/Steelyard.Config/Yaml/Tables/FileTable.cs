using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of the whole file.</summary>
internal static class FileTable
{
    public const string Skeleton = "'listen' with what to bind, and 'pools' with the servers";

    // Nothing is read there before the first start.
    private static Form<string> StateFile { get; } = Form.OfText(
        "the name of a file, relative to the folder of the configuration",
        (string text, out string value, out Mistake mistake) =>
        {
            value = text;
            mistake = text.Length == 0 || text.Contains('\0') || text.EndsWith('/') ? new($"{Shown.Quote(text)} cannot be the name of a file", "the name of a file, such as /var/lib/steelyard/clients") : default;
            return mistake.Message is null;
        });

    public static DirectiveTable<SnapshotDraft> Table { get; } = new(
        "the file",
        $"a mapping: {Skeleton}",
        "A file is a mapping with these keys; `listen` has to be there unless clients connect to the workers of an app themselves (`listen: raw`), and `pools` where a route leads to one.",
        [],
        [
            new Directive<SnapshotDraft, int?>(
                "loops",
                ScalarForms.OrWord(ScalarForms.Number(1, 64), "auto"),
                "Event loops, one thread each; `auto` is one per core.",
                file => file.Loops,
                (file, value) => file with { Loops = value }),
            new Directive<SnapshotDraft, TimeSpan>(
                "shutdown",
                ScalarForms.Duration(TimeSpan.Zero, TimeSpan.FromHours(24)),
                "How long a graceful stop waits for what is in flight before it forces the end.",
                file => file.Shutdown,
                (file, value) => file with { Shutdown = value }),
            new Directive<SnapshotDraft, string?>(
                "user",
                ScalarForms.User,
                "The user that the engine becomes once it has its sockets, with that user's groups; it has to be able to read the keys of certificates. Only root can start it so. Whoever started it when left out.",
                file => file.User,
                (file, value) => file with { User = value }),
            new Directive<SnapshotDraft, Located<string?>?>(
                "group",
                Form.Located(ScalarForms.Group),
                "The group that the engine becomes instead of the user's own.",
                _ => null,
                (file, value) => file with { Group = value }),
            new Directive<SnapshotDraft, AdminDraft?>(
                "admin",
                AdminTable.FileForm,
                "Where the [admin API](admin.md) is served: an address, `none`, or a mapping with the keys of [admin](#admin).",
                file => file.Admin,
                (file, value) => file with { Admin = value }),
            new Directive<SnapshotDraft, MetricsSettings>(
                "metrics",
                Form.Mapping(MetricsTable.Table, _ => new()),
                "How what happens is counted, see [metrics](#metrics).",
                file => file.Metrics,
                (file, value) => file with { Metrics = value }),
            new Directive<SnapshotDraft, Located<AccessLogSettings>?>(
                "access-log",
                AccessLogTable.LocatedForm,
                "What is written down of every request of listeners that say nothing else: `none`, `stdout`, `syslog`, a file, or a mapping with the keys of [access-log](#access-log).",
                file => file.AccessLog,
                (file, value) => file with { AccessLog = value }),
            new Directive<SnapshotDraft, string?>(
                "request-id",
                TraceTable.RequestIdForm,
                "A field that gives each request of listeners that say nothing else a name, such as `X-Request-Id`: that of peers in `trusted-proxies` is passed on, everybody else gets one. See [Logging](logging.md#request-ids). `none` when left out.",
                file => null,
                (file, value) => file with { RequestId = value }),
            new Directive<SnapshotDraft, TraceSettings?>(
                "trace-context",
                TraceTable.FileForm,
                "Whether requests of listeners that say nothing else get a W3C trace context: `true`, `none`, or a mapping with the keys of [trace-context](#trace-context). `none` when left out.",
                file => null,
                (file, value) => file with { TraceContext = value }),
            new Directive<SnapshotDraft, ResolverSettings>(
                "resolver",
                Form.Mapping(ResolverTable.Table, _ => new()),
                "How names of servers are looked up, by pools that say nothing else: see [resolver](#resolver).",
                file => file.Resolver,
                (file, value) => file with { Resolver = value }),
            new Directive<SnapshotDraft, Located<SharedSettings>?>(
                "shared",
                Form.NullWhereFaulty(Form.Located(Form.MappingOrText(SharedTable.Table, () => new SharedSettings { Redis = NetworkAddress.Nowhere }, ScalarForms.ServerAddress, address => new SharedSettings { Redis = address }))),
                "The Redis over which several balancers share clients and limits: its address, or a mapping with the keys of [shared](#shared).",
                _ => null,
                (file, value) => file with { Shared = value, IsSharedGiven = true }),
            new Directive<SnapshotDraft, Located<string>?>(
                "state-file",
                Form.Located(StateFile),
                "The file in which the clients are kept that pools remember (`sticky` with `learn` or `on`), and what `rate-limit` has let through, so that clients stay with their servers, and what they have used up stays used, after a stop and a start. It is written every ten seconds, if anything has changed, and at the end, by whoever starts the balancer. More in [Shared state](shared-state.md#without-redis).",
                _ => null,
                (file, value) => file with { StateFile = value }),
            new Directive<SnapshotDraft, Timeouts>(
                "timeouts",
                Form.Mapping(TimeoutsTable.Table, _ => new()),
                "How long each part of an exchange may take.",
                file => file.Timeouts,
                (file, value) => file with { Timeouts = value }),
            new Directive<SnapshotDraft, Limits>(
                "limits",
                Form.Mapping(LimitsTable.Table, _ => new()),
                "How much of each thing is accepted.",
                file => file.Limits,
                (file, value) => file with { Limits = value }),
            new Directive<SnapshotDraft, IReadOnlyList<Located<CounterTableSettings>>>(
                "tables",
                CounterTables.List,
                "Tables of what clients do, see [tables](#tables).",
                file => file.Tables,
                (file, value) => file with { Tables = value }),
            new Directive<SnapshotDraft, IReadOnlyList<Located<PatternListSettings>>>(
                "lists",
                PatternLists.List,
                "Lists of patterns, which rules and operators change while requests are served, see [lists](#lists).",
                file => file.Lists,
                (file, value) => file with { Lists = value }),
            new Directive<SnapshotDraft, IReadOnlyList<ListenerDraft>?>(
                "listen",
                Form.OrNull(Form.ListOf("a list of listeners, each begun with '- '", Form.Mapping(ListenerTable.Listeners, mapping => new(mapping.Place), listener => listener with { IsFaulty = true }))),
                "What is listened on, and where its requests go.",
                file => file.Listeners,
                (file, value) => file with { Listeners = value }),
            new Directive<SnapshotDraft, IReadOnlyList<PoolDraft>?>(
                "pools",
                Form.OrNull(PoolTable.PoolsForm),
                "Servers that answer the same requests, under the names that routes use.",
                file => file.Pools,
                (file, value) => file with { Pools = value }),
            new Directive<SnapshotDraft, IReadOnlyList<Located<Expectation>>>(
                "expect",
                Form.LocatedListOf("a list of requests and what they come to, such as [ GET http://example.com/api -> pool api ]", Form.OfText<Expectation>(Expectation.Accepts, Expectation.TryParse, expectation => expectation.ToString())),
                "What requests have to come to, so that the file can be used, see [expectations](check.md#expectations).",
                _ => [],
                (file, value) => file with { Expectations = value }),
        ]);
}
