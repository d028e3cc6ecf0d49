using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>sticky</c> in a pool.</summary>
internal static class StickyTable
{
    private const int LongestText = 256;

    private static readonly TimeSpan s_least = TimeSpan.FromSeconds(1);

    // RFC 6265bis, 5.5: browsers keep no cookie longer.
    private static readonly TimeSpan s_most = TimeSpan.FromDays(400);

    private static readonly Form<TimeSpan?> s_age = ScalarForms.OrWord(ScalarForms.Duration(s_least, s_most), "none");

    private static readonly Form<string> s_name = Form.OfText(
        "the name of a cookie, such as STEELYARD",
        (string text, out string value, out Mistake mistake) =>
        {
            value = text;
            var fits = HeaderTable.IsToken(text) && text.Length <= 64;
            mistake = fits ? default : new($"{Shown.Quote(text)} cannot be the name of a cookie", "1 to 64 letters, digits and other characters of a token, such as - and _");
            return fits;
        },
        name => name);

    /// <summary>What values are signed or hashed with.</summary>
    public static Form<string> Secret { get; } = Form.OfText(
        "16 to 256 characters that nobody can guess",
        (string text, out string value, out Mistake mistake) =>
        {
            value = text;
            mistake = text.Length is >= 16 and <= LongestText ? default : new($"the key has {text.Length} characters", "16 to 256 characters, such as `openssl rand -hex 32` prints");
            return mistake.Message is null;
        },
        secret => secret);

    private static readonly Form<string> s_path = Form.OfText(
        "a path such as /",
        (string text, out string value, out Mistake mistake) =>
        {
            value = text;
            mistake = text.StartsWith('/') && IsPartOfCookie(text, orBlanks: false) ? default : new($"{Shown.Quote(text)} cannot be the path of a cookie", "a path such as /, in ASCII, without blanks and semicolons");
            return mistake.Message is null;
        },
        path => path);

    private static readonly Form<string> s_domain = Form.OfText(
        "a domain such as example.com",
        (string text, out string value, out Mistake mistake) =>
        {
            // The dot of old has no meaning any more, and some write it.
            var read = HostText.TryParsePattern(text.StartsWith('.') ? text[1..] : text, out value, out mistake) && !value.StartsWith('*');
            mistake = read ? default : new($"{Shown.Quote(text)} cannot be the domain of a cookie", "a domain such as example.com");
            value = text;
            return read;
        },
        domain => domain);

    private static readonly Form<string> s_attribute = Form.OfText(
        "an attribute such as Priority=High",
        (string text, out string value, out Mistake mistake) =>
        {
            value = text;
            mistake = IsPartOfCookie(text, orBlanks: true) ? default : new($"{Shown.Quote(text)} cannot be an attribute of a cookie", "1 to 256 characters of ASCII without semicolons, such as Priority=High");
            return mistake.Message is null;
        },
        attribute => attribute);

    private static readonly Form<ValueList<string>> s_domains = ListForm("a domain such as example.com, or a list of them", s_domain);

    private static readonly Form<ValueList<string>> s_attributes = ListForm("an attribute such as Priority=High, or a list of them", s_attribute);

    /// <summary>The value a server has in cookies.</summary>
    public static Form<string?> ServerValue { get; } = Form.OrNull(Form.OfText(
        "what stands for it in cookies, such as s1",
        (string text, out string value, out Mistake mistake) =>
        {
            value = text;
            var fits = IsPartOfCookie(text, orBlanks: false) && text.Length <= 64 && !text.AsSpan().ContainsAny("\",\\|~");
            mistake = fits ? default : new($"{Shown.Quote(text)} cannot stand in a cookie", "1 to 64 characters of ASCII without blanks and \" , ; \\ | ~");
            return fits;
        }));

