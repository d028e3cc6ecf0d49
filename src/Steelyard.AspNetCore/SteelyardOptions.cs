namespace Steelyard.AspNetCore;

/// <summary>What <see cref="SteelyardExtensions.AddSteelyard"/> adds, part by part.</summary>
public sealed class SteelyardOptions
{
    /// <summary>The health endpoints.</summary>
    public HealthOptions Health { get; } = new();

    /// <summary>The metrics.</summary>
    public RequestMetricsOptions Metrics { get; } = new();

    /// <summary>The sessions.</summary>
    public SessionSettings Sessions { get; } = new();

    /// <summary>The end of the app.</summary>
    public ShutdownOptions Shutdown { get; } = new();

    /// <summary>Who is believed about clients.</summary>
    public ForwardingOptions Forwarding { get; } = new();
}
