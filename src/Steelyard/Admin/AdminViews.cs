using System.Globalization;
using System.Text.Json.Serialization;

namespace Steelyard.Admin;

// What the admin API says: the names here are the names in JSON, with a small first letter.

/// <summary>What runs.</summary>
internal sealed record VersionView(string Version, int EnginePid, DateTimeOffset EngineSince, double EngineUptimeSeconds, string Runtime);

/// <summary>What is served, and where it differs from its file.</summary>
internal sealed record ConfigurationView(string File, string Hash, DateTimeOffset ReadAt, double AgeSeconds, int Generation, DifferenceView[] Differences);

/// <summary>Something that an operator has changed, and that a reload leaves so.</summary>
/// <param name="Pool">The pool; empty for a listener.</param>
/// <param name="Server">The server, or the listener; empty for the whole pool.</param>
/// <param name="Setting">state, weight, limit, place, address, breaker or instances.</param>
/// <param name="File">What the file says.</param>
/// <param name="Live">What it is.</param>
internal sealed record DifferenceView(string Pool, string Server, string Setting, string File, string Live);

internal sealed record ListenerView(string[] Addresses, string Mode, bool Tls, int OpenConnections, int? MaxConnections, int Routes);

/// <summary>A route.</summary>
/// <param name="Listener">The address of its listener.</param>
/// <param name="Configured">The same as the file writes it, which is how metrics call the listener.</param>
/// <param name="Name">What its requests are counted under.</param>
/// <param name="Host">The host it asks for; null for any.</param>
/// <param name="Path">The path; null for any.</param>
/// <param name="Methods">The methods; null for any.</param>
/// <param name="Headers">What it asks of fields.</param>
/// <param name="Query">What it asks of the query.</param>
/// <param name="Action">to, to-named, split, redirect, respond, files or statistics.</param>
/// <param name="Target">The pool, what its name is made of, the pools with their shares, the URL, the status or the folder; null for the page of statistics.</param>
/// <param name="When">The condition that holds for its requests; null for none.</param>
/// <param name="Internal">Whether only rules and error pages lead there.</param>
internal sealed record RouteView(string Listener, string Configured, string Name, string? Host, string? Path, string[]? Methods, string[]? Headers, string[]? Query, string Action, string? Target, string? When, bool Internal);

internal sealed record PoolView(string Name, string Balance, int Servers, int Usable, int Active, ServerView[] Members);

/// <summary>A server.</summary>
/// <param name="Pool">Its pool.</param>
/// <param name="Number">Its place in the pool, from 1.</param>
/// <param name="Address">Where it is.</param>
/// <param name="State">up, down, ejected, drain or maintenance: what its share goes by.</param>
/// <param name="Wanted">ready, drain or maintenance: what an operator wants.</param>
/// <param name="Health">What checks have found.</param>
/// <param name="Ejected">Whether it is left out, because its requests went wrong.</param>
/// <param name="Ejections">How many times in a row it was left out.</param>
/// <param name="Weight">Its weight.</param>
/// <param name="ConfiguredWeight">Its weight by the file.</param>
/// <param name="LiveWeight">The weight that an operator gave it; null for none.</param>
/// <param name="Active">Requests it has now.</param>
/// <param name="Limit">How many it may have at once; null for any number.</param>
/// <param name="Failures">Requests that failed with it.</param>
/// <param name="LastFailure">How the last of them came about; null for none.</param>
/// <param name="Name">What the configuration calls it; null where it is known by its address.</param>
/// <param name="Agent">What its agent says; null where it has none.</param>
/// <param name="Backup">Whether it has requests only while no other can.</param>
internal sealed record ServerView(
    string Pool,
    int Number,
    string Address,
    string State,
    string Wanted,
    HealthView? Health,
    bool Ejected,
    int Ejections,
    int Weight,
    int ConfiguredWeight,
    int? LiveWeight,
    int Active,
    int? Limit,
    long Failures,
    string? LastFailure,
    string? Name,
    AgentView? Agent = null,
    bool Backup = false);

/// <summary>What the agent of a server says.</summary>
/// <param name="State">ready, drain, maintenance or down.</param>
/// <param name="Reason">Why, in its own words; null where it gave no reason.</param>
internal sealed record AgentView(string State, string? Reason);

/// <summary>What checks have found of a server.</summary>
/// <param name="Up">Whether it counts as up.</param>
/// <param name="LastCheck">What the last check found: none while there was none, passed, or what was wrong.</param>
/// <param name="Status">The status of its answer; null for none.</param>
internal sealed record HealthView(bool Up, string LastCheck, int? Status);

