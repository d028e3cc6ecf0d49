using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Haproxy;

/// <summary>What a section says of its page of statistics.</summary>
internal sealed record HaproxyStats(Place Place)
{
    public string Uri { get; init; } = "/haproxy?stats";

    public string Realm { get; init; } = "HAProxy Statistics";

    public ValueList<string> Users { get; init; }

    public StatisticsSettings Page { get; init; } = new();

    public ValueList<Located<RuleSettings>> Rules { get; init; }
}

/// <summary>The lines about the page of statistics, and the routes they become.</summary>
internal static class HaproxyStatistics
{
    private const string All = "DFBL";

    // Whoever asks for something goes before whoever asks for nothing, and a service goes before any use_backend.
    private static readonly Condition s_always = new TestCondition(new VariableExpression(TemplateVariable.Method), TestKind.Present);

    public static IEnumerable<DirectiveRow<HaproxyUse>> Rows { get; } =
    [
        Done("stats enable", "", "A page of statistics, at `/haproxy?stats` where no `stats uri` says otherwise; `;csv`, `;json`, `;up` and `;norefresh` behind it as in HAProxy. Every other line of `stats` has the same effect.", _ => stats => stats),
        Done("stats uri", "<prefix>", "What path and query of the page begin with.", use => use.TryTake("a path", out var word) ? stats => stats with { Uri = word.Text } : null),
        Done("stats realm", "<realm>", "What browsers say when they ask for a password.", use => use.TryTake("a realm", out var word) ? stats => stats with { Realm = word.Text } : null),
        Done("stats auth", "<user>:<password>", "Who may see it; several lines for several.", ReadUser),
        Done("stats refresh", "<time>", "How often browsers ask again.", use => TryTakeSeconds(use, out var time) ? stats => stats with { Page = stats.Page with { Refresh = time } } : null),
        Done("stats hide-version", "", "It does not tell the version.", _ => stats => stats with { Page = stats.Page with { HidesVersion = true } }),
        Done("stats show-legends", "", "It tells addresses and how servers are chosen.", _ => stats => stats with { Page = stats.Page with { ShowsLegends = true } }),
        Done("stats show-node", "[<name>]", "It tells the name of the machine, or this one.", use => (use.HasMore ? use.Take().Text : Environment.MachineName) is var name ? stats => stats with { Page = stats.Page with { Node = name } } : null),
        Done("stats show-desc", "[<text>]", "It tells this.", use => Rest(use) is var text ? stats => stats with { Page = stats.Page with { Description = text } } : null),
        Done("stats scope", "<name>|.", "It tells of these proxies alone, `.` being its own.", use => use.TryTake("the name of a proxy", out var word) ? stats => stats with { Page = stats.Page with { Scope = [.. stats.Page.Scope, word.Text == "." ? use.Section.Name.Value : word.Text] } } : null),
        Done("stats http-request", "allow|deny|auth [realm <realm>] [if|unless <condition>]", "Who may see it, in the place of `stats auth`.", ReadRule),
        Done("stats admin", "if|unless <condition>", "Who may change servers by the page: their state, their health and their agents, as HAProxy's does. What browsers send from a page of somebody else changes nothing.", ReadAdmin),
        DirectiveRow<HaproxyUse>.Done("http-request use-service", "FBL", "prometheus-exporter [if|unless <condition>]", "Serves what Steelyard counts to Prometheus, under [its own names](metrics.md); after all rules, and before any `use_backend`.", ReadService),
        DirectiveRow<HaproxyUse>.Harmless("stats show-modules", All, "", "There are no modules whose counters it could show."),
    ];

    // All words to the end of the line.
    private static string? Rest(HaproxyUse use)
    {
        List<string> words = [];
        while (use.HasMore)
            words.Add(use.Take().Text);
        return words.Count == 0 ? null : string.Join(' ', words);
    }

    private static DirectiveRow<HaproxyUse> Done(string name, string arguments, string meaning, Func<HaproxyUse, Func<HaproxyStats, HaproxyStats>?> read) =>
        DirectiveRow<HaproxyUse>.Done(name, All, arguments, meaning, use =>
        {
            if (read(use) is { } change)
                use.Section.Stats = change(use.Section.Stats ?? new(use.Line));
        });

