using Steelyard.Config.Dialects;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>How clients stay with their servers.</summary>
internal static class HaproxyPersistence
{
    /// <summary>The variable that says whether a cookie counts.</summary>
    public const string Variable = "persist";

    // What a client is known by where that is no part of a request, or where it goes by a condition.
    private const string KnownBy = "stick";

    private const string Back = "DBL";

    private static readonly TimeSpan s_longest = TimeSpan.FromDays(24);

    public static IEnumerable<DirectiveRow<HaproxyUse>> Rows { get; } =
    [
        DirectiveRow<HaproxyUse>.Done("cookie", Back, "<name> [rewrite|insert|prefix] [indirect] [nocache] [postonly] [preserve] [httponly] [secure] [domain <domain>]* [maxidle <time>] [maxlife <time>] [dynamic] [attr <value>]*", "The cookie by which a client stays with its server; one that the server sets and nobody changes where neither insert nor rewrite nor prefix is said. `indirect` is for `insert`.", ReadCookie),
        DirectiveRow<HaproxyUse>.Done("no cookie", Back, "", "Undoes it.", use => use.Section.Cookie = null),
        DirectiveRow<HaproxyUse>.Done("force-persist", "BL", "if|unless <condition>", "The server that the cookie names is tried in any state. The first line of these two that holds counts.", use => ReadPersistence(use, "force")),
        DirectiveRow<HaproxyUse>.Done("ignore-persist", "BL", "if|unless <condition>", "The cookie is not looked at.", use => ReadPersistence(use, "ignore")),
        DirectiveRow<HaproxyUse>.Done("dynamic-cookie-key", Back, "<text>", "What dynamic values are made of.", use => use.Section.DynamicKey = use.TryTake("a text", out var word) ? word.Text : null),
        DirectiveRow<HaproxyUse>.Done("stick-table", "FBL", "type <type> size <size> [expire <time>] [nopurge] [peers <name>] [store <counters>]", "How many clients, or other keys, are remembered for `stick on` and by `track-sc0` to `track-sc2`, how long, and what of them is counted.", ReadTable),
        DirectiveRow<HaproxyUse>.Done("stick on", "BL", "<sample> [table <name>] [if|unless <condition>]", "A client stays with the server it was sent to first: by src, req.cook(<name>), or any other value. Of several lines the first counts that holds and has a value. With `table` in the table of another section, by the names of servers.", use => ReadOn(use, looksUp: true, remembers: true)),
        DirectiveRow<HaproxyUse>.Done("stick match", "BL", "<sample> [table <name>] [if|unless <condition>]", "A client goes to the server that is remembered.", use => ReadOn(use, looksUp: true, remembers: false)),
        DirectiveRow<HaproxyUse>.Done("stick store-response", "BL", "res.cook(<name>) [table <name>]", "A client stays with the server that has given it the cookie.", ReadLearn),
        DirectiveRow<HaproxyUse>.Done("stick store-request", "BL", "<sample> [table <name>] [if|unless <condition>]", "The server that a client gets is remembered, for lines of `stick match` here or in another backend.", use => ReadOn(use, looksUp: false, remembers: true)),
        DirectiveRow<HaproxyUse>.Refused("appsession", Back, "...", "`stick store-response res.cook(<name>)`"),
    ];