/// <summary>What the engine has done since its start.</summary>
internal sealed record CountersView(
    long Connections,
    long OpenConnections,
    long ConnectionsRefused,
    long AcceptPauses,
    long Requests,
    long Refused,
    long Cut,
    long TooSlow,
    long Retries,
    long RetriesDenied,
    long QueueWaits,
    long QueueFull,
    long QueueTimeouts,
    long QueueLeft,
    long BreakerRejects,
    long Fallbacks,
    long LimitRefusals,
    long LimitDelays,
    long TlsHandshakes,
    long TlsFailures,
    long UpstreamConnections,
    long UpstreamReuses,
    long Sessions,
    long SessionsRefused,
    long Tunnels,
    long ProxyHeadersRefused,
    long LogLinesDropped,
    long Faults,
    string? LastFault);

/// <summary>A request that was answered with an error or broken off.</summary>
/// <param name="At">When.</param>
/// <param name="Cause">What <c>steelyard why</c> explains.</param>
/// <param name="Status">What the client was told; 0 for nothing.</param>
/// <param name="Sentence">The cause in a sentence.</param>
/// <param name="Client">Where it came from; null where nobody knows.</param>
/// <param name="Request">Method, host and path; null where it could not be read.</param>
/// <param name="Pool">The pool it was for; null for none yet.</param>
/// <param name="Server">The server that was tried last; null for none.</param>
/// <param name="RequestId">The name of the request.</param>
/// <param name="TraceId">Its trace; null for none.</param>
/// <param name="ServerName">What the configuration calls the server; null where it is known by its address.</param>
internal sealed record ErrorView(DateTimeOffset At, string Cause, int Status, string Sentence, string? Client, string? Request, string? Pool, string? Server, string RequestId, string? TraceId, string? ServerName = null);

/// <summary>What has become of a server since the engine began to serve.</summary>
/// <param name="Pool">Its pool.</param>
/// <param name="Address">Where it is.</param>
/// <param name="Downs">How often it went down.</param>
/// <param name="DownSeconds">How long it was down, all together.</param>
/// <param name="Ejections">How often it was left out.</param>
/// <param name="PeakActive">The most requests it was seen to have at once, by looks a second apart.</param>
/// <param name="Changes">Its last 64 changes, the oldest first.</param>
internal sealed record HistoryView(string Pool, string Address, int Downs, double DownSeconds, int Ejections, int PeakActive, ChangeView[] Changes);

internal sealed record ChangeView(DateTimeOffset At, string State, string? Why);

internal sealed record KeeperView(int Pid, DateTimeOffset Since, int Reloads, int ReloadsFailed, int EnginesStarted);

internal sealed record AppView(string Pool, int Serving, WorkerView[] Workers);

/// <summary>A worker of an app.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="State">starting, serving, stopping; waiting to be started again; stopped for good.</param>
/// <param name="Pid">Its process; null for none.</param>
/// <param name="UptimeSeconds">How long that has lived; null for none.</param>
/// <param name="Restarts">How often one was started for one that had ended by itself.</param>
/// <param name="MemoryBytes">What it holds with all it has started; null for none.</param>
/// <param name="CpuSeconds">Time on processors that these have used so far; null for none.</param>
/// <param name="CpuPercent">How busy they keep processors, 100 for one of them, on average since somebody looked before; null for none.</param>
/// <param name="EventLoopLagSeconds">How late its event loop is, where the app has <c>metrics</c> with prom-client's nodejs_eventloop_lag_seconds; else null.</param>
/// <param name="Server">Where it is in its pool; null for nowhere.</param>
internal sealed record WorkerView(
    int Number,
    string State,
    int? Pid,
    double? UptimeSeconds,
    int Restarts,
    long? MemoryBytes,
    double? CpuSeconds,
    double? CpuPercent,
    double? EventLoopLagSeconds,
    string? Server);

/// <summary>A line that a worker printed.</summary>
internal sealed record LogView(DateTimeOffset At, string Worker, bool Error, string Line)
{
    /// <summary>Reads it from a line of the keeper; null where that is of an older one, which does not say when.</summary>
    public static LogView? TryRead(string line) =>
        line.Split('\t', 4) is [var time, var worker, var stream, var text] && long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            ? new(DateTimeOffset.FromUnixTimeMilliseconds(at), worker, stream == "err", text)
            : null;
}

/// <summary>How many workers an app is to have: 1 to 1024.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ScaleBody(int Workers);

