using System.Collections.Immutable;
using System.Globalization;
using Steelyard.Config;

namespace Steelyard.Keeper;

/// <summary>
/// What operators have made of the configuration while it is served: servers in and out, limits. The keeper has it, so that
/// it outlives reloads and engines; it ends with the keeper. Immutable.
/// </summary>
internal sealed record LiveSettings
{
    /// <summary>Nothing: what the file says.</summary>
    public static LiveSettings None { get; } = new();

    private ImmutableDictionary<(string Pool, NetworkAddress Address), LiveServer> Servers { get; init; } = ImmutableDictionary<(string, NetworkAddress), LiveServer>.Empty;

    private ImmutableDictionary<string, int> Listeners { get; init; } = ImmutableDictionary<string, int>.Empty;

    /// <summary>Whether listeners are listened on where the file says otherwise, by their first addresses.</summary>
    private ImmutableDictionary<string, ListenerServing> Servings { get; init; } = ImmutableDictionary<string, ListenerServing>.Empty;

    /// <summary>How many client connections may be open; null for what the file says.</summary>
    private int? Connections { get; init; }

    /// <summary>How many of them may be accepted in a second; null for what the file says.</summary>
    private int? Pace { get; init; }

    /// <param name="There">Whether it is in the pool; null for what the file says.</param>
    /// <param name="Limit">How many requests it may have at once; null for what the file says.</param>
    private sealed record LiveServer(bool? There, int? Limit)
    {
        /// <summary>What an added one is called; null for its address.</summary>
        public string? Name { get; init; }

        /// <summary>Where it is now; null for where the file says.</summary>
        public NetworkAddress? At { get; init; }

        /// <summary>Where checks go; nothing for where the file says.</summary>
        public (string? Address, int? Port) Checked { get; init; }

        /// <summary>Whether an added one only serves when no other can.</summary>
        public bool Backup { get; init; }

        public bool IsNone => There is null && Limit is null && At is null && Checked == default;
    }

    /// <summary>With one thing changed.</summary>
    /// <param name="words">
    /// <c>add</c> or <c>remove</c> with pool and address, behind which an added one may have a name; <c>limit</c> with pool,
    /// address and a number; <c>move</c> with pool, address and another address; <c>listener</c> with its first address and a
    /// number; <c>serving</c> with its first address and <c>open</c>, <c>paused</c> or <c>closed</c>; <c>connections</c> and
    /// <c>pace</c> with a number; <c>check</c> with pool, address, and where checks go: an address, a port. No number is what the file says.
    /// </param>
    /// <param name="file">What the file says.</param>
    /// <param name="now">What is served now.</param>
    /// <exception cref="EngineException">That cannot be.</exception>
    public LiveSettings With(IReadOnlyList<string> words, Snapshot file, Snapshot now)
    {
        if (words is ["listener", var listener, var most])
            return file.Listeners.Any(one => one.Bind[0].ToString() == listener) ? this with { Listeners = Put(Listeners, listener, NumberIn(most)) } : throw new EngineException($"there is no listener '{listener}'");
        if (words is ["serving", var which, var serving])
        {
            if (!file.Listeners.Any(one => one.Bind[0].ToString() == which))
                throw new EngineException($"there is no listener '{which}'");
            var wanted = serving switch { "open" => ListenerServing.Open, "closed" => ListenerServing.Closed, _ => ListenerServing.Paused };
            return this with { Servings = ServingIn(file, which) == wanted ? Servings.Remove(which) : Servings.SetItem(which, wanted) };
        }

        if (words is ["connections", var open])
            return this with { Connections = NumberIn(open) };
        if (words is ["pace", var often])
            return this with { Pace = NumberIn(often) };
        var address = NetworkAddress.TryParse(words[2], out var read, out var expected) ? read : throw new EngineException($"'{words[2]}' is not an address; expected {expected}");
        var pool = now.Pools.FirstOrDefault(pool => pool.Name == words[1]) ?? throw new EngineException($"there is no pool '{words[1]}'");
        if (words[0] == "move")
            return Move(pool, address, NetworkAddress.TryParse(words[3], out var next, out expected) ? next : throw new EngineException($"'{words[3]}' is not an address; expected {expected}"), file);

        // One that was moved is known by where the file has it.
        var asked = address;
        address = Servers.FirstOrDefault(server => server.Key.Pool == words[1] && server.Value.At == asked) is { Value: not null } moved ? moved.Key.Address : address;
        var (there, inFile) = (pool.Servers.Any(server => server.Address == asked), file.Pools.First(same => same.Name == pool.Name).Servers.Any(server => server.Address == address));
        var live = Servers.GetValueOrDefault((pool.Name, address)) ?? new(null, null);
        return words[0] switch
        {
            "add" when there => throw new EngineException($"{address} is in {pool.Name} already"),
            "add" when live.At is not null => throw new EngineException($"{address} is where the file has a server of {pool.Name} that was moved: move it back"),
            "add" => Put(pool.Name, address, live with { There = inFile ? null : true, Name = words.Count > 3 ? words[3] : null, Backup = words.Count > 4 && words[4] == "backup" }),
            "remove" when !there => throw new EngineException($"{address} is not in {pool.Name}"),
            "remove" when !inFile && live.There is null && pool.Discover.Count > 0 && pool.App is null => throw new EngineException($"{address} was found by 'discover' of {pool.Name}: drain it, or take it out where it is found"),
            "remove" when !inFile && live.There is null => throw new EngineException($"{address} is a worker of {pool.Name}: let it have fewer, with 'steelyard scale'"),
            "remove" when pool.Servers.Count == 1 => throw new EngineException($"{address} is the only server of {pool.Name}"),
            "remove" => Put(pool.Name, address, new(inFile ? false : null, null)),
            "limit" or "check" when !there => throw new EngineException($"{address} is not in {pool.Name}"),
            "check" when !inFile && live.There is null => throw new EngineException($"{address} is no server that a file or a command names: its checks are as {pool.Name} says"),
            "check" => Put(pool.Name, address, live with { Checked = (words[3].Length > 0 ? words[3] : live.Checked.Address, NumberIn(words[4]) ?? live.Checked.Port) }),
            _ => Put(pool.Name, address, live with { Limit = NumberIn(words[3]) }),
        };
    }

