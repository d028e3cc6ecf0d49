using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>statistics</c> in a route.</summary>
internal static class StatisticsTable
{
    private static readonly Form<string> s_text = Form.OfText("a text of at most 256 characters", (string text, out string value, out Mistake mistake) =>
    {
        (value, mistake) = (text, text.Length is 0 or > 256 || text.Any(char.IsControl) ? new("this is no text to show", "1 to 256 characters, none of them a control character") : default);
        return mistake.Message is null;
    });

    private static readonly Form<StatisticsKind> s_kind = ScalarForms.OneOf([("tables", StatisticsKind.Tables, ""), ("metrics", StatisticsKind.Metrics, ""), ("counts", StatisticsKind.Counts, "")]);

    public static DirectiveTable<StatisticsSettings> Table { get; } = new(
        "'statistics'",
        "tables, metrics, or a mapping, as in { show: tables, refresh: 10s }",
        "A page about the balancer itself, for those who cannot reach the admin API. Whoever the route lets in sees it: rules that ask for a password or look at the address go before it.",
        [],
        [
            new Directive<StatisticsSettings, StatisticsKind>("show", s_kind, "`tables` for people, as HAProxy's page of statistics has them, with `;csv` and `;json` at the end of the URI as data; `metrics` for Prometheus, as `/metrics` of the admin API; or `counts`, as nginx's `stub_status` has them.", page => page.Kind, (page, value) => page with { Kind = value }),
            new Directive<StatisticsSettings, TimeSpan?>("refresh", ScalarForms.OrWord(ScalarForms.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)), "none"), "How often a browser asks again, in whole seconds.", page => page.Refresh, (page, value) => page with { Refresh = value }),
            new Directive<StatisticsSettings, bool>("hide-version", ScalarForms.Switch, "Whether it keeps the version to itself.", page => page.HidesVersion, (page, value) => page with { HidesVersion = value }),
            new Directive<StatisticsSettings, bool>("legends", ScalarForms.Switch, "Whether it tells addresses, cookies and how servers are chosen.", page => page.ShowsLegends, (page, value) => page with { ShowsLegends = value }),
            new Directive<StatisticsSettings, string?>("node", Form.OrNull(s_text), "What the machine is called on it.", page => page.Node, (page, value) => page with { Node = value }),
            new Directive<StatisticsSettings, string?>("description", Form.OrNull(s_text), "A sentence about it.", page => page.Description, (page, value) => page with { Description = value }),
            new Directive<StatisticsSettings, Condition?>("admin", Form.OrNull(RuleTable.Condition), "Which requests may change servers by it, see [conditions](#conditions-and-expressions): `true` for all that see it, none when left out. What browsers send from a page of somebody else changes nothing.", page => null, (page, value) => page with { Admin = value }),
            new Directive<StatisticsSettings, IReadOnlyList<string>>("scope", Form.ListOf("a name, or a list of names", s_text, orOne: true), "The listeners and pools that are told of, by their names; all when left out.", page => [], (page, value) => page with { Scope = value.ToValueList() }),
        ]);

    /// <summary>What is written behind <c>statistics</c>.</summary>
    public static Form<StatisticsSettings> Page { get; } = Form.MappingOrText(Table, () => new(), s_kind, kind => new StatisticsSettings { Kind = kind });
}
