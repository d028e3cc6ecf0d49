using System.Text;
using Steelyard.Config.Dialects;
using Steelyard.Config.Nginx;

namespace Steelyard.Tests.Configuration;

/// <summary>The tables of docs/nginx.md are written from those that read the file: STEELYARD_ACCEPT=1 writes them anew.</summary>
public sealed class NginxPage
{
    private const string Start = "<!-- Written by a test from the tables in src/Steelyard.Config/Nginx: change them, not what follows, and run the tests with STEELYARD_ACCEPT=1. -->\n";

    private static readonly string PagePath = Path.Combine(GoldenFile.Repository, "docs/nginx.md");

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
        Assert.All(NginxDirectives.Table.Rows, row => Assert.True(row.Meaning.Length > 0 && (row.Support != DirectiveSupport.Done || row.Meaning.EndsWith('.')), row.Name));
        Assert.All(NginxDirectives.Table.Rows, row => Assert.True(row.Support == DirectiveSupport.Done == (row.Read is not null), row.Name));
    }

    private static string Render()
    {
        var rows = NginxDirectives.Table.Rows;
        var page = new StringBuilder(Start);
        page.Append("\n## Directives\nIn M(ain), E(vents), H(ttp), U(pstream), S(erver), L(ocation), J (if in server), I (if in location), X (limit_except); in stream T (stream itself), P (upstream), V (server).\n\n| Directive | In | Arguments | Here |\n|---|---|---|---|\n");
        foreach (var row in rows.Where(row => row.Support == DirectiveSupport.Done))
            page.Append($"| `{row.Name}` | {row.Contexts} | {Code(row.Arguments)} | {Escape(row.Meaning)} |\n");
        page.Append("\n## Variables\nBeside those of `map`, `geo`, `split_clients`, `set` and of groups in expressions: `$http_NAME`, `$cookie_NAME`, `$arg_NAME`; where there is a response `$upstream_http_NAME` and `$sent_http_NAME`; and\n\n");
        page.Append(string.Join(", ", NginxVariables.Fixed.Select(row => $"`${row.Name}`"))).Append(".\n");
        page.Append("\n## Accepted without effect\nA notice says so for each.\n\n| What | Why |\n|---|---|\n");
        foreach (var alike in rows.Concat(NginxDirectives.Families).Where(row => row.Support == DirectiveSupport.Harmless).GroupBy(row => row.Meaning))
            page.Append($"| {string.Join(", ", alike.Select(row => $"`{row.Name}`"))} | {Escape(alike.Key)} |\n");
        page.Append("\n## Refused\nAn error names the line, and this way out.\n\n| What | Instead |\n|---|---|\n");
        foreach (var alike in rows.Concat(NginxDirectives.Families).Where(row => row.Support == DirectiveSupport.Refused).GroupBy(row => row.Meaning))
            page.Append($"| {string.Join(", ", alike.Select(row => $"`{row.Name}`"))} | {Escape(alike.Key)} |\n");
        return page.ToString();
    }

    private static string Code(string text) => text.Length == 0 ? "" : $"`{text.Replace("|", "\\|", StringComparison.Ordinal)}`";

    private static string Escape(string text) => text.Replace("*", "\\*", StringComparison.Ordinal);
}
