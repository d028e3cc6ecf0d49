using System.Buffers;
using System.Text.RegularExpressions;

namespace Steelyard.Tests.House;

/// <summary>Prose that names files rots silently; this makes it loud.</summary>
public sealed partial class NamedPathTests
{
    private static readonly SearchValues<char> NotInPaths = SearchValues.Create("*{}<>$:|");

    [Fact]
    public void Every_path_the_documents_name_exists()
    {
        var missing =
            from document in Documents()
            from path in PathsIn(File.ReadAllText(document))
            where !Exists(path, Path.GetDirectoryName(document)!)
            select $"{Path.GetRelativePath(Repository.Root, document)} names {path}";

        Assert.Empty(missing.Distinct());
    }

    [Theory]
    [InlineData("see `src/Steelyard/Program.cs`", "src/Steelyard/Program.cs")]
    [InlineData("run `./test.sh --fast`", "./test.sh")]
    [InlineData("the [sample](samples/quickstart/steelyard.yaml#top)", "samples/quickstart/steelyard.yaml")]
    [InlineData("`steelyard up samples/quickstart`", "samples/quickstart")]
    [InlineData("`docs/*.md`")]
    [InlineData("`/health`, `http://localhost:8080/`, `text/html`, [site](https://example.com/src/x)")]
    [InlineData("`artifacts/native/steelyard` is made by a build")]
    public void A_path_is_recognized_by_its_first_folder(string text, params string[] expected) =>
        Assert.Equal(expected, PathsIn(text));

    private static IEnumerable<string> Documents()
    {
        var docs = Path.Combine(Repository.Root, "docs");
        var top = new[] { "README.md", "CONTRIBUTING.md" }.Select(name => Path.Combine(Repository.Root, name));
        return Directory.Exists(docs) ? top.Concat(Directory.EnumerateFiles(docs, "*.md", SearchOption.AllDirectories)) : top;
    }

    private static IEnumerable<string> PathsIn(string text) =>
        from Match match in CodeOrLink().Matches(text)
        from word in (match.Groups["code"].Success ? match.Groups["code"].Value : match.Groups["link"].Value).Split(' ', '\n')
        let path = word.Split('#')[0].TrimEnd(',', ';', ':', '.', ')')
        where LooksLikePath(path, isLink: match.Groups["link"].Success)
        select path;

    private static bool LooksLikePath(string path, bool isLink) =>
        !path.AsSpan().ContainsAny(NotInPaths) &&
        (isLink ? path.Length > 0 : FirstFolder().IsMatch(path));

    // A link is relative to its document; a path in code is written from the root.
    private static bool Exists(string path, string folder) =>
        Path.Exists(Path.GetFullPath(path, Repository.Root)) || Path.Exists(Path.GetFullPath(path, folder));

    [GeneratedRegex(@"`(?<code>[^`]+)`|\]\((?<link>[^)\s]+)\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CodeOrLink();

    [GeneratedRegex(@"^(\./|\.ci/|(src|tests|samples|docs|bench|fuzz)/)\w", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FirstFolder();
}
