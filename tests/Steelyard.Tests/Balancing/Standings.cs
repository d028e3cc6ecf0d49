using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>Who of a pool gets requests, on a clock of the test's own.</summary>
public sealed class Standings
{
    private long _now = 1_000_000;

    [Fact]
    public void The_only_server_is_never_left_out()
    {
        var pool = PoolOf(1);
        Fail(pool, 0, 100);
        Assert.False(pool.Servers[0].Ejected);
        Assert.Equal("000", Choices(pool, 3));
    }

    [Fact]
    public void Of_two_one_may_be_left_out_and_not_the_other()
    {
        var pool = PoolOf(2);
        Fail(pool, 0, 5);
        Fail(pool, 1, 100);
        Assert.Equal((true, false), (pool.Servers[0].Ejected, pool.Servers[1].Ejected));
        Assert.Equal("1111", Choices(pool, 4));
    }

    [Theory]
    [InlineData(3, 50, 1)]
    [InlineData(4, 50, 2)]
    [InlineData(10, 10, 1)]
    [InlineData(10, 30, 3)]
    [InlineData(3, 0, 1)]
    [InlineData(3, 100, 2)] // Never the last.
    public void So_many_may_be_left_out_at_once(int servers, int percent, int expected)
    {
        var pool = PoolOf(servers, settings => settings with { Outlier = new() { MostEjected = percent } });
        for (var i = 0; i < servers; i++)
            Fail(pool, i, 50);
        Assert.Equal(expected, pool.Servers.Count(server => server.Ejected));
    }

    [Fact]
    public void Who_is_left_out_comes_back_by_the_trial_of_one_request()
    {
        var pool = PoolOf(2);
        Fail(pool, 0, 5);
        Assert.True(pool.Tick(_now += 999));
        Assert.True(pool.Servers[0].Ejected);
        Assert.False(pool.Tick(_now += 1));
        Assert.True(pool.Servers[0].Trying);
        Assert.Equal("0111", Choices(pool, 4).Order());

        pool.Learn(pool.Servers[0], ServerFailure.None, 200, _now);
        Assert.False(pool.Servers[0].Trying);
        Assert.Equal("0011", Choices(pool, 4).Order());
    }

    [Fact]
    public void A_trial_that_fails_leaves_the_server_out_for_longer()
    {
        var pool = PoolOf(2);
        Fail(pool, 0, 5);
        pool.Tick(_now += 1000);
        Fail(pool, 0, 1);
        Assert.True(pool.Servers[0].Ejected);
        pool.Tick(_now += 1999);
        Assert.True(pool.Servers[0].Ejected);
        pool.Tick(_now += 1);
        Assert.True(pool.Servers[0].Trying);
        Assert.Equal(2, pool.Servers[0].Ejections);
    }

    [Fact]
    public void A_server_on_trial_serves_when_nobody_else_is_left()
    {
        var pool = PoolOf(2);
        Fail(pool, 0, 5);
        pool.Tick(_now += 1000);
        pool.Checked(pool.Servers[1], up: false, ProbeFault.Refused, 0, _now);
        Assert.Equal("000", Choices(pool, 3));
    }

    [Fact]
    public void Those_that_were_left_out_serve_when_all_others_are_down()
    {
        var pool = PoolOf(3);
        Fail(pool, 1, 5);
        pool.Checked(pool.Servers[0], up: false, ProbeFault.Refused, 0, _now);
        pool.Checked(pool.Servers[2], up: false, ProbeFault.Refused, 0, _now);
        Assert.Equal("111", Choices(pool, 3));
    }

    [Fact]
    public void Nobody_serves_when_all_are_down()
    {
        var pool = PoolOf(2);
        pool.Checked(pool.Servers[0], up: false, ProbeFault.Refused, 0, _now);
        pool.Checked(pool.Servers[1], up: false, ProbeFault.Refused, 0, _now);
        Assert.Equal("-", Choices(pool, 1));
        pool.Checked(pool.Servers[1], up: true, ProbeFault.None, 200, _now);
        Assert.Equal("11", Choices(pool, 2));
    }

