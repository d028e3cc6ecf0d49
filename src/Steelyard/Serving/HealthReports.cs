using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Serving;

/// <summary>What an operator is told of servers that go down, come up, are left out and come back: a line for each change that is seen.</summary>
internal sealed class HealthReports
{
    private static readonly Told s_well = new(Up: true, Ejected: false, ServerState.Ready);

    // Those that are not well.
    private readonly Dictionary<(string Pool, NetworkAddress Address), Told> _told = [];

    private readonly record struct Told(bool Up, bool Ejected, ServerState Agent);

    /// <summary>The lines for what has changed since the last look.</summary>
    public IEnumerable<string> Look(IReadOnlyList<ServerStatus> servers, DateTimeOffset now)
    {
        foreach (var server in servers)
        {
            // One that waits for its first check has not gone down.
            var up = server.Up || (server.LastCheck == ProbeFault.None && !server.DownByAgent);
            var present = new Told(up, server.Ejected, server.WantedByAgent);
            if (_told.Count == 0 && present == s_well)
                continue;
            var key = (server.Pool, server.Address);
            var before = _told.TryGetValue(key, out var told) ? told : s_well;
            if (present == s_well)
                _told.Remove(key);
            else if (before != present)
                _told[key] = present;
            if (before.Up && !up)
                yield return $"{ServerReports.NameOf(server, now)} is down: {Explain(server)}";
            else if (!before.Up && up)
                yield return $"{ServerReports.NameOf(server, now)} is up again";
            if (!before.Ejected && server.Ejected)
                yield return $"{ServerReports.NameOf(server, now)} is left out for a while{(server.Ejections > 1 ? $", {server.Ejections} times in a row now" : "")}: too many of its requests went wrong (outlier)";
            else if (before.Ejected && !server.Ejected)
                yield return $"{ServerReports.NameOf(server, now)} is no longer left out";
            if (before.Agent != server.WantedByAgent)
                yield return $"{ServerReports.NameOf(server, now)} {ToldByAgent(server)}";
        }
    }

    private static string ToldByAgent(ServerStatus server) => server.WantedByAgent switch
    {
        ServerState.Drain => WithReason("is drained by its agent (agent)", server.ReasonOfAgent),
        ServerState.Maintenance => WithReason("is in maintenance, as its agent wants (agent)", server.ReasonOfAgent),
        _ => "may have requests again, as far as its agent is asked",
    };

    /// <summary>What an agent says, with its reason where it gave one.</summary>
    public static string WithReason(string what, string? reason) => reason is null ? what : $"{what}: {reason}";

    /// <summary>What an agent says of its server, in a word: ready, drain, maintenance or down.</summary>
    public static string WordOfAgent(ServerStatus server) =>
        server.WantedByAgent == ServerState.Maintenance ? "maintenance"
        : server.DownByAgent ? "down"
        : server.WantedByAgent == ServerState.Drain ? "drain"
        : "ready";

    /// <summary>What the last check found, and what an agent says that is not content.</summary>
    /// <param name="check">What the check found, in words; empty where nobody asks.</param>
    /// <param name="agent">The agent's word.</param>
    /// <param name="reason">Why, in its own words; null where it gave no reason.</param>
    public static string CheckAndAgent(string check, string agent, string? reason) =>
        agent == "ready" ? check : WithReason(check.Length == 0 ? $"agent: {agent}" : $"{check}, agent: {agent}", reason);

    /// <summary>What is wrong with a server, in words.</summary>
    public static string Explain(ServerStatus server) => server.LastCheck switch
    {
        ProbeFault.None when server.DownByAgent => WithReason("its agent says so (agent)", server.ReasonOfAgent),
        ProbeFault.Unresolved => "its name does not resolve",
        ProbeFault.Refused => "it refuses the connection",
        ProbeFault.ConnectTimeout => "it does not take the connection in time (health: timeout)",
        ProbeFault.Tls => "the TLS handshake with it fails (does it speak TLS there?)",
        ProbeFault.Certificate => "its certificate is not valid (tls: ca, name)",
        ProbeFault.Timeout => "it does not answer in time (health: timeout)",
        ProbeFault.Closed => "it closes the connection without an answer",
        ProbeFault.NotHttp => "its answer is not valid HTTP",
        ProbeFault.Status => $"it answers with status {server.LastCheckStatus} (health: status)",
        ProbeFault.Observed => "its requests fail (health: observe)",
        ProbeFault.Body => "its answer lacks the text it should have (health: body)",
        _ => "its check fails",
    };
}
