using System.Runtime.CompilerServices;
using Steelyard.EndToEnd.Node;

namespace Steelyard.EndToEnd.Docs;

/// <summary>The commands of the pages that a stranger works through, run for real.</summary>
[Trait("Lane", "files")]
public sealed class DocsTests
{
    // Programs to be built, and a swarm: SamplePrograms, GuideProgramsTests and ImageTests start these, and look closer.
    private static readonly string[] s_ownTests = ["custom-policy", "guide", "haproxy", "swarm"];

    public static string Root { get; } = Path.GetFullPath("../../..", Path.GetDirectoryName(ThisFile())!);

    /// <summary>Each part of a page that has commands.</summary>
    public static TheoryData<string, string> Parts()
    {
        var parts = new TheoryData<string, string>();
        foreach (var page in Pages())
        {
            var all = DocumentedBlock.PartsOf(File.ReadAllText(At(page)));

            // What follows in the README is about building and measuring.
            foreach (var (heading, blocks) in page == "README.md" ? all.Take(1) : all)
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
        foreach (var folder in (string[])["samples/quickstart", "samples/sessions", "samples/aspnet", "samples/https", "samples/monitoring", "packaging"])
        {
            if (blocks.Any(block => block.Language == "sh" && block.Lines.Any(line => line.Contains(folder, StringComparison.Ordinal))))
                part.Bring(folder);
        }

        // Its Prometheus reads the rules from there.
        if (page == "samples/monitoring/README.md" && heading == DocumentedBlock.Beginning)
            part.Bring("packaging");

        // As `npm install` would make it.
        if (page == "samples/sessions/README.md")
            part.Link("samples/sessions/node/node_modules", Path.Combine(await NodePackages.InstallAsync("node"), "node_modules"));
        await part.DoAsync(blocks);
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

    // All that have commands. Of docker.md none can be run without an engine of Docker: Docker/ImageTests do with one what it says.
    private static IEnumerable<string> Pages() =>
    [
        "README.md", .. Directory.EnumerateFiles(At("docs"), "*.md").Select(path => Path.GetRelativePath(Root, path)).Order(StringComparer.Ordinal),
        .. Directory.EnumerateFiles(At("samples"), "README.md", SearchOption.AllDirectories).Where(path => !path.Contains("/node_modules/", StringComparison.Ordinal) && !s_ownTests.Contains(Path.GetFileName(Path.GetDirectoryName(path)!))).Select(path => Path.GetRelativePath(Root, path)).Order(StringComparer.Ordinal),
    ];

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
