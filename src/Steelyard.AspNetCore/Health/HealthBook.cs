using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Steelyard.AspNetCore.Health;

/// <summary>Asks the checks, all at once, and remembers for a moment what they said: whoever asks meanwhile gets the same.</summary>
internal sealed class HealthBook(HealthCheckService checks, IOptions<HealthOptions> options, TimeProvider time)
{
    /// <summary>The mark of checks that say whether the process lives at all; all others say whether it can serve.</summary>
    public const string Live = "live";

    private readonly Lock _lock = new();
    private (Task<HealthReport> Report, long At)? _ready;
    private (Task<HealthReport> Report, long At)? _live;

    /// <summary>Whether it can serve.</summary>
    public Task<HealthReport> ReadyAsync() => Recent(ref _ready, static check => !check.Tags.Contains(Live));

    /// <summary>Whether the process lives.</summary>
    public Task<HealthReport> LiveAsync() => Recent(ref _live, static check => check.Tags.Contains(Live));

    private Task<HealthReport> Recent(ref (Task<HealthReport> Report, long At)? last, Func<HealthCheckRegistration, bool> which)
    {
        lock (_lock)
        {
            if (last is { } known && (!known.Report.IsCompleted || (known.Report.IsCompletedSuccessfully && time.GetElapsedTime(known.At) < options.Value.CacheFor)))
                return known.Report;

            // Of nobody who asks: who goes away ends it for nobody else.
            var report = checks.CheckHealthAsync(which, CancellationToken.None);
            last = (report, time.GetTimestamp());
            return report;
        }
    }
}
