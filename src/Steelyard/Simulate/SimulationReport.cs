using System.Text.Json.Serialization;

namespace Steelyard.Simulate;

/// <summary>What a simulation has shown, for programs. Times are in milliseconds.</summary>
/// <param name="Scenario">Its name.</param>
/// <param name="Seed">What everything random came from.</param>
/// <param name="Seconds">How long requests came.</param>
/// <param name="Policies">What each policy has done.</param>
internal sealed record SimulationReport(string Scenario, ulong Seed, double Seconds, IReadOnlyList<PolicyReport> Policies)
{
    public static SimulationReport Of(Scenario scenario, IReadOnlyList<Outcome> outcomes, ulong seed) => new(
        scenario.Name,
        seed,
        scenario.Duration.TotalSeconds,
        [.. outcomes.Select(outcome => new PolicyReport(
            outcome.Policy.Word,
            outcome.Requests,
            outcome.Failed,
            outcome.Retried,
            Math.Round(outcome.Throughput, 1),
            Math.Round(outcome.Latency.Mean / 1000, 3),
            outcome.Latency.Percentile(50) / 1000.0,
            outcome.Latency.Percentile(99) / 1000.0,
            outcome.Latency.Percentile(99.9) / 1000.0,
            outcome.Latency.Most / 1000.0,
            outcome.Wait.Percentile(99) / 1000.0,
            outcome.LongestQueue,
            Math.Round(outcome.Fairness, 4),
            Math.Round(outcome.MostOverMean, 3),
            outcome.Sent))]);
}

/// <param name="Policy">Its word in a configuration.</param>
/// <param name="Requests">Requests that came.</param>
/// <param name="Failed">Those answered with an error, or not at all.</param>
/// <param name="Retried">Attempts beyond the first of each.</param>
/// <param name="Throughput">Answered well, a second.</param>
/// <param name="Mean">The mean latency.</param>
/// <param name="P50">The median.</param>
/// <param name="P99">What 99% did not exceed.</param>
/// <param name="P999">What 99.9% did not exceed.</param>
/// <param name="Max">The slowest.</param>
/// <param name="WaitP99">What 99% did not wait longer in the queues of pool and server.</param>
/// <param name="LongestQueue">The most that waited in one queue.</param>
/// <param name="Fairness">Jain's index for the weights.</param>
/// <param name="MostOverMean">The busiest server against the mean.</param>
/// <param name="Sent">Requests sent to each server.</param>
internal sealed record PolicyReport(
    string Policy,
    long Requests,
    long Failed,
    long Retried,
    double Throughput,
    double Mean,
    double P50,
    double P99,
    double P999,
    double Max,
    double WaitP99,
    int LongestQueue,
    double Fairness,
    double MostOverMean,
    IReadOnlyList<long> Sent);

/// <summary>A scenario that comes with the program.</summary>
/// <param name="Name">By what <c>--scenario</c> knows it.</param>
/// <param name="About">What happens in it.</param>
internal sealed record ScenarioReport(string Name, string About);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(SimulationReport))]
[JsonSerializable(typeof(ScenarioReport[]))]
internal sealed partial class SimulationJson : JsonSerializerContext
{
    /// <summary>With <see cref="PlainText"/>.</summary>
    public static SimulationJson Readable => field ??= new(PlainText.Json(Default.Options));
}
