using Steelyard.Config;

namespace Steelyard.Serving;

/// <summary>What a starting balancer says: where it listens, as a browser would be told, and for whom.</summary>
internal static class Announcement
{
    /// <summary>One line for each address.</summary>
    /// <param name="snapshot">The configuration, instances included.</param>
    /// <param name="addresses">The bound addresses, in the order in which the configuration names them.</param>
    public static IEnumerable<string> Lines(Snapshot snapshot, IReadOnlyList<NetworkAddress> addresses)
    {
        var next = 0;
        foreach (var listener in snapshot.Listeners.ToArray())
        {
            var pools = listener.Routes
                .SelectMany(route => route.Pool is { } pool ? [pool] : route.Split.Select(share => share.Pool))
                .Distinct().Select(pool => Describe(snapshot, pool))
                .DefaultIfEmpty("answers of its own");
            for (var i = 0; i < (listener.Serving == ListenerServing.Open ? listener.Bind.Count : 0); i++)
                yield return $"listening on {NameOf(addresses[next++], listener)} for {string.Join(", ", pools)}";
        }
    }

    /// <summary>The address as its clients name it.</summary>
    public static string NameOf(NetworkAddress address, ListenerSettings listener) =>
        listener.Mode == ListenerMode.Tcp ? address.ToString() : UrlOf(address, listener.Tls is not null);

    /// <summary>The address as a browser on this machine would reach it.</summary>
    /// <param name="address">The address.</param>
    /// <param name="secure">Whether TLS is spoken there.</param>
    public static string UrlOf(NetworkAddress address, bool secure = false) => address switch
    {
        { UnixPath: not null } or { Descriptor: not null } => address.ToString(),
        { Host: "" or "0.0.0.0" or "::" } => $"{(secure ? "https" : "http")}://localhost:{address.Port}",
        _ => $"{(secure ? "https" : "http")}://{address}",
    };

    private static string Describe(Snapshot snapshot, string name)
    {
        var servers = snapshot.Pools.First(pool => pool.Name == name).Servers.Count;
        return $"{name} ({servers} {(servers == 1 ? "server" : "servers")})";
    }
}