    public static DirectiveTable<StickySettings> Table { get; } = new(
        "'sticky'",
        "the name of a cookie, or a mapping, as in { cookie: STEELYARD, max-age: 24h }",
        "How a client stays with the server that it had before. The name of a cookie alone is short for `{ cookie: NAME }`. More, and what happens when that server is not to be had, in [Stickiness](stickiness.md).",
        [],
        [
            new Directive<StickySettings, string?>(
                "cookie",
                OrNull(s_name),
                "The name of the cookie.",
                sticky => sticky.Cookie,
                (sticky, value) => sticky with { Cookie = value! }),
            new Directive<StickySettings, string?>(
                "learn",
                OrNull(s_name),
                "Instead of `cookie`, the name of a cookie that the servers set, such as `connect.sid`: the client of each value belongs to who has set it. It passes unchanged.",
                sticky => sticky.Learn,
                (sticky, value) => sticky with { Learn = value }),
            new Directive<StickySettings, RequestKey?>(
                "on",
                Form.OrNull(ScalarForms.RequestKey),
                "Instead of `cookie`, what a client is known by: it stays with the server that was chosen for it first.",
                sticky => sticky.On,
                (sticky, value) => sticky with { On = value }),
            new Directive<StickySettings, int>(
                "size",
                ScalarForms.Number(1, 10_000_000),
                "How many clients are remembered with `learn` and `on`, at some 48 bytes each. When there are more, who would be forgotten first makes room.",
                sticky => sticky.Size,
                (sticky, value) => sticky with { Size = value }),
            new Directive<StickySettings, TimeSpan>(
                "expire",
                ScalarForms.Duration(s_least, s_most),
                "How long a client is remembered with `learn` and `on` after it was seen last.",
                sticky => sticky.Expire,
                (sticky, value) => sticky with { Expire = value }),
            new Directive<StickySettings, string?>(
                "table",
                OrNull(CounterTables.Name),
                "The name of a memory that pools have in common, where they say the same name, `size` and `expire`: a client of one belongs to the server of that name in the others. One of the pool's own when left out.",
                sticky => sticky.Table,
                (sticky, value) => sticky with { Table = value }),
            new Directive<StickySettings, StickyUse>(
                "use",
                ScalarForms.OneOf([("both", StickyUse.Both, ""), ("look-up", StickyUse.LookUp, ""), ("remember", StickyUse.Remember, "")]),
                "What is done with the memory, with `on`: `look-up` sends clients to the servers that other pools have remembered, `remember` does so for them alone.",
                sticky => sticky.Use,
                (sticky, value) => sticky with { Use = value }),
            new Directive<StickySettings, StickyKind>(
                "mode",
                ScalarForms.OneOf([("insert", StickyKind.Insert, ""), ("rewrite", StickyKind.Rewrite, ""), ("prefix", StickyKind.Prefix, ""), ("passive", StickyKind.Passive, "")]),
                "Whose cookie it is: `insert` gives clients one of our own, `rewrite` replaces the value of one that the server sets, `prefix` puts the server and `~` before that value and takes them away again, `passive` only reads one that the server sets.",
                sticky => sticky.Kind,
                (sticky, value) => sticky with { Kind = value }),
            new Directive<StickySettings, StickyValue>(
                "value",
                ScalarForms.OneOf([("signed", StickyValue.Signed, ""), ("server", StickyValue.Server, ""), ("dynamic", StickyValue.Dynamic, "")]),
                "What stands in it for a server: `signed` is a text that says nothing and that only we can make, `server` the `cookie` of the server, `dynamic` what HAProxy makes of address and key.",
                sticky => sticky.Value,
                (sticky, value) => sticky with { Value = value }),
            new Directive<StickySettings, string?>(
                "key",
                OrNull(Secret),
                "What values are signed with, the same in all balancers that serve the same clients; `dynamic-cookie-key` of HAProxy with `value: dynamic`. One of this installation's own when left out.",
                sticky => sticky.Secret,
                (sticky, value) => sticky with { Secret = value }),
            new Directive<StickySettings, bool>(
                "indirect",
                ScalarForms.Switch,
                "Whether the servers do not see an inserted cookie.",
                sticky => sticky.Indirect,
                (sticky, value) => sticky with { Indirect = value }),
            new Directive<StickySettings, bool>(
                "nocache",
                ScalarForms.Switch,
                "Whether an answer that sets the cookie says `Cache-Control: private`, where a cache might keep it.",
                sticky => sticky.NoCache,
                (sticky, value) => sticky with { NoCache = value }),
            new Directive<StickySettings, bool>(
                "postonly",
                ScalarForms.Switch,
                "Whether only answers to POST set the cookie.",
                sticky => sticky.PostOnly,
                (sticky, value) => sticky with { PostOnly = value }),
            new Directive<StickySettings, bool>(
                "preserve",
                ScalarForms.Switch,
                "Whether a cookie of that name which the server sets is left as it is, and none of ours is set beside it.",
                sticky => sticky.Preserve,
                (sticky, value) => sticky with { Preserve = value }),
            new Directive<StickySettings, TimeSpan?>(
                "max-age",
                s_age,
                "How long the client keeps the cookie; `none` for as long as the browser runs.",
                sticky => sticky.MaxAge,
                (sticky, value) => sticky with { MaxAge = value }),
            new Directive<StickySettings, TimeSpan?>(
                "max-idle",
                s_age,
                "How long the cookie is good after it was used last; it is set anew with the time, which is counted in steps of 4 s.",
                sticky => sticky.MaxIdle,
                (sticky, value) => sticky with { MaxIdle = value }),
            new Directive<StickySettings, TimeSpan?>(
                "max-life",
                s_age,
                "How long the cookie is good after it was set first.",
                sticky => sticky.MaxLife,
                (sticky, value) => sticky with { MaxLife = value }),
            new Directive<StickySettings, ValueList<string>>(
                "domain",
                s_domains,
                "The domains that the cookie is for; the host that was asked when left out.",
                sticky => sticky.Domains,
                (sticky, value) => sticky with { Domains = value }),
            new Directive<StickySettings, string>(
                "path",
                s_path,
                "The path that the cookie is for.",
                sticky => sticky.Path,
                (sticky, value) => sticky with { Path = value }),
            new Directive<StickySettings, StickySecure>(
                "secure",
                ScalarForms.OneOf([("auto", StickySecure.Auto, ""), ("true", StickySecure.Always, ""), ("false", StickySecure.Never, "")]),
                "Whether clients send the cookie over TLS only; `auto` is where they got it over TLS, or from behind a trusted proxy that says so.",
                sticky => sticky.Secure,
                (sticky, value) => sticky with { Secure = value }),
            new Directive<StickySettings, bool>(
                "http-only",
                ScalarForms.Switch,
                "Whether scripts of the page cannot read the cookie.",
                sticky => sticky.HttpOnly,
                (sticky, value) => sticky with { HttpOnly = value }),
            new Directive<StickySettings, StickySameSite>(
                "same-site",
                ScalarForms.OneOf([("unsaid", StickySameSite.Unsaid, ""), ("strict", StickySameSite.Strict, ""), ("lax", StickySameSite.Lax, ""), ("none", StickySameSite.None, "")]),
                "Whether the cookie is sent along from other sites; browsers take a cookie that does not say for `lax`.",
                sticky => sticky.SameSite,
                (sticky, value) => sticky with { SameSite = value }),
            new Directive<StickySettings, ValueList<string>>(
                "attributes",
                s_attributes,
                "Further attributes of the cookie.",
                sticky => sticky.Attributes,
                (sticky, value) => sticky with { Attributes = value }),
            new Directive<StickySettings, StickyDown>(
                "when-down",
                ScalarForms.OneOf([("redispatch", StickyDown.Redispatch, ""), ("persist", StickyDown.Persist, ""), ("always", StickyDown.Always, ""), ("refuse", StickyDown.Refuse, "")]),
                "What becomes of a client whose server is down or left out: `redispatch` gives it another, `persist` tries that server all the same, but not in maintenance, `always` there too (HAProxy: `option persist`), `refuse` answers 503.",
                sticky => sticky.WhenDown,
                (sticky, value) => sticky with { WhenDown = value }),
            new Directive<StickySettings, StickyDrained>(
                "when-drained",
                ScalarForms.OneOf([("keep", StickyDrained.Keep, ""), ("redispatch", StickyDrained.Redispatch, "")]),
                "What becomes of a client whose server drains, or has weight 0: `keep` leaves it there, `redispatch` gives it another with its next request, if there is one.",
                sticky => sticky.WhenDrained,
                (sticky, value) => sticky with { WhenDrained = value }),
            new Directive<StickySettings, StickyFull>(
                "when-full",
                ScalarForms.OneOf([("wait", StickyFull.Wait, ""), ("redispatch", StickyFull.Redispatch, "")]),
                "What becomes of a client whose server has as many requests as its `max-connections` allow: `wait` lets it wait in the queue for that server, `redispatch` gives it another.",
                sticky => sticky.WhenFull,
                (sticky, value) => sticky with { WhenFull = value }),
            new Directive<StickySettings, bool>(
                "redispatch",
                ScalarForms.Switch,
                "Whether a request that its server does not take, or fails, may be sent to another. Else its client is told.",
                sticky => sticky.Redispatch,
                (sticky, value) => sticky with { Redispatch = value }),
            new Directive<StickySettings, string?>(
                "variable",
                OrNull(RuleTable.VariableName),
                "The variable by which rules say of a request that its cookie is not looked at, `ignore`, or that its server is tried in any state, `force` (HAProxy: `ignore-persist`, `force-persist`).",
                sticky => sticky.Variable,
                (sticky, value) => sticky with { Variable = value }),
        ]);

