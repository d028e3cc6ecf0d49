using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Steelyard.AspNetCore.Health;

/// <summary>Ends the wait for a check when its time is over, also where the check does not listen.</summary>
internal sealed class TimedCheck(Func<IHealthCheck> check) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.Run(() => check().CheckHealthAsync(context, cancellationToken), cancellationToken).WaitAsync(cancellationToken);
}