    /// <summary>With a server at another address.</summary>
    private LiveSettings Move(PoolSettings pool, NetworkAddress from, NetworkAddress to, Snapshot file)
    {
        if (!pool.Servers.Any(server => server.Address == from))
            throw new EngineException($"{from} is not in {pool.Name}");
        if (from != to && pool.Servers.Any(server => server.Address == to))
            throw new EngineException($"{to} is in {pool.Name} already");
        var (key, live) = Servers.FirstOrDefault(server => server.Key.Pool == pool.Name && (server.Value.At ?? server.Key.Address) == from) is { Value: not null } known ? known : new((pool.Name, from), new(null, null));
        if (file.Pools.First(same => same.Name == pool.Name).Servers.Any(server => server.Address == key.Address))
            return Put(pool.Name, key.Address, live with { At = to == key.Address ? null : to });
        if (live.There is null)
            throw new EngineException($"{from} is a worker of {pool.Name}, which says itself where it is");
        return Put(pool.Name, key.Address, new(null, null)).Put(pool.Name, to, live);
    }

    private static ListenerServing? ServingIn(Snapshot file, string listener) => file.Listeners.FirstOrDefault(one => one.Bind[0].ToString() == listener)?.Serving;

    private static string WordOf(ListenerServing? serving) => serving switch { ListenerServing.Paused => "paused", ListenerServing.Closed => "closed", _ => "open" };

    private static int? NumberIn(string text) => text.Length == 0 ? null : int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private LiveSettings Put(string pool, NetworkAddress address, LiveServer server) =>
        this with { Servers = server.IsNone ? Servers.Remove((pool, address)) : Servers.SetItem((pool, address), server) };

    private static ImmutableDictionary<string, int> Put(ImmutableDictionary<string, int> numbers, string name, int? number) =>
        number is { } given ? numbers.SetItem(name, given) : numbers.Remove(name);

    /// <summary>A configuration with all of it.</summary>
    public Snapshot ApplyTo(Snapshot file) => Servers.IsEmpty && Listeners.IsEmpty && Servings.IsEmpty && Connections is null && Pace is null ? file : file with
    {
        Limits = file.Limits with { Connections = Connections ?? file.Limits.Connections, ConnectionsPerSecond = Pace is { } pace ? (pace == 0 ? null : pace) : file.Limits.ConnectionsPerSecond },
        Listeners = file.Listeners.Select(OfListener).ToValueList(),
        Pools = file.Pools.Select(pool => pool with { Servers = ServersOf(pool).ToValueList() }).ToValueList(),
    };

    private ListenerSettings OfListener(ListenerSettings listener)
    {
        var name = listener.Bind[0].ToString();
        return listener with
        {
            MaxConnections = Listeners.TryGetValue(name, out var most) ? most : listener.MaxConnections,
            Serving = Servings.TryGetValue(name, out var serving) ? serving : listener.Serving,
        };
    }