    /// <summary>What is written behind <c>sticky</c>.</summary>
    public static Form<Located<StickySettings>?> PoolForm { get; } = new(
        Table.Accepts,
        (ProblemList problems, YamlNode node, out Located<StickySettings>? value) =>
        {
            value = null;
            if (node is YamlText)
            {
                if (!s_name.Read(problems, node, out var name))
                    return false;
                value = new(new() { Cookie = name }, node.Place);
                return true;
            }

            if (node is not YamlMapping mapping)
                return Form.RefuseKind(problems, node, Table.Accepts);
            var sticky = Table.Read(problems, mapping, new());
            value = new(sticky, node.Place);
            Check(problems, node.Place, sticky);
            return true;
        });

    private static void Check(ProblemList problems, Place place, StickySettings sticky)
    {
        if ((sticky.Cookie.Length > 0 ? 1 : 0) + (sticky.Learn is null ? 0 : 1) + (sticky.On is null ? 0 : 1) != 1)
            problems.Error(place, "'sticky' needs one of 'cookie', 'learn' and 'on'", Table.Accepts);
        else if (sticky.Key is not null && sticky != Remembered(sticky))
            problems.Error(place, $"'{(sticky.On is null ? "learn" : "on")}' with what is said of a cookie of ours", "beside it only 'size', 'expire', 'table', 'use', 'when-down', 'when-drained', 'when-full' and 'redispatch'");
        else if (sticky.Key is null && (sticky.Size, sticky.Expire) != (new StickySettings().Size, new StickySettings().Expire))
            problems.Error(place, "'size' or 'expire' with 'cookie', where nobody is remembered", "'learn' or 'on', or 'max-idle' and 'max-life' of the cookie");
        else if (sticky.Key is null && sticky.Table is not null)
            problems.Error(place, "'table' with 'cookie', where nobody is remembered", "'learn' or 'on'");
        else if (sticky.On is null && sticky.Use != StickyUse.Both)
            problems.Error(place, "'use' without 'on'", "'on', or a mapping without 'use'");
        if (sticky.On is { Kind: RequestKeyKind.ServerName })
            problems.Error(place, "'on: sni', where the name in a hello is not looked at", "'on: address', or a field or a cookie of the request");
        if (sticky.Kind != StickyKind.Insert && OnlyForInsert(sticky) is { } name)
            problems.Error(place, $"'{name}' with 'mode: {sticky.Kind.ToString().ToLowerInvariant()}', where the server sets the cookie", "'mode: insert', or a mapping without it");
        if (sticky.Value == StickyValue.Server && sticky.Secret is not null)
            problems.Error(place, "'key' with 'value: server', which is not signed", "'value: signed', or a mapping without 'key'");
        if (sticky is { SameSite: StickySameSite.None, Secure: StickySecure.Never })
            problems.Error(place, "'same-site: none' with 'secure: false', which browsers refuse", "'secure: true' or 'secure: auto'");
    }

