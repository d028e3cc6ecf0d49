using System.Globalization;
using System.Net;
using System.Text;

namespace Steelyard.Simulate;

/// <summary>Draws what a simulation has shown: percentiles, how it went over time, and who was sent how much.</summary>
internal sealed class SvgChart
{
    private const int Width = 1000;
    private const int Left = 70;
    private const int PlotHeight = 240;
    private const int LegendRow = 18;

    private static readonly string[] s_colours = ["#1b7837", "#2166ac", "#d6604d", "#8c510a", "#762a83", "#01665e", "#b2182b", "#4d4d4d", "#c51b7d", "#7f7f00", "#1f78b4", "#ff7f00"];
    private static readonly double[] s_percentiles = [0, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.8, 99.9, 99.95, 99.99];

    private readonly StringBuilder _svg = new();
    private readonly Scenario _scenario;
    private readonly IReadOnlyList<Outcome> _outcomes;
    private readonly (double Least, double Most) _range;
    private int _y;

    private SvgChart(Scenario scenario, IReadOnlyList<Outcome> outcomes)
    {
        (_scenario, _outcomes) = (scenario, outcomes);
        var times = outcomes.SelectMany(outcome => s_percentiles.Select(percent => (double)outcome.Latency.Percentile(percent))).Where(time => time > 0).DefaultIfEmpty(1000);
        _range = (Math.Pow(10, Math.Floor(Math.Log10(times.Min()))), Math.Pow(10, Math.Ceiling(Math.Log10(times.Max() + 1))));
    }

