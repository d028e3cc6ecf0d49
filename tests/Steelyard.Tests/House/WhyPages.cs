using System.Text;
using System.Text.RegularExpressions;
using Steelyard.Engine.Causes;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;
using Steelyard.Tests.Configuration;

namespace Steelyard.Tests.House;

/// <summary>docs/why is written from the table that error pages, logs and the API take their causes from: STEELYARD_ACCEPT=1 writes it anew.</summary>
public sealed partial class WhyPages
{
    private static readonly string Folder = Path.Combine(Repository.Root, "docs", "why");

    [Fact]
    public void Each_cause_has_its_page()
    {
        Directory.CreateDirectory(Folder);

        foreach (var known in CauseTable.All)
            GoldenFile.Compare(Path.Combine(Folder, $"{known.Code}.md"), PageOf(known));
        GoldenFile.Compare(Path.Combine(Folder, "README.md"), Index());
        Assert.Empty(Directory.EnumerateFiles(Folder).Select(Path.GetFileNameWithoutExtension).Except(CauseTable.All.Select(known => known.Code)).Except(["README"]));
    }

    [Fact]
    public void Every_way_in_which_an_exchange_ends_is_in_the_table()
    {
        foreach (var cause in Enum.GetValues<Cause>().Except([Cause.None, Cause.BadRequest]))
            AssertKnown(new Outcome(cause));
        foreach (var error in Enum.GetValues<HeadError>().Except([HeadError.StatusLine]))
            AssertKnown(new Outcome(Cause.BadRequest, Detail: error));

        static void AssertKnown(Outcome outcome)
        {
            var prefix = outcome.Status == 0 ? "cut" : outcome.Status.ToString(System.Globalization.CultureInfo.InvariantCulture);
            Assert.StartsWith(prefix + ".", outcome.Code, StringComparison.Ordinal);
            Assert.Equal(outcome.Status, CauseTable.Of(outcome).Status);
            Assert.Equal(outcome.Code, Encoding.ASCII.GetString(CauseTable.CodeOf(outcome)));
        }
    }

    [Fact]
    public void No_two_causes_share_a_name_or_a_word()
    {
        Assert.Distinct(CauseTable.All.Select(known => known.Code));
        Assert.Distinct(CauseTable.All.Select(known => known.Code[(known.Code.IndexOf('.', StringComparison.Ordinal) + 1)..]));
    }

    [Fact]
    public void Every_text_is_whole_sentences_that_fit_into_pages_and_JSON()
    {
        foreach (var known in CauseTable.All)
        {
            foreach (var text in new[] { known.Sentence, known.Means, known.Look, known.Remedy })
            {
                Assert.EndsWith(".", text, StringComparison.Ordinal);
                Assert.DoesNotContain(text, character => character is '"' or '&' or '\\' or < ' ' or > '~');
            }

            Assert.DoesNotContain(known.Sentence, character => character is '<' or '>');
        }
    }

    [Theory]
    [InlineData("503.connect-refused", "503.connect-refused")]
    [InlineData("502.connect-refused", "503.connect-refused")]
    [InlineData("connect-refused", "503.connect-refused")]
    [InlineData("CUT.Client-Gone", "cut.client-gone")]
    [InlineData("503.", null)]
    [InlineData("503", null)]
    [InlineData("", null)]
    public void A_cause_is_found_by_its_code_or_its_word(string name, string? code) => Assert.Equal(code, CauseTable.Find(name)?.Code);

    private static string PageOf(KnownCause known) => $"""
        # {known.Code}
        <!-- Written by a test from src/Steelyard.Engine/Causes: change the table, not this page, and run the tests with STEELYARD_ACCEPT=1. -->
        > {known.Sentence}

        **What it means.** {Linked(known.Means)}

        **How to see it.** {Linked(known.Look)}

        **What to do.** {Linked(known.Remedy)}

        """;

    private static string Index()
    {
        var page = new StringBuilder("""
            # Why did I get a 502?
            <!-- Written by a test from src/Steelyard.Engine/Causes: change the table, not this page, and run the tests with STEELYARD_ACCEPT=1. -->
            Every answer that Steelyard gives in a server's place names its cause, in the page itself, in the access log, in `steelyard errors` and in the admin API. `steelyard why CODE` says the same as the pages here: what it means, how to see it, what to do.

            An answer that had already begun cannot become an error any more. When a server breaks off in the middle, the client gets what came before and then the end of its connection, short of the announced length or without the last chunk: `curl` says `transfer closed`, inside of TLS `unexpected eof`. A client that does not read, or could not tell, is reset: `Connection reset by peer`. Those causes begin with `cut`.

            A request that is not valid never reaches a server, but for a chunked body that turns out broken, too large or late when its first chunks are already on their way: the server's connection is then closed before the end of the body. All of 400 to 431 but 404 and 429 end the connection, for nobody can know where the next request would start.

            | Cause | The client is told |
            |---|---|

            """);
        foreach (var known in CauseTable.All)
            page.Append($"| [{known.Code}]({known.Code}.md) | {(known.Status == 0 ? $"nothing: {known.Sentence}" : known.Sentence)} |\n");
        return page.ToString();
    }

    // In a terminal a path, on a page a link.
    private static string Linked(string text) => DocumentName().Replace(text, "[${name}](../${name}.md)");

    [GeneratedRegex(@"docs/(?<name>[\w-]+)\.md", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DocumentName();
}