    private static StickySettings Remembered(StickySettings sticky) => new()
    {
        Learn = sticky.Learn,
        On = sticky.On,
        Size = sticky.Size,
        Expire = sticky.Expire,
        Table = sticky.Table,
        Use = sticky.Use,
        WhenDown = sticky.WhenDown,
        WhenDrained = sticky.WhenDrained,
        WhenFull = sticky.WhenFull,
        Redispatch = sticky.Redispatch,
    };

    private static string? OnlyForInsert(StickySettings sticky)
    {
        var initial = new StickySettings();
        ReadOnlySpan<(string Name, bool Given)> given =
        [
            ("postonly", sticky.PostOnly),
            ("max-age", sticky.MaxAge is not null),
            ("max-idle", sticky.MaxIdle is not null),
            ("max-life", sticky.MaxLife is not null),
            ("domain", sticky.Domains.Count > 0),
            ("path", sticky.Path != initial.Path),
            ("secure", sticky.Secure != initial.Secure),
            ("http-only", sticky.HttpOnly != initial.HttpOnly),
            ("same-site", sticky.SameSite != initial.SameSite),
            ("attributes", sticky.Attributes.Count > 0),
        ];
        foreach (var (name, isGiven) in given)
        {
            if (isGiven)
                return name;
        }

        return null;
    }

    private static Form<ValueList<string>> ListForm(string accepts, Form<string> item)
    {
        var list = Form.ListOf(accepts, item, orOne: true);
        return new(
            accepts,
            (ProblemList problems, YamlNode node, out ValueList<string> value) =>
            {
                var read = list.Read(problems, node, out var values);
                value = values.ToValueList();
                return read;
            });
    }

    private static Form<string?> OrNull(Form<string> form) => Form.OrNull(form);

    private static bool IsPartOfCookie(string text, bool orBlanks) =>
        text.Length is > 0 and <= LongestText && text.Trim(' ').Length == text.Length && text.AsSpan().IndexOfAnyExceptInRange(orBlanks ? ' ' : '!', '~') < 0 && !text.Contains(';');
}
