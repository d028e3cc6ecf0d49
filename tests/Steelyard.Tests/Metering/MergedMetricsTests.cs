using Steelyard.Metrics;

namespace Steelyard.Tests.Metering;

/// <summary>What the workers of an app count, as one page.</summary>
public sealed class MergedMetricsTests
{
    private const string One = """
        # HELP requests_total Requests.
        # TYPE requests_total counter
        requests_total{path="/",code="200"} 3
        requests_total{path="/a\"b\\\nc",code="404"} 1
        # HELP took_seconds Time.
        # TYPE took_seconds histogram
        took_seconds_bucket{le="0.1"} 2
        took_seconds_bucket{le="+Inf"} 4
        took_seconds_sum 1.5
        took_seconds_count 4
        # TYPE lag_seconds gauge
        lag_seconds 0.25 1700000000000
        # TYPE size summary
        size{quantile="0.5"} 7
        size_sum 20
        size_count 2
        loose NaN

        """;

    private const string Other = """
        # HELP requests_total Requests.
        # TYPE requests_total counter
        requests_total{code="200",path="/"} 4
        # HELP took_seconds Time.
        # TYPE took_seconds histogram
        took_seconds_bucket{le="0.1"} 1
        took_seconds_bucket{le="+Inf"} 1
        took_seconds_sum 0.05
        took_seconds_count 1
        # TYPE lag_seconds gauge
        lag_seconds{worker="mine"} 1
        # TYPE size summary
        size{quantile="0.5"} 9
        size_sum 9
        size_count 1

        """;

    private readonly MergedMetrics _merged = new();

    [Fact]
    public void What_only_grows_is_added_and_what_is_at_a_moment_has_its_worker()
    {
        var page = _merged.Write([Reading(1, "a", One), Reading(2, "b", Other)]);

        Assert.Equal(
            """
            # HELP steelyard_worker_metrics_read Whether the metrics of the worker could be read.
            # TYPE steelyard_worker_metrics_read gauge
            steelyard_worker_metrics_read{worker="web/1"} 1
            steelyard_worker_metrics_read{worker="web/2"} 1
            # HELP requests_total Requests.
            # TYPE requests_total counter
            requests_total{code="200",path="/"} 7
            requests_total{path="/a\"b\\\nc",code="404"} 1
            # HELP took_seconds Time.
            # TYPE took_seconds histogram
            took_seconds_bucket{le="0.1"} 3
            took_seconds_bucket{le="+Inf"} 5
            took_seconds_sum 1.55
            took_seconds_count 5
            # TYPE lag_seconds gauge
            lag_seconds{worker="web/1"} 0.25
            lag_seconds{exported_worker="mine",worker="web/2"} 1
            # TYPE size summary
            size_sum 29
            size_count 3
            size{quantile="0.5",worker="web/1"} 7
            size{quantile="0.5",worker="web/2"} 9
            # TYPE loose untyped
            loose{worker="web/1"} NaN

            """,
            page);
    }

    [Fact]
    public void A_worker_that_has_ended_still_counts_and_its_gauges_do_not()
    {
        _merged.Write([Reading(1, "a", One), Reading(2, "b", Other)]);

        var page = _merged.Write([Reading(1, "c", Other), Reading(2, "b", Other)]);

        Assert.Contains("requests_total{code=\"200\",path=\"/\"} 11\n", page, StringComparison.Ordinal);
        Assert.Contains("took_seconds_count 6\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("0.25", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_that_cannot_be_read_for_a_while_is_no_step_back()
    {
        _merged.Write([Reading(1, "a", One), Reading(2, "b", Other)]);

        var page = _merged.Write([Reading(1, "a", null), Reading(2, "b", Other)]);

        Assert.Contains("requests_total{code=\"200\",path=\"/\"} 7\n", page, StringComparison.Ordinal);
        Assert.Contains("steelyard_worker_metrics_read{worker=\"web/1\"} 0\n", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("a{b=\"c} 1")]
    [InlineData("a{b} 1")]
    [InlineData("a one")]
    public void What_is_no_metrics_is_refused(string text) => Assert.Throws<FormatException>(() => MetricsReader.Read(text));

    [Fact]
    public void Open_metrics_are_read_too()
    {
        var family = Assert.Single(MetricsReader.Read("# TYPE a counter\n# UNIT a seconds\na_total{x=\"1\"} 5 # {trace_id=\"t\"} 1\n# EOF\n"));

        Assert.Equal(("a", "counter", 5d), (family.Name, family.Type, family.Samples[0].Value));
        Assert.True(family.Adds(family.Samples[0]));
    }

    // As prom-client 15 sends it.
    [Fact]
    public void What_prom_client_answers_is_read_as_its_text_would_be()
    {
        var families = PromClientReader.Read("""
            [[{"help":"Time","name":"took","type":"histogram","values":[{"labels":{"le":0.1,"route":"/"},"value":2,"metricName":"took_bucket","exemplar":null},{"labels":{"route":"/"},"value":0.3,"metricName":"took_sum"}],"aggregator":"sum"},
              {"help":"Lag","name":"lag","type":"gauge","values":[{"value":null,"labels":{}}],"aggregator":"average"}]]
            """);

        Assert.Equal(["took", "lag"], families.Select(family => family.Name));
        Assert.Equal("took_bucket", families[0].Samples[0].Name);
        Assert.Equal(["le", "0.1", "route", "/"], families[0].Samples[0].Labels);
        Assert.True(double.IsNaN(families[1].Samples[0].Value));
        Assert.Throws<FormatException>(() => PromClientReader.Read("""[[{"name":"a"}]]"""));
    }

    private static WorkerReading Reading(int number, string life, string? text) => new($"web/{number}", life, text is null ? null : MetricsReader.Read(text));
}
