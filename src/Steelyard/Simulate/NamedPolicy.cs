using Steelyard.Config;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Simulate;

/// <summary>A way to choose a server, under the word it goes by.</summary>
/// <param name="Word">As a configuration has it; a name of ours where that would be a mapping.</param>
/// <param name="Settings">What it is.</param>
internal sealed record NamedPolicy(string Word, BalanceSettings Settings)
{
    /// <summary>All that have a word, and hashes of the client's address.</summary>
    public static IReadOnlyList<NamedPolicy> All { get; } =
    [
        .. BalanceTable.Words.Select(policy => new NamedPolicy(policy.Word, policy.Value)),
        Hashed("ketama", HashPlacement.Ketama, load: null),
        Hashed("maglev", HashPlacement.Maglev, load: null),
        Hashed("maglev-bounded", HashPlacement.Maglev, load: 125),
    ];

    private static NamedPolicy Hashed(string word, HashPlacement placement, int? load) =>
        new(word, new BalanceSettings { Policy = BalancePolicy.Hash, Hash = new() { Key = RequestKey.Address, Placement = placement, Load = load } });

    /// <summary>The policy of a pool.</summary>
    public static NamedPolicy Of(PoolSettings pool) =>
        All.FirstOrDefault(policy => policy.Settings == pool.Balance) ?? new(BalanceTable.Form.Write!(pool.Balance), pool.Balance);
}
