using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Keeper;

/// <summary>
/// What operators want of servers beside what the configuration says. The keeper has it, so that it outlives engines; it
/// ends with the keeper, and for a server with the configuration that has it no more. May be used from any thread.
/// </summary>
internal sealed class LiveChanges
{
    private readonly Dictionary<(string Pool, NetworkAddress Address), ServerChange> _changes = [];

    private readonly Dictionary<string, BreakerHold> _holds = [];

    private readonly List<Action<ServerChange>> _followers = [];

    private readonly List<Action<string, BreakerHold>> _holdFollowers = [];

    /// <summary>Lets somebody be told of each change, one after the other.</summary>
    public void Follow(Action<ServerChange> follower, Action<string, BreakerHold> holdFollower)
    {
        lock (_changes)
        {
            _followers.Add(follower);
            _holdFollowers.Add(holdFollower);
        }
    }

    /// <summary>Tells somebody no more.</summary>
    public void Unfollow(Action<ServerChange> follower, Action<string, BreakerHold> holdFollower)
    {
        lock (_changes)
        {
            _followers.Remove(follower);
            _holdFollowers.Remove(holdFollower);
        }
    }

    /// <summary>The pools whose breakers are held.</summary>
    public IReadOnlyList<(string Pool, BreakerHold Hold)> Holds
    {
        get
        {
            lock (_changes)
                return [.. _holds.Select(hold => (hold.Key, hold.Value))];
        }
    }

    /// <summary>Keeps how the breakers of a pool are held, and tells.</summary>
    public void Keep(string pool, BreakerHold hold)
    {
        lock (_changes)
        {
            if (hold == BreakerHold.None)
                _holds.Remove(pool);
            else
                _holds[pool] = hold;
            foreach (var follower in _holdFollowers)
                follower(pool, hold);
        }
    }

    /// <summary>All there are.</summary>
    public IReadOnlyList<ServerChange> All
    {
        get
        {
            lock (_changes)
                return [.. _changes.Values];
        }
    }

    /// <summary>Keeps a change in the place of the one before, and tells.</summary>
    public void Keep(ServerChange change)
    {
        lock (_changes)
        {
            if (change.IsNone)
                _changes.Remove((change.Pool, change.Address));
            else
                _changes[(change.Pool, change.Address)] = change;
            foreach (var follower in _followers)
                follower(change);
        }
    }

    /// <summary>Forgets the servers and the pools that a configuration has no more; but servers that come and go may come again.</summary>
    public void ForgetWithout(Snapshot served)
    {
        lock (_changes)
        {
            var there = served.Pools.SelectMany(pool => pool.Servers.Select(server => (pool.Name, server.Address))).ToHashSet();
            var open = served.Pools.Where(pool => pool.Discover.Count > 0).Select(pool => pool.Name).ToHashSet();
            foreach (var key in _changes.Keys.Where(key => !there.Contains(key) && !open.Contains(key.Pool)).ToList())
                _changes.Remove(key);
            foreach (var pool in _holds.Keys.Except(served.Pools.Select(pool => pool.Name)).ToList())
                _holds.Remove(pool);
        }
    }

    /// <summary>A change in words for <see cref="FromWords"/>.</summary>
    public static string[] ToWords(ServerChange change) => [change.Pool, change.Address.ToString(), change.State.ToString(), change.Weight?.ToString() ?? ""];

    /// <summary>The change that <see cref="ToWords"/> wrote.</summary>
    public static ServerChange FromWords(ReadOnlySpan<string> words) => new(
        words[0],
        NetworkAddress.TryParse(words[1], out var address, out _) ? address : throw new FormatException($"'{words[1]}' is not an address."),
        Enum.Parse<ServerState>(words[2]),
        words[3].Length == 0 ? null : int.Parse(words[3]));
}
