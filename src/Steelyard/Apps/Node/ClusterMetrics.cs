using System.Globalization;

namespace Steelyard.Apps.Node;

/// <summary>Asks workers of a Node cluster for what they count, as prom-client's AggregatorRegistry in a primary does.</summary>
internal static class ClusterMetrics
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    /// <returns>For each worker that answers in time a line: its number, a tab, and what it says, in JSON.</returns>
    public static async Task<IReadOnlyList<string>> AskAsync(AppSupervisor? app)
    {
        var answers = await Task.WhenAll((app?.Slots ?? []).Select(AskAsync));
        return [.. answers.OfType<string>()];
    }

    private static async Task<string?> AskAsync(WorkerSlot slot) =>
        slot is { IsAlive: true, Worker.Reach: NodeReach reach } && await reach.MetricsAsync(s_patience) is { } json
            ? $"{slot.Number.ToString(CultureInfo.InvariantCulture)}\t{json}"
            : null;
}
