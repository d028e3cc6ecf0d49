using System.Globalization;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>What is kept of requests and responses for lines of logs: fields, cookies, and samples, which are variables here.</summary>
internal static class HaproxyCaptures
{
    public static IEnumerable<DirectiveRow<HaproxyUse>> Rows { get; } =
    [
        Done("capture request header", "FL", "<name> len <length>", "The field is written, of several lines the last.", use => ReadField(use, (logging, capture) => logging with { RequestFields = [.. logging.RequestFields, capture] })),
        Done("capture response header", "FL", "<name> len <length>", "The same of responses.", use => ReadField(use, (logging, capture) => logging with { ResponseFields = [.. logging.ResponseFields, capture] })),
        Done("capture cookie", "FL", "<name> len <length>", "The cookie is written.", use => ReadField(use, (logging, capture) => logging with { Cookie = capture })),
        Done("declare capture", "FL", "request|response len <length>", "A place for `http-request capture` or `http-response capture`.", ReadDeclaration),
        Done("http-request capture", "FBL", "<sample> len <length>|id <id> [if|unless <condition>]", "The value is written among the fields of requests, in a place of its own, or in one that is declared.", use => ReadSample(use, ofRequest: true)),
        Done("tcp-request content capture", "FL", "<sample> len <length> [if|unless <condition>]", "The same.", use => ReadSample(use, ofRequest: true)),
        Done("http-response capture", "FBL", "<sample> id <id> [if|unless <condition>]", "The value is written among the fields of responses, in a place that is declared.", use => ReadSample(use, ofRequest: false)),
    ];

    private static DirectiveRow<HaproxyUse> Done(string name, string contexts, string arguments, string meaning, Action<HaproxyUse> read) => DirectiveRow<HaproxyUse>.Done(name, contexts, arguments, meaning, read);

    private static string VariableOf(bool ofRequest, int id) => string.Create(CultureInfo.InvariantCulture, $"capture.{(ofRequest ? "req" : "res")}.{id}");

    private static bool TryReadLength(HaproxyUse use, out int most)
    {
        most = 0;
        if (!use.TryTake("len", out var word))
            return false;
        if (word.Text == "len")
            return use.TryTakeNumber("a number of bytes", 1, 4096, out most);
        use.Error(word, $"{Shown.Quote(word.Text)} is not known behind '{use.Directive}'", "len with a number of bytes");
        return false;
    }

    private static void ReadField(HaproxyUse use, Func<HaproxyLogging, LogCapture, HaproxyLogging> add)
    {
        if (use.TryTake("a name", out var name) && TryReadLength(use, out var most))
            use.Section.Logging = add(use.Section.Logging, new(name.Text.TrimEnd('='), most));
    }

    private static void ReadDeclaration(HaproxyUse use)
    {
        if (!use.TryTake("request or response", out var of))
            return;
        if (of.Text is not ("request" or "response"))
            use.Error(of, $"{Shown.Quote(of.Text)} is not what is captured", "request or response");
        else if (TryReadLength(use, out var most))
            Declare(use, of.Text == "request", most);
    }

    /// <returns>The place.</returns>
    private static int Declare(HaproxyUse use, bool ofRequest, int most)
    {
        var logging = use.Section.Logging;
        var fields = ofRequest ? logging.RequestFields : logging.ResponseFields;
        fields = [.. fields, LogCapture.OfVariable(VariableOf(ofRequest, fields.Count), most)];
        use.Section.Logging = ofRequest ? logging with { RequestFields = fields } : logging with { ResponseFields = fields };
        return fields.Count - 1;
    }

