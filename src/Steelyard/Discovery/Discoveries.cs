using System.Collections.Immutable;
using Steelyard.Config;
using Steelyard.Resolving;

namespace Steelyard.Discovery;

/// <summary>
/// All that is looked for on behalf of the configuration that is served, and while it changes also of the one before: the
/// servers that pools discover, and where servers are that a file calls by names. What stays over a reload goes on with
/// what it has found. The keeper has it, so that it outlives engines.
/// </summary>
/// <param name="folder">The folder of the configuration.</param>
/// <param name="tell">Gets a line for what changes, and whether that is bad.</param>
internal sealed class Discoveries(string folder, Action<string, bool> tell) : IAsyncDisposable
{
    // Who starts does not wait for DNS that is dead: what is found later joins later.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_lookAtFilesEvery = TimeSpan.FromMilliseconds(500);

    private readonly SystemNames _system = new();
    private volatile ImmutableDictionary<Wanted, Following> _all = ImmutableDictionary<Wanted, Following>.Empty;

    /// <summary>What is followed: a source of a pool, or with no pool the name of servers.</summary>
    private readonly record struct Wanted(string Pool, DiscoverSettings Settings, ResolverSettings Resolver);

    private sealed class Following
    {
        public required Follower Follower { get; init; }

        public required ImmutableHashSet<string> Pools { get; set; }

        // What requests go by; what was told last, which at first is the same; where a server of a name is, as long as the name says so.
        public IReadOnlyList<ServerSettings>? Given { get; private set; }

        public IReadOnlyList<ServerSettings>? Told { get; set; }

        public string? ToldWhy { get; set; }

        public NetworkAddress? Place { get; set; }

        public IReadOnlyList<ServerSettings> Give()
        {
            Given = Follower.Servers;
            Told ??= Given;
            return Given;
        }
    }

    /// <summary>Called with a pool whose servers have changed; ends when new requests go by it.</summary>
    public Func<string, Task> PoolChanged { get; set; } = static _ => Task.CompletedTask;

    private static ResolverSettings ResolverOf(Snapshot snapshot, PoolSettings pool) => pool.Resolver ?? snapshot.Resolver;

    private static Wanted SourceOf(Snapshot snapshot, PoolSettings pool, DiscoverSettings discover)
    {
        if (discover.File is not null)
            return new(pool.Name, discover, new());
        var resolver = discover.Docker is null ? ResolverOf(snapshot, pool) : new();
        var like = discover.Server ?? new() { Address = NetworkAddress.Nowhere };
        return new(pool.Name, pool.Tls is null ? discover : discover with { Server = like with { Tls = like.Tls ?? pool.Tls } }, resolver);
    }

    private static Wanted NameOf(string host, ResolverSettings resolver) => new("", new() { Dns = host, Records = resolver.PreferIpv6 ? DnsRecords.Ipv6First : DnsRecords.Ipv4First, MostServers = 10_000 }, resolver);

    private static Dictionary<Wanted, ImmutableHashSet<string>> WantedBy(Snapshot snapshot)
    {
        var wanted = new Dictionary<Wanted, ImmutableHashSet<string>>();
        foreach (var pool in snapshot.Pools)
        {
            var resolver = ResolverOf(snapshot, pool);
            foreach (var discover in pool.Discover)
                wanted[SourceOf(snapshot, pool, discover)] = [pool.Name];
            foreach (var server in pool.Servers)
            {
                if (server.At is null && server.Address.HasName)
                    wanted[NameOf(server.Address.Host, resolver)] = wanted.GetValueOrDefault(NameOf(server.Address.Host, resolver), []).Add(pool.Name);
            }
        }

        return wanted;
    }

    /// <summary>Begins to look for what a configuration wants, and waits for the first answers, but not for long.</summary>
    public async Task FollowAsync(Snapshot snapshot)
    {
        List<Task> first = [];
        foreach (var (wanted, pools) in WantedBy(snapshot))
        {
            if (!_all.TryGetValue(wanted, out var following))
                _all = _all.Add(wanted, following = Begin(wanted, pools));
            following.Pools = following.Pools.Union(pools);
            first.Add(following.Follower.First);
        }

        await Task.WhenAny(Task.WhenAll(first), first.Count == 0 ? Task.CompletedTask : Task.Delay(s_patience));
    }

    private Following Begin(Wanted wanted, ImmutableHashSet<string> pools)
    {
        var (settings, resolver) = (wanted.Settings, wanted.Resolver);
        IServerSource source = settings switch
        {
            { File: { } file } => new FileSource(file, Path.Combine(folder, file)),
            { Docker: { } docker } => new DockerSource(docker.IsSwarm ? new TaskServers(docker, settings.Server) : new ContainerServers(docker, settings.Server), Path.Combine(folder, docker.Socket)),
            _ => new DnsSource(settings, new(resolver, _system)),
        };

        // The word of a file, or of Docker, counts until it says something else. Docker's source knows itself when to look.
        var kept = new KeptServers(settings, settings.Dns is not null ? resolver : new() { Hold = null, HoldEmpty = null });
        TimeSpan? every = settings switch { { File: not null } => s_lookAtFilesEvery, { Docker: not null } => TimeSpan.Zero, _ => null };
        return new() { Follower = new(source, kept, follower => ChangedAsync(wanted, follower), TimeProvider.System, every), Pools = pools };
    }

