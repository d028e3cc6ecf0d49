using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Strictness;

/// <summary>One balancer with its server for all cases of a class.</summary>
public abstract class StrictBalancer(bool tls, bool tolerant = false) : IAsyncLifetime
{
    private WireOrigin _origin = null!;
    private TestBalancer _balancer = null!;

    public ValueTask InitializeAsync()
    {
        _origin = new WireOrigin();
        _balancer = TestBalancer.Start([_origin.Address], snapshot => snapshot with { Listeners = [Guarded(snapshot.Listeners[0]) with { Tolerant = tolerant }] }, tls);
        return default;
    }

    private static ListenerSettings Guarded(ListenerSettings listener) => listener with
    {
        Routes = [new RouteSettings { Path = "/admin", Respond = new FixedResponse(403) }, .. listener.Routes],
    };

    /// <summary>What has to become of a case.</summary>
    internal string Expected(WireCase wireCase) => (tolerant ? wireCase.Tolerant : null) ?? wireCase.Outcome;

    /// <summary>What becomes of a case.</summary>
    internal async Task<string> Try(WireCase wireCase)
    {
        using var client = await _balancer.Connect();
        return await WireResult.Of(wireCase, client, _origin);
    }

    public async ValueTask DisposeAsync()
    {
        await _balancer.DisposeAsync();
        await _origin.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

public sealed class PlainBalancer() : StrictBalancer(tls: false);

public sealed class TlsBalancer() : StrictBalancer(tls: true);

public sealed class TolerantBalancer() : StrictBalancer(tls: false, tolerant: true);

/// <summary>Every case of the table in docs/http.md, byte for byte over real sockets.</summary>
public abstract class StrictnessTests(StrictBalancer balancer)
{
    public static TheoryData<string, string> Cases => WireCases.Names;

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Does_what_the_table_says(string group, string name)
    {
        var wireCase = WireCases.Find(group, name);

        Assert.Equal(balancer.Expected(wireCase), await balancer.Try(wireCase));
    }
}

public sealed class StrictnessOnPlainConnections(PlainBalancer balancer) : StrictnessTests(balancer), IClassFixture<PlainBalancer>;

[Trait("Lane", "files")]
public sealed class StrictnessInsideOfTls(TlsBalancer balancer) : StrictnessTests(balancer), IClassFixture<TlsBalancer>;

public sealed class StrictnessOnTolerantListeners(TolerantBalancer balancer) : StrictnessTests(balancer), IClassFixture<TolerantBalancer>;
