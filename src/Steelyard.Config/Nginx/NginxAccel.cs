using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>What servers say in X-Accel fields: proxy_ignore_headers.</summary>
internal static class NginxAccel
{
    private const string Redirect = "X-Accel-Redirect";
    private const string Rate = "X-Accel-Limit-Rate";
    private const string Charset = "X-Accel-Charset";

    private static readonly string[] s_known = ["X-Accel-Redirect", "X-Accel-Expires", "X-Accel-Limit-Rate", "X-Accel-Buffering", "X-Accel-Charset", "Expires", "Cache-Control", "Set-Cookie", "Vary"];

    /// <summary>Checks proxy_ignore_headers.</summary>
    public static void Check(NginxUse use)
    {
        for (var i = 1; i <= use.Directive.Count; i++)
        {
            if (!s_known.Contains(use.Directive[i], StringComparer.OrdinalIgnoreCase))
                use.Invalid(i, string.Join(", ", s_known));
        }
    }

    /// <summary>What is done with the answer of a server that says who is to answer instead.</summary>
    public static void ReadRedirect(NginxLevel level, NginxServer server, NginxFile file, string serverDone, List<Located<RuleSettings>> rules)
    {
        if (Ignores(level, Redirect))
            return;
        var to = new FetchExpression(FetchKind.ResponseHeader, Redirect);
        var first = rules.Count;
        Condition says = new TestCondition(to, TestKind.Present);

        // nginx: the server's own steps are done again.
        if (server.Level.Steps.Count > 0)
            Add(new() { Action = RuleAction.RemoveVariable, Name = serverDone, When = says });
        var isNamed = false;
        foreach (var block in server.Level.Blocks)
        {
            if (block.Context != 'L' || NginxServer.Name(block) is not ("", ['@', ..] name))
                continue;
            isNamed = true;
            Add(new() { Action = RuleAction.GoTo, Name = server.InternalName(name), When = new TestCondition(to, TestKind.Is, [name]) });
        }

        // nginx: a name that no location has is an error of the file's.
        if (isNamed)
            Add(new() { Action = RuleAction.Deny, Status = 500, When = new TestCondition(to, TestKind.Starts, ["@"]) });
        // What may be spoken of where the request goes on.
        foreach (var name in file.UpstreamFields)
            rules.Insert(first, new(new() { Action = RuleAction.SetVariable, Name = name, Value = TextTemplate.Of(new CallExpression(FunctionKind.Default, new FetchExpression(FetchKind.ResponseHeader, name[NginxVariables.UpstreamField.Length..].Replace('_', '-')), [""])), When = says }, level.Place));
        Add(new() { Action = RuleAction.AskInstead, Value = TextTemplate.Of(to), When = says });

        void Add(RuleSettings rule) => rules.Add(new(rule, level.Place));
    }

    /// <summary>What is done with a server's word about how fast its answer is sent, or the one that takes its place.</summary>
    public static void ReadRate(NginxLevel level, List<Located<RuleSettings>> rules)
    {
        if (Ignores(level, Rate))
            return;
        var rate = new FetchExpression(FetchKind.ResponseHeader, Rate);
        rules.Add(new(new() { Action = RuleAction.SetBandwidth, Value = TextTemplate.Of(rate), When = new TestCondition(rate, TestKind.Present) }, level.Place));
    }

    /// <summary>What is done with a server's word about the charset, which has to be one that the file speaks of.</summary>
    public static void ReadCharset(NginxLevel level, NginxFile file, List<Located<RuleSettings>> rules)
    {
        if (Ignores(level, Charset))
            return;
        var known = file.Charsets;
        if (known.Count == 0)
            return;
        var type = new FetchExpression(FetchKind.ResponseHeader, "Content-Type");
        var charset = new FetchExpression(FetchKind.ResponseHeader, Charset);
        rules.Add(new(
            new()
            {
                Action = RuleAction.SetHeader,
                Name = "Content-Type",
                Value = TextTemplate.Of([new(null, default, type), new("; charset="), new(null, default, charset)]),
                When = new AllCondition([new TestCondition(charset, TestKind.Is, known, IgnoreCase: true), new TestCondition(type, TestKind.Present), new NotCondition(new TestCondition(type, TestKind.Contains, ["charset="], IgnoreCase: true))]),
            },
            level.Place));
    }

    /// <summary>Whether nothing is to be done with what servers say in a field.</summary>
    public static bool Ignores(NginxLevel level, string name) =>
        level.All("proxy_ignore_headers").Any(line => line.Words.Skip(1).Any(word => word.Text.Equals(name, StringComparison.OrdinalIgnoreCase)));
}
