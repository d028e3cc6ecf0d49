using Steelyard.Simulate;

namespace Steelyard.Simulation;

/// <summary>What docs/simulation.md says of the policies, held to what a simulation shows.</summary>
public sealed class PolicyTests
{
    // Whose p99 has to be at most half of round robin's where a server is slower than it looks.
    private static readonly string[] s_adaptive = ["least-connections", "two-choices", "peak-ewma"];

    public static TheoryData<string> Scenarios => [.. ScenarioFile.Names];

    private static Scenario Read(string name, int? seconds = null)
    {
        var scenario = ScenarioFile.Parse(name, ScenarioFile.TextOf(name)!, out var result);
        Assert.Empty(result.Problems);
        Assert.NotNull(scenario);
        return seconds is { } shorter ? scenario with { Duration = TimeSpan.FromSeconds(shorter), WarmUp = TimeSpan.Zero } : scenario;
    }

    private static Dictionary<string, Outcome> RunAll(Scenario scenario, ulong seed = 1) =>
        NamedPolicy.All.ToDictionary(policy => policy.Word, policy => Run.Of(scenario, policy, seed));

    private static Dictionary<string, Outcome> RunSome(Scenario scenario) =>
        NamedPolicy.All.Where(policy => policy.Word == "round-robin" || s_adaptive.Contains(policy.Word)).ToDictionary(policy => policy.Word, policy => Run.Of(scenario, policy, seed: 1));

    private static IEnumerable<KeyValuePair<string, Outcome>> Adaptive(Dictionary<string, Outcome> outcomes) => outcomes.Where(outcome => s_adaptive.Contains(outcome.Key));

    [Theory]
    [InlineData("one-slow")]
    [InlineData("heavy-tail")]
    [InlineData("pauses")]
    [InlineData("cold-join")]
    public void Who_looks_at_what_servers_have_to_do_halves_the_p99_of_round_robin(string name)
    {
        var outcomes = RunSome(Read(name));

        Assert.Equal(1 + s_adaptive.Length, outcomes.Count);
        var most = outcomes["round-robin"].Latency.Percentile(99) / 2;
        Assert.All(Adaptive(outcomes), outcome => Assert.InRange(outcome.Value.Latency.Percentile(99), 1, most));
    }

    [Fact]
    public void A_server_that_fails_fast_attracts_nobody_once_it_is_ejected_for_it()
    {
        var outcomes = RunAll(Read("failing-fast-ejected"));

        // A thousandth of the requests at most, and it gets no more than its share of the time it was well.
        Assert.All(outcomes, outcome => Assert.InRange(outcome.Value.Failed, 0, outcome.Value.Requests / 1000));
        Assert.All(Adaptive(outcomes), outcome => Assert.InRange(outcome.Value.Sent[0], 1, outcome.Value.Requests / 7));
    }

    [Fact]
    public void A_server_that_fails_fast_gets_its_share_alone_of_those_who_find_all_others_full()
    {
        var scenario = Read("failing-fast-limited");
        var outcomes = RunSome(scenario);

        // A fifth of what comes in half of the time, and some that a full server leaves to the next in turn.
        Assert.All(outcomes, outcome => Assert.InRange(outcome.Value.Failed, 1, outcome.Value.Requests / 10 * 115 / 100));
        var theirs = Run.Of(scenario, NamedPolicy.All.Single(policy => policy.Word == "haproxy-leastconn"), seed: 1);
        Assert.InRange(theirs.Failed, outcomes["least-connections"].Failed * 3, theirs.Requests);
    }

    [Fact]
    public void A_server_that_fails_fast_attracts_nobody_by_seeming_idle()
    {
        var outcomes = RunAll(Read("failing-fast"));

        // A fifth is its share. To peak EWMA a failure is a slow answer.
        Assert.InRange(outcomes["least-connections"].Failed, 1, outcomes["round-robin"].Failed * 105 / 100);
        Assert.InRange(outcomes["two-choices"].Failed, 1, outcomes["round-robin"].Failed * 105 / 100);
        Assert.InRange(outcomes["peak-ewma"].Failed, 0, outcomes["round-robin"].Failed / 100);
    }

    [Fact]
    public void One_queue_before_all_servers_beats_many_behind_the_choice_whatever_the_policy()
    {
        var (many, one) = (RunSome(Read("heavy-tail", 30)), RunAll(Read("heavy-tail-queued", 30)));

        Assert.All(one, outcome => Assert.Equal(0, outcome.Value.Failed));
        Assert.All(one, outcome => Assert.InRange(outcome.Value.Latency.Percentile(99), 1, many["least-connections"].Latency.Percentile(99)));
    }

