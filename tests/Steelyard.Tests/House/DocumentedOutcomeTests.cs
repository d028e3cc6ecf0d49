using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.House;

/// <summary>A person who was told a sentence must find it in the document it is looked up in.</summary>
public sealed class DocumentedOutcomeTests
{
    private static readonly HeadError[] OfResponses = [HeadError.None, HeadError.StatusLine];

    [Fact]
    public void Every_sentence_a_client_may_be_told_is_explained()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "why-502.md"));
        var outcomes = Enum.GetValues<Cause>().Where(cause => cause != Cause.BadRequest).Select(cause => new Outcome(cause))
            .Concat(Enum.GetValues<HeadError>().Except(OfResponses).Select(error => new Outcome(Cause.BadRequest, Detail: error)));

        var missing = outcomes.Where(outcome => outcome.Status != 0)
            .Select(outcome => $"| {outcome.Status} | {outcome.Sentence} |")
            .Where(row => !page.Contains(row, StringComparison.Ordinal));

        Assert.Empty(missing);
    }
}
