using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Serving;

/// <summary>What an operator is told of servers that go down, come up, are left out and come back: a line for each change that is seen.</summary>
internal sealed class HealthReports
{
    private readonly Dictionary<(string Pool, NetworkAddress Address), Told> _told = [];

    private readonly record struct Told(bool Up, bool Ejected);

    /// <summary>The lines for what has changed since the last look.</summary>
    public IEnumerable<string> Look(IReadOnlyList<ServerStatus> servers, DateTimeOffset now)
    {
        foreach (var server in servers)
        {
            var key = (server.Pool, server.Address);
            var before = _told.TryGetValue(key, out var told) ? told : new(Up: true, Ejected: false);

            // One that waits for its first check has not gone down.
            var up = server.Up || (server.LastCheck == ProbeFault.None && !server.DownByAgent);
            if (before != new Told(up, server.Ejected))
                _told[key] = new(up, server.Ejected);
            if (before.Up && !up)
                yield return $"{ServerReports.NameOf(server, now)} is down: {Explain(server)}";
            else if (!before.Up && up)
                yield return $"{ServerReports.NameOf(server, now)} is up again";
            if (!before.Ejected && server.Ejected)
                yield return $"{ServerReports.NameOf(server, now)} is left out for a while{(server.Ejections > 1 ? $", {server.Ejections} times in a row now" : "")}: too many of its requests went wrong (outlier)";
            else if (before.Ejected && !server.Ejected)
                yield return $"{ServerReports.NameOf(server, now)} is no longer left out";
        }
    }

    /// <summary>What is wrong with a server, in words.</summary>
    public static string Explain(ServerStatus server) => server.LastCheck switch
    {
        ProbeFault.None when server.DownByAgent => "its agent says so (agent)",
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
