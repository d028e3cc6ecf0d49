using System.Globalization;
using System.Text;

namespace Steelyard.Metrics;

/// <summary>Reads the text format of Prometheus, version 0.0.4, and of OpenMetrics what is the same.</summary>
internal static class MetricsReader
{
    private const int MostSamples = 100_000;

    private static readonly string[] s_endings = ["_bucket", "_sum", "_count", "_total", "_created"];

    /// <exception cref="FormatException">It is none; the message says in which line.</exception>
    public static List<MetricFamily> Read(string text)
    {
        var families = new Dictionary<string, (string Type, string Help, List<MetricSample> Samples)>(StringComparer.Ordinal);
        var (number, samples) = (0, 0);
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            number++;
            var rest = line.Trim();
            if (rest.StartsWith('#'))
            {
                Describe(rest, families);
                continue;
            }

            if (rest.IsEmpty)
                continue;
            if (!TrySample(rest, out var sample) || ++samples > MostSamples)
                throw new FormatException($"line {number} is not in the text format of Prometheus, or beyond {MostSamples} samples");
            Family(sample.Name, families).Add(sample);
        }

        return [.. families.Where(family => family.Value.Samples.Count > 0).Select(family => new MetricFamily(family.Key, family.Value.Type, family.Value.Help, family.Value.Samples))];
    }

    private static void Describe(ReadOnlySpan<char> line, Dictionary<string, (string Type, string Help, List<MetricSample> Samples)> families)
    {
        var words = line.ToString().Split(' ', 4);
        if (words.Length < 3 || words[0] != "#" || words[1] is not ("HELP" or "TYPE"))
            return;
        var family = families.GetValueOrDefault(words[2], ("untyped", "", []));
        var more = words.Length > 3 ? words[3] : "";
        families[words[2]] = words[1] == "TYPE" ? family with { Type = more is "unknown" or "" ? "untyped" : more } : family with { Help = more };
    }

    private static List<MetricSample> Family(string name, Dictionary<string, (string Type, string Help, List<MetricSample> Samples)> families)
    {
        if (families.TryGetValue(name, out var exact))
            return exact.Samples;
        foreach (var ending in s_endings)
        {
            if (name.EndsWith(ending, StringComparison.Ordinal) && families.TryGetValue(name[..^ending.Length], out var family) && family.Type is "histogram" or "summary" or "counter")
                return family.Samples;
        }

        List<MetricSample> samples = [];
        families[name] = ("untyped", "", samples);
        return samples;
    }

    private static bool TrySample(ReadOnlySpan<char> line, out MetricSample sample)
    {
        sample = null!;
        var end = line.IndexOfAny("{ \t");
        if (end <= 0)
            return false;
        var (name, labels) = (line[..end].ToString(), new List<string>());
        var rest = line[end..];
        if (rest[0] == '{' && !TryLabels(ref rest, labels))
            return false;
        rest = rest.TrimStart();
        var blank = rest.IndexOfAny(' ', '\t');
        if (!TryNumber(blank < 0 ? rest : rest[..blank], out var value))
            return false;
        sample = new(name, labels, value);
        return true;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out double value)
    {
        (value, var known) = text switch
        {
            "+Inf" or "Inf" => (double.PositiveInfinity, true),
            "-Inf" => (double.NegativeInfinity, true),
            "NaN" or "Nan" => (double.NaN, true),
            _ => (0, false),
        };
        return known || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    private static bool TryLabels(ref ReadOnlySpan<char> rest, List<string> labels)
    {
        rest = rest[1..].TrimStart();
        while (!rest.IsEmpty && rest[0] != '}')
        {
            var equals = rest.IndexOf('=');
            if (equals <= 0)
                return false;
            labels.Add(rest[..equals].Trim().ToString());
            rest = rest[(equals + 1)..].TrimStart();
            if (rest.IsEmpty || rest[0] != '"' || !TryQuoted(ref rest, out var value))
                return false;
            labels.Add(value);
            rest = rest.TrimStart();
            if (!rest.IsEmpty && rest[0] == ',')
                rest = rest[1..].TrimStart();
        }

        if (rest.IsEmpty)
            return false;
        rest = rest[1..];
        return true;
    }

    private static bool TryQuoted(ref ReadOnlySpan<char> rest, out string value)
    {
        var text = new StringBuilder();
        for (var i = 1; i < rest.Length; i++)
        {
            if (rest[i] == '"')
            {
                value = text.ToString();
                rest = rest[(i + 1)..];
                return true;
            }

            if (rest[i] == '\\' && i + 1 < rest.Length)
                text.Append(rest[++i] switch { 'n' => "\n", '"' => "\"", '\\' => "\\", var other => "\\" + other });
            else
                text.Append(rest[i]);
        }

        value = "";
        return false;
    }
}
