using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Steelyard.AspNetCore.Health;

/// <summary>Whether the disk of a folder has room.</summary>
internal sealed class DiskSpaceCheck(IOptions<HealthOptions> options) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (options.Value.DiskFolder is not { } folder)
            return Task.FromResult(HealthCheckResult.Healthy("no folder is looked at"));
        var disk = new DriveInfo(folder);
        var (free, least) = (disk.AvailableFreeSpace, options.Value.LeastDiskBytes);
        var details = new Dictionary<string, object> { ["path"] = folder, ["total"] = disk.TotalSize, ["free"] = free, ["threshold"] = least };
        return Task.FromResult(free >= least
            ? HealthCheckResult.Healthy(data: details)
            : new HealthCheckResult(context.Registration.FailureStatus, $"{free} bytes are free, fewer than {least}", data: details));
    }
}
