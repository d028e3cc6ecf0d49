namespace Steelyard.Config;

/// <summary>How requests wait for a server of a pool that has room.</summary>
public sealed record QueueSettings
{
    /// <summary>How many may wait: 0 to 1,000,000; further ones get 503 at once. Default 1,024 (Envoy: max_pending_requests).</summary>
    public int Most { get; init; } = 1024;

    /// <summary>How long one waits at most: 1 ms to 24 h; then 503. Null for <see cref="Timeouts.Queue"/> (HAProxy: timeout queue).</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>
    /// The field whose number, -2047 to 2047, says who goes first: smaller numbers do. Null, the default, for none, and where
    /// a request has no such number the <see cref="RouteSettings.Priority"/> of its route counts (HAProxy: set-priority-class).
    /// </summary>
    public string? PriorityField { get; init; }

    /// <summary>
    /// The variable whose number says who goes first, before <see cref="PriorityField"/>; one beyond -2047 to 2047 counts as the
    /// nearest of these. Null, the default, for none (HAProxy: set-priority-class).
    /// </summary>
    public string? PriorityVariable { get; init; }

    /// <summary>
    /// The variable whose number, -524287 to 524287, is how many milliseconds later than it did a request counts as come, among
    /// those of its priority. Null, the default, for none (HAProxy: set-priority-offset).
    /// </summary>
    public string? OffsetVariable { get; init; }
}
