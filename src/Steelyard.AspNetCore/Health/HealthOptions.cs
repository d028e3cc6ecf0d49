namespace Steelyard.AspNetCore;

/// <summary>What the health endpoints tell, and where.</summary>
public sealed class HealthOptions
{
    /// <summary>The path of the short report: 200 while the app serves, 503 once it is to end. Default <c>/health</c>; the others lie below it: <c>/detailed</c>, <c>/live</c>, <c>/ready</c>.</summary>
    public string Path { get; set; } = "/health";

    /// <summary>How long one check may take before it counts as failed; more than 0. Default 5 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the outcome of the checks is told again without asking anew, so that many who ask cost no more than one; 0 for never. Default 1 s.</summary>
    public TimeSpan CacheFor { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The folder whose disk has to have room; null to look at none. Default the app's own.</summary>
    public string? DiskFolder { get; set; } = AppContext.BaseDirectory;

    /// <summary>How much room the disk has to have, in bytes. Default 100 MB.</summary>
    public long LeastDiskBytes { get; set; } = 100_000_000;
}
