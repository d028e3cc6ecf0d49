using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Health;

namespace Steelyard.Tests.Health;

/// <summary>What checks and operators say of a server that several pools have, and that is asked once.</summary>
public sealed class ProbeTargets
{
    private const long Now = 1_000_000;

    private static readonly NetworkAddress s_address = NetworkAddress.ForHost("10.0.0.1", 80);
    private static readonly ProbeResult s_passed = new(ProbeFault.None, 200);
    private static readonly ProbeResult s_failed = new(ProbeFault.Status, 500);

    private readonly Pool[] _pools = [PoolOf("web"), PoolOf("api")];
    private readonly ProbeTarget _target = new(prober: null!, new(s_address, new(), null, ProxyProtocolVersion.None), up: true);

    public ProbeTargets()
    {
        _target.Serve([.. _pools.Select(pool => (pool, pool.Servers[0]))], null, null, Now);
        _target.Report(s_passed, Now);
    }

    private static Pool PoolOf(string name, Pool? before = null) => new(new() { Name = name, Health = new(), Servers = [new() { Address = s_address }] }, static () => 0, before);

    // As LoadBalancer.TellAsync does.
    private void Force(int pool, bool up)
    {
        _pools[pool].Judge(_pools[pool].Servers[0], up, up ? ProbeFault.None : ProbeFault.Observed, 0, Now);
        _target.Force(_pools[pool].Servers[0], up);
    }

    private string After(params ProbeResult[] results)
    {
        var seen = Seen;
        foreach (var result in results)
        {
            _target.Report(result, Now);
            seen += $" {Seen}";
        }

        return seen;
    }

    private string Seen => string.Concat(_pools.Select(pool => pool.Servers[0].Up ? 'U' : 'D'));

    [Theory]
    [InlineData(0, "DU DU UU UU")]
    [InlineData(1, "UD UD UU UU")]
    public void Who_is_forced_down_in_one_pool_needs_as_many_passes_as_ever_and_stays_up_in_the_other(int pool, string expected)
    {
        Force(pool, up: false);
        Assert.Equal(expected, After(s_passed, s_passed, s_passed));
    }

    [Fact]
    public void Who_is_forced_up_stays_up_until_as_many_checks_as_ever_have_failed()
    {
        Assert.Equal("UU UU UU DD", After(s_failed, s_failed, s_failed));
        Force(1, up: true);
        Assert.Equal("DU DU DU DD DD UU", After(s_failed, s_failed, s_failed, s_passed, s_passed));
    }

    [Fact]
    public void Both_may_be_forced_each_when_its_operator_wants()
    {
        Force(0, up: false);
        _target.Report(s_passed, Now);
        Force(1, up: false);
        Assert.Equal("DD UD UU", After(s_passed, s_passed));
    }

    [Fact]
    public void A_reload_leaves_it_forced()
    {
        Force(0, up: false);
        for (var i = 0; i < 2; i++)
        {
            _pools[i] = PoolOf(_pools[i].Name, _pools[i]);
            _pools[i].TakeOver(Now);
        }

        _target.Serve([.. _pools.Select(pool => (pool, pool.Servers[0]))], null, null, Now);
        Assert.Equal("DU DU UU", After(s_passed, s_passed));
    }
}
