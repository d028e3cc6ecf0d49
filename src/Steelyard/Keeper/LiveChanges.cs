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

    private readonly List<Action<ServerChange>> _followers = [];

    /// <summary>Lets somebody be told of each change, one after the other.</summary>
    public void Follow(Action<ServerChange> follower)
    {
        lock (_changes)
            _followers.Add(follower);
    }

    /// <summary>Tells somebody no more.</summary>
    public void Unfollow(Action<ServerChange> follower)
    {
        lock (_changes)
            _followers.Remove(follower);
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

    /// <summary>Forgets the servers that a configuration has no more.</summary>
    public void ForgetWithout(Snapshot served)
    {
        lock (_changes)
        {
            var there = served.Pools.SelectMany(pool => pool.Servers.Select(server => (pool.Name, server.Address))).ToHashSet();
            foreach (var key in _changes.Keys.Where(key => !there.Contains(key)).ToList())
                _changes.Remove(key);
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
