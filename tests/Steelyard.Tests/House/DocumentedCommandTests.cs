using System.CommandLine;
using System.Text.RegularExpressions;
using Steelyard.Commands;

namespace Steelyard.Tests.House;

/// <summary>Commands that the pages and the help texts name have to be there, with those options.</summary>
public sealed partial class DocumentedCommandTests
{
    private static readonly RootCommand s_root = CommandLine.CreateRoot();

    [Fact]
    public void Every_command_of_a_block_is_one()
    {
        var lines =
            from page in Pages()
            from Match block in Block().Matches(File.ReadAllText(page))
            from line in block.Groups["text"].Value.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n')
            from Match command in Typed().Matches(block.Groups["language"].Value == "sh" ? line : line.StartsWith("$ ", StringComparison.Ordinal) ? line[2..] : "")
            select (page, Line: command.Value.Trim());
        var all = lines.ToArray();

        Assert.NotEmpty(all);
        Assert.Empty(from one in all let wrong = Wrong(one.Line) where wrong is not null select $"{Name(one.page)}: {one.Line}: {wrong}");
    }

    [Fact]
    public void Every_command_within_a_sentence_is_one()
    {
        var spans =
            from page in Pages()
            from Match span in Span().Matches(Block().Replace(File.ReadAllText(page), ""))
            select (page, Line: span.Groups["code"].Value);
        var all = spans.ToArray();

        Assert.NotEmpty(all);
        Assert.Empty(from one in all let unknown = Unknown(one.Line) where unknown is not null select $"{Name(one.page)}: {one.Line}: there is no {unknown}");
    }

    [Fact]
    public void Every_example_of_a_help_text_is_one()
    {
        var examples =
            from command in s_root.Subcommands.Where(command => !command.Hidden).Prepend<Command>(s_root)
            from line in HelpOf(command).Split("Examples:\n").Last().Split('\n')
            from Match typed in Typed().Matches(line.Trim().Split("   ")[0])
            select (command.Name, Line: typed.Value.Trim());
        var all = examples.ToArray();

        Assert.NotEmpty(all);
        Assert.Empty(from one in all let wrong = Wrong(one.Line) where wrong is not null select $"{one.Name}: {one.Line}: {wrong}");
    }

    [Theory]
    [InlineData("steelyard drain web/2", null)]
    [InlineData("steelyard drain web", "'web' names no server; expected pool and server, such as web/10.0.0.2:3000 or web/2")]
    [InlineData("steelyard status --jsn", "'--jsn' is no option of this command")]
    [InlineData("steelyard up --wach", "'--wach' is no option of this command")]
    public void What_is_none_is_told(string line, string? wrong) => Assert.Equal(wrong, Wrong(line));

    [Theory]
    [InlineData("steelyard up [FILE]", null)]
    [InlineData("steelyard weight", null)]
    [InlineData("steelyard errors --json | jq -r '.[].cause'", null)]
    [InlineData("steelyard wait", "wait")]
    [InlineData("steelyard up --wach", "--wach")]
    public void A_word_that_is_none_is_told(string line, string? unknown) => Assert.Equal(unknown, Unknown(line));

    private static string? Wrong(string line) => s_root.Parse(Word().Matches(line).Skip(1).Select(word => word.Value.Replace("'", "", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal)).ToArray()).Errors is [var first, ..] ? first.Message : null;

    // A sentence leaves out arguments, or has names in their place.
    private static string? Unknown(string line)
    {
        Command command = s_root;
        foreach (var word in Ours().Match(line).Value.Split(' ', '[', ']').Skip(1).Where(word => word.Length > 0))
        {
            if (word == "--")
                break;
            var option = word.Split('=')[0];
            if (option.StartsWith('-') && option.Length > 1)
            {
                if (!command.Options.Concat(s_root.Options).Any(one => one.Name == option || one.Aliases.Contains(option)))
                    return word;
            }
            else if (command == s_root)
            {
                if (s_root.Subcommands.FirstOrDefault(one => one.Name == word) is not { } named)
                    return word;
                command = named;
            }
        }

        return null;
    }

    private static string HelpOf(Command command)
    {
        using var help = new StringWriter();
        s_root.Parse(command is RootCommand ? "--help" : $"{command.Name} --help").Invoke(new InvocationConfiguration { Output = help });
        return help.ToString();
    }

    private static IEnumerable<string> Pages() =>
        new[] { "README.md", "CONTRIBUTING.md" }.Select(name => Path.Combine(Repository.Root, name))
            .Concat(new[] { "docs", "samples" }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.md", SearchOption.AllDirectories)))
            .Where(page => !page.Contains("/node_modules/", StringComparison.Ordinal));

    private static string Name(string page) => Path.GetRelativePath(Repository.Root, page);

    [GeneratedRegex(@"^```(?<language>\w*)[^\n]*\n(?<text>.*?)^```$", RegexOptions.ExplicitCapture | RegexOptions.Multiline | RegexOptions.Singleline, 1000)]
    private static partial Regex Block();

    // As far as the shell gives it to the program.
    [GeneratedRegex(@"(?<=(^|&&|\||;|\(|sudo)\s*)steelyard(?= )('[^']*'|""[^""]*""|[^'""#|;&>)])*", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Typed();

    [GeneratedRegex(@"('[^']*'|""[^""]*""|[^\s'""])+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Word();

    [GeneratedRegex(@"^.*?(?=$| \\?\| | && |; | >)", RegexOptions.Singleline, 1000)]
    private static partial Regex Ours();

    [GeneratedRegex(@"`(?<code>steelyard [a-z][^`]*)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Span();
}