    private static void ReadCookie(HaproxyUse use)
    {
        if (!use.TryTake("the name of the cookie", out var name))
            return;
        var sticky = new StickySettings { Cookie = name.Text, Kind = StickyKind.Passive, Value = StickyValue.Server, Indirect = false, NoCache = false, HttpOnly = false, Secure = StickySecure.Never };
        List<string> domains = [], attributes = [];
        while (use.HasMore)
        {
            var word = use.Take();
            switch (word.Text)
            {
                case "insert" or "rewrite" or "prefix":
                    sticky = sticky with { Kind = word.Text switch { "insert" => StickyKind.Insert, "prefix" => StickyKind.Prefix, _ => StickyKind.Rewrite } };
                    break;
                case "indirect":
                    sticky = sticky with { Indirect = true };
                    break;
                case "nocache":
                    sticky = sticky with { NoCache = true };
                    break;
                case "postonly":
                    sticky = sticky with { PostOnly = true };
                    break;
                case "preserve":
                    sticky = sticky with { Preserve = true };
                    break;
                case "httponly":
                    sticky = sticky with { HttpOnly = true };
                    break;
                case "secure":
                    sticky = sticky with { Secure = StickySecure.Always };
                    break;
                case "dynamic":
                    sticky = sticky with { Value = StickyValue.Dynamic };
                    break;
                case "domain" when use.TryTake("a domain", out var domain):
                    domains.Add(domain.Text);
                    break;
                case "attr" when use.TryTake("an attribute", out var attribute):
                    attributes.Add(attribute.Text);
                    break;
                case "maxidle" when use.TryTakeTime("a time", out var idle):
                    sticky = sticky with { MaxIdle = idle };
                    break;
                case "maxlife" when use.TryTakeTime("a time", out var life):
                    sticky = sticky with { MaxLife = life };
                    break;
                default:
                    use.Error(word, $"{Shown.Quote(word.Text)} is not known behind 'cookie'", "insert, rewrite, prefix, indirect, nocache, postonly, preserve, httponly, secure, domain, maxidle, maxlife, dynamic or attr");
                    return;
            }
        }

        sticky = sticky with { Domains = domains.ToValueList(), Attributes = attributes.ToValueList() };

        // How a cookie is set is the server's business where the server sets it, as in HAProxy.
        if (sticky.Kind != StickyKind.Insert)
            sticky = new() { Cookie = sticky.Cookie, Kind = sticky.Kind, Value = sticky.Value, Indirect = sticky.Indirect, NoCache = sticky.NoCache, Preserve = sticky.Preserve };
        use.Section.Cookie = new(sticky, use.Line);
    }

    private static void ReadPersistence(HaproxyUse use, string what)
    {
        if (!use.TryReadCondition(out var condition))
            return;
        if (condition is null)
        {
            use.Problems.Error(use.Line, $"'{use.Directive}' without a condition", "if or unless with a condition");
            return;
        }

        var unsaid = new NotCondition(new TestCondition(new FetchExpression(FetchKind.Variable, Variable), TestKind.Present));
        use.Section.EarlyRules.Add(new(new RuleSettings { Action = RuleAction.SetVariable, Name = Variable, Value = TextTemplate.Literal(what), When = new AllCondition([unsaid, condition]) }, use.Line));
        use.Section.PersistsByVariable = true;
    }

    private static void ReadTable(HaproxyUse use)
    {
        var (size, expire, length, noPurge) = (100_000L, (TimeSpan?)null, 45, false);
        List<StoredCounter> store = [];
        while (use.HasMore)
        {
            var word = use.Take();
            switch (word.Text)
            {
                case "type" when use.TryTake("a type", out var type):
                    if (type.Text is not ("ip" or "ipv4" or "ipv6" or "integer" or "string" or "binary"))
                    {
                        use.Error(type, $"{Shown.Quote(type.Text)} is not a type of keys", "ip, ipv6, integer, string or binary");
                        return;
                    }

                    // HAProxy: 32 bytes of strings and binary keys where nothing is said.
                    length = type.Text is "string" or "binary" ? 32 : 45;
                    if (use.Take("len") && use.TryTakeNumber("a length", 1, 1024, out length))
                        length = Math.Max(length, 2);
                    break;
                case "size" when use.TryTakeSize("a number of entries", out size):
                    break;
                case "expire" when use.TryTakeTime("a time", out var time):
                    expire = time;
                    break;
                case "store" when use.TryTake("what is stored", out var stored):
                    if (!HaproxyCounters.TryReadStore(stored, use, store))
                        return;
                    break;
                case "peers" when use.TryTake("the name of peers", out var peers):
                    use.Problems.Warn(peers.Place, "tables are not shared with other balancers here", "`cookie`, which needs no table");
                    break;
                case "srvkey" when use.TryTake("addr or name", out _):
                    break;
                case "nopurge":
                    noPurge = true;
                    break;
                case "type" or "size" or "expire" or "store" or "peers" or "srvkey":
                    return;
                default:
                    use.Error(word, $"{Shown.Quote(word.Text)} is not known behind 'stick-table'", "type, size, expire, nopurge, peers or store");
                    return;
            }
        }

        if (expire > s_longest)
            expire = s_longest;
        use.Section.StickTable = new(
            new((int)Math.Clamp(size, 1, 10_000_000), expire is { Ticks: > 0 } ? expire : null) { NoPurge = noPurge, KeyLength = length, Store = store, Counts = store.Count > 0 },
            use.Line);
    }

