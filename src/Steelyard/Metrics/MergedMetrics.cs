namespace Steelyard.Metrics;

/// <summary>What one worker counts, as far as it could be read.</summary>
/// <param name="Worker">Its name, as in <c>web/1</c>.</param>
/// <param name="Life">Tells it from who had its place before.</param>
/// <param name="Families">What it says; null where it could not be read.</param>
internal readonly record struct WorkerReading(string Worker, string Life, IReadOnlyList<MetricFamily>? Families);

/// <summary>
/// What all workers of an app count, as one: counters, histograms and the sums of summaries are added, everything else has
/// the worker that it is of. What a worker that has ended had counted when it was read last still counts, so that a
/// replacement of workers is no step back for a counter. Not for several threads at once.
/// </summary>
internal sealed class MergedMetrics
{
    private const string Label = "worker", Theirs = "exported_worker";

    // An app that makes labels of what clients send would make us keep ever more of them.
    private const int MostKept = 50_000;

    private readonly Dictionary<string, Dictionary<string, Counted>> _living = [];
    private Dictionary<string, Counted> _gone = [];

    private sealed record Counted(MetricFamily Family, MetricSample Sample, double Value);

    /// <summary>Writes all of it together.</summary>
    /// <param name="readings">Each worker that there is, once.</param>
    public string Write(IReadOnlyList<WorkerReading> readings)
    {
        Remember(readings);
        var families = new Dictionary<string, (MetricFamily Family, List<MetricSample> Samples)>(StringComparer.Ordinal);
        foreach (var family in readings.SelectMany(reading => reading.Families ?? []))
            families.TryAdd(family.Name, (family, []));
        foreach (var total in Totals())
            SamplesOf(families, total.Family).Add(total.Sample with { Value = total.Value });
        foreach (var (worker, _, read) in readings)
        {
            foreach (var family in read ?? [])
            {
                foreach (var sample in family.Samples.Where(sample => !family.Adds(sample)))
                    SamplesOf(families, family).Add(sample with { Labels = [.. Renamed(sample.Labels), Label, worker] });
            }
        }

        var text = new MetricsText();
        text.Begin("steelyard_worker_metrics_read", "gauge", "Whether the metrics of the worker could be read.");
        foreach (var (worker, _, read) in readings)
            text.Value(read is null ? 0 : 1, Label, worker);
        foreach (var (family, samples) in families.Values)
        {
            text.Begin(family.Name, family.Type, family.Help);
            foreach (var sample in samples)
                text.Sample(sample.Name, sample.Value, [.. sample.Labels]);
        }

        return text.ToString();
    }

    private static List<MetricSample> SamplesOf(Dictionary<string, (MetricFamily Family, List<MetricSample> Samples)> families, MetricFamily family)
    {
        families.TryAdd(family.Name, (family, []));
        return families[family.Name].Samples;
    }

    /// <summary>Takes what is read of those who live, and adds what those had who do no more.</summary>
    private void Remember(IReadOnlyList<WorkerReading> readings)
    {
        foreach (var (_, life, families) in readings)
        {
            if (families is null)
                continue;
            var counted = _living[life] = [];
            foreach (var family in families)
            {
                foreach (var sample in family.Samples.Where(family.Adds))
                    Add(counted, sample.Key, new(family, sample, sample.Value));
            }
        }

        foreach (var life in _living.Keys.Except(readings.Select(reading => reading.Life)).ToList())
        {
            foreach (var (key, counted) in _living[life])
                Add(_gone, key, counted);
            _living.Remove(life);
        }

        if (_gone.Count > MostKept)
            _gone = [];
    }

    private Dictionary<string, Counted>.ValueCollection Totals()
    {
        var totals = new Dictionary<string, Counted>(_gone);
        foreach (var (key, counted) in _living.Values.SelectMany(one => one))
            Add(totals, key, counted);
        return totals.Values;
    }

    private static void Add(Dictionary<string, Counted> to, string key, Counted counted) =>
        to[key] = to.TryGetValue(key, out var before) ? counted with { Value = before.Value + counted.Value } : counted;

    // As Prometheus does with labels that it needs itself.
    private static IEnumerable<string> Renamed(IReadOnlyList<string> labels) => labels.Select((word, i) => i % 2 == 0 && word == Label ? Theirs : word);
}