    [Theory]
    [InlineData(1, "0123")] // 75% are well.
    [InlineData(2, "0011")] // Half of them are, which is not below half.
    [InlineData(3, "0123")] // A quarter: everybody, well or not.
    [InlineData(4, "0123")]
    public void Below_the_panic_share_health_is_ignored(int down, string expected)
    {
        var pool = PoolOf(4, settings => settings with { Panic = 50 });
        for (var i = 0; i < down; i++)
            pool.Checked(pool.Servers[3 - i], up: false, ProbeFault.Refused, 0, _now);
        Assert.Equal(down == 1 ? "0012" : expected, Choices(pool, 4).Order());
    }

    [Fact]
    public void A_server_that_comes_up_again_is_forgiven()
    {
        var pool = PoolOf(2, settings => settings with { Health = new() });
        Fail(pool, 0, 5);
        pool.Checked(pool.Servers[0], up: false, ProbeFault.Refused, 0, _now);
        pool.Checked(pool.Servers[0], up: true, ProbeFault.None, 200, _now);
        Assert.Equal((false, 0), (pool.Servers[0].Ejected, pool.Servers[0].Ejections));
        Assert.Equal("0011", Choices(pool, 4).Order());
    }

    [Theory]
    [InlineData(BalancePolicy.RoundRobin)]
    [InlineData(BalancePolicy.LeastConnections)]
    [InlineData(BalancePolicy.Random)]
    [InlineData(BalancePolicy.TwoChoices)]
    [InlineData(BalancePolicy.StaticRoundRobin)]
    [InlineData(BalancePolicy.HaproxyRoundRobin)]
    [InlineData(BalancePolicy.PeakEwma)]
    public void A_server_that_comes_back_gets_its_share_step_by_step(BalancePolicy policy)
    {
        var pool = PoolOf(2, settings => settings with { Balance = policy, SlowStart = TimeSpan.FromSeconds(16) });
        Assert.Equal(0.5, ShareOfFirst(pool), 0.1);
        pool.Checked(pool.Servers[0], up: false, ProbeFault.Refused, 0, _now);
        Assert.Equal(0, ShareOfFirst(pool));
        pool.Checked(pool.Servers[0], up: true, ProbeFault.None, 200, _now);
        Assert.InRange(ShareOfFirst(pool), 0.01, 0.15);
        Assert.True(pool.Tick(_now += 7_000));
        Assert.Equal(8.0 / 24, ShareOfFirst(pool), 0.1);
        Assert.False(pool.Tick(_now += 9_000));
        Assert.Equal(0.5, ShareOfFirst(pool), 0.1);
    }

    // The order of their turns is made anew with each step, on a loop: in sixteenths it would be two million turns long.
    [Fact]
    public void Of_many_servers_of_many_weights_one_that_comes_back_gets_its_share_in_steps_of_its_weight()
    {
        var pool = PoolOf(1000, settings => settings with
        {
            SlowStart = TimeSpan.FromSeconds(16),
            Servers = settings.Servers.Select((server, i) => server with { Weight = (i % 256) + 1 }).ToValueList(),
        });
        var whole = pool.Picker.TotalWeight;
        foreach (var server in new[] { 200, 0 })
        {
            pool.SetState(pool.Servers[server], ServerState.Maintenance, _now);
            pool.SetState(pool.Servers[server], ServerState.Ready, _now);
        }

        Assert.Equal((201 / 16, 1), (pool.Picker.Basis[200], pool.Picker.Basis[0]));
        Assert.Equal(whole - 201 + (201 / 16), pool.Picker.TotalWeight);
        pool.Tick(_now + 7_500);
        Assert.Equal(201 / 2, pool.Picker.Basis[200]);
        pool.Tick(_now + 16_000);
        Assert.Equal(whole, pool.Picker.TotalWeight);
    }

