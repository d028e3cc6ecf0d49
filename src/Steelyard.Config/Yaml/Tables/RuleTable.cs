using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of a rule: when it holds, and the one thing it does.</summary>
internal static class RuleTable
{
    private const string LineExample = "such as 'X-Stage: {client}'";

    private static readonly ParsedPattern s_noPattern = new("", "", null);

    /// <summary>A condition in the text form.</summary>
    public static Form<Condition> Condition { get; } = Form.OfText<Condition>(
        "a condition, such as path starts-with '/api' and not method is 'POST'",
        Expressions.Condition.TryParse,
        condition => condition.ToString());

    /// <summary>A text with variables.</summary>
    internal static Form<TextTemplate> Template { get; } = Form.OfText<TextTemplate>("a text, with variables such as {client}", TextTemplate.TryParse, template => template.ToString());

    private static readonly Form<string> FieldName = Form.OfText(
        "the name of a field, such as X-Stage",
        (string text, out string name, out Mistake mistake) =>
        {
            name = text;
            mistake = FindMistakeInFieldName(text);
            return mistake.Message is null;
        });

    /// <summary>The name of a variable.</summary>
    public static Form<string> VariableName { get; } = Form.OfText(
        "the name of a variable, such as txn.user",
        (string text, out string name, out Mistake mistake) =>
        {
            name = text;
            mistake = IsVariableName(text) ? default : new($"{Shown.Quote(text)} cannot be the name of a variable", "1 to 64 letters, digits and - _ .");
            return mistake.Message is null;
        });

    private static readonly Form<string> NamePattern = Form.OfText(
        "a regular expression, such as '^x-internal-'",
        (string text, out string pattern, out Mistake mistake) =>
        {
            pattern = text;
            return BytePattern.TryParse(text, ignoreCase: false, out _, out mistake);
        });

    private static readonly Form<int> Status = Form.OfText(
        "a status from 200 to 599 other than 204 and 304",
        (string text, out int status, out Mistake mistake) =>
        {
            status = DecimalText.TryParse(text, 200, 599, out var number, out _) && number is not (204 or 304) ? (int)number : 0;
            mistake = status == 0 ? new($"{Shown.Quote(text)} cannot be the status of a response with a body") : default;
            return status != 0;
        });

    private static readonly Form<HeaderLine> FieldLine = Line($"a field and its value, {LineExample}", FieldName, "a field");

    private static readonly Form<HeaderLine> VariableLine = Line("a variable and its value, such as 'txn.user: {header('X-User')}'", VariableName, "a variable");

    private static readonly DirectiveTable<ParsedPattern> s_replacements = Replacements(withName: true);

    private static readonly DirectiveTable<ParsedPattern> s_targets = Replacements(withName: false);

    // What both kinds of rules can do.
    private static readonly Directive<RuleSettings>[] s_common =
    [
        new Directive<RuleSettings, Condition?>("when", Form.OrNull(Condition), "When it is done, see [conditions](#conditions-and-expressions); always when left out.", rule => rule.When, (rule, value) => rule with { When = value }),
        Action("stop", RuleAction.Stop, ScalarForms.OneOf([("true", true, "")]), "Ends these rules.", (rule, _) => rule),
        Action("set-header", RuleAction.SetHeader, FieldLine, "The field gets this one line instead of what it had.", Take),
        Action("add-header", RuleAction.AddHeader, FieldLine, "The field gets one more line.", Take),
        Action("remove-header", RuleAction.RemoveHeader, FieldName, "All lines of the field are taken out.", (rule, name) => rule with { Name = name }),
        Action("remove-headers", RuleAction.RemoveHeaders, NamePattern, "All fields whose names, in small letters, the regular expression matches are taken out, but for those that say how the message is framed.", (rule, pattern) => rule with { Pattern = pattern }),
        Action("replace-header", RuleAction.ReplaceHeader, Form.Mapping(s_replacements, _ => s_noPattern), "Each line of the field in which the pattern matches becomes `with`, where `\\1` is the first group: a mapping with `name`, `pattern` and `with`.", Take),
        Action("replace-value", RuleAction.ReplaceValue, Form.Mapping(s_replacements, _ => s_noPattern), "The same with each value between commas.", Take),
        Action("set-variable", RuleAction.SetVariable, VariableLine, "Remembers a value under a name until the request has been answered.", Take),
        Action("set-bandwidth", RuleAction.SetBandwidth, Template, "How many bytes of the answer are sent in a second, in the place of the `rate` of the route's `bandwidth`: a number, with k, m or g perhaps, 0 for any. What is none changes nothing.", (rule, value) => rule with { Value = value }),
        Action("remove-variable", RuleAction.RemoveVariable, VariableName, "Forgets it.", (rule, name) => rule with { Name = name }),
        Action("set-entry", RuleAction.SetEntry, Form.Mapping(PatternLists.Change, _ => new PatternLists.Entry("", null, null)), "Gives a pattern of one of the [lists](#lists) a value, and puts it in where it is not there: a mapping with `list`, `key` and, of a map, `value`.", (rule, entry) => rule with { Name = entry.List, Key = entry.Key, Value = entry.Value }),
        Action("remove-entry", RuleAction.RemoveEntry, Form.Mapping(PatternLists.Removal, _ => new PatternLists.Entry("", null, null)), "Takes a pattern out of one of the lists: a mapping with `list` and `key`.", (rule, entry) => rule with { Name = entry.List, Key = entry.Key }),
    ];

