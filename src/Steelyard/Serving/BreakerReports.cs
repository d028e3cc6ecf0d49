using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Serving;

/// <summary>What an operator is told of breakers that open, try and close: a line for each change that is seen.</summary>
internal sealed class BreakerReports
{
    private readonly Dictionary<(string Pool, NetworkAddress? Server), BreakerStatus> _told = [];

    /// <summary>The lines for what has changed since the last look.</summary>
    public IEnumerable<string> Look(IReadOnlyList<BreakerStatus> breakers, DateTimeOffset now)
    {
        foreach (var breaker in breakers)
        {
            var key = (breaker.Pool, breaker.Server);
            var before = _told.GetValueOrDefault(key);
            _told[key] = breaker;
            var name = $"{now:yyyy-MM-ddTHH:mm:ssZ} the breaker of {(breaker.Server is null ? breaker.Pool : $"{breaker.Server} of {breaker.Pool}")}";
            if (breaker.Counts.Opened > before.Counts.Opened)
                yield return $"{name} has opened: too many calls failed ({breaker.Counts.Failures - before.Counts.Failures} since the last look)";
            if (breaker.State != before.State && breaker.State == BreakerState.HalfOpen)
                yield return $"{name} lets one call through, which decides";
            if (breaker.Counts.Closed > before.Counts.Closed && breaker.State == BreakerState.Closed)
                yield return $"{name} has closed again; it has refused {breaker.Counts.Rejects} calls so far";
        }
    }
}
