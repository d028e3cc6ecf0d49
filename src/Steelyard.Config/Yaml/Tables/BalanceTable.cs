using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>A policy as its keys give it; null is not given.</summary>
internal sealed record BalanceDraft
{
    public Located<BalancePolicy>? Policy { get; init; }

    public Located<RequestKey>? Hash { get; init; }

    public Located<HashPlacement>? Placement { get; init; }

    public Located<HashFunction>? Function { get; init; }

    public Located<bool>? Avalanche { get; init; }

    public Located<int>? Length { get; init; }

    public Located<int>? Depth { get; init; }

    public Located<int>? Load { get; init; }

    public Located<TimeSpan>? Decay { get; init; }

    public Located<TimeSpan>? Penalty { get; init; }
}

/// <summary>The policies of a pool: a word, or keys where there is more to say.</summary>
internal static class BalanceTable
{
    public static IReadOnlyList<(string Word, BalanceSettings Value, string Description)> Words { get; } =
    [
        ("round-robin", BalancePolicy.RoundRobin, "One after the other in the order of their weights, smoothly mixed and exact over all loops (nginx's order)."),
        ("static-round-robin", BalancePolicy.StaticRoundRobin, "The same in the order of HAProxy's static-rr."),
        ("haproxy-roundrobin", BalancePolicy.HaproxyRoundRobin, "The same in the order of HAProxy's roundrobin."),
        ("least-connections", BalancePolicy.LeastConnections, "The one with the fewest active requests for its weight, exact over all loops; equals take turns. Of more than 128 servers it is `two-choices`."),
        ("haproxy-leastconn", BalancePolicy.HaproxyLeastConnections, "The one with the lowest score of HAProxy's leastconn, which counts the request to come too; among equals the one whose requests have not changed for longest. Of more than 128 servers it is `two-choices`."),
        ("first", BalancePolicy.First, "The first in the order of the file that has room; weights count for nothing but 0."),
        ("two-choices", BalancePolicy.TwoChoices, "Of two by lot the one with fewer active requests for its weight."),
        ("random", BalancePolicy.Random, "By lot, as likely as its weight."),
        ("peak-ewma", BalancePolicy.PeakEwma, "Of two by lot the one that is likely to answer sooner, by what it took lately, what it has to do and its weight. Failures count as slow answers."),
        ("source", BalanceSettings.Source, "By the client's address, as HAProxy's source: `{ hash: address, placement: map, function: xor }`."),
        ("ip-hash", BalanceSettings.IpHash, "By the first three octets of the client's address, or the whole IPv6 address, as nginx's ip_hash: `{ hash: address, placement: ip-hash }`."),
    ];

    public static IReadOnlyList<(string Word, HashPlacement Value, string Description)> Placements { get; } =
    [
        ("ketama", HashPlacement.Ketama, "On a ring with 160 points for each unit of weight, point for point nginx's `hash ... consistent`: when a server goes, only its keys move."),
        ("maglev", HashPlacement.Maglev, "In a table that gives everybody its share exactly; when a server goes, few other keys move."),
        ("map", HashPlacement.Map, "The remainder by the sum of the weights, as HAProxy's `hash-type map-based`: when a server goes, most keys move."),
        ("ring", HashPlacement.Ring, "On a ring with 16 points for each unit of weight, as HAProxy's `hash-type consistent`."),
        ("modulo", HashPlacement.Modulo, "The remainder by the sum of the weights, as nginx's `hash` without `consistent`: when a server fails, its keys alone move; when one leaves the file, most do."),
        ("ip-hash", HashPlacement.IpHash, "nginx's `ip_hash`; with `hash: address` only."),
    ];

    private static readonly (string Word, HashFunction Value, string Description)[] Functions =
    [
        ("sdbm", HashFunction.Sdbm, ""),
        ("djb2", HashFunction.Djb2, ""),
        ("wt6", HashFunction.Wt6, ""),
        ("crc32", HashFunction.Crc32, ""),
        ("xor", HashFunction.Xor, ""),
    ];

