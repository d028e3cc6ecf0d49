namespace Steelyard.Metrics;

/// <summary>A metric of a program, as it says it: its samples under one name.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">counter, gauge, histogram, summary or untyped.</param>
/// <param name="Help">What it means, escaped as the text format has it; may be empty.</param>
/// <param name="Samples">Its samples, in the order in which they came.</param>
internal sealed record MetricFamily(string Name, string Type, string Help, IReadOnlyList<MetricSample> Samples)
{
    /// <summary>Whether samples of several processes are added up: what only grows, and not what is at a moment.</summary>
    public bool Adds(MetricSample sample) => Type switch
    {
        "counter" or "histogram" => true,

        // Of quantiles nobody knows that of all together.
        "summary" => sample.Name != Name,
        _ => false,
    };
}

/// <summary>A value.</summary>
/// <param name="Name">The name it has, such as that of its family with <c>_bucket</c>.</param>
/// <param name="Labels">Names and values in turn.</param>
/// <param name="Value">The value.</param>
internal sealed record MetricSample(string Name, IReadOnlyList<string> Labels, double Value)
{
    /// <summary>What it is the same sample by, in whatever order its labels are.</summary>
    public string Key => Name + '\u0001' + string.Join('\u0001', Labels.Chunk(2).OrderBy(pair => pair[0], StringComparer.Ordinal).Select(pair => pair[0] + '\u0002' + pair[1]));
}
