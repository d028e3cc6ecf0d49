using System.Text;
using CsCheck;
using Steelyard.Config;
using Steelyard.Simulate;

namespace Steelyard.Simulation;

/// <summary>The simulator against what is known of queues, and what it makes of scenario files.</summary>
public sealed class SimulatorTests
{
    private static readonly NamedPolicy RoundRobin = Named("round-robin");

    private static NamedPolicy Named(string word) => NamedPolicy.All.Single(policy => policy.Word == word);

    private static Scenario Parse(string text)
    {
        var scenario = ScenarioFile.Parse("test.yaml", text, out var result);
        Assert.Empty(result.Problems);
        Assert.NotNull(scenario);
        return scenario;
    }

    [Theory]
    [InlineData(20, 12.5)]
    [InlineData(50, 20)]
    [InlineData(80, 50)]
    public void One_server_with_exponential_times_takes_as_long_as_the_formula_says(int share, double milliseconds)
    {
        // M/M/1: 1 / (mu - lambda), and there and back 2 us.
        var scenario = Parse($"{{ duration: 30m, load: {{ share: {share}% }}, network: 1us, servers: [ {{ time: exponential 10ms, at-once: 1, queue: 1000000 }} ] }}");

        var outcome = Run.Of(scenario, RoundRobin, 3);

        Assert.InRange(outcome.Latency.Mean / 1000, milliseconds * 0.94, milliseconds * 1.06);
    }

    [Fact]
    public void Clients_that_wait_obey_Littles_law()
    {
        var scenario = Parse("{ duration: 300s, warm-up: 10s, load: { clients: 50, think: 100ms }, servers: [ { count: 2, time: exponential 20ms, at-once: 4 } ] }");

        var outcome = Run.Of(scenario, Named("least-connections"), 3);

        // As many as there are: each is asking or thinking.
        Assert.InRange(outcome.Throughput * ((outcome.Latency.Mean / 1_000_000) + 0.1), 48.5, 51.5);
    }

    [Theory]
    [InlineData("constant 10ms", 0.0001)]
    [InlineData("exponential 10ms", 0.02)]
    [InlineData("lognormal 10ms 1", 0.03)]
    [InlineData("pareto 10ms 2.5", 0.05)]
    [InlineData("bimodal 5ms 105ms 5%", 0.03)]
    public void A_distribution_has_the_mean_it_is_given(string text, double tolerance)
    {
        var scenario = Parse($"{{ load: {{ rate: 1 }}, servers: [ {{ time: {text} }} ] }}");
        var (dice, sum) = (new Dice(11), 0.0);

        for (var i = 0; i < 200_000; i++)
            sum += scenario.Servers[0].Time.Throw(ref dice);

        Assert.InRange(sum / 200_000, 10 * (1 - tolerance), 10 * (1 + tolerance));
        Assert.Equal(10, scenario.Servers[0].Time.Mean, 6);
    }

    [Fact]
    public void A_percentile_is_within_its_bound_of_the_exact_one()
    {
        Gen.Long[0, 100_000_000].Array[1, 500].Select(Gen.Double[1, 100]).Sample(
            (times, percent) =>
            {
                var histogram = new Histogram();
                foreach (var time in times)
                    histogram.Add(time);
                Array.Sort(times);
                var exact = times[Math.Max(0, (int)Math.Ceiling(times.Length * percent / 100) - 1)];
                Assert.InRange(histogram.Percentile(percent), exact, (exact * 1.016) + 1);
            },
            iter: 2000);
    }

    [Theory]
    [InlineData("die", 1, 5)]
    [InlineData("hang", 50, 250)]
    [InlineData("vanish", 1, 250)]
    public void A_server_that_goes_away_loses_what_it_had(string what, int least, int most)
    {
        var scenario = Parse($$"""
            { duration: 10s, load: { rate: 200 }, timeouts: { server-response: 1s }, pool: { outlier: { consecutive: 3 }, retries: { budget: 0%, least-per-second: 0 } },
              servers: [ { time: constant 10ms }, { time: constant 10ms } ], events: [ { at: 5s, servers: 1, do: {{what}} } ] }
            """);

        var outcome = Run.Of(scenario, RoundRobin, 3);

        Assert.InRange(outcome.Failed, least, most);
    }