    /// <summary>The chart as the text of an SVG file.</summary>
    public static string Of(Scenario scenario, IReadOnlyList<Outcome> outcomes, ulong seed)
    {
        var chart = new SvgChart(scenario, outcomes);
        var body = chart.Draw(seed);
        return $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {chart._y}" font-family="system-ui, sans-serif" font-size="12">
            <rect width="{Width}" height="{chart._y}" fill="#fff"/>
            {body}</svg>

            """.ReplaceLineEndings("\n");
    }

    private string Draw(ulong seed)
    {
        _y = 28;
        Text(Left, _y, $"{_scenario.Name}: {_scenario.About}", "font-size=\"15\" font-weight=\"600\"");
        _y += 18;
        Text(Left, _y, $"{_scenario.Servers.Count} servers, {SimulationPrinter.LoadOf(_scenario)}, seed {seed}", "fill=\"#555\"");
        _y += 20;
        Legend();
        Percentiles();
        OverTime();
        Shares();
        return _svg.ToString();
    }

    private void Legend()
    {
        var x = Left;
        for (var i = 0; i < _outcomes.Count; i++)
        {
            var word = _outcomes[i].Policy.Word;
            var width = 40 + (word.Length * 7);
            if (x + width > Width - 32)
                (x, _y) = (Left, _y + LegendRow);
            Line(x, _y - 4, x + 22, _y - 4, Stroke(i));
            Text(x + 27, _y, word);
            x += width;
        }

        _y += 26;
    }

    private void Percentiles()
    {
        Heading("Latency by percentile, milliseconds");
        TimeAxis();
        foreach (var percent in (double[])[0, 50, 90, 99, 99.9, 99.99])
        {
            Line(AcrossPercent(percent), _y, AcrossPercent(percent), _y + PlotHeight, "stroke=\"#ddd\"");
            Text(AcrossPercent(percent), _y + PlotHeight + 16, percent == 0 ? "least" : $"p{Plain(percent)}", "text-anchor=\"middle\" fill=\"#555\"");
        }

        for (var i = 0; i < _outcomes.Count; i++)
            Curve(i, s_percentiles.Select(percent => (AcrossPercent(percent), (double)_outcomes[i].Latency.Percentile(percent))));
        _y += PlotHeight + 48;
    }

    private void OverTime()
    {
        Heading("p99 over time, milliseconds; failed requests as dots below");
        TimeAxis();
        var seconds = _scenario.Duration.TotalSeconds;
        for (var part = 0; part <= 6; part++)
            Text(AcrossTime(part / 6.0), _y + PlotHeight + 16, $"{Plain(Math.Round(seconds * part / 6, 1))} s", "text-anchor=\"middle\" fill=\"#555\"");
        foreach (var moment in _scenario.Incidents.Select(incident => (incident.At, What: incident.What.ToString().ToLowerInvariant())).Concat(_scenario.Servers.Where(server => server.Joins > TimeSpan.Zero).Select(server => (At: server.Joins, What: "joins"))).Distinct())
        {
            var x = AcrossTime(moment.At / _scenario.Duration);
            Line(x, _y, x, _y + PlotHeight, "stroke=\"#999\" stroke-dasharray=\"2 3\"");
            Text(x + 3, _y + 12, moment.What, "fill=\"#777\"");
        }

        for (var i = 0; i < _outcomes.Count; i++)
        {
            var outcome = _outcomes[i];
            Curve(i, Enumerable.Range(0, Outcome.Slots).Where(slot => outcome.LatencyOf[slot].Count > 0).Select(slot => (AcrossTime((slot + 0.5) / Outcome.Slots), (double)outcome.LatencyOf[slot].Percentile(99))));
            foreach (var slot in Enumerable.Range(0, Outcome.Slots).Where(slot => outcome.FailedOf[slot] > 0))
                _svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{Plain(AcrossTime((slot + 0.5) / Outcome.Slots))}\" cy=\"{_y + PlotHeight + 24 + (i * 6)}\" r=\"2.5\" fill=\"{s_colours[i % s_colours.Length]}\"/>\n");
        }

        _y += PlotHeight + 54 + (_outcomes.Count * 6);
    }

    private void Shares()
    {
        Heading("Share of the requests by server, the first on the left");
        foreach (var outcome in _outcomes)
        {
            Text(Left - 6 + 130, _y + 13, outcome.Policy.Word, "text-anchor=\"end\"");
            var (x, sent) = ((double)(Left + 130), outcome.Sent);
            var total = Math.Max(1, sent.Sum());
            for (var server = 0; server < sent.Length; server++)
            {
                var width = (Width - 32.0 - Left - 130) * sent[server] / total;
                _svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Plain(x)}\" y=\"{_y}\" width=\"{Plain(width)}\" height=\"16\" fill=\"{(server % 2 == 0 ? "#8fb8de" : "#d3e4f3")}\" stroke=\"#fff\" stroke-width=\"0.5\"/>\n");
                if (width > 34)
                    Text(x + (width / 2), _y + 12, ((double)sent[server] / total).ToString("0.0%", CultureInfo.InvariantCulture), "text-anchor=\"middle\" fill=\"#123\" font-size=\"10\"");
                x += width;
            }

            _y += 20;
        }

        _y += 12;
    }

    private void Heading(string text)
    {
        Text(Left, _y, text, "font-weight=\"600\"");
        _y += 10;
    }

    /// <summary>The axis of times, with a line for each power of ten.</summary>
    private void TimeAxis()
    {
        _svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Left}\" y=\"{_y}\" width=\"{Width - 32 - Left}\" height=\"{PlotHeight}\" fill=\"none\" stroke=\"#999\"/>\n");
        for (var time = _range.Least; time <= _range.Most * 1.001; time *= 10)
        {
            Line(Left, Height(time), Width - 32, Height(time), "stroke=\"#ddd\"");
            Text(Left - 6, Height(time) + 4, Plain(time / 1000), "text-anchor=\"end\" fill=\"#555\"");
        }
    }

    private void Curve(int index, IEnumerable<(double X, double Time)> points)
    {
        var path = string.Join(' ', points.Where(point => point.Time > 0).Select(point => $"{Plain(point.X)},{Plain(Height(Math.Clamp(point.Time, _range.Least, _range.Most)))}"));
        _svg.Append(CultureInfo.InvariantCulture, $"<polyline points=\"{path}\" fill=\"none\" stroke-width=\"1.8\" {Stroke(index)}/>\n");
    }

    private double Height(double time) => _y + PlotHeight - (PlotHeight * Math.Log10(time / _range.Least) / Math.Log10(_range.Most / _range.Least));

    // Each nine as far from the next.
    private static double AcrossPercent(double percent) => Left + ((Width - 32 - Left) * -Math.Log10(1 - (percent / 100)) / 4);

    private static double AcrossTime(double share) => Left + ((Width - 32 - Left) * share);

    private static string Stroke(int index) =>
        $"stroke=\"{s_colours[index % s_colours.Length]}\"" + (index < s_colours.Length ? "" : " stroke-dasharray=\"5 3\"");

    private void Line(double x1, double y1, double x2, double y2, string style) =>
        _svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Plain(x1)}\" y1=\"{Plain(y1)}\" x2=\"{Plain(x2)}\" y2=\"{Plain(y2)}\" {style}/>\n");

    private void Text(double x, double y, string text, string style = "") =>
        _svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Plain(x)}\" y=\"{Plain(y)}\" {style}>{WebUtility.HtmlEncode(text)}</text>\n");

    private static string Plain(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
