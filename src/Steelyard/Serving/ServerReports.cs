using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Serving;

/// <summary>
/// What an operator is told of servers that fail: a line when one starts to, one a minute while it goes on, one when it
/// answers again. However fast they fail, a server has one line a look at most.
/// </summary>
internal sealed class ServerReports
{
    private static readonly TimeSpan Reminder = TimeSpan.FromMinutes(1);
    private readonly Dictionary<(string Pool, NetworkAddress Address), Told> _told = [];

    private readonly record struct Told(long Failures, DateTimeOffset At, bool Failing);

    /// <summary>The lines for what has changed since the last look.</summary>
    public IEnumerable<string> Look(IReadOnlyList<ServerStatus> servers, DateTimeOffset now)
    {
        foreach (var server in servers)
        {
            if (server.Failures == 0 && _told.Count == 0)
                continue;
            var before = _told.GetValueOrDefault((server.Pool, server.Address));
            var failures = server.Failures - before.Failures;
            if (failures > 0 && (!before.Failing || now - before.At >= Reminder))
            {
                Remember(new(server.Failures, now, Failing: true));
                yield return $"{NameOf(server, now)} failed {(failures == 1 ? "a request" : $"{failures} requests")}: {Explain(server.LastReason)}";
            }
            else if (before.Failing && server.LastFailure == ServerFailure.None && failures == 0)
            {
                Remember(new(server.Failures, now, Failing: false));
                yield return $"{NameOf(server, now)} answers again";
            }
            else if (before.Failing && server.LastFailure == ServerFailure.None)
            {
                // It answers, but failed since the last look: told when it has been quiet for one.
                Remember(before with { Failures = server.Failures });
            }

            void Remember(Told told) => _told[(server.Pool, server.Address)] = told;
        }
    }

    /// <summary>What a line begins with. Made for those that are written alone: most looks find nothing, of thousands of servers too.</summary>
    public static string NameOf(in ServerStatus server, DateTimeOffset now) => $"{now:yyyy-MM-ddTHH:mm:ssZ} {server.Address} of {server.Pool}";

    /// <summary>What a server did wrong, in words.</summary>
    public static string Explain(ServerFailure failure) => failure switch
    {
        ServerFailure.Refused => "it refused the connection",
        ServerFailure.ConnectTimeout => "it did not take the connection in time (timeouts: connect)",
        ServerFailure.TlsFailed => "the TLS handshake with it failed (does it speak TLS there?)",
        ServerFailure.CertificateUntrusted => "no authority that is believed vouches for its certificate (tls: ca)",
        ServerFailure.CertificateExpired => "its certificate has expired, or its time has not come",
        ServerFailure.CertificateForOther => "its certificate is for another name (tls: name)",
        ServerFailure.ClosedEarly => "it closed the connection before it answered",
        ServerFailure.BadAnswer => "its answer is not valid HTTP",
        ServerFailure.RetriedStatus => "it answered with a status that leads to another server (retries: on)",
        ServerFailure.AnswerTimeout => "it did not answer in time (timeouts: server-response, request)",
        ServerFailure.BreakerTimeout => "it did not answer within the breaker's time (breaker: timeout)",
        ServerFailure.BrokeOff => "it closed the connection in the middle of an answer",
        ServerFailure.Stalled => "it stopped in the middle of an answer (timeouts: server-body)",
        _ => "it did not do as it should",
    };
}
