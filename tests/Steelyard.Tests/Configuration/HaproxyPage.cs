using System.Text;
using Steelyard.Config;
using Steelyard.Config.Dialects;
using Steelyard.Config.Haproxy;

namespace Steelyard.Tests.Configuration;

/// <summary>The tables of docs/haproxy.md are written from those that read the file: STEELYARD_ACCEPT=1 writes them anew.</summary>
public sealed class HaproxyPage
{
    private const string Start = "<!-- Written by a test from the tables in src/Steelyard.Config/Haproxy: change them, not what follows, and run the tests with STEELYARD_ACCEPT=1. -->\n";

    private static readonly string PagePath = Path.Combine(GoldenFile.Repository, "docs/haproxy.md");

    [Fact]
    public void The_page_says_what_the_tables_say()
    {
        var page = File.ReadAllText(PagePath);
        var start = page.IndexOf(Start, StringComparison.Ordinal);

        Assert.True(start > 0, "the page has lost the line behind which its tables stand");
        GoldenFile.Compare(PagePath, page[..start] + Render());
    }

    [Fact]
    public void Every_row_says_what_it_does_in_one_sentence()
    {
        Assert.All(HaproxyDirectives.Table.Rows, row => Assert.True(row.Meaning.Length > 0 && (row.Support != DirectiveSupport.Done || row.Meaning.EndsWith('.')), row.Name));
        Assert.All(HaproxyDirectives.Table.Rows, row => Assert.True(row.Support == DirectiveSupport.Done == (row.Read is not null), row.Name));
    }

    private static string Render()
    {
        var page = new StringBuilder(Start);
        page.Append("\n## Directives\nContexts are those of HAProxy's manual: G(lobal), D(efaults), F(rontend), B(ackend), L(isten); and R(esolvers).\n\n| Directive | In | Arguments | Here |\n|---|---|---|---|\n");
        foreach (var row in HaproxyDirectives.Table.Rows.Where(row => row.Support == DirectiveSupport.Done))
            page.Append($"| `{row.Name}` | {row.Contexts} | {Code(row.Arguments)} | {Escape(row.Meaning)} |\n");
        page.Append("\n### server\n\n| Keyword | Arguments | Here |\n|---|---|---|\n");
        foreach (var keyword in HaproxyServers.Keywords.Where(keyword => keyword.Support == DirectiveSupport.Done))
            page.Append($"| `{keyword.Name}` | {Code(keyword.Arguments)} | {Escape(keyword.Meaning)} |\n");
        page.Append("\n### bind\n\n| Keyword | Arguments | Here |\n|---|---|---|\n");
        foreach (var (name, arguments, meaning) in HaproxyBinds.Keywords)
            page.Append($"| `{name}` | {Code(arguments)} | {meaning} |\n");
        page.Append("\n## Samples\nIn ACLs, behind `set-var` and in `%[...]`. A name may end in `_beg`, `_end`, `_sub`, `_dir`, `_dom`, `_reg`, `_len`, `_str`, `_int` or `_ip` in ACLs; the flags are `-i`, `-m`, `-f`, `-M`, `-u`, `-n` and `--`; numbers take `eq`, `ge`, `gt`, `le` and `lt`. Predefined are TRUE, FALSE, LOCALHOST, HTTP, HTTP_1.0, HTTP_1.1, HTTP_URL_SLASH, HTTP_URL_STAR and METH_* .\n\n| Fetch | In [Steelyard's own words](configuration.md#conditions-and-expressions) |\n|---|---|\n");
        foreach (var fetch in HaproxyFetches.Rows)
            page.Append($"| `{fetch.Name}` | `{fetch.Meaning}` |\n");
        foreach (var (name, kind) in HaproxyCounters.Names)
            page.Append($"| `sc_{(name.StartsWith("gp", StringComparison.Ordinal) && !name.EndsWith("_rate", StringComparison.Ordinal) ? "get_" : "")}{name}`, `sc0_...`, `src_...` | `tracked('0 {CounterWords.Of(kind)}')`, `table-counter(client, 'TABLE', '{CounterWords.Of(kind)}')` |\n");
        page.Append("| `sc_inc_gpc0`, `sc_clr_gpc0` and the same of `gpc1`, `sc0_...`, `src_...` | `tracked('0 increment general-0')`, `tracked('0 clear general-0')` |\n| `sc_tracked` | whether a slot counts |\n");
        page.Append("| `http_auth(<userlist>)` | user and password are in the list |\n| `http_auth_group(<userlist>)` | the groups of that user, in ACLs |\n\n| Converter | In Steelyard's own words |\n|---|---|\n");
        foreach (var converter in HaproxyConverters.Rows)
            page.Append($"| `{converter.Name}` | `{converter.Meaning}` |\n");
        page.Append("| `table_...` with the names of counters | `table-counter(VALUE, 'TABLE', '...')` |\n| `in_table` | `in-table(VALUE, 'TABLE')` |\n");
        page.Append("| `map`, `map_str`, `map_beg`, `map_end`, `map_sub`, `map_dir`, `map_dom`, `map_reg`, `map_regm`, `map_ip`, `map_int`, and the same with `_int`, `_ip` or `_str` behind | `lookup(VALUE, 'FILE', ...)` in one of the [lists](configuration.md#lists), which has the lines of the file |\n\n| In texts | Stands for |\n|---|---|\n| `%[SAMPLE]` | the sample |\n");
        foreach (var alias in HaproxyAliases.Rows)
            page.Append($"| `%{alias.Word}`{(alias.Value is null ? " (in logs)" : "")} | {alias.Meaning} |\n");
        page.Append("\n## Accepted without effect\nA notice says so for each.\n\n| What | Why |\n|---|---|\n");
        foreach (var alike in HaproxyDirectives.Table.Rows.Where(row => row.Support == DirectiveSupport.Harmless).GroupBy(row => row.Meaning))
            page.Append($"| {string.Join(", ", alike.Select(row => $"`{row.Name}`"))} | {Escape(alike.Key)} |\n");
        foreach (var alike in HaproxyServers.Keywords.Where(keyword => keyword.Support == DirectiveSupport.Harmless).GroupBy(keyword => keyword.Meaning))
            page.Append($"| of a server: {string.Join(", ", alike.Select(keyword => $"`{keyword.Name}`"))} | {Escape(alike.Key)} |\n");
        foreach (var alike in HaproxyBinds.HarmlessKeywords.GroupBy(keyword => keyword.Why))
            page.Append($"| of a bind line: {string.Join(", ", alike.Select(keyword => $"`{keyword.Name}`"))} | {Escape(alike.Key)} |\n");
        page.Append("\n## Refused\nAn error names the line, and this way out.\n\n| What | Instead |\n|---|---|\n");
        foreach (var alike in HaproxyDirectives.Table.Rows.Where(row => row.Support == DirectiveSupport.Refused).GroupBy(row => row.Meaning))
            page.Append($"| {string.Join(", ", alike.Select(row => $"`{row.Name}`"))} | {Escape(alike.Key)} |\n");
        foreach (var alike in HaproxyServers.Keywords.Where(keyword => keyword.Support == DirectiveSupport.Refused).GroupBy(keyword => keyword.Meaning))
            page.Append($"| of a server: {string.Join(", ", alike.Select(keyword => $"`{keyword.Name}`"))} | {Escape(alike.Key)} |\n");
        return page.ToString();
    }

    private static string Code(string text) => text.Length == 0 ? "" : $"`{text.Replace("|", "\\|", StringComparison.Ordinal)}`";

    private static string Escape(string text) => text.Replace("*", "\\*", StringComparison.Ordinal);
}
