using System.Runtime.CompilerServices;
using System.Text;

namespace Steelyard.EndToEnd.Strictness;

/// <summary>
/// The same cases through nginx and HAProxy: the table at the end of docs/http.md is what they did.
/// STEELYARD_ACCEPT=1 writes it anew.
/// </summary>
[Trait("Lane", "files")]
public sealed class ComparisonTests
{
    private const string Heading = "## Case by case, beside nginx and HAProxy\n";

    [Fact]
    public async Task The_table_of_the_documents_says_what_the_others_do()
    {
        var versions = $"nginx {await ForeignProxy.Version("nginx")} and HAProxy {await ForeignProxy.Version("haproxy")}";
        await using var nginxOrigin = new WireOrigin();
        await using var haProxyOrigin = new WireOrigin();
        await using var nginx = ForeignProxy.StartNginx(nginxOrigin.Address);
        await using var haProxy = ForeignProxy.StartHaProxy(haProxyOrigin.Address);

        var documented = await File.ReadAllTextAsync(Page, TestContext.Current.CancellationToken);
        var start = documented.IndexOf(Heading, StringComparison.Ordinal);
        var rows = documented[start..].Split('\n');
        var (byNginx, byHaProxy) = (TryAll(nginx, nginxOrigin, 3, rows), TryAll(haProxy, haProxyOrigin, 4, rows));
        var table = Render(versions, await byNginx, await byHaProxy);

        // Another version may do otherwise; then the table stands for the one it names.
        if (Environment.GetEnvironmentVariable("STEELYARD_ACCEPT") == "1")
            await File.WriteAllTextAsync(Page, documented[..start] + table, TestContext.Current.CancellationToken);
        else if (documented.Contains(versions, StringComparison.Ordinal))
            Assert.Equal(table, documented[start..]);
    }

    [Fact]
    public void The_table_has_every_case_with_what_is_done_here()
    {
        var documented = File.ReadAllText(Page);
        foreach (var wireCase in WireCases.Groups.SelectMany(group => group.Cases))
            Assert.Contains($"| {Cell(wireCase.Name)} | {Cell(wireCase.Outcome)} | ", documented, StringComparison.Ordinal);
    }

    private static string Page { get; } = Path.GetFullPath("../../../docs/http.md", Path.GetDirectoryName(ThisFile())!);

    private static string ThisFile([CallerFilePath] string path = "") => path;

    /// <summary>
    /// Tries every case. With some, two events race inside of the others (a request that is refused late, and its
    /// answer); what the table says must be among what they do.
    /// </summary>
    private static async Task<Dictionary<WireCase, string>> TryAll(ForeignProxy proxy, WireOrigin origin, int column, string[] rows)
    {
        const int mostTries = 10;
        var results = new Dictionary<WireCase, string>();
        foreach (var wireCase in WireCases.Groups.SelectMany(group => group.Cases))
        {
            var documented = rows.Where(row => row.StartsWith($"| {Cell(wireCase.Name)} | {Cell(wireCase.Outcome)} | ", StringComparison.Ordinal)).ToArray();
            for (var tries = 1; ; tries++)
            {
                using var client = await proxy.Connect();
                results[wireCase] = await WireResult.Of(wireCase, client, origin);
                if (column == 4 && wireCase.HaProxyVaries is { } several && several.Split(" or ").Contains(results[wireCase]))
                    results[wireCase] = several;
                if (tries == mostTries || documented.Length == 0 || documented.Any(row => row.Split(" | ")[column - 1] == Cell(results[wireCase])))
                    break;
            }
        }

        return results;
    }

    private static string Render(string versions, Dictionary<WireCase, string> byNginx, Dictionary<WireCase, string> byHaProxy)
    {
        var page = new StringBuilder(Heading);
        page.Append($"\nWritten by `tests/Steelyard.EndToEnd/Strictness`, which sends each case over a plain and a TLS connection and to a tolerant listener of Steelyard, and to {versions} with a configuration that does the same. Where they do something else, the last column says why we do not.\n\n");
        page.Append("A status alone is a refusal that ends the connection; `goes on` says that it does not. `forwarded` is one whole request at the server, `closes` the end of a connection that could have gone on, `cut` an answer that the client can tell is not whole. Where a [tolerant listener](#tolerant-listeners) does something else than a strict one, the last column says it.\n");
        foreach (var group in WireCases.Groups)
        {
            page.Append($"\n### {group.Title}\n\n| Input | Steelyard | nginx | HAProxy | Section | Why |\n|---|---|---|---|---|---|\n");
            foreach (var one in group.Cases)
            {
                var others = (Nginx: byNginx[one], HaProxy: byHaProxy[one]);
                Assert.True(one.Why.Length > 0 || (one.Outcome == others.Nginx && one.Outcome == others.HaProxy), $"{group.Title}, {one.Name}: {one.Outcome}, but {others}. Say why.");
                page.Append($"| {Cell(one.Name)} | {Cell(one.Outcome)} | {Cell(others.Nginx)} | {Cell(others.HaProxy)} | {one.Section} | {Cell(one.Why)}{(one.Tolerant is null ? "" : $"; `tolerant`: {Cell(one.Tolerant)}")} |\n");
            }
        }

        return page.ToString();
    }

    /// <summary>A text as a cell of a table: controls and bytes beyond ASCII are spelt out.</summary>
    private static string Cell(string text)
    {
        var cell = new StringBuilder();
        foreach (var letter in text)
            cell.Append(letter is >= ' ' and < '\u007f' ? letter == '|' ? "\\|" : letter.ToString() : letter == '\t' ? "\\t" : $"\\x{(int)letter:x2}");
        return cell.Length <= 200 ? cell.ToString() : string.Concat(cell.ToString().AsSpan(0, 100), "...");
    }
}