    [Theory]
    [InlineData("hang")]
    [InlineData("vanish")]
    public void What_a_server_had_when_it_went_silent_is_never_answered(string what)
    {
        // One request under way, all of its work still to come.
        var scenario = Parse($$"""
            { duration: 4s, load: { clients: 1 }, timeouts: { server-response: 2s }, pool: { retries: { budget: 0%, least-per-second: 0 } },
              servers: [ { time: constant 600ms } ], events: [ { at: 1s, servers: 1, do: {{what}} } ] }
            """);

        var outcome = Run.Of(scenario, RoundRobin, 3);

        Assert.Equal(1, outcome.Latency.Count);
        Assert.InRange(outcome.Failed, 1, 3);
    }

    [Fact]
    public void Whoever_stops_for_a_while_goes_on_where_it_was()
    {
        var scenario = Parse("{ duration: 2s, load: { clients: 1 }, network: 1us, servers: [ { time: constant 100ms } ], events: [ { at: 1s, servers: 1, do: pause, for: 500ms } ] }");

        var outcome = Run.Of(scenario, RoundRobin, 3);

        Assert.InRange(outcome.Latency.Most, 599_000, 601_000);
        Assert.InRange(outcome.Latency.Percentile(80), 99_000, 102_000);
    }

    [Fact]
    public void A_pool_of_a_configuration_takes_the_place_of_the_scenarios()
    {
        var pool = ConfigurationFile.Parse("listen: [ { bind: ':80', to: web } ]\npools: { web: { balance: random, slow-start: 7s, servers: [ a:1, { address: b:1, weight: 3 }, c:1 ] } }", "x.yaml").Snapshot!.Pools[0];
        var scenario = ScenarioFile.With(Parse("{ load: { rate: 100 }, servers: [ { time: constant 5ms, slower: 2 }, { time: constant 5ms }, { time: constant 5ms, joins: 5s } ] }"), pool, new Timeouts());

        Assert.Equal([2, 1, 1, 1], scenario.Servers.Select(server => server.Slower));
        Assert.Equal([1, 3, 1, 1], scenario.Servers.Select(server => server.Weight));
        var outcome = Run.Of(scenario with { Duration = TimeSpan.FromSeconds(20) }, RoundRobin, 1);
        Assert.InRange((double)outcome.Sent[1] / outcome.Sent[0], 2.9, 3.1);
        Assert.InRange(outcome.Sent[3], 1, outcome.Sent[0] - 1);
    }

    [Theory]
    [InlineData("{ servers: [ { time: constant 1ms } ] }", "1:1", "without 'load'")]
    [InlineData("{ load: { rate: 1 }, servers: [ { time: weibull 1ms } ] }", "1:41", "not a distribution")]
    [InlineData("{ load: { rate: 1 }, servers: [ { time: pareto 1ms 1 } ] }", "1:41", "not a distribution")]
    [InlineData("{ load: { rate: 1 }, servers: [ { time: constant 1ms } ], events: [ { at: 1s, servers: 2, do: die } ] }", "1:1", "names server 2")]
    [InlineData("{ load: { rate: 1 }, servers: [ { time: constant 1ms } ], events: [ { at: 1s, zone: b, do: die } ] }", "1:1", "zone b")]
    [InlineData("{ load: { rate: 1 }, servers: [ { time: constant 1ms } ], events: [ { at: 1s, servers: 1, do: explode } ] }", "1:95", "not known")]
    [InlineData("{ load: { rate: 1 }, pool: { servers: [ a:1 ] }, servers: [ { time: constant 1ms } ] }", "1:1", "no servers of its own")]
    [InlineData("", "1:1", "empty")]
    public void What_is_wrong_with_a_scenario_is_shown_in_its_place(string text, string place, string message)
    {
        Assert.Null(ScenarioFile.Parse("s.yaml", text, out var result));

        var problem = Assert.Single(result.Problems);
        Assert.Equal(place, $"{problem.Line}:{problem.Column}");
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.NotNull(problem.Expected);
    }

    [Fact]
    public void What_is_printed_has_no_colours_where_nobody_sees_them()
    {
        var scenario = Parse("{ duration: 1s, load: { rate: 100 }, servers: [ { time: constant 1ms } ] }");
        var output = new StringWriter(new StringBuilder());

        SimulationPrinter.Print(SimulationPrinter.ConsoleFor(output, toTerminal: false), scenario, [Run.Of(scenario, RoundRobin, 1)], 1, null, toTerminal: false);

        Assert.DoesNotContain('\e', output.ToString());
        Assert.Contains("round-robin", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("p99.9", output.ToString(), StringComparison.Ordinal);
    }
}
