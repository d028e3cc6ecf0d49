using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Interop;

namespace Steelyard.Engine.Proxy;

/// <summary>What the loops share of a snapshot: settings, routes, and where each server is. Immutable but for the pools' live state.</summary>
/// <param name="Timeouts">How long each part of an exchange may take.</param>
/// <param name="Limits">How much of each thing is accepted.</param>
/// <param name="Listeners">The listeners, in the order of the snapshot.</param>
/// <param name="Pools">The pools, alive.</param>
/// <param name="Addresses">Where each server is, by <see cref="Server.Ordinal"/>; null where its name did not resolve.</param>
internal sealed record ProxyPlan(MillisecondTimeouts Timeouts, Limits Limits, ListenerState[] Listeners, IReadOnlyCollection<Pool> Pools, KernelAddress?[] Addresses)
{
    /// <summary>Works a snapshot out.</summary>
    /// <param name="snapshot">The configuration.</param>
    /// <param name="resolve">Finds where a server is; null when its name does not resolve.</param>
    /// <param name="unresolved">The servers it was not found for.</param>
    public static ProxyPlan From(Snapshot snapshot, Func<NetworkAddress, KernelAddress?> resolve, out IReadOnlyList<NetworkAddress> unresolved)
    {
        var pools = new Dictionary<string, Pool>(StringComparer.Ordinal);
        var addresses = new List<KernelAddress?>();
        var missing = new List<NetworkAddress>();
        foreach (var settings in snapshot.Pools)
        {
            var pool = new Pool(settings, addresses.Count);
            pools.Add(pool.Name, pool);
            foreach (var server in pool.Servers)
            {
                var address = resolve(server.Settings.Address);
                addresses.Add(address);
                if (address is null)
                    missing.Add(server.Settings.Address);
            }
        }

        var listeners = new ListenerState[snapshot.Listeners.Count];
        for (var i = 0; i < listeners.Length; i++)
        {
            var settings = snapshot.Listeners[i];
            listeners[i] = new ListenerState(
                new RouteTable(settings.Routes.AsSpan(), pools, settings.RequestHeaders, settings.ResponseHeaders),
                [.. settings.TrustedProxies.AsSpan()],
                settings.Forwarded);
        }

        unresolved = missing;
        return new(MillisecondTimeouts.From(snapshot.Timeouts), snapshot.Limits, listeners, pools.Values, [.. addresses]);
    }
}

/// <summary>The timeouts of the snapshot in the unit of the loop's clock.</summary>
internal readonly record struct MillisecondTimeouts(
    long Connect,
    long ClientHeader,
    long ClientBody,
    long ClientIdle,
    long ServerResponse,
    long ServerBody,
    long ServerIdle)
{
    public static MillisecondTimeouts From(Timeouts timeouts) => new(
        InMilliseconds(timeouts.Connect),
        InMilliseconds(timeouts.ClientHeader),
        InMilliseconds(timeouts.ClientBody),
        InMilliseconds(timeouts.ClientIdle),
        InMilliseconds(timeouts.ServerResponse),
        InMilliseconds(timeouts.ServerBody),
        InMilliseconds(timeouts.ServerIdle));

    private static long InMilliseconds(TimeSpan span) => Math.Max(1, (long)span.TotalMilliseconds);
}
