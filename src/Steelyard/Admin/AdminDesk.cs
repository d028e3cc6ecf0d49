using Steelyard.Board;
using Steelyard.Engine;
using Steelyard.Keeper;
using Steelyard.Metrics;
using Steelyard.Serving;
using Steelyard.Shared;

namespace Steelyard.Admin;

/// <summary>What the admin API reads and changes. It never holds anybody up who serves requests: counters are read as they stand.</summary>
/// <param name="balancer">The engine.</param>
/// <param name="keeper">Who keeps changes, and reloads.</param>
/// <param name="served">What the engine serves at first.</param>
internal sealed class AdminDesk(LoadBalancer balancer, IKeeper keeper, ServedConfiguration served)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private volatile ServedConfiguration _served = served;

    public LoadBalancer Balancer => balancer;

    public IKeeper Keeper => keeper;

    /// <summary>What is served now.</summary>
    public ServedConfiguration Served
    {
        get => _served;
        set => _served = value;
    }

    /// <summary>What has come of sharing with other balancers; null where nothing is shared.</summary>
    public SharedCounts? Shared { get; set; }

    /// <summary>When this engine began to serve.</summary>
    public DateTimeOffset Since { get; } = DateTimeOffset.UtcNow;

    /// <summary>What has become of the servers since.</summary>
    public ServerHistory History { get; } = new();

    /// <summary>How many may ask at once, over all sockets and reloads.</summary>
    public AdminRoom Room { get; } = new();

    /// <summary>What goes on, for those who watch.</summary>
    public LiveBoard Live => field ??= new(this);

    /// <summary>What the workers of apps count.</summary>
    public AppMetrics AppMetrics => field ??= new(this);

    /// <summary>Whether there are workers.</summary>
    public bool HasApps => _served.Snapshot.Pools.Any(pool => pool.App is not null);

    /// <summary>What the keeper knows; null where it does not say.</summary>
    public async Task<KeeperState?> KeeperStateAsync()
    {
        try
        {
            return KeeperState.FromLines((await keeper.AskAsync(KeeperRequestKind.State).WaitAsync(s_patience)).Lines);
        }
        catch (TimeoutException)
        {
            // It is busy, with a deploy as it may be; what the engine knows is shown without it.
            return null;
        }
    }
}
