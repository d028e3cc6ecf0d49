using Steelyard.Admin;
using Steelyard.Config;
using Steelyard.Engine;
using Steelyard.Engine.Metering;
using Steelyard.Serving;

namespace Steelyard.Board;

/// <summary>A pool at one look: its servers, and what they were counted to have done.</summary>
internal sealed class PoolLook
{
    private readonly List<ServerStatus> _servers = [];
    private readonly long[] _answers = new long[6];

    private PoolLook(PoolSettings settings) => Settings = settings;

    public PoolSettings Settings { get; }

    public string Name => Settings.Name;

    /// <summary>What the configuration calls a server; null where it is known by its address.</summary>
    public string? NameOf(ServerStatus server) => AdminLook.Names(Settings).GetValueOrDefault(server.Address);

    /// <summary>The servers in the order of the configuration.</summary>
    public IReadOnlyList<ServerStatus> Servers => _servers;

    /// <summary>Attempts by the class of the answer's status; 0 for those without an answer.</summary>
    public IReadOnlyList<long> Answers => _answers;

    /// <summary>Connections opened to servers; in TCP mode each is a session.</summary>
    public long Opened { get; private set; }

    public long Reused { get; private set; }

    public long BytesSent { get; private set; }

    public long BytesReceived { get; private set; }

    public long Retried { get; private set; }

    public int Active { get; private set; }

    /// <summary>Servers that get requests.</summary>
    public int Usable { get; private set; }

    /// <summary>Whether no request can be served: all its servers are out, or workers have died and left it, or none were found.</summary>
    public bool IsDead => Usable == 0 && Settings.TakesRequests;

    /// <summary>Servers that get no requests though nobody has taken them out: down, left out, or drained by their agents.</summary>
    public int Troubled { get; private set; }

    /// <summary>The pools of a configuration.</summary>
    public static IReadOnlyList<PoolLook> Of(Snapshot snapshot, IReadOnlyList<ServerStatus> servers, Measures measures)
    {
        var (pools, byName) = (new List<PoolLook>(), new Dictionary<string, PoolLook>(StringComparer.Ordinal));
        foreach (var settings in snapshot.Pools)
        {
            byName[settings.Name] = new(settings);
            pools.Add(byName[settings.Name]);
        }

        foreach (var server in servers)
            byName.GetValueOrDefault(server.Pool)?.Add(server);
        foreach (var measure in measures.Servers)
            byName.GetValueOrDefault(measure.Pool)?.Add(measure);
        return pools;
    }

    private void Add(ServerStatus server)
    {
        _servers.Add(server);
        Active += server.Active;
        var state = ServerHistory.StateOf(server);
        Usable += state == "up" && server.Weight > 0 ? 1 : 0;
        Troubled += state == "up" || server.Wanted != Balancing.ServerState.Ready ? 0 : 1;
    }

    private void Add(ServerMeasure measure)
    {
        for (var i = 0; i < _answers.Length; i++)
            _answers[i] += measure.Answers[i];
        Opened += measure.Opened;
        Reused += measure.Reused;
        BytesSent += measure.BytesSent;
        BytesReceived += measure.BytesReceived;
        Retried += measure.Retried;
    }
}
