using System.Runtime.InteropServices;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Serving;

/// <summary>What has become of servers since the engine began to serve, by looks that are a second apart at most. May be used from any thread.</summary>
internal sealed class ServerHistory
{
    // Of each server; a server that flaps does not fill the memory.
    private const int MostChanges = 64;

    // Those that come and go have a past when they come again.
    private const int MostGone = 1024;

    private readonly Dictionary<(string Pool, NetworkAddress Address), Past> _pasts = [];
    private readonly List<(string Pool, NetworkAddress Address, Past Past)> _places = [];
    private int _version;

    /// <summary>A change of a server's state.</summary>
    /// <param name="At">When it was seen.</param>
    /// <param name="State">What it is from then on.</param>
    /// <param name="Why">What brought it about; null where that says itself.</param>
    public readonly record struct Change(DateTimeOffset At, string State, string? Why);

    /// <summary>The past of a server.</summary>
    /// <param name="Changes">Its last changes, the oldest first; what it was at the first look is one.</param>
    /// <param name="Downs">How often it went down.</param>
    /// <param name="Ejections">How often it was left out.</param>
    /// <param name="DownFor">How long it was down, all together, up to now.</param>
    /// <param name="PeakActive">The most requests it was seen to have at once.</param>
    public readonly record struct Summary(IReadOnlyList<Change> Changes, int Downs, int Ejections, TimeSpan DownFor, int PeakActive)
    {
        /// <summary>The same without the time it is down now.</summary>
        public TimeSpan DownBefore { get; init; }
    }

    private sealed class Past
    {
        public List<Change> Changes { get; } = [];

        public int Downs;
        public int Ejections;
        public int Peak;
        public TimeSpan DownFor;

        // When it was seen last; null while it is there.
        public DateTimeOffset? Gone;
    }

    /// <summary>Goes up with each change that is seen.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Looks at the servers.</summary>
    /// <returns>Whether the state of any has changed.</returns>
    public bool Look(IReadOnlyList<ServerStatus> servers, DateTimeOffset now)
    {
        lock (_pasts)
        {
            var changed = false;
            for (var i = 0; i < servers.Count; i++)
            {
                var server = servers[i];
                var past = PastAt(i, server);
                past.Gone = null;
                past.Peak = Math.Max(past.Peak, server.Active);
                var state = StateOf(server);
                if (past.Changes is [.., var last] && last.State == state)
                    continue;
                Add(past, new(now, state, Why(server, state)));
                changed = true;
            }

            if (_pasts.Count > servers.Count)
                LetGo(servers, now);
            if (changed)
                _version++;
            return changed;
        }
    }

    /// <summary>The past of a server; from look to look most are at the same place.</summary>
    private Past PastAt(int place, in ServerStatus server)
    {
        if (place < _places.Count && ReferenceEquals(_places[place].Address, server.Address) && _places[place].Pool == server.Pool)
            return _places[place].Past;
        if (!_pasts.TryGetValue((server.Pool, server.Address), out var past))
            _pasts[(server.Pool, server.Address)] = past = new();
        CollectionsMarshal.SetCount(_places, Math.Max(_places.Count, place + 1));
        _places[place] = (server.Pool, server.Address, past);
        return past;
    }

    private static void Add(Past past, Change change)
    {
        if (past.Changes is [.., { State: "down" } before])
            past.DownFor += change.At - before.At;
        if (past.Changes.Count == MostChanges)
            past.Changes.RemoveAt(0);
        past.Downs += change.State == "down" && past.Changes.Count > 0 ? 1 : 0;
        past.Ejections += change.State == "ejected" ? 1 : 0;
        past.Changes.Add(change);
    }

    // Those that have left their pools, by a reload or as they do.
    private void LetGo(IReadOnlyList<ServerStatus> servers, DateTimeOffset now)
    {
        var there = servers.Select(server => (server.Pool, server.Address)).ToHashSet();
        foreach (var (key, past) in _pasts)
        {
            if (past.Gone is not null || there.Contains(key))
                continue;
            Add(past, new(now, "gone", "it left the pool"));
            past.Gone = now;
        }

        foreach (var (key, _) in _pasts.Where(pair => pair.Value.Gone is not null).OrderByDescending(pair => pair.Value.Gone).Skip(MostGone).ToList())
            _pasts.Remove(key);
        _places.Clear();
    }

    /// <summary>The past of a server.</summary>
    public Summary Of(string pool, NetworkAddress address, DateTimeOffset now)
    {
        lock (_pasts)
        {
            if (!_pasts.TryGetValue((pool, address), out var past))
                return new([], 0, 0, default, 0);
            var down = past.DownFor + (past.Changes is [.., { State: "down" } last] ? now - last.At : default);
            return new([.. past.Changes], past.Downs, past.Ejections, down, past.Peak) { DownBefore = past.DownFor };
        }
    }

    /// <summary>What a server's share goes by, in a word: up, down, ejected, drain or maintenance.</summary>
    public static string StateOf(ServerStatus server) =>
        server.State == ServerState.Drain ? "drain"
        : server.State == ServerState.Maintenance ? "maintenance"
        : !server.Up ? "down"
        : server.Ejected ? "ejected"
        : "up";

    private static string? Why(ServerStatus server, string state) => state switch
    {
        "down" => server.LastCheck == ProbeFault.None && !server.DownByAgent ? "it waits for its first check" : HealthReports.Explain(server),
        "ejected" => server.LastReason == ServerFailure.None ? "too many of its requests went wrong" : ServerReports.Explain(server.LastReason),
        "drain" or "maintenance" => server.Wanted == server.State ? "an operator wants it so" : HealthReports.WithReason("its agent wants it so", server.ReasonOfAgent),
        _ => null,
    };
}
