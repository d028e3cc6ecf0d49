using System.Net;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Lints;

/// <summary>Pools whose servers or checks cannot do what they are there for.</summary>
internal static class PoolLints
{
    // Who waits longer than this for a dead server to be left out has mistaken a unit.
    private static readonly TimeSpan s_longestDetection = TimeSpan.FromMinutes(10);

    public static void Check(PoolDraft pool, ProblemList problems)
    {
        if (pool is { App: null, Discover.Count: 0, Servers.Count: > 0 } && pool.Servers.All(server => server.Backup is { Value: true }))
            problems.Warn(pool.Servers[0].Backup!.Value.Place, $"every server of the pool {Shown.Quote(pool.Name.Value)} is a backup, so that they stand in for nobody", "'backup' for those alone that others come before");
        CheckNames(pool, problems);
        IdleSettings.Check(pool, problems);
        if (pool.Health is { } health)
            CheckHealth(pool, health, problems);
    }

    /// <summary>localhost is 127.0.0.1 under another name, and gets twice the requests.</summary>
    private static void CheckNames(PoolDraft pool, ProblemList problems)
    {
        Dictionary<int, Located<NetworkAddress>> loopback = [];
        foreach (var server in pool.Servers)
        {
            if (server.Address is not { Value: { UnixPath: null } address } at || !(address.Host == "localhost" || (IPAddress.TryParse(address.Host, out var ip) && ip.Equals(IPAddress.Loopback))))
                continue;
            if (!loopback.TryAdd(address.Port, at))
                problems.Warn(at.Place, $"{Shown.Quote(address.ToString())} is the server {Shown.Quote(loopback[address.Port].Value.ToString())} of line {loopback[address.Port].Place.Line} again", "each server once; a larger weight for a larger share");
        }
    }

    private static void CheckHealth(PoolDraft pool, HealthSettings health, ProblemList problems)
    {
        var (place, name) = (pool.Name.Place, Shown.Quote(pool.Name.Value));
        var asksForBody = health.Kind == ProbeKind.Http && (health.Body is not null || health.BodyPattern is not null);
        if (health.Kind == ProbeKind.Http && health.Statuses.All(range => range.Last < 200))
            problems.Warn(place, $"no check of the pool {name} can pass: no answer ends with a status below 200", "the status of a server that is well, such as 200");
        else if (asksForBody && health.Statuses.All(HasNoBody))
            problems.Warn(place, $"no check of the pool {name} can pass: answers with these statuses have no body, in which it looks for a text", "200 among the statuses, or no text");
        WarnOfTime(health.Fall, health.FastInterval ?? health.Interval, "a server that has died gets requests for");
        WarnOfTime(health.Rise, health.DownInterval ?? health.Interval, "a server that is well again gets no requests for");

        void WarnOfTime(int count, TimeSpan interval, string what)
        {
            if ((interval + health.Timeout) * count is var longest && longest > s_longestDetection)
                problems.Warn(place, $"{what} up to {DurationText.Write(longest)} in the pool {name}: {count} checks, each {DurationText.Write(health.Timeout)} at most and {DurationText.Write(interval)} apart", "shorter intervals, or fewer checks");
        }
    }

    private static bool HasNoBody(StatusRange range) => range.Last < 200 || range is { First: 204, Last: 204 } or { First: 304, Last: 304 };
}
