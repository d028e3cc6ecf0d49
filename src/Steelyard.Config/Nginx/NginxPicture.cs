using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>A picture of one transparent point: empty_gif.</summary>
internal static class NginxPicture
{
    private const string Picture = "R0lGODlhAQABAIABAAAAAP///yH5BAEAAAEALAAAAAABAAEAAAICTAEAOw==";
    private const string Date = "Mon, 28 Sep 1970 06:00:00 GMT";

    /// <summary>The answer.</summary>
    /// <param name="place">Where it is said.</param>
    /// <param name="rules">What is done before.</param>
    public static FixedResponse Read(Place place, List<Located<RuleSettings>> rules)
    {
        ValueList<HeaderLine> dated = [new HeaderLine("Last-Modified", TextTemplate.Literal(Date))];
        var method = new VariableExpression(TemplateVariable.Method);
        rules.Add(new(new() { Action = RuleAction.Deny, Status = 405, When = new NotCondition(new TestCondition(method, TestKind.Is, ["GET", "HEAD"])) }, place));
        rules.Add(new(new() { Action = RuleAction.Respond, Respond = new(304) { Headers = dated }, When = new TestCondition(new FetchExpression(FetchKind.Header, "If-Modified-Since"), TestKind.Is, [Date]) }, place));
        return new(200, ContentType: "image/gif") { Base64 = Picture, Headers = dated };
    }
}
