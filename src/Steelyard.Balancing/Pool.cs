using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>The servers that answer the same requests, alive, with the way one is chosen. Shared by all loops.</summary>
public sealed class Pool
{
    private readonly Server[] _servers;
    private readonly Picker _picker;

    /// <param name="settings">What the configuration says of the pool.</param>
    /// <param name="firstOrdinal">The <see cref="Server.Ordinal"/> of its first server; the others follow.</param>
    public Pool(PoolSettings settings, int firstOrdinal)
        : this(settings, () => firstOrdinal++, before: null)
    {
    }

    /// <summary>A pool after a reload: the state of servers that stay goes on.</summary>
    /// <param name="settings">What the configuration says of the pool.</param>
    /// <param name="nextOrdinal">Gives each server its <see cref="Server.Ordinal"/>, in their order.</param>
    /// <param name="before">The pool of that name before; null for none.</param>
    public Pool(PoolSettings settings, Func<int> nextOrdinal, Pool? before)
    {
        Settings = settings;
        Name = settings.Name;
        NameBytes = System.Text.Encoding.UTF8.GetBytes(Name);
        RetryBudget = before?.Settings.Retries == settings.Retries ? before.RetryBudget : new(settings.Retries.Budget, settings.Retries.LeastPerSecond);
        _servers = new Server[settings.Servers.Count];
        for (var i = 0; i < _servers.Length; i++)
            _servers[i] = new Server(settings.Servers[i], i, nextOrdinal(), before?.Find(settings.Servers[i].Address));
        _picker = settings.Balance switch
        {
            BalancePolicy.RoundRobin => new RoundRobin(_servers),
            BalancePolicy.LeastConnections => new LeastConnections(_servers),
            BalancePolicy.Random => new RandomLots(_servers),
            BalancePolicy.TwoChoices => new TwoChoices(_servers),
            _ => throw new ArgumentOutOfRangeException(nameof(settings), settings.Balance, "No picker for this policy."),
        };
    }

    /// <summary>What the configuration says of it.</summary>
    public PoolSettings Settings { get; }

    /// <summary>How many of its requests may be sent again.</summary>
    public RetryBudget RetryBudget { get; }

    /// <summary>Whether a server would be chosen that is not in a set.</summary>
    public bool HasServerBeside(ServerSet tried)
    {
        foreach (var server in _servers)
        {
            if (server.Settings.Weight > 0 && !tried.Contains(server.Index))
                return true;
        }

        return false;
    }

    /// <summary>The server at an address; null for none.</summary>
    public Server? Find(NetworkAddress address)
    {
        foreach (var server in _servers)
        {
            if (server.Settings.Address == address)
                return server;
        }

        return null;
    }

    /// <summary>The name routes refer to.</summary>
    public string Name { get; }

    /// <summary><see cref="Name"/> in UTF-8, for messages written as bytes.</summary>
    public ReadOnlyMemory<byte> NameBytes { get; }

    /// <summary>The servers in the order of the configuration.</summary>
    public IReadOnlyList<Server> Servers => _servers;

    /// <summary>How many servers there are.</summary>
    public int Count => _servers.Length;

    /// <summary>Chooses a server for a request and counts the request as active there; <see cref="Server.End"/> has to follow.</summary>
    /// <param name="choice">What the choice goes by.</param>
    public Decision Choose(in Choice choice) => _picker.Pick(choice);
}
