using System.Text.Json;

namespace Steelyard.Metrics;

/// <summary>Reads what workers of Node's cluster answer prom-client's AggregatorRegistry: for each registry what its getMetricsAsJSON() gives.</summary>
internal static class PromClientReader
{
    /// <exception cref="FormatException">It is something else.</exception>
    public static List<MetricFamily> Read(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return [.. document.RootElement.EnumerateArray().SelectMany(registry => registry.EnumerateArray()).Select(Family)];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException($"that is not what prom-client answers: {error.Message}", error);
        }
    }

    private static MetricFamily Family(JsonElement metric)
    {
        var name = metric.GetProperty("name").GetString()!;
        return new(name, metric.GetProperty("type").GetString()!, Escaped(metric.GetProperty("help").GetString() ?? ""), [.. metric.GetProperty("values").EnumerateArray().Select(value => Sample(name, value))]);
    }

    // As a line of text has it.
    private static string Escaped(string help) => help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static MetricSample Sample(string name, JsonElement value)
    {
        var labels = new List<string>();
        if (value.TryGetProperty("labels", out var given) && given.ValueKind == JsonValueKind.Object)
        {
            foreach (var label in given.EnumerateObject())
            {
                labels.Add(label.Name);
                labels.Add(label.Value.ValueKind == JsonValueKind.String ? label.Value.GetString()! : label.Value.GetRawText());
            }
        }

        // NaN and infinite numbers are null in JSON.
        var number = value.GetProperty("value");
        return new(
            value.TryGetProperty("metricName", out var own) && own.GetString() is { } full ? full : name,
            labels,
            number.ValueKind == JsonValueKind.Number ? number.GetDouble() : double.NaN);
    }
}
