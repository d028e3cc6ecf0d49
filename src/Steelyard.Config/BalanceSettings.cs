namespace Steelyard.Config;

/// <summary>How a pool chooses a server, with what the policy is told.</summary>
public sealed record BalanceSettings
{
    /// <summary>Up to so many servers that can be chosen, all of them are looked at for the one with the least to do; above, two by lot (measured: bench/micro, line).</summary>
    public const int MostScanned = 128;

    /// <summary>The policy. Default least connections: where servers and requests are alike it takes turns, and where they are not, turns lose.</summary>
    public BalancePolicy Policy { get; init; } = BalancePolicy.LeastConnections;

    /// <summary>What is hashed, and how; null for every policy but <see cref="BalancePolicy.Hash"/>.</summary>
    public HashSettings? Hash { get; init; }

    /// <summary>Peak EWMA: after how long without word of it a latency counts for 1/e: 100 ms to 1 h. Default 10 s (Linkerd, Finagle).</summary>
    public TimeSpan Decay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Peak EWMA: the latency that a failure counts as: 0 to 5 min. Default 5 s (Linkerd).</summary>
    public TimeSpan Penalty { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A policy with its defaults; a hash is of the client's address.</summary>
    public static implicit operator BalanceSettings(BalancePolicy policy) => FromBalancePolicy(policy);

    /// <summary>A policy with its defaults; a hash is of the client's address.</summary>
    public static BalanceSettings FromBalancePolicy(BalancePolicy policy) =>
        new() { Policy = policy, Hash = policy == BalancePolicy.Hash ? new() { Key = RequestKey.Address } : null };

    /// <summary>HAProxy's balance source: the words of the address, folded, over a map.</summary>
    public static BalanceSettings Source { get; } =
        new() { Policy = BalancePolicy.Hash, Hash = new() { Key = RequestKey.Address, Placement = HashPlacement.Map, Function = HashFunction.Xor } };

    /// <summary>nginx's ip_hash.</summary>
    public static BalanceSettings IpHash { get; } =
        new() { Policy = BalancePolicy.Hash, Hash = new() { Key = RequestKey.Address, Placement = HashPlacement.IpHash } };

    /// <summary>The policy, and what it is told beside.</summary>
    public override string ToString() => Hash is null && this == Policy ? Policy.ToString() : Yaml.Tables.BalanceTable.Form.Write!(this);
}

/// <summary>What of a request is hashed, and how servers are found by it. A request that has nothing of the kind goes in turn.</summary>
public sealed record HashSettings
{
    /// <summary>What is hashed.</summary>
    public required RequestKey Key { get; init; }

    /// <summary>How servers are found by the hash. Default ketama.</summary>
    public HashPlacement Placement { get; init; } = HashPlacement.Ketama;

    /// <summary>The function, for <see cref="HashPlacement.Map"/> and <see cref="HashPlacement.Ring"/>; null for HAProxy's default, sdbm.</summary>
    public HashFunction? Function { get; init; }

    /// <summary>Whether the hash is mixed once more; null for HAProxy's default: on a ring where no function is named.</summary>
    public bool? Avalanche { get; init; }

    /// <summary>How many bytes of the key count: 1 to 16,384; null for all (HAProxy: len of balance uri).</summary>
    public int? Length { get; init; }

    /// <summary>How many directories of a path count: 1 to 64; null for all (HAProxy: depth of balance uri).</summary>
    public int? Depth { get; init; }

    /// <summary>
    /// The most a server may have to do, in percent of its share of all that is under way: 101 to 1000; then the next one
    /// takes it. Null for no bound (HAProxy: hash-balance-factor; Envoy: hash_balance_factor).
    /// </summary>
    public int? Load { get; init; }
}

/// <summary>How servers are found by a hash.</summary>
public enum HashPlacement
{
    /// <summary>On a ring, 160 points for each unit of weight: nginx's hash consistent, as Cache::Memcached::Fast.</summary>
    Ketama,

    /// <summary>In a table of Maglev (Eisenbud and others, 2016): the evenest shares, and the quickest.</summary>
    Maglev,

    /// <summary>The remainder by the sum of the weights, with the servers mixed smoothly: HAProxy's hash-type map-based.</summary>
    Map,

    /// <summary>On a ring, 16 points for each unit of weight: HAProxy's hash-type consistent.</summary>
    Ring,

    /// <summary>The remainder by the sum of the weights, one server after the other, hashed again where one cannot serve: nginx's hash without consistent.</summary>
    Modulo,

    /// <summary>nginx's ip_hash: the first three octets of an IPv4 address, all of an IPv6 address.</summary>
    IpHash,
}

/// <summary>The functions that HAProxy's hash-type names.</summary>
public enum HashFunction
{
    /// <summary>That of the sdbm database.</summary>
    Sdbm,

    /// <summary>Bernstein's of comp.lang.c.</summary>
    Djb2,

    /// <summary>HAProxy's own.</summary>
    Wt6,

    /// <summary>CRC-32 as zlib and Ethernet have it.</summary>
    Crc32,

    /// <summary>The words of 4 bytes, exclusive-ored: what HAProxy does with addresses (balance source), whatever hash-type says.</summary>
    Xor,
}
