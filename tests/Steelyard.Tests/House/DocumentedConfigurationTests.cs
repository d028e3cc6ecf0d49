using System.Text.RegularExpressions;
using Steelyard.Config;

namespace Steelyard.Tests.House;

/// <summary>Whole configurations that the pages show can be used.</summary>
public sealed partial class DocumentedConfigurationTests
{
    [Fact]
    public void Every_configuration_of_a_page_can_be_used()
    {
        // What has one of them alone is a part of a configuration, or another program's.
        var shown =
            from page in Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories).Append(Path.Combine(Repository.Root, "README.md"))
            from Match block in Block().Matches(File.ReadAllText(page))
            where Key("listen").IsMatch(block.Value) && Key("pools").IsMatch(block.Value)
            select (Name: Path.GetRelativePath(Repository.Root, page), Text: block.Groups["text"].Value);
        var all = shown.ToArray();

        Assert.NotEmpty(all);
        Assert.Empty(
            from one in all
            let read = ConfigurationFile.Parse(one.Text, one.Name)
            where read.Snapshot is null
            select $"{one.Name}: {read.Problems.First(problem => problem.Severity == Severity.Error).Message}\n{one.Text}");
    }

    private static Regex Key(string name) => new($"^{name}:", RegexOptions.Multiline | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

    [GeneratedRegex(@"^```yaml\n(?<text>.*?)^```$", RegexOptions.ExplicitCapture | RegexOptions.Multiline | RegexOptions.Singleline, 1000)]
    private static partial Regex Block();
}
