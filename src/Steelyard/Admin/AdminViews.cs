using System.Text.Json.Serialization;

namespace Steelyard.Admin;

// What the admin API says: the names here are the names in JSON, with a small first letter.

/// <summary>What runs.</summary>
internal sealed record VersionView(string Version, int EnginePid, DateTimeOffset EngineSince, double EngineUptimeSeconds, string Runtime);

/// <summary>What is served, and where it differs from its file.</summary>
internal sealed record ConfigurationView(string File, string Hash, DateTimeOffset ReadAt, double AgeSeconds, int Generation, DifferenceView[] Differences);

/// <summary>A setting that an operator has changed, and that a reload leaves so.</summary>
internal sealed record DifferenceView(string Pool, string Server, string Setting, string File, string Live);

internal sealed record ListenerView(string[] Addresses, string Mode, bool Tls, int OpenConnections, int? MaxConnections, int Routes);

internal sealed record RouteView(string Listener, string? Host, string? Path, string[]? Methods, string[]? Headers, string[]? Query, string Action, string? Target);

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
/// <param name="Failures">Requests that failed with it.</param>
/// <param name="LastFailure">How the last of them came about; null for none.</param>
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
    long Failures,
    string? LastFailure);

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
    long TlsHandshakes,
    long TlsFailures,
    long UpstreamConnections,
    long UpstreamReuses,
    long Sessions,
    long SessionsRefused,
    long Tunnels,
    long ProxyHeadersRefused,
    long Faults,
    string? LastFault);

internal sealed record ErrorView(DateTimeOffset At, string Cause, int Status, string Sentence, string? Client, string? Request, string? Pool, string? Server);

/// <summary>All at a glance.</summary>
internal sealed record StatusView(VersionView Version, ConfigurationView Configuration, ListenerView[] Listeners, PoolView[] Pools, CountersView Counters);

/// <summary>What is wanted of a server: ready, drain or maintenance.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record StateBody(string State);

/// <summary>The weight a server is to have: 0 to 256; null for what the file says.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record WeightBody(int? Weight);

/// <summary>What has become of something that was to be done.</summary>
internal sealed record ReportView(bool Done, IReadOnlyList<string> Lines);

/// <summary>A problem (RFC 9457).</summary>
internal sealed record ProblemView(string Title, int Status, string Detail, IReadOnlyList<string>? Lines);