    /// <summary>Looks no more for what a configuration does not want.</summary>
    public void Settle(Snapshot snapshot)
    {
        var wanted = WantedBy(snapshot);
        foreach (var (key, following) in _all)
        {
            if (wanted.TryGetValue(key, out var pools))
            {
                following.Pools = pools;
                continue;
            }

            _all = _all.Remove(key);
            _ = following.Follower.DisposeAsync().AsTask();
        }
    }

    /// <summary>The servers of a pool: those of the file, each where its name says, and those that were found.</summary>
    public IEnumerable<ServerSettings> ServersOf(Snapshot snapshot, PoolSettings pool)
    {
        var resolver = ResolverOf(snapshot, pool);
        var seen = pool.Discover.Count > 0 ? new HashSet<NetworkAddress>() : null;
        foreach (var server in pool.Servers.AsEnumerable())
        {
            seen?.Add(server.Address);
            yield return server.At is null && server.Address.HasName ? server with { At = PlaceOf(server.Address, resolver) } : server;
        }

        foreach (var discover in pool.Discover.AsEnumerable())
        {
            var found = _all.GetValueOrDefault(SourceOf(snapshot, pool, discover))?.Give() ?? [];
            foreach (var server in found.Where(server => seen!.Add(server.Address)))
                yield return discover.File is not null && server.At is null && server.Address.HasName ? server with { At = PlaceOf(server.Address, resolver) } : server;
        }
    }

    /// <summary>Where a server is: where it was, as long as its name says so. Null where nobody looks for the name, so that the engine does.</summary>
    private NetworkAddress? PlaceOf(NetworkAddress address, ResolverSettings resolver)
    {
        if (_all.GetValueOrDefault(NameOf(address.Host, resolver)) is not { } following)
            return null;
        var places = following.Give();
        if (!places.Any(place => place.Address == following.Place))
            following.Place = places.Count > 0 ? places[0].Address : null;
        return following.Place is { } place ? NetworkAddress.ForHost(place.Host, address.Port) : NetworkAddress.Nowhere;
    }

    private async Task ChangedAsync(Wanted wanted, Follower follower)
    {
        if (_all.GetValueOrDefault(wanted) is not { } following)
            return;
        var status = follower.Status;
        foreach (var pool in following.Given is { } given && given.SequenceEqual(status.Servers) ? [] : following.Pools)
            await PoolChanged(pool);
        Tell(wanted, following, status);
    }

    private void Tell(Wanted wanted, Following following, FollowerStatus status)
    {
        var (before, now) = ((following.Told ?? status.Servers).Select(server => server.Address).ToHashSet(), status.Servers.Select(server => server.Address).ToHashSet());
        following.Told = status.Servers;
        var (joined, left) = (now.Except(before).ToList(), before.Except(now).ToList());
        var who = DiscoveryState.NameOf(wanted.Pool, following.Follower.Name);
        if (joined.Count + left.Count > 0)
            tell($"{who}: {string.Join(", ", ((string?[])[Several(joined, "joins", "join"), Several(left, "leaves", "leave")]).OfType<string>())}", false);
        if (status.Why is { } why && why != following.ToldWhy)
            tell($"{who}: {why}{(status.Servers.Count > 0 ? $"; what was found stays in use" : "")}", true);
        following.ToldWhy = status.Why;

        static string? Several(List<NetworkAddress> servers, string one, string many) => servers.Count switch
        {
            0 => null,
            1 => $"{Shown(servers[0])} {one}",
            _ => $"{servers.Count} servers {many}",
        };

        // Of a name no port is known.
        static string Shown(NetworkAddress address) => address is { UnixPath: null, Port: 0 } ? address.Host : address.ToString();
    }

    /// <summary>How all of it does, in the order of pools and names.</summary>
    public IReadOnlyList<DiscoveryState> States =>
    [
        .. _all.Select(pair => (pair.Key.Pool, pair.Value.Follower.Name, pair.Value.Follower.Status)).OrderBy(one => one.Pool, StringComparer.Ordinal).ThenBy(one => one.Name, StringComparer.Ordinal)
            .Select(one => new DiscoveryState(one.Pool, one.Name, [.. one.Status.Servers.Select(server => server.Address is { UnixPath: null, Port: 0 } place ? place.Host : server.Address.ToString())], one.Status.Age, one.Status.Failures, one.Status.Why)),
    ];

    public async ValueTask DisposeAsync()
    {
        var all = _all;
        _all = _all.Clear();
        await Task.WhenAll(all.Values.Select(following => following.Follower.DisposeAsync().AsTask()));
    }
}

/// <summary>How a source of servers does.</summary>
/// <param name="Pool">The pool whose servers it finds; empty for the name of servers.</param>
/// <param name="Source">What it is called.</param>
/// <param name="Servers">What it has found.</param>
/// <param name="Age">How long ago its last good answer came; null for never.</param>
/// <param name="Failures">How many looks have come to nothing.</param>
/// <param name="Why">What is wrong; null for nothing.</param>
internal sealed record DiscoveryState(string Pool, string Source, IReadOnlyList<string> Servers, TimeSpan? Age, long Failures, string? Why)
{
    /// <summary>What lines call it.</summary>
    public string Named => NameOf(Pool, Source);

    /// <summary>What lines call the source of a pool, or the name of servers.</summary>
    public static string NameOf(string pool, string source) => pool.Length > 0 ? $"{pool}, {source}" : source;
}