    // Where several lines say it, all have to mean one table.
    private static bool TryReadTableName(HaproxyUse use)
    {
        var named = use.Take("table");
        Word word = default;
        if (named && !use.TryTake("the name of a table", out word))
            return false;
        var (name, place) = named ? (word.Text, word.Place) : (use.Section.Name.Value, use.Line);
        if (use.Section.StickIn is { } before && before.Value != name)
        {
            use.Problems.Error(place, $"clients are remembered in the table {Shown.Quote(before.Value)} already, by line {before.Place.Line}", "one table for all lines of a section");
            return false;
        }

        use.Section.StickIn = new(name, place);
        return true;
    }

    private static void ReadOn(HaproxyUse use, bool looksUp, bool remembers)
    {
        if (!use.TryTake("a sample", out var word) || !TryReadTableName(use) || !use.TryReadCondition(out var condition))
            return;
        var (looked, remembered) = use.Section.StickUse;
        var before = use.Section.StickOn?.Value;
        var plain = KeyOf(word.Text);
        if (before is not null && (looked, remembered) != (looksUp, remembers) && (condition is not null || before != plain))
        {
            use.Problems.Error(use.Line, $"'{use.Directive}' by something else, or for others, than the line before", "the same sample in both without a condition, or 'stick on'");
            return;
        }

        use.Section.StickUse = (looked || looksUp, remembered || remembers);
        if (plain is not null && condition is null && (before is null || before == plain))
        {
            use.Section.StickOn = new(plain, use.Line);
            return;
        }

        if (!HaproxySamples.TryRead(word.Text, mayCompare: false, use, out var sample, out _, out var mistake))
        {
            use.Problems.Error(word.Place, mistake);
            return;
        }

        var known = new FetchExpression(FetchKind.Variable, KnownBy);
        var key = new RequestKey(RequestKeyKind.Text, TextTemplate.Of(known).ToString());
        if (before is not null && before != key)
        {
            use.Problems.Error(use.Line, $"'{use.Directive}' by something else than the line before", "one of the two");
            return;
        }

        var value = TextTemplate.Of(sample.Expression);
        Condition unknown = new NotCondition(new TestCondition(known, TestKind.Matches, ["."]));
        use.Section.EarlyRules.Add(new(new RuleSettings { Action = RuleAction.SetVariable, Name = KnownBy, Value = value, When = condition is null ? unknown : new AllCondition([unknown, condition]) }, use.Line));
        use.Section.StickOn = new(key, use.Line);
    }

    private static RequestKey? KeyOf(string sample)
    {
        var bracket = sample.IndexOf('(', StringComparison.Ordinal);
        var (fetch, name) = bracket > 0 && sample[^1] == ')' ? (sample[..bracket], sample[(bracket + 1)..^1]) : (sample, "");
        return fetch switch
        {
            "src" => RequestKey.Address,
            "dst" => new(RequestKeyKind.Text, TextTemplate.Of(new FetchExpression(FetchKind.LocalAddress)).ToString()),
            "path" => new(RequestKeyKind.Path),
            "url" => new(RequestKeyKind.Uri),
            "req.cook" or "cook" or "req.cookie" when name.Length > 0 => new(RequestKeyKind.Cookie, name),
            "req.hdr" or "hdr" or "req.fhdr" when name.Length > 0 => new(RequestKeyKind.Header, name),
            "url_param" or "urlp" when name.Length > 0 => new(RequestKeyKind.Query, name),
            _ => null,
        };
    }

    private static void ReadLearn(HaproxyUse use)
    {
        if (!use.TryTake("a sample", out var word))
            return;
        foreach (var fetch in (string[])["res.cook(", "scook(", "set-cookie("])
        {
            if (word.Text.StartsWith(fetch, StringComparison.Ordinal) && word.Text[^1] == ')' && word.Text.Length > fetch.Length + 1)
            {
                if (TryReadTableName(use))
                    use.Section.StickLearn = new(word.Text[fetch.Length..^1], use.Line);
                return;
            }
        }

        use.Error(word, $"a client's server cannot be learned from {Shown.Quote(word.Text)} here", "res.cook(<name>)");
    }
}
