using BenchmarkDotNet.Attributes;
using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Micro;

/// <summary>How long it takes to choose a server and let it go again, by each policy, and that it allocates nothing.</summary>
[MemoryDiagnoser]
public class Choices
{
    private readonly ServerSet _tried = new();
    private byte[][] _keys = [];
    private Pool _pool = null!;
    private uint _turn;
    private ulong _chance = 1;

    /// <summary>The policies as the configuration writes them; hashes are of 1,000 addresses in turn.</summary>
    public static IEnumerable<string> Policies =>
    [
        "round-robin", "static-round-robin", "haproxy-roundrobin", "least-connections", "haproxy-leastconn", "first", "two-choices", "random", "peak-ewma",
        "source", "ip-hash", "ketama", "ketama 125%", "maglev", "maglev 125%", "map", "ring", "modulo",
    ];

    [ParamsSource(nameof(Policies))]
    public string Policy { get; set; } = "";

    [Params(10, 10_000)]
    public int Servers { get; set; }

    [GlobalSetup]
    public void MakePool()
    {
        var settings = new ServerSettings[Servers];
        for (var i = 0; i < Servers; i++)
            settings[i] = new() { Address = NetworkAddress.ForHost("127.0.0.1", 10_000 + i), Weight = 1 + (i % 2) };
        _pool = new(new PoolSettings { Name = "web", Balance = PolicyOf(Policy), Servers = settings.ToValueList() }, firstOrdinal: 0);
        _tried.Clear(Servers);
        _keys = new byte[1000][];
        for (var i = 0; i < _keys.Length; i++)
            _keys[i] = [10, (byte)(i * 7), (byte)(i >> 8), (byte)i];
        foreach (var server in _pool.Servers)
            _pool.Learn(server, ServerFailure.None, 200, 0, 5);
    }

    [Benchmark]
    public object? Choose()
    {
        _turn = _turn == 999 ? 0 : _turn + 1;
        _chance = (_chance * 6364136223846793005) + 1442695040888963407;
        var server = _pool.Choose(new() { Tried = _tried, Now = 5, Chance = _chance, Key = _keys[_turn] }).Server!;
        server.End();
        return server;
    }

    /// <summary>A weight is set live: what it takes until choices go by it. Allocates what it makes.</summary>
    public void SetWeight(int weight) => _pool.SetWeight(_pool.Servers[0], weight, 0);

    internal static BalanceSettings PolicyOf(string words) => words switch
    {
        "round-robin" => BalancePolicy.RoundRobin,
        "static-round-robin" => BalancePolicy.StaticRoundRobin,
        "haproxy-roundrobin" => BalancePolicy.HaproxyRoundRobin,
        "least-connections" => BalancePolicy.LeastConnections,
        "haproxy-leastconn" => BalancePolicy.HaproxyLeastConnections,
        "first" => BalancePolicy.First,
        "two-choices" => BalancePolicy.TwoChoices,
        "random" => BalancePolicy.Random,
        "peak-ewma" => BalancePolicy.PeakEwma,
        "source" => BalanceSettings.Source,
        "ip-hash" => BalanceSettings.IpHash,
        _ => new()
        {
            Policy = BalancePolicy.Hash,
            Hash = new()
            {
                Key = RequestKey.Address,
                Placement = Enum.Parse<HashPlacement>(words.Split(' ')[0], ignoreCase: true),
                Load = words.Contains('%', StringComparison.Ordinal) ? 125 : null,
            },
        },
    };
}