    [Fact]
    public void A_zone_that_is_gone_costs_no_request_where_they_may_be_sent_again()
    {
        var outcomes = RunSome(Read("zone-dies"));

        Assert.All(Adaptive(outcomes), outcome => Assert.Equal(0, outcome.Value.Failed));

        // A connection that opens in vain costs one second, a kept one whose machine is gone five.
        Assert.All(Adaptive(outcomes), outcome => Assert.InRange(outcome.Value.Latency.Percentile(99), 1, 1_000_000));
    }

    [Fact]
    public void A_limit_that_finds_itself_keeps_an_overload_from_everybody_and_costs_next_to_nothing_of_what_servers_can_do()
    {
        var (without, with) = (RunSome(Read("overload")), RunSome(Read("overload-adaptive")));

        Assert.All(with, outcome => Assert.InRange(outcome.Value.Latency.Percentile(99), 1, without[outcome.Key].Latency.Percentile(99) / 10));
        Assert.All(with, outcome => Assert.InRange(outcome.Value.Throughput, without[outcome.Key].Throughput * 0.95, double.MaxValue));

        // Before it and after it nobody is refused.
        Assert.All(with, outcome => Assert.Equal(0, outcome.Value.FailedOf[..20].Sum() + outcome.Value.FailedOf[45..].Sum()));
    }

    [Fact]
    public void A_breaker_for_each_server_spares_requests_that_one_which_hangs_would_swallow()
    {
        var scenario = Read("one-hangs-breaker");
        var (with, without) = (RunSome(scenario), RunSome(scenario with { Pool = scenario.Pool with { Breaker = null } }));

        // Whoever looks at what servers have to do sends one that hangs few as it is.
        Assert.All(with, outcome => Assert.InRange(outcome.Value.Failed, 1, without[outcome.Key].Failed / (s_adaptive.Contains(outcome.Key) ? 1 : 5)));
    }

    [Fact]
    public void A_breaker_of_the_whole_pool_refuses_what_servers_that_hang_would_keep_waiting()
    {
        var scenario = Read("one-hangs-breaker");
        var all = scenario.Incidents[0] with { Servers = [0, 1, 2, 3, 4] };
        var pool = scenario.Pool with { Breaker = scenario.Pool.Breaker! with { Scope = Config.BreakerScope.Pool } };
        var outcome = Run.Of(scenario with { Pool = pool, Incidents = [all, all with { At = scenario.Incidents[1].At, What = IncidentKind.Recover }] }, NamedPolicy.All[0], seed: 1);

        // It opens within a window, lets one request through every five seconds, and all again when that one is answered.
        Assert.InRange(outcome.Sent.Sum(), outcome.Latency.Count + 1, outcome.Latency.Count + (3 * 1500));
        Assert.InRange(outcome.Failed, 30 * 1500 * 0.9, 37 * 1500);
        Assert.Equal(0, outcome.FailedOf[..14].Sum() + outcome.FailedOf[52..].Sum());
    }

    [Fact]
    public void What_a_tier_cannot_take_goes_to_the_next_and_only_as_long_as_it_has_to()
    {
        var outcomes = RunSome(Read("zone-dies-tiers"));

        Assert.All(outcomes, outcome => Assert.Equal(0, outcome.Value.Failed));
        Assert.All(outcomes, outcome =>
        {
            var far = outcome.Value.SentOf[4..];
            Assert.Equal(0, far.Sum(sent => sent[..19].Sum() + sent[46..].Sum()));

            // One of four is left, which keeps 1.4 times its share.
            Assert.InRange(far.Sum(sent => sent[28..39].Sum()), 11 * 1000 * 0.62, 11 * 1000 * 0.68);
        });
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void The_same_seed_gives_the_same_run_byte_for_byte_and_another_seed_another(string name)
    {
        string Svg(ulong seed)
        {
            var scenario = Read(name, 4);
            return SvgChart.Of(scenario, [.. RunAll(scenario, seed).Values], seed: 0);
        }

        var first = Svg(5);

        Assert.Equal(first, Svg(5));
        Assert.NotEqual(first, Svg(6));
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Every_request_is_answered_or_counted_as_failed_and_every_policy_has_the_same(string name)
    {
        var scenario = Read(name, 4);
        var outcomes = RunAll(scenario);

        if (scenario.Load.Clients is null)
            Assert.Single(outcomes.Values.Select(outcome => outcome.Requests).Distinct());
        Assert.All(outcomes.Values, outcome => Assert.Equal(outcome.Requests, outcome.LatencyOf.Sum(slot => slot.Count) + outcome.FailedOf.Sum()));
        Assert.All(outcomes.Values, outcome => Assert.InRange(outcome.Fairness, 1.0 / scenario.Servers.Count, 1.0000001));
    }
}
