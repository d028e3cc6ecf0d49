using System.Globalization;
using System.Text;
using Steelyard.Engine.Metering;

namespace Steelyard.Metrics;

/// <summary>
/// Writes metrics in the text format of Prometheus, version 0.0.4, straight from the engine's counters: nothing is kept
/// between two scrapes, so there is nothing to forget when a server leaves.
/// </summary>
internal sealed class MetricsText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();
    private string _name = "";

    /// <summary>Begins a metric; its values follow.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">counter, gauge or histogram.</param>
    /// <param name="help">What it means.</param>
    public void Begin(string name, string type, string help)
    {
        _name = name;
        if (help.Length > 0)
            _text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    /// <summary>Writes a value of the present metric.</summary>
    /// <param name="value">The value.</param>
    /// <param name="labels">Names and values in turn.</param>
    public void Value(double value, params ReadOnlySpan<string> labels) => Line("", value, labels);

    /// <summary>Writes a value of the present metric under a name of its own, such as that of a bucket.</summary>
    /// <param name="name">The name.</param>
    /// <param name="value">The value.</param>
    /// <param name="labels">Names and values in turn.</param>
    public void Sample(string name, double value, params ReadOnlySpan<string> labels) => Write(name, "", value, labels);

    /// <summary>Writes a histogram.</summary>
    /// <param name="bounds">The longest time of each bucket in milliseconds.</param>
    /// <param name="times">How many are in each, and at last those beyond.</param>
    /// <param name="labels">Names and values in turn.</param>
    public void Histogram(IReadOnlyList<long> bounds, Distribution times, params ReadOnlySpan<string> labels)
    {
        if (times.Counts is not { } counts)
            return;
        var sum = 0L;
        string[] withBound = [.. labels, "le", ""];
        for (var i = 0; i < counts.Length; i++)
        {
            sum += counts[i];
            withBound[^1] = i < bounds.Count ? (bounds[i] / 1000d).ToString(CultureInfo.InvariantCulture) : "+Inf";
            Line("_bucket", sum, withBound);
        }

        Line("_sum", times.Milliseconds / 1000d, labels);
        Line("_count", sum, labels);
    }

    private void Line(string ending, double value, ReadOnlySpan<string> labels) => Write(_name, ending, value, labels);

    private void Write(string name, string ending, double value, ReadOnlySpan<string> labels)
    {
        _text.Append(name).Append(ending);
        for (var i = 0; i < labels.Length; i += 2)
        {
            _text.Append(i == 0 ? '{' : ',').Append(labels[i]).Append("=\"");
            Escape(labels[i + 1]);
            _text.Append('"');
        }

        if (labels.Length > 0)
            _text.Append('}');
        _text.Append(' ').Append((double.IsPositiveInfinity(value) ? "+Inf" : value.ToString(CultureInfo.InvariantCulture))).Append('\n');
    }

    private void Escape(string value)
    {
        foreach (var character in value)
        {
            if (character is '\\' or '"')
                _text.Append('\\').Append(character);
            else if (character == '\n')
                _text.Append("\\n");
            else
                _text.Append(character);
        }
    }

    public override string ToString() => _text.ToString();
}
