using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>What is said of a choice, and that asking changes nothing.</summary>
public sealed class Explanations
{
    public static TheoryData<BalancePolicy> Policies => [.. Enum.GetValues<BalancePolicy>()];

    [Theory]
    [MemberData(nameof(Policies))]
    public void An_explained_choice_is_the_choice_that_would_have_been_made(BalancePolicy policy)
    {
        var (explained, plain) = (Pools.Of(policy, 5, 1, 1, 3), Pools.Of(policy, 5, 1, 1, 3));
        var candidates = new List<Candidate>();

        for (var i = 0UL; i < 40; i++)
        {
            var seen = Array.ConvertAll([.. explained.Servers], server => server.Active);
            var expected = Choose(plain, i);

            var decision = explained.Explain(new() { Tried = Pools.Tried(explained), Chance = ChanceOf(i), Now = (long)i }, candidates);

            Assert.Equal((expected.Server?.Index, expected.Reason), (decision.Server?.Index, decision.Reason));
            Assert.Equal(seen, candidates.Select(candidate => candidate.Active));
            Assert.All(candidates, candidate => Assert.Equal(CandidateState.Eligible, candidate.State));
        }
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void A_copy_goes_on_as_its_original_would_and_takes_nothing_from_it(BalancePolicy policy)
    {
        var (pool, untouched) = (Pools.Of(policy, 5, 1, 1, 3), Pools.Of(policy, 5, 1, 1, 3));
        for (var i = 0UL; i < 7; i++)
        {
            Choose(pool, i);
            Choose(untouched, i);
        }

        var copy = pool.Copy();
        Pools.Occupy(copy.Servers[0], 3);
        copy.SetState(copy.Servers[1], ServerState.Maintenance, 0);
        var second = pool.Copy();
        for (var i = 7UL; i < 40; i++)
        {
            var expected = Choose(untouched, i);
            Assert.Equal(expected.Server!.Index, Choose(second, i).Server!.Index);
        }

        Assert.Equal(7, pool.Servers.Sum(server => server.Active));
        for (var i = 0UL; i < 7; i++)
            Choose(copy, i);
        var again = Pools.Of(policy, 5, 1, 1, 3);
        for (var i = 0UL; i < 7; i++)
            Choose(again, i);
        for (var i = 7UL; i < 40; i++)
            Assert.Equal(Choose(again, i).Server!.Index, Choose(pool, i).Server!.Index);
    }

    [Fact]
    public void Who_is_left_out_is_told_with_the_reason()
    {
        var pool = new Pool(
            new PoolSettings
            {
                Name = "pool",
                Health = new(),
                Outlier = new() { Consecutive = 1, Ejection = TimeSpan.FromSeconds(10) },
                Servers = Enumerable.Range(0, 8).Select(i => new ServerSettings { Address = NetworkAddress.ForHost("127.0.0.1", 1000 + i), Weight = i == 4 ? 0 : 2 }).ToValueList(),
            },
            0);
        pool.Checked(pool.Servers[1], up: false, ProbeFault.Refused, 0, now: 0);
        pool.SetState(pool.Servers[2], ServerState.Drain, 0);
        pool.SetState(pool.Servers[3], ServerState.Maintenance, 0);
        pool.Learn(pool.Servers[5], ServerFailure.Refused, 0, 0);
        pool.Learn(pool.Servers[7], ServerFailure.Refused, 0, 0);
        pool.Tick(10_000);
        pool.Learn(pool.Servers[5], ServerFailure.Refused, 0, 10_001);
        var candidates = new List<Candidate>();

        pool.Explain(new() { Tried = Pools.Tried(pool, 6), Now = 10_002 }, candidates);

        Assert.Equal(
            [CandidateState.Eligible, CandidateState.Down, CandidateState.Draining, CandidateState.Maintenance, CandidateState.WithoutWeight, CandidateState.Ejected, CandidateState.Tried, CandidateState.OnTrial],
            candidates.Select(candidate => candidate.State));
        Assert.Equal([2, 0, 0, 0, 0, 0, 2, 2], candidates.Select(candidate => candidate.Share));
        Assert.All(candidates, candidate => Assert.Equal(candidate.State is CandidateState.Eligible or CandidateState.OnTrial, !double.IsNaN(candidate.Score)));
    }

    [Fact]
    public void A_trial_that_a_copy_takes_is_not_taken_from_the_requests()
    {
        var pool = new Pool(
            new PoolSettings
            {
                Name = "pool",
                Outlier = new() { Consecutive = 1, Ejection = TimeSpan.FromSeconds(1) },
                Servers = [new ServerSettings { Address = NetworkAddress.ForHost("127.0.0.1", 1) }, new ServerSettings { Address = NetworkAddress.ForHost("127.0.0.1", 2) }],
            },
            0);
        pool.Learn(pool.Servers[0], ServerFailure.Refused, 0, 0);
        pool.Tick(1000);

        var copy = pool.Copy();
        var taken = Enumerable.Range(0, 4).Count(i => Choose(copy, (ulong)i, 1000).Server!.Index == 0);

        Assert.Equal(1, taken);
        Assert.Equal(1, Enumerable.Range(0, 4).Count(i => Choose(pool, (ulong)i, 1000).Server!.Index == 0));
    }

    private static Decision Choose(Pool pool, ulong i, long now = 0) => pool.Choose(new() { Tried = Pools.Tried(pool), Chance = ChanceOf(i), Now = now == 0 ? (long)i : now });

    private static ulong ChanceOf(ulong i) => (i + 1) * 0x9E3779B97F4A7C15;
}