    [Fact]
    public void A_server_that_joins_gets_its_share_step_by_step_and_those_that_were_there_keep_theirs()
    {
        var settings = SettingsOf(2) with { SlowStart = TimeSpan.FromSeconds(16) };
        var before = new Pool(settings with { Servers = [settings.Servers[1]] }, 0);
        before.Refresh(_now);
        var next = 1;
        var pool = new Pool(settings, () => next++, before);
        pool.Refresh(_now);
        Assert.InRange(ShareOfFirst(pool), 0.01, 0.15);
        pool.Tick(_now += 16_000);
        Assert.Equal(0.5, ShareOfFirst(pool), 0.05);
    }

    [Theory]
    [InlineData(HealthStart.Auto, false, "01")]
    [InlineData(HealthStart.Auto, true, "11")]
    [InlineData(HealthStart.Up, true, "01")]
    [InlineData(HealthStart.Down, false, "--")]
    public void Before_its_first_check_a_server_counts_as(HealthStart start, bool joins, string expected)
    {
        var settings = SettingsOf(2) with { Health = new() { Start = start } };
        var before = joins ? new Pool(settings with { Servers = [settings.Servers[1]] }, 0) : null;
        var next = 1;
        var pool = new Pool(settings, () => next++, before);
        Assert.Equal(expected, Choices(pool, 2).Order());
    }

    [Theory]
    [InlineData(HealthStart.Auto, null, "01")]
    [InlineData(HealthStart.Auto, 3, "01")]
    [InlineData(HealthStart.Down, null, "--")]
    public void When_all_servers_are_others_at_once_they_serve_before_their_first_check(HealthStart start, int? maxFails, string expected)
    {
        var settings = SettingsOf(4) with { Health = new() { Start = start }, Outlier = new() { MaxFails = maxFails } };
        var before = new Pool(settings with { Servers = [settings.Servers[2], settings.Servers[3]] }, 0);
        var next = 2;
        var pool = new Pool(settings with { Servers = [settings.Servers[0], settings.Servers[1]] }, () => next++, before);
        pool.TakeOver(_now);
        Assert.Equal(expected, Choices(pool, 2).Order());

        pool.Checked(pool.Servers[0], up: false, ProbeFault.Refused, 0, _now);
        Assert.Equal(expected == "--" ? "-" : "1", Choices(pool, 1));
        pool.Checked(pool.Servers[1], up: false, ProbeFault.Refused, 0, _now);
        Assert.Equal("-", Choices(pool, 1));
        pool.Checked(pool.Servers[0], up: true, ProbeFault.None, 200, _now);
        Assert.Equal("00", Choices(pool, 2));
    }

    [Fact]
    public void Who_has_joined_and_was_not_asked_yet_serves_when_those_that_stay_go_down()
    {
        var settings = SettingsOf(2) with { Health = new() };
        var before = new Pool(settings with { Servers = [settings.Servers[0]] }, 0);
        var next = 1;
        var pool = new Pool(settings, () => next++, before);
        Assert.Equal("00", Choices(pool, 2));
        pool.Checked(pool.Servers[0], up: false, ProbeFault.Refused, 0, _now);
        Assert.Equal("11", Choices(pool, 2));
        pool.Checked(pool.Servers[0], up: true, ProbeFault.None, 0, _now);
        Assert.Equal("00", Choices(pool, 2));
    }

    [Fact]
    public void State_outlives_a_reload()
    {
        var settings = SettingsOf(4) with { Health = new() };
        var before = new Pool(settings, 0);
        Fail(before, 0, 5);
        before.Checked(before.Servers[1], up: false, ProbeFault.Timeout, 0, _now);
        before.SetState(before.Servers[2], ServerState.Drain, _now);
        var next = 0;
        var after = new Pool(settings with { Balance = BalancePolicy.LeastConnections }, () => next++, before);
        Assert.Equal("333", Choices(after, 3));
        Assert.Equal(ProbeFault.Timeout, after.Servers[1].LastCheck);

        // Nobody asks any more: nobody is down. And those that are left out by other rules are judged anew.
        var unasked = new Pool(settings with { Health = null, Outlier = null, Balance = BalancePolicy.RoundRobin }, () => next++, after);
        Assert.Equal("013", Choices(unasked, 3).Order());
    }

