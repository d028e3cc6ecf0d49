using System.Runtime.CompilerServices;

namespace Steelyard.EndToEnd.Docs;

/// <summary>The commands of the pages that a stranger works through, run for real.</summary>
[Trait("Lane", "files")]
public sealed class DocsTests
{
    // Commands under another name, such as bash or console, would be run by nobody.
    private static readonly string[] s_languages = ["", "csharp", "haproxy", "js", "json", "nginx", "python", "sh", "text", "yaml"];

    public static string Root { get; } = Path.GetFullPath("../../..", Path.GetDirectoryName(ThisFile())!);

    /// <summary>Each part of a page that has commands.</summary>
    public static TheoryData<string, string> Parts()
    {
        var parts = new TheoryData<string, string>();
        foreach (var page in Pages())
        {
            foreach (var (heading, blocks) in DocumentedBlock.PartsOf(File.ReadAllText(At(page))))
            {
                if (blocks.Any(block => block.Language == "sh"))
                    parts.Add(page, heading);
            }
        }

        return parts;
    }

    [Theory]
    [MemberData(nameof(Parts))]
    public async Task What_a_page_lets_a_reader_type_does_what_it_says(string page, string heading)
    {
        var blocks = DocumentedBlock.PartsOf(await File.ReadAllTextAsync(At(page), TestContext.Current.CancellationToken)).Single(part => part.Heading == heading).Blocks;
        await using var part = new DocumentedPart();
        foreach (var folder in (string[])[.. Directory.EnumerateDirectories(At("samples")).Select(path => Path.GetRelativePath(Root, path)), "packaging"])
        {
            if (blocks.Any(block => block.Language == "sh" && block.Lines.Any(line => line.Contains(folder, StringComparison.Ordinal))))
                part.Bring(folder);
        }

        // Its Prometheus reads the rules from there.
        if (page == "samples/monitoring/README.md" && heading == DocumentedBlock.Beginning)
            part.Bring("packaging");
        await part.DoAsync(blocks);
    }

    /// <remarks>Nor in what is not seen as a block at all.</remarks>
    [Fact]
    public void No_command_stands_where_nobody_runs_it()
    {
        var lines =
            from page in Pages()
            from line in File.ReadLines(At(page)).Index()
            select (Where: $"{page}:{line.Index + 1}: {line.Item}", Text: line.Item);
        Assert.Empty(lines.Where(line => line.Text.TrimStart() is ['$', ' ', ..] or ['~', '~', '~', ..] || (line.Text is [' ', ..] && line.Text.TrimStart().StartsWith("```sh", StringComparison.Ordinal))).Select(line => line.Where));
        Assert.All(
            from page in Pages()
            from part in DocumentedBlock.PartsOf(File.ReadAllText(At(page)))
            from block in part.Blocks
            select (page, block),
            one => Assert.True(s_languages.Contains(one.block.Language), $"{one.page}:{one.block.Number}: nothing is known of '{one.block.Language}'; commands are 'sh'"));
    }

    [Fact]
    public async Task The_embedded_engine_of_the_page_serves_and_is_told_of_changes()
    {
        var page = await File.ReadAllTextAsync(At("docs/yarp.md"), TestContext.Current.CancellationToken);
        var shown = DocumentedBlock.PartsOf(page).SelectMany(part => part.Blocks).Single(block => block.Language == "csharp").Lines;
        var run = (await File.ReadAllLinesAsync(At("tests/Steelyard.EndToEnd/Docs/EmbeddedBalancer.cs"), TestContext.Current.CancellationToken)).Select(line => line.Trim());
        Assert.Empty(shown.Skip(1).Select(line => line.Trim()).Except(run));
        using var folder = new TemporaryFolder();
        using var printed = new StringWriter();

        await EmbeddedBalancer.RunAsync([folder.Write("steelyard.yaml", "listen: [ { bind: 127.0.0.1:0, to: web } ]\npools: { web: { servers: [ 127.0.0.1:1 ] } }\n")], printed);

        Assert.Equal("web 127.0.0.1:1 up, 0 active\n", printed.ToString());
    }

    internal static string At(string path) => Path.Combine(Root, path);

    // What needs an engine of Docker is told not to be run here: Docker/ImageTests do with one what it says.
    private static IEnumerable<string> Pages() =>
    [
        "README.md", "src/Steelyard.AspNetCore/README.md", .. new[] { "docs", "samples" }.SelectMany(folder => Directory.EnumerateFiles(At(folder), "*.md", SearchOption.AllDirectories)).Where(path => !path.Contains("/node_modules/", StringComparison.Ordinal)).Select(path => Path.GetRelativePath(Root, path)).Order(StringComparer.Ordinal),
    ];

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