    private static bool TryTakeSeconds(HaproxyUse use, out TimeSpan time)
    {
        time = default;
        if (!use.TryTake("a time", out var word))
            return false;

        // As in HAProxy seconds are meant where no unit is given.
        var text = word.Text.All(char.IsAsciiDigit) ? word.Text + "s" : word.Text;
        if (HaproxyUse.TryReadTime(text, out time) && time >= TimeSpan.FromSeconds(1) && time <= TimeSpan.FromDays(1))
            return true;
        use.Error(word, $"'{word.Text}' is no time to ask again", "1s to 1d");
        return false;
    }

    private static Func<HaproxyStats, HaproxyStats>? ReadUser(HaproxyUse use)
    {
        if (!use.TryTake("a user and a password", out var word))
            return null;
        if (word.Text.IndexOf(':', StringComparison.Ordinal) > 0)
            return stats => stats with { Users = [.. stats.Users, word.Text] };
        use.Error(word, "'stats auth' without a password", "<user>:<password>");
        return null;
    }

    private static Func<HaproxyStats, HaproxyStats>? ReadRule(HaproxyUse use)
    {
        if (!use.TryTake("allow, deny or auth", out var word))
            return null;
        RuleSettings? rule = word.Text switch
        {
            "allow" => new() { Action = RuleAction.Stop },
            "deny" => new() { Action = RuleAction.Deny, Status = 403 },
            "auth" => HaproxyRules.ReadAuthentication(use),
            _ => null,
        };
        if (rule is null)
            use.Error(word, $"'{word.Text}' is not known behind 'stats http-request'", "allow, deny or auth");
        return rule is not null && use.TryReadCondition(out var condition) ? stats => stats with { Rules = [.. stats.Rules, new(rule with { When = condition }, use.Line)] } : null;
    }

    private static Func<HaproxyStats, HaproxyStats>? ReadAdmin(HaproxyUse use)
    {
        if (!use.HasMore)
        {
            use.TryTake("'if' or 'unless' with a condition", out _);
            return null;
        }

        if (!use.TryReadCondition(out var condition))
            return null;

        // One of several lines is enough.
        return stats => stats with { Page = stats.Page with { Admin = stats.Page.Admin is { } other ? new AnyCondition([other, condition!]) : condition } };
    }

    private static void ReadService(HaproxyUse use)
    {
        if (!use.TryTake("prometheus-exporter", out var word) || !use.TryReadCondition(out var condition))
            return;
        if (word.Text == "prometheus-exporter")
            use.Section.Metrics.Add((condition, use.Line));
        else
            use.Error(word, $"the service '{word.Text}' is not done here", "prometheus-exporter, or a server for it");
    }

    /// <summary>The routes to the pages of a section.</summary>
    /// <param name="section">The section.</param>
    /// <param name="when">When its turn comes; null for always.</param>
    public static IEnumerable<RouteDraft> Routes(HaproxySection section, Condition? when)
    {
        IEnumerable<Located<RuleSettings>> before = section.Kind == 'B' ? [.. section.EarlyRules, .. HaproxyErrors.Apply(section.Rules, section)] : [];
        foreach (var (condition, place) in section.Metrics)
            yield return new(place) { Match = new() { When = Both(when, condition ?? s_always) }, Rules = [.. before], Statistics = new(new() { Kind = StatisticsKind.Metrics }, place) };
        if (section.Stats is not { } stats)
            yield break;
        var asked = new TestCondition(new VariableExpression(TemplateVariable.Uri), TestKind.Starts, [stats.Uri]);
        ValueList<Located<RuleSettings>> asks = stats.Rules.Count > 0 || stats.Users.Count == 0 ? stats.Rules
            : [new(HaproxyRules.Authentication(stats.Realm) with { When = new NotCondition(new TestCondition(new FetchExpression(FetchKind.BasicCredentials), TestKind.Is, stats.Users)) }, stats.Place)];
        yield return new(stats.Place) { Match = new() { When = Both(when, asked) }, Rules = [.. before], AccessRules = asks, Statistics = new(stats.Page, stats.Place) };
    }

    private static Condition? Both(Condition? when, Condition? condition) => when is null || condition is null ? when ?? condition : new AllCondition([when, condition]);
}