/// <summary>All at a glance.</summary>
internal sealed record StatusView(VersionView Version, ConfigurationView Configuration, ListenerView[] Listeners, PoolView[] Pools, CountersView Counters)
{
    /// <summary>The apps with their workers.</summary>
    public AppView[] Apps { get; init; } = [];

    /// <summary>The breakers of pools and of servers; null from an engine of a version that does not say.</summary>
    public BreakerView[]? Breakers { get; init; }

    /// <summary>Where servers are found.</summary>
    public DiscoveryView[] Discovery { get; init; } = [];

    /// <summary>What is shared with other balancers; empty where nothing is.</summary>
    public SharedView[] Shared { get; init; } = [];
}

/// <summary>What has come of sharing clients and limits with other balancers over a Redis.</summary>
/// <param name="Redis">Where it is.</param>
/// <param name="Up">Whether it answers.</param>
/// <param name="Error">Why it does not; null where it does, or is asked for the first time.</param>
/// <param name="Sent">Clients and keys of limits that it was told of.</param>
/// <param name="Received">Clients that others told of.</param>
/// <param name="Failures">Times that it did not answer, or with an error.</param>
internal sealed record SharedView(string Redis, bool Up, string? Error, long Sent, long Received, long Failures);

/// <summary>Where servers are found, or where the name of one is looked up.</summary>
/// <param name="Pool">The pool they join; null for the name of servers that the file has.</param>
/// <param name="Source">dns or file, with its name.</param>
/// <param name="Servers">What was found and is in use.</param>
/// <param name="AgeSeconds">How long ago the last good answer came; null for never.</param>
/// <param name="Failures">How many looks have come to nothing.</param>
/// <param name="Error">What is wrong now; null for nothing.</param>
internal sealed record DiscoveryView(string? Pool, string Source, string[] Servers, double? AgeSeconds, long Failures, string? Error);

/// <summary>What is wanted of a server: ready, drain or maintenance.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record StateBody(string State);

/// <summary>The weight a server is to have: 0 to 256; null for what the file says.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record WeightBody(int? Weight);

/// <summary>How many requests a server, or connections a listener, may have at once; null for what the file says.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record LimitBody(int? Limit);

/// <summary>A server to be put into a pool.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Weight">Its weight, 0 to 256; 1 when left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ServerBody(string Address, int? Weight = null);

/// <summary>How breakers are to be held: open, closed; none lets them do their work.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record HoldBody(string Hold);

/// <summary>A breaker.</summary>
/// <param name="Pool">Its pool.</param>
/// <param name="Server">The server whose calls it counts; null for the whole pool.</param>
/// <param name="State">closed, open or half-open.</param>
/// <param name="Hold">none, open or closed: what an operator wants.</param>
/// <param name="Calls">Calls since its beginning.</param>
/// <param name="Failures">Those that failed.</param>
/// <param name="Timeouts">Those of them that took too long.</param>
/// <param name="Rejects">Calls that it refused.</param>
/// <param name="Fallbacks">Clients that got something else instead.</param>
/// <param name="Opened">How often it opened.</param>
internal sealed record BreakerView(string Pool, string? Server, string State, string Hold, long Calls, long Failures, long Timeouts, long Rejects, long Fallbacks, long Opened);

/// <summary>A client's connection.</summary>
/// <param name="Client">Where it comes from; null for a Unix socket.</param>
/// <param name="Listener">The listener it came to, as metrics call it.</param>
/// <param name="State">idle, request, session in TCP mode, or opening.</param>
/// <param name="AgeSeconds">How long it has been open.</param>
/// <param name="Requests">How many requests it has had.</param>
/// <param name="Request">The one under way, without its query; null for none.</param>
/// <param name="Pool">The pool that is for; null for none yet.</param>
/// <param name="Server">The server that has it; null for none yet.</param>
internal sealed record ConnectionView(string? Client, string Listener, string State, double AgeSeconds, int Requests, string? Request, string? Pool, string? Server);

/// <summary>What has become of something that was to be done.</summary>
internal sealed record ReportView(bool Done, IReadOnlyList<string> Lines);

/// <summary>A problem (RFC 9457).</summary>
/// <param name="Title">The reason phrase of the status.</param>
/// <param name="Status">The status of the answer; 0, and not written, where a command has got none.</param>
/// <param name="Detail">What is wrong, in words for a person.</param>
/// <param name="Lines">What was said about it, line by line; null for nothing.</param>
internal sealed record ProblemView(string Title, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int Status, string Detail, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Lines = null);
