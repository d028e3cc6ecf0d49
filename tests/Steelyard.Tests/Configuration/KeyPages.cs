using System.Text;
using Steelyard.Config.Compose;
using Steelyard.Config.Dialects;
using Steelyard.Config.Pm2;

namespace Steelyard.Tests.Configuration;

/// <summary>The tables of docs/pm2.md and docs/compose.md are written from those that read the files: STEELYARD_ACCEPT=1 writes them anew.</summary>
public sealed class KeyPages
{
    private const string Start = "<!-- Written by a test from the tables that read the file: change them, not what follows, and run the tests with STEELYARD_ACCEPT=1. -->\n";

    [Fact]
    public void The_page_of_PM2_says_what_its_table_says() => Compare("docs/pm2.md", Render("Keys of an app", EcosystemKeys.Table));

    [Fact]
    public void Every_key_of_PM2_says_what_it_does_in_one_sentence() => CheckRows(EcosystemKeys.Table);

    [Fact]
    public void The_page_of_Compose_says_what_its_tables_say() => Compare(
        "docs/compose.md",
        Render("Keys of a service", ComposeKeys.Service)
        + Render("Keys of deploy", ComposeKeys.Deploy)
        + Render("Keys of update_config", ComposeKeys.UpdateConfig)
        + Render("Keys of restart_policy", ComposeKeys.RestartPolicy)
        + Render("Keys of healthcheck", ComposeKeys.HealthCheck)
        + Render("Keys of x-steelyard", ComposeKeys.Own)
        + Render("Keys of a service that Docker Swarm runs", SwarmKeys.Service)
        + Render("Keys of its deploy", SwarmKeys.Deploy));

    [Fact]
    public void Every_key_of_Compose_says_what_it_does_in_one_sentence()
    {
        foreach (var table in new[] { ComposeKeys.Service, ComposeKeys.Deploy, ComposeKeys.UpdateConfig, ComposeKeys.RestartPolicy, ComposeKeys.HealthCheck, ComposeKeys.Own, SwarmKeys.Service, SwarmKeys.Deploy })
            CheckRows(table);
    }

    private static void CheckRows<T>(KeyRows<T> table)
    {
        Assert.All(table.Rows, row => Assert.True(row.Meaning.Length > 0 && (row.Support != DirectiveSupport.Done || row.Meaning.EndsWith('.')), row.Name));
        Assert.All(table.Rows, row => Assert.True(row.Support == DirectiveSupport.Done == (row.Read is not null), row.Name));
    }

    private static void Compare(string path, string tables)
    {
        var file = Path.Combine(GoldenFile.Repository, path);
        var page = File.ReadAllText(file);
        var start = page.IndexOf(Start, StringComparison.Ordinal);

        Assert.True(start > 0, "the page has lost the line behind which its tables stand");
        GoldenFile.Compare(file, page[..start] + Start + tables);
    }

    private static string Render<T>(string title, KeyRows<T> table)
    {
        var page = new StringBuilder();
        page.Append($"\n## {title}\n\n| Key | Value | Here |\n|---|---|---|\n");
        foreach (var row in table.Rows.Where(row => row.Support == DirectiveSupport.Done))
            page.Append($"| {Names(row.Name)} | {Escape(row.Values)} | {Escape(row.Meaning)} |\n");
        var rest = table.Rows.Where(row => row.Support != DirectiveSupport.Done).ToList();
        if (rest.Count == 0)
            return page.ToString();
        page.Append("\n| Key | | |\n|---|---|---|\n");
        foreach (var row in rest)
            page.Append($"| {Names(row.Name)} | {(row.Support == DirectiveSupport.Harmless ? "no effect" : "an error")} | {Escape(row.Meaning)} |\n");
        return page.ToString();
    }

    private static string Names(string names) => string.Join(", ", names.Split(", ").Select(name => $"`{name}`"));

    private static string Escape(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