    [Fact]
    public void Weights_and_states_are_set_live()
    {
        var pool = PoolOf(2);
        pool.SetWeight(pool.Servers[0], 3, _now);
        Assert.Equal("0001", Choices(pool, 4).Order());
        pool.SetWeight(pool.Servers[0], 0, _now);
        Assert.Equal("11", Choices(pool, 2));
        pool.SetWeight(pool.Servers[0], null, _now);
        Assert.Equal("0011", Choices(pool, 4).Order());
        pool.SetState(pool.Servers[1], ServerState.Maintenance, _now);
        Assert.Equal("00", Choices(pool, 2));
        pool.SetState(pool.Servers[1], ServerState.Ready, _now);
        Assert.Equal("0011", Choices(pool, 4).Order());
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.SetWeight(pool.Servers[0], 257, _now));
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.SetWeight(pool.Servers[0], -1, _now));
    }

    [Fact]
    public void The_housekeeper_is_called_when_there_is_something_to_do_later()
    {
        var pool = PoolOf(2);
        var called = 0;
        pool.Stirred = stirred => called += stirred == pool ? 1 : 100;
        pool.Refresh(_now);
        Fail(pool, 0, 4);
        Assert.Equal(0, called);
        Fail(pool, 0, 1);
        Assert.Equal(1, called);
    }

    [Fact]
    public async Task Loops_that_change_and_choose_at_once_end_with_the_last_word()
    {
        var pool = PoolOf(8);
        var workers = Enumerable.Range(0, 4).Select(number => Task.Run(() =>
        {
            for (var i = 0; i < 2_000; i++)
            {
                pool.Checked(pool.Servers[number], up: i % 2 == 1, ProbeFault.None, 0, _now);
                Assert.NotEqual("-", Choices(pool, 1));
            }
        })).ToArray();
        await Task.WhenAll(workers);
        Assert.Equal("01234567", Choices(pool, 8).Order());
        Assert.All(pool.Servers, server => Assert.Equal(0, server.Active));
    }

    private static PoolSettings SettingsOf(int servers) => new()
    {
        Name = "pool",
        Servers = Enumerable.Range(0, servers).Select(i => new ServerSettings { Address = NetworkAddress.ForHost("127.0.0.1", 1000 + i) }).ToValueList(),
    };

    private static Pool PoolOf(int servers, Func<PoolSettings, PoolSettings>? change = null) => new((change ?? (settings => settings))(SettingsOf(servers)), 0);

    private void Fail(Pool pool, int server, int times)
    {
        for (var i = 0; i < times; i++)
            pool.Learn(pool.Servers[server], ServerFailure.Refused, 0, _now);
    }

    /// <summary>The servers chosen for requests that end at once.</summary>
    private string Choices(Pool pool, int count)
    {
        var chosen = "";
        for (var i = 0; i < count; i++)
        {
            var decision = pool.Choose(new() { Tried = Pools.Tried(pool), Now = _now });
            chosen += decision.Server?.Index.ToString() ?? "-";
            decision.Server?.End();
        }

        return chosen;
    }

    private double ShareOfFirst(Pool pool)
    {
        var random = new Random(1);
        var (first, active) = (0, new Queue<Server>());
        for (var i = 0; i < 4_800; i++)
        {
            var server = pool.Choose(new() { Tried = Pools.Tried(pool), Now = _now, Chance = (ulong)random.NextInt64() << 1 }).Server!;
            first += server.Index == 0 ? 1 : 0;
            active.Enqueue(server);
            if (active.Count > 48)
                active.Dequeue().End();
        }

        while (active.TryDequeue(out var left))
            left.End();
        return first / 4800.0;
    }
}

internal static class TextOrder
{
    /// <summary>The characters in their order.</summary>
    public static string Order(this string text) => string.Concat(Enumerable.Order(text));
}