    /// <summary>What is done with requests.</summary>
    public static DirectiveTable<RuleSettings> Requests { get; } = Table(
        "a rule",
        "What is done with a request, in the order of the list: what one rule has changed the next one sees. Those of the listener go before a route is looked for, those of the route and of the pool after it. A rule does one thing.",
        [
            new Directive<RuleSettings, TimeSpan?>("delay", HealthTable.OrNull(ScalarForms.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(24))), "How long what `deny`, `respond` or `redirect` answers is kept back, so that whoever asks too often has to wait; at once when left out.", rule => rule.Delay, (rule, value) => rule with { Delay = value }),
            Action("deny", RuleAction.Deny, ScalarForms.Number(200, 599), "Refuses with this status and a page of the proxy's own.", (rule, status) => rule with { Status = status }),
            Action("respond", RuleAction.Respond, Form.MappingOrText(AnswerTable.Responses, () => new(200), ScalarForms.Number(200, 599), status => new(status)), "Answers in the servers' place, as `respond` of a route.", (rule, respond) => rule with { Respond = respond }),
            Action("redirect", RuleAction.Redirect, Form.MappingOrText(AnswerTable.RedirectsOfRules, () => new(TextTemplate.Empty), AnswerTable.Anywhere, to => new(to)), "Sends the client elsewhere, as `redirect` of a route.", (rule, redirect) => rule with { Redirect = redirect }),
            Action("track", RuleAction.Track, Form.Mapping(CounterTables.Track, _ => new CounterTables.Tracking(0, "", null, false)), "Counts the request, or its whole connection (`whole: connection`), by a key in one of the [tables](#tables), a mapping with `slot`, `table`, `key` and `whole`. What is tracked in a slot already stays so.", (rule, track) => rule with { Value = track.Key, Track = new(track.Slot, track.Table, track.OfConnection) }),
            Action("close", RuleAction.Close, ScalarForms.OneOf([("true", true, "")]), "Closes the connection without an answer.", (rule, _) => rule),
            Action("set-path", RuleAction.SetPath, Template, "The request gets another path; its query stays.", (rule, value) => rule with { Value = value }),
            Action("replace-path", RuleAction.ReplacePath, Form.Mapping(s_targets, _ => s_noPattern), "A path in which the pattern matches becomes `with`: a mapping with `pattern` and `with`.", Take),
            Action("set-query", RuleAction.SetQuery, Template, "The request gets another query; none where the value is empty.", (rule, value) => rule with { Value = value }),
            Action("set-target", RuleAction.SetTarget, Template, "The request gets another path and query.", (rule, value) => rule with { Value = value }),
            Action("replace-target", RuleAction.ReplaceTarget, Form.Mapping(s_targets, _ => s_noPattern), "Path and query in which the pattern matches become `with`.", Take),
            Action("set-method", RuleAction.SetMethod, Template, "The servers are asked by this method; in conditions and logs it stays the client's.", (rule, value) => rule with { Value = value }),
            Action("set-peer", RuleAction.SetPeer, Template, "The client is taken to be at this address until the request has been answered, as if its connection came from there; what is no address changes nothing.", (rule, value) => rule with { Value = value }),
            Action("set-peer-port", RuleAction.SetPeerPort, Template, "The same of its port.", (rule, value) => rule with { Value = value }),
            Action("wait-for-body", RuleAction.WaitForBody, Form.Mapping(BodyWaitTable.Keys, _ => new BodyWait(TimeSpan.Zero, 0)), "Waits for the request's body, so that rules behind it can look at `body`: all of it, or 16 KiB; a mapping with `time`, as long as a head may take when left out, and `at-least`, how many bytes are enough. A client that takes longer gets 408. In rules of listeners and pools.", (rule, wait) => rule with { Wait = wait }),
            Action("set-timeout", RuleAction.SetTimeout, Form.Mapping(BodyWaitTable.Timeouts, _ => new BodyWaitTable.Timeout("server", null)), "How long a server may say nothing, or nothing may come in a tunnel, for this request: a mapping with `of`, which is `server` or `tunnel`, and `milliseconds`. What is no number above 0 changes nothing.", (rule, timeout) => rule with { Name = timeout.Of, Value = timeout.Milliseconds }),
            Action("close-after", RuleAction.CloseAfter, ScalarForms.OneOf([("server", "server", ""), ("both", "both", "")]), "The connection to the server is not used again, and with `both` the client's ends too. In rules of listeners and pools.", (rule, which) => rule with { Name = which }),
            Action("send-once", RuleAction.SendOnce, ScalarForms.OneOf([("true", true, "")]), "No server gets the request that another may have seen, whatever `retries` of the pool say.", (rule, _) => rule),
            Action("reroute", RuleAction.Reroute, ScalarForms.OneOf([("true", true, "")]), "Looks for the route again where rules have changed what is asked for: ten times at most, then 500. In rules of routes.", (rule, _) => rule),
            Action("go-to", RuleAction.GoTo, ScalarForms.Name, "Goes on with the route of this name that is `internal`. In rules of routes.", (rule, name) => rule with { Name = name }),
        ]);

    /// <summary>What is done with responses of servers.</summary>
    public static DirectiveTable<RuleSettings> Responses { get; } = Table(
        "a rule for responses",
        "What is done with the head of a server's response, in the order of the list; those of the pool go before those of the listener. A rule does one thing.",
        [
            new Directive<RuleSettings, bool>("own", ScalarForms.OneOf([("true", true, ""), ("false", false, "")]), "Whether it is done with answers of the proxy's own as well: pages of errors, redirects, fixed responses, files. Of these it changes fields and the status.", rule => rule.OfOwn, (rule, value) => rule with { OfOwn = value }),
            Action("deny", RuleAction.Deny, ScalarForms.Number(200, 599), "The response is kept back; the client gets this status and a page of the proxy's own.", (rule, status) => rule with { Status = status }),
            Action("respond", RuleAction.Respond, Form.MappingOrText(AnswerTable.Responses, () => new(200), ScalarForms.Number(200, 599), status => new(status)), "The client gets this in the place of the response, as of `respond` of a route; nothing of the response can be written in it.", (rule, respond) => rule with { Respond = respond }),
            Action("redirect", RuleAction.Redirect, Form.MappingOrText(AnswerTable.RedirectsOfRules, () => new(TextTemplate.Empty), AnswerTable.Anywhere, to => new(to)), "The client is sent elsewhere, as by `redirect` of a route.", (rule, redirect) => rule with { Redirect = redirect }),
            Action("ask-instead", RuleAction.AskInstead, Template, "The response is kept back, and the request goes on to the route of this path and query, by GET, or HEAD where it was that: 404 where the path is empty or climbs, 500 after the tenth time. The client gets the kept response's Content-Type, Set-Cookie, Content-Disposition, Cache-Control, Expires and Accept-Ranges all the same, where the answer does not say them itself.", (rule, value) => rule with { Value = value }),
            Action("go-to", RuleAction.GoTo, ScalarForms.Name, "The same to the route of this name that is `internal`, which gets the request as it came.", (rule, name) => rule with { Name = name }),
            Action("set-status", RuleAction.SetStatus, Status, "The response gets another status, but none that has no body.", (rule, status) => rule with { Status = status }),
        ]);

    /// <summary>A list of rules for requests.</summary>
    public static Form<IReadOnlyList<Located<RuleSettings>>> RequestList { get; } = List(Requests);

    /// <summary>A list of rules for responses.</summary>
    public static Form<IReadOnlyList<Located<RuleSettings>>> ResponseList { get; } = List(Responses);

    /// <summary>What is wrong with the name of a field that a rule would change.</summary>
    public static Mistake FindMistakeInFieldName(string name) =>
        HeaderTable.FindMistakeInName(name, orOfClient: true);

    /// <summary>Whether a variable can be called so.</summary>
    public static bool IsVariableName(string text)
    {
        foreach (var letter in text)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_' or '.'))
                return false;
        }

        return text.Length is > 0 and <= 64;
    }

    /// <summary>The one thing a rule does, as key and value.</summary>
    public static (string Key, string Value) Write(RuleSettings rule) => rule.Action switch
    {
        RuleAction.Deny => ("deny", $"{rule.Status}"),
        RuleAction.Respond => ("respond", YamlRoutes.Respond(rule.Respond!)),
        RuleAction.Redirect => ("redirect", YamlRoutes.Redirect(rule.Redirect!)),
        RuleAction.Close => ("close", "true"),
        RuleAction.Stop => ("stop", "true"),
        RuleAction.SetHeader => ("set-header", Line(rule)),
        RuleAction.AddHeader => ("add-header", Line(rule)),
        RuleAction.RemoveHeader => ("remove-header", YamlValues.Scalar(rule.Name)),
        RuleAction.RemoveHeaders => ("remove-headers", YamlValues.Scalar(rule.Pattern!)),
        RuleAction.SetMethod => ("set-method", YamlValues.Scalar(rule.Value!.ToString())),
        RuleAction.SetPeer => ("set-peer", YamlValues.Scalar(rule.Value!.ToString())),
        RuleAction.SetPeerPort => ("set-peer-port", YamlValues.Scalar(rule.Value!.ToString())),
        RuleAction.ReplaceHeader => ("replace-header", Replacement(rule)),
        RuleAction.ReplaceValue => ("replace-value", Replacement(rule)),
        RuleAction.SetPath => ("set-path", YamlValues.Scalar(rule.Value!.ToString())),
        RuleAction.ReplacePath => ("replace-path", Replacement(rule)),
        RuleAction.SetQuery => ("set-query", YamlValues.Scalar(rule.Value!.ToString())),
        RuleAction.SetTarget => ("set-target", YamlValues.Scalar(rule.Value!.ToString())),
        RuleAction.ReplaceTarget => ("replace-target", Replacement(rule)),
        RuleAction.SetVariable => ("set-variable", Line(rule)),
        RuleAction.RemoveVariable => ("remove-variable", YamlValues.Scalar(rule.Name)),
        RuleAction.SetEntry or RuleAction.RemoveEntry => (rule.Action == RuleAction.SetEntry ? "set-entry" : "remove-entry", $"{{ list: {YamlValues.Scalar(rule.Name)}, key: {YamlValues.Scalar(rule.Key!.ToString())}{(rule.Value is { } entry ? $", value: {YamlValues.Scalar(entry.ToString())}" : "")} }}"),
        RuleAction.WaitForBody => ("wait-for-body", BodyWaitTable.Write(rule.Wait!)),
        RuleAction.SetTimeout => ("set-timeout", $"{{ of: {rule.Name}, milliseconds: {YamlValues.Scalar(rule.Value!.ToString())} }}"),
        RuleAction.CloseAfter => ("close-after", rule.Name),
        RuleAction.SendOnce => ("send-once", "true"),
        RuleAction.SetStatus => ("set-status", $"{rule.Status}"),
        RuleAction.Reroute => ("reroute", "true"),
        RuleAction.Track => ("track", $"{{ {(rule.Track!.Slot > 0 ? $"slot: {rule.Track.Slot}, " : "")}table: {YamlValues.Scalar(rule.Track.Table)}, key: {YamlValues.Scalar(rule.Value!.ToString())}{(rule.Track.OfConnection ? ", whole: connection" : "")} }}"),
        RuleAction.SetBandwidth => ("set-bandwidth", YamlValues.Scalar(rule.Value!.ToString())),
        RuleAction.GoTo => ("go-to", YamlValues.Scalar(rule.Name)),
        RuleAction.AskInstead => ("ask-instead", YamlValues.Scalar(rule.Value!.ToString())),
        _ => throw new ArgumentOutOfRangeException(nameof(rule)),
    };

    private static string Line(RuleSettings rule) => YamlValues.Scalar($"{rule.Name}: {rule.Value}");

    private static string Replacement(RuleSettings rule) =>
        $"{{ {(rule.Name.Length > 0 ? $"name: {YamlValues.Scalar(rule.Name)}, " : "")}pattern: {YamlValues.Scalar(rule.Pattern!)}, with: {YamlValues.Scalar(rule.Value!.ToString())} }}";

    private static RuleSettings Take(RuleSettings rule, HeaderLine line) => rule with { Name = line.Name, Value = line.Value };

    private static RuleSettings Take(RuleSettings rule, ParsedPattern parsed) => rule with { Name = parsed.Name, Pattern = parsed.Pattern, Value = parsed.With };

    private static Directive<RuleSettings, TValue> Action<TValue>(string name, RuleAction action, Form<TValue> form, string description, Func<RuleSettings, TValue, RuleSettings> set) =>
        new(name, form with { Write = null }, description, _ => default!, (rule, value) => set(rule, value) with { Action = action });

    private static DirectiveTable<RuleSettings> Table(string title, string description, Directive<RuleSettings>[] own)
    {
        Directive<RuleSettings>[] all = [.. s_common, .. own];
        string[] actions = [.. all.Select(directive => directive.Name).Where(name => !IsAbout(name))];
        return new(title, $"a mapping with 'when' and one of {Shown.List(actions)}", description, [actions], all);
    }

    // What says when and of what a rule is, and not what it does.
    private static bool IsAbout(string key) => key is "when" or "own" or "delay";

    private static Form<IReadOnlyList<Located<RuleSettings>>> List(DirectiveTable<RuleSettings> table)
    {
        var rule = Form.Mapping(table, _ => new RuleSettings { Action = RuleAction.Stop });
        var one = new Form<RuleSettings>(
            rule.Accepts,
            (ProblemList problems, YamlNode node, out RuleSettings value) =>
            {
                var errors = problems.ErrorCount;
                if (!rule.Read(problems, node, out value))
                    return false;
                YamlText? first = null;
                foreach (var (key, _) in ((YamlMapping)node).Entries)
                {
                    if (IsAbout(key.Value))
                        continue;
                    if (first is not null)
                        problems.Error(key.Place, $"'{key.Value}' beside '{first.Value}' in a rule", "a rule for each");
                    first ??= key;
                }

                return problems.ErrorCount == errors;
            });
        return Form.LocatedListOf("a list of rules, each as in '- { when: \"path is '/old'\", redirect: /new }'", one);
    }

    private static Form<HeaderLine> Line(string accepts, Form<string> name, string what) => new(
        accepts,
        (ProblemList problems, YamlNode node, out HeaderLine line) =>
        {
            line = new("", TextTemplate.Empty);
            if (node is not YamlText text)
                return Form.RefuseKind(problems, node, accepts);
            var colon = text.Value.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                problems.Error(node.Place, $"{Shown.Quote(text.Value)} has no colon behind the name of {what}", accepts);
                return false;
            }

            if (!name.Read(problems, new YamlText(text.Place, text.Value[..colon], quoted: true), out var read)
                || !Template.Read(problems, new YamlText(text.Place, text.Value[(colon + 1)..].TrimStart(' '), quoted: true), out var template))
                return false;
            line = new(read, template);
            return true;
        });

    private static DirectiveTable<ParsedPattern> Replacements(bool withName)
    {
        Directive<ParsedPattern> name = new Directive<ParsedPattern, string>("name", FieldName, "The field.", parsed => parsed.Name, (parsed, value) => parsed with { Name = value });
        Directive<ParsedPattern>[] rest =
        [
            new Directive<ParsedPattern, string>(
                "pattern",
                Form.OfText("a regular expression", (string text, out string pattern, out Mistake mistake) =>
                {
                    pattern = text;
                    return BytePattern.TryParse(text, ignoreCase: false, out _, out mistake);
                }),
                "The regular expression.",
                parsed => parsed.Pattern,
                (parsed, value) => parsed with { Pattern = value }),
            new Directive<ParsedPattern, TextTemplate?>("with", Form.OrNull(Template), "What it becomes; `\\1` is the first group.", parsed => parsed.With, (parsed, value) => parsed with { With = value }),
        ];
        return new(
            "a replacement",
            withName ? "a mapping with 'name', 'pattern' and 'with'" : "a mapping with 'pattern' and 'with'",
            "",
            withName ? [["name"], ["pattern"], ["with"]] : [["pattern"], ["with"]],
            withName ? [name, .. rest] : rest);
    }

    private sealed record ParsedPattern(string Name, string Pattern, TextTemplate? With);
}