    private IEnumerable<ServerSettings> ServersOf(PoolSettings pool)
    {
        foreach (var server in pool.Servers.AsEnumerable())
        {
            if (Servers.GetValueOrDefault((pool.Name, server.Address)) is not { } live)
                yield return server;
            else if (live.There != false)
                yield return server with { MaxConnections = live.Limit ?? server.MaxConnections, Address = live.At ?? server.Address, ClientPort = live.At is { Port: > 0 } ? null : server.ClientPort, Health = live.Checked == default ? server.Health : HealthAt(pool.HealthOf(server), live.Checked) };
        }

        foreach (var (key, live) in Servers.Where(server => server.Key.Pool == pool.Name && server.Value.There == true).OrderBy(server => server.Key.Address.ToString(), StringComparer.Ordinal))
            yield return new() { Address = key.Address, Name = live.Name, MaxConnections = live.Limit, Backup = live.Backup, Health = live.Checked == default ? null : HealthAt(pool.Health, live.Checked) };
    }

    private static HealthSettings? HealthAt(HealthSettings? health, (string? Address, int? Port) place) =>
        health is null ? null : health with { Address = place.Address ?? health.Address, Port = place.Port ?? health.Port };

    /// <summary>The limit that an operator gave to a worker, which no file names.</summary>
    public ServerSettings Limited(string pool, ServerSettings worker) =>
        Servers.GetValueOrDefault((pool, worker.Address))?.Limit is { } limit ? worker with { MaxConnections = limit } : worker;

    /// <summary>Without what a file makes pointless: what it says itself now, and what it has no more.</summary>
    /// <param name="file">What the file says.</param>
    public LiveSettings Without(Snapshot file)
    {
        var left = this with
        {
            Listeners = Listeners.Where(listener => file.Listeners.Any(one => one.Bind[0].ToString() == listener.Key)).ToImmutableDictionary(),
            Servings = Servings.Where(listener => ServingIn(file, listener.Key) is { } said && said != listener.Value).ToImmutableDictionary(),
        };
        foreach (var (key, live) in Servers)
        {
            var pool = file.Pools.FirstOrDefault(pool => pool.Name == key.Pool);
            var inFile = pool?.Servers.Any(server => server.Address == key.Address) ?? false;
            var there = inFile == live.There ? null : live.There;
            left = left.Put(key.Pool, key.Address, pool is null || (there is null && !inFile) ? new(null, null) : live with { There = there });
        }

        return left;
    }

    /// <summary>What is not as a file says, in the words of <see cref="LiveDifference"/>.</summary>
    public IEnumerable<LiveDifference> Differences(Snapshot file)
    {
        foreach (var ((pool, address), live) in Servers.OrderBy(server => server.Key.Pool, StringComparer.Ordinal).ThenBy(server => server.Key.Address.ToString(), StringComparer.Ordinal))
        {
            var server = file.Pools.FirstOrDefault(one => one.Name == pool)?.Servers.FirstOrDefault(one => one.Address == address);
            if (live.There is { } there)
                yield return new(pool, address.ToString(), "place", there ? "not there" : "there", there ? "added" : "removed");
            if (live.At is { } at)
                yield return new(pool, at.ToString(), "address", address.ToString(), at.ToString());
            if (live.Checked != default)
                yield return new(pool, address.ToString(), "checks", "its address", $"{live.Checked.Address}:{live.Checked.Port?.ToString(CultureInfo.InvariantCulture)}");
            if (live.Limit is { } limit)
                yield return new(pool, address.ToString(), "limit", server?.MaxConnections?.ToString(CultureInfo.InvariantCulture) ?? "none", limit.ToString(CultureInfo.InvariantCulture));
        }

        if (Pace is { } pace)
            yield return new("", "the process", "pace", file.Limits.ConnectionsPerSecond?.ToString(CultureInfo.InvariantCulture) ?? "none", pace.ToString(CultureInfo.InvariantCulture));
        if (Connections is { } open)
            yield return new("", "the process", "limit", file.Limits.Connections?.ToString(CultureInfo.InvariantCulture) ?? "none", open.ToString(CultureInfo.InvariantCulture));
        foreach (var (name, most) in Listeners.OrderBy(listener => listener.Key, StringComparer.Ordinal))
            yield return new("", name, "limit", file.Listeners.FirstOrDefault(one => one.Bind[0].ToString() == name)?.MaxConnections?.ToString(CultureInfo.InvariantCulture) ?? "none", most.ToString(CultureInfo.InvariantCulture));
        foreach (var (name, serving) in Servings.OrderBy(listener => listener.Key, StringComparer.Ordinal))
            yield return new("", name, "serving", WordOf(ServingIn(file, name)), WordOf(serving));
    }
}

/// <summary>Something that is not as the file says.</summary>
/// <param name="Pool">The pool; empty for a listener.</param>
/// <param name="Server">The server, or the listener; empty for the whole pool.</param>
/// <param name="Setting">What of it.</param>
/// <param name="File">What the file says.</param>
/// <param name="Live">What it is.</param>
internal sealed record LiveDifference(string Pool, string Server, string Setting, string File, string Live);