    private static void ReadSample(HaproxyUse use, bool ofRequest)
    {
        if (!use.TryTake("a sample", out var word))
            return;
        if (!HaproxySamples.TryRead(word.Text, mayCompare: false, use, out var sample, out _, out var mistake))
        {
            use.Problems.Error(word.Place, mistake);
            return;
        }

        var id = 0;
        if (use.Take("id"))
        {
            if (!use.TryTakeNumber("the number of a capture", 0, 1000, out id))
                return;
            var captured = ofRequest ? use.Section.Logging.RequestFields : use.Section.Logging.ResponseFields;
            if (use.Section.IsFrontend && (id >= captured.Count || captured[id].Variable is null))
            {
                use.Error(use.Last, id < captured.Count ? $"capture {id} is that of the field {captured[id].Name}" : $"there is no capture {id}", $"'declare capture {(ofRequest ? "request" : "response")}' before it");
                return;
            }
        }
        else if (!ofRequest || !use.Section.IsFrontend)
        {
            use.Problems.Error(use.Line, $"'{use.Directive}' without the number of a capture", "id with a number");
            return;
        }
        else if (!TryReadLength(use, out var most))
        {
            return;
        }
        else
        {
            id = Declare(use, ofRequest, most);
        }

        if (!use.TryReadCondition(out var condition))
            return;
        var rule = new RuleSettings { Action = RuleAction.SetVariable, Name = VariableOf(ofRequest, id), Value = TextTemplate.Of(sample.Expression), When = condition };
        (ofRequest ? use.Section.Rules : use.Section.ResponseRules).Add(new Located<RuleSettings>(rule, use.Line));
    }

    /// <summary>Fields that rules change are captured before they do: as variables, which the rules set that this gives.</summary>
    public static List<Located<RuleSettings>> TakeBefore(HaproxySection front, HaproxyFile file)
    {
        List<Located<RuleSettings>> rules = [];
        var captured = front.Logging.RequestFields.ToList();
        for (var i = 0; i < captured.Count; i++)
        {
            // What logs hide stays a field, by which they know it.
            var (name, most) = (captured[i].Name, captured[i].Most);
            if (captured[i].Variable is not null || name.ToLowerInvariant() is "authorization" or "proxy-authorization" or "cookie" || !file.Proxies.Exists(proxy => proxy.EarlyRules.Concat(proxy.Rules).Any(rule => Changes(rule.Value, name))))
                continue;
            var variable = $"{VariableOf(ofRequest: true, i)}.field";
            captured[i] = LogCapture.OfVariable(variable, most);
            rules.Add(new(new() { Action = RuleAction.SetVariable, Name = variable, Value = TextTemplate.Of(new FetchExpression(FetchKind.HeaderLines, name)) }, front.Name.Place));
        }

        front.Logging = front.Logging with { RequestFields = [.. captured] };
        return rules;
    }

    private static bool Changes(RuleSettings rule, string name) => rule.Action == RuleAction.RemoveHeaders
        || (rule.Action is RuleAction.SetHeader or RuleAction.AddHeader or RuleAction.RemoveHeader or RuleAction.ReplaceHeader or RuleAction.ReplaceValue && rule.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>What a line before it captures, by its number: the last line of the field, or a sample, as much of it as is captured.</summary>
    public static bool TryReadFetch(string name, IReadOnlyList<string> arguments, HaproxyUse use, out Sample sample, out Mistake mistake)
    {
        (sample, mistake) = (default, default);
        var (captured, kind) = name == "capture.req.hdr" ? (use.Section.Logging.RequestFields, FetchKind.HeaderLines) : (use.Section.Logging.ResponseFields, FetchKind.ResponseHeader);
        if (arguments.Count != 1 || !int.TryParse(arguments[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number >= captured.Count)
        {
            mistake = new($"'{name}' of what is not captured in this section", captured.Count == 0 ? $"'capture {(kind == FetchKind.HeaderLines ? "request" : "response")} header' before it" : $"a number from 0 to {captured.Count - 1}");
            return false;
        }

        Expression value = captured[number].Variable is { } variable ? new FetchExpression(FetchKind.Variable, variable) : new FetchExpression(kind, captured[number].Name);
        sample = new(new CallExpression(FunctionKind.Bytes, value, ["0", captured[number].Most.ToString(CultureInfo.InvariantCulture)]), SampleType.Text);
        return true;
    }
}