    /// <summary>Those that hash nothing.</summary>
    public static IReadOnlyList<(string Word, BalancePolicy Value, string Description)> Policies { get; } =
        [.. Words.Where(word => word.Value.Policy != BalancePolicy.Hash).Select(word => (word.Word, word.Value.Policy, word.Description))];

    private static readonly Form<BalanceSettings> WordForm = ScalarForms.OneOf(Words, ", or a mapping with 'hash', as in { hash: header:X-User, load: 125% }");

    public static DirectiveTable<BalanceDraft> Table { get; } = new(
        "'balance'",
        WordForm.Accepts,
        "A word for a policy, or a mapping with these keys: `hash` where something of the request decides, `policy` where a policy is told more.",
        [["hash", "policy"]],
        [
            Key("hash", ScalarForms.RequestKey, "What is hashed: `address`, `path`, `uri`, `query:NAME`, `header:NAME`, `cookie:NAME`, or `sni` in `mode: tcp`, see [values](#values). A request that has nothing of the kind goes in turn.", draft => draft.Hash, (draft, value) => draft with { Hash = value }),
            Key("placement", ScalarForms.OneOf(Placements), "How servers are found by the hash, see below; `ketama` when left out.", draft => draft.Placement, (draft, value) => draft with { Placement = value }),
            Key("load", ScalarForms.PercentFrom(101, 1000), "The most a server may have to do, in percent of its share of all that is under way; then the next one takes the request. Unbounded when left out.", draft => draft.Load, (draft, value) => draft with { Load = value }),
            Key("function", ScalarForms.OneOf(Functions), "The hash function of `map` and `ring`, with HAProxy's names; `sdbm` when left out. `xor` is what HAProxy does with addresses.", draft => draft.Function, (draft, value) => draft with { Function = value }),
            Key("avalanche", ScalarForms.Switch, "Whether `map` and `ring` mix the hash once more; when left out, a `ring` without `function` does.", draft => draft.Avalanche, (draft, value) => draft with { Avalanche = value }),
            Key("length", ScalarForms.Number(1, 16384), "How many bytes of the key count; all when left out.", draft => draft.Length, (draft, value) => draft with { Length = value }),
            Key("depth", ScalarForms.Number(1, 64), "How many directories of a path count; all when left out.", draft => draft.Depth, (draft, value) => draft with { Depth = value }),
            Key("policy", ScalarForms.OneOf(Policies), "A policy that hashes nothing.", draft => draft.Policy, (draft, value) => draft with { Policy = value }),
            Key("decay", ScalarForms.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)), "For `peak-ewma`: after how long without word of it a latency counts for 1/e; `10s` when left out.", draft => draft.Decay, (draft, value) => draft with { Decay = value }),
            Key("penalty", ScalarForms.Duration(TimeSpan.Zero, TimeSpan.FromMinutes(5)), "For `peak-ewma`: the latency that a failure, a 5xx or a 429 counts as; `5s` when left out.", draft => draft.Penalty, (draft, value) => draft with { Penalty = value }),
        ]);

    public static Form<BalanceSettings> Form { get; } = new(
        Table.Accepts,
        (ProblemList problems, YamlNode node, out BalanceSettings value) =>
        {
            value = new();
            if (node is YamlText)
                return WordForm.Read(problems, node, out value);
            if (node is not YamlMapping mapping)
                return Yaml.Form.RefuseKind(problems, node, Table!.Accepts);
            var before = problems.ErrorCount;
            var draft = Table!.Read(problems, mapping, new());
            if (problems.ErrorCount == before)
                Check(problems, draft);
            if (problems.ErrorCount > before)
                return false;
            value = From(draft);
            return true;
        },
        Write);

    private static Directive<BalanceDraft, Located<T>?> Key<T>(string name, Form<T> form, string description, Func<BalanceDraft, Located<T>?> get, Func<BalanceDraft, Located<T>?, BalanceDraft> set) =>
        new(name, Yaml.Form.Located(form), description, get, set);

    private static void Check(ProblemList problems, BalanceDraft draft)
    {
        if (draft is { Policy: { } policy, Hash: not null })
            problems.Error(policy.Place, "'policy' with 'hash'", "one of the two");
        var placement = draft.Placement?.Value ?? HashPlacement.Ketama;
        ReadOnlySpan<(string Name, Place? Place)> ofHashes =
        [
            ("placement", draft.Placement?.Place), ("load", draft.Load?.Place), ("length", draft.Length?.Place), ("depth", draft.Depth?.Place),
            ("function", draft.Function?.Place), ("avalanche", draft.Avalanche?.Place),
        ];
        foreach (var (name, place) in ofHashes)
        {
            if (place is { } given && draft.Hash is null)
                problems.Error(given, $"'{name}' where nothing is hashed", "'hash' beside it");
            else if (place is { } function && name is "function" or "avalanche" && placement is not (HashPlacement.Map or HashPlacement.Ring))
                problems.Error(function, $"'{name}' with 'placement: {WordOf(Placements, placement)}', which has a function of its own", "'placement: map' or 'placement: ring'");
        }

        if (draft is { Hash: { Value.Kind: not RequestKeyKind.Address } key } && placement == HashPlacement.IpHash)
            problems.Error(key.Place, $"'placement: ip-hash' with 'hash: {key.Value}'", "'hash: address'");
        if (draft is { Depth: { } depth, Hash.Value.Kind: not (RequestKeyKind.Path or RequestKeyKind.Uri) })
            problems.Error(depth.Place, "'depth' of what is no path", "'hash: path' or 'hash: uri'");
        ReadOnlySpan<(string Name, Place? Place)> ofEwma = [("decay", draft.Decay?.Place), ("penalty", draft.Penalty?.Place)];
        foreach (var (name, place) in ofEwma)
        {
            if (place is { } given && draft.Policy?.Value != BalancePolicy.PeakEwma)
                problems.Error(given, $"'{name}' without 'policy: peak-ewma'", "'policy: peak-ewma' beside it");
        }
    }

    private static BalanceSettings From(BalanceDraft draft)
    {
        var defaults = new BalanceSettings();
        return new()
        {
            Policy = draft.Policy?.Value ?? BalancePolicy.Hash,
            Decay = draft.Decay?.Value ?? defaults.Decay,
            Penalty = draft.Penalty?.Value ?? defaults.Penalty,
            Hash = draft.Hash is not { } key ? null : new()
            {
                Key = key.Value,
                Placement = draft.Placement?.Value ?? HashPlacement.Ketama,
                Function = draft.Function?.Value,
                Avalanche = draft.Avalanche?.Value,
                Length = draft.Length?.Value,
                Depth = draft.Depth?.Value,
                Load = draft.Load?.Value,
            },
        };
    }

    private static string Write(BalanceSettings balance)
    {
        foreach (var (word, value, _) in Words)
        {
            if (value == balance)
                return word;
        }

        List<string> parts = [];
        if (balance.Hash is { } hash)
        {
            parts.Add($"hash: {YamlValues.Scalar(hash.Key.ToString())}");
            if (hash.Placement != HashPlacement.Ketama)
                parts.Add($"placement: {WordOf(Placements, hash.Placement)}");
            if (hash.Load is { } load)
                parts.Add($"load: {load}%");
            if (hash.Function is { } function)
                parts.Add($"function: {WordOf(Functions, function)}");
            if (hash.Avalanche is { } avalanche)
                parts.Add($"avalanche: {(avalanche ? "true" : "false")}");
            if (hash.Length is { } length)
                parts.Add($"length: {length}");
            if (hash.Depth is { } depth)
                parts.Add($"depth: {depth}");
        }
        else
        {
            parts.Add($"policy: {WordOf(Policies, balance.Policy)}");
            if (balance.Decay != new BalanceSettings().Decay)
                parts.Add($"decay: {DurationText.Write(balance.Decay)}");
            if (balance.Penalty != new BalanceSettings().Penalty)
                parts.Add($"penalty: {DurationText.Write(balance.Penalty)}");
        }

        return $"{{ {string.Join(", ", parts)} }}";
    }

    private static string WordOf<T>(IEnumerable<(string Word, T Value, string Description)> words, T value) =>
        words.First(word => EqualityComparer<T>.Default.Equals(word.Value, value)).Word;
}
