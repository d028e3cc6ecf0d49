namespace Steelyard.Config;

/// <summary>How fast answers are sent, on average since a request came, with the bytes of one second ahead (nginx: limit_rate).</summary>
public sealed record BandwidthSettings
{
    /// <summary>Bytes per second to the client, with k, m or g perhaps; what is empty, 0 or no number limits nothing. Null for no limit.</summary>
    public TextTemplate? Rate { get; init; }

    /// <summary>How much of an answer passes at any rate before (nginx: limit_rate_after). Null for nothing.</summary>
    public TextTemplate? After { get; init; }

    /// <summary>The same as <see cref="Rate"/> for answers of servers; the smaller counts (nginx: proxy_limit_rate). Null for no limit.</summary>
    public TextTemplate? OfServers { get; init; }
}
