using System.Globalization;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Haproxy;

/// <summary>The actions of http-request and http-response, as rows of the table of directives.</summary>
internal static class HaproxyRules
{
    private const string Proxies = "DFBL";

    // As much as a buffer of HAProxy's holds.
    private const int MostBytes = 16 * 1024;

    private const string OfServers = " Of answers of Steelyard's own too.";

    /// <summary>The variables by which requests wait.</summary>
    public const string OfClass = "priority-class";

    /// <summary>The same among those of a class.</summary>
    public const string OfOffset = "priority-offset";

    /// <summary>Why what is said of caches has no effect.</summary>
    public const string NoCache = "There is no cache here: every request goes to a server.";

    /// <summary>What can be done with requests.</summary>
    public static IEnumerable<DirectiveRow<HaproxyUse>> Requests { get; } =
    [
        Row("http-request deny", "[deny_status|status <code>] [content-type <type>] [string|lf-string|file|lf-file <text>] [hdr <name> <fmt>]*", "Refuses with 403, or the status that is given; the page is Steelyard's own unless a text is given.", use => ReadAnswer(use, 403, RuleAction.Deny)),
        Row("http-request return", "[status <code>] [content-type <type>] [string|lf-string|file|lf-file <text>] [hdr <name> <fmt>]*", "Answers in the servers' place.", use => ReadAnswer(use, 200, RuleAction.Respond)),
        Row("http-request tarpit", "[deny_status <code>]", "Refuses with 500, or the status that is given, when the client has waited for `timeout tarpit`, or `timeout connect` where that is not said.", use => ReadAnswer(use, 500, RuleAction.Deny) is { } answer ? answer with { Delay = HaproxyErrors.OfTarpit } : null),
        Row("http-request redirect", "location|prefix|scheme <fmt> [code <code>] [drop-query] [append-slash] [set-cookie <text>|clear-cookie <text>] [ignore-empty]", "Sends the client elsewhere: 302, or the code that is given.", ReadRedirect),
        Row("redirect", "location|prefix|scheme <text> [code <code>] [drop-query] [append-slash] [set-cookie <text>|clear-cookie <text>] [ignore-empty]", "The same, behind all rules of `http-request`.", ReadRedirect),
        Row("http-request auth", "[realm <realm>]", "Asks for user and password with 401.", ReadAuthentication),
        Row("http-request allow", "", "Ends these rules.", use => new RuleSettings { Action = RuleAction.Stop }),
        Row("http-request silent-drop", "[rst-ttl <number>]", "Closes the connection without an answer; the kernel tells the client.", ReadDrop),
        Row("http-request reject", "", "Closes the connection without an answer.", use => new RuleSettings { Action = RuleAction.Close }),
        .. Headers("http-request"),
        Row("http-request set-path", "<fmt>", "The request gets another path; its query stays.", use => ReadValue(use, RuleAction.SetPath)),
        Row("http-request set-query", "<fmt>", "The request gets another query.", use => ReadValue(use, RuleAction.SetQuery)),
        Row("http-request set-pathq", "<fmt>", "The request gets another path and query.", use => ReadValue(use, RuleAction.SetTarget)),
        Row("http-request set-uri", "<fmt>", "The request gets another path and query; a scheme and a host in it are not known here.", use => ReadValue(use, RuleAction.SetTarget)),
        Row("http-request replace-path", "<regex> <fmt>", "A path in which the expression matches becomes the text.", use => ReadReplacement(use, RuleAction.ReplacePath, named: false)),
        Row("http-request replace-pathq", "<regex> <fmt>", "Path and query in which the expression matches become the text.", use => ReadReplacement(use, RuleAction.ReplaceTarget, named: false)),
        Row("http-request replace-uri", "<regex> <fmt>", "The same; in requests of browsers the URI is path and query.", use => ReadReplacement(use, RuleAction.ReplaceTarget, named: false)),
        .. Variables("http-request"),
        .. HaproxyListRules.Of("http-request"),
        .. ((string[])["connection", "session", "content"]).SelectMany(phase => Variables("tcp-request " + phase)),
        Row("tcp-request content set-log-level", "<level>", "The same as of `http-request`.", HaproxyLogs.ReadLevel),
        Row("http-request set-log-level", "<level>", "With `silent` the request is not written; of other levels lines of Steelyard are info.", HaproxyLogs.ReadLevel),
        Row("http-request set-priority-class", "<sample>", "Who waits for a server goes before those of larger classes: -2047 to 2047, 0 where nothing is said.", use => ReadPriority(use, OfClass)),
        Row("http-request set-priority-offset", "<sample>", "Who waits for a server counts as come so many milliseconds later among those of its class, or sooner where that is less than 0.", use => ReadPriority(use, OfOffset)),
        Row("tcp-request content set-priority-class", "<sample>", "The same as of `http-request`; not in TCP mode.", use => ReadPriority(use, OfClass)),
        Row("tcp-request content set-priority-offset", "<sample>", "The same as of `http-request`; not in TCP mode.", use => ReadPriority(use, OfOffset)),
        .. OfNoEffect("http-request"),
        Row("http-request disable-l7-retry", "", "No server gets the request that another may have seen, whatever `retry-on` says.", use => new RuleSettings { Action = RuleAction.SendOnce }),
        Row("http-request set-method", "<fmt>", "Servers are asked by this method; `method` and logs stay with the client's.", use => ReadValue(use, RuleAction.SetMethod)),
        Row("http-request set-src", "<sample>", "The client is taken to be at this address from here on: in conditions, logs, `option forwardfor`, PROXY headers, and what is remembered and counted of it. What is no address changes nothing.", use => ReadSample(use, RuleAction.SetPeer)),
        Row("http-request set-src-port", "<sample>", "The same of its port.", use => ReadSample(use, RuleAction.SetPeerPort)),
        Refused("http-request lua", "the rules that docs/haproxy.md lists"),
        DirectiveRow<HaproxyUse>.Harmless("http-request cache-use", Proxies, "...", NoCache),
        HaproxyNormalizers.Row,
        DirectiveRow<HaproxyUse>.Harmless("http-request early-hint", Proxies, "...", "No 103 is sent: clients learn of it by the response itself."),
        Row("http-request wait-for-body", "time <time> [at-least <bytes>]", "Waits for the request's body, or the first of it, 16 KiB at most, so that what is behind it can look at `req.body`; a client that takes longer gets 408.", HaproxyWaits.ReadWait),
        Row("http-request set-timeout", "server|tunnel <time>|<sample>", "How long the server may say nothing, or nothing may come in a tunnel, for this request alone; of a sample in milliseconds.", HaproxyWaits.ReadTimeout),
        Refused("http-request do-resolve", "names of servers are resolved when the file is taken up"),
    ];

    // How far the kernel's word of it goes does not change what is done.
    private static RuleSettings? ReadDrop(HaproxyUse use) =>
        use.Take("rst-ttl") && !use.TryTakeNumber("a number of hops", 1, 255, out _) ? null : new() { Action = RuleAction.Close };

    /// <summary>What can be done with responses.</summary>
    public static IEnumerable<DirectiveRow<HaproxyUse>> Responses { get; } =
    [
        .. Headers("http-response"),
        Row("http-response set-status", "<status> [reason <text>]", "The response gets another status, with its usual reason.", ReadStatus),
        Row("http-response deny", "[deny_status|status <code>] [content-type <type>] [string|lf-string|file|lf-file <text>] [hdr <name> <fmt>]*", "The response is kept back; the client gets 502, or the status and the text that are given.", use => ReadAnswer(use, 502, RuleAction.Deny)),
        Row("http-response return", "[status <code>] [content-type <type>] [string|lf-string|file|lf-file <text>] [hdr <name> <fmt>]*", "The client gets this in the place of the response, of which nothing can be written in it.", use => ReadAnswer(use, 200, RuleAction.Respond)),
        Row("http-response redirect", "location <fmt> [code <code>]", "The client is sent elsewhere: 302, or the code that is given.", ReadRedirect),
        Row("http-response allow", "", "Ends these rules.", use => new RuleSettings { Action = RuleAction.Stop }),
        .. Variables("http-response"),
        .. Variables("tcp-response content"),
        Row("tcp-response content set-log-level", "<level>", "The same as of `http-response`.", HaproxyLogs.ReadLevel),
        .. HaproxyListRules.Of("http-response"),
        Row("http-response set-log-level", "<level>", "The same.", HaproxyLogs.ReadLevel),
        .. OfNoEffect("http-response"),
        .. Headers("http-after-response"),
        Row("http-after-response set-status", "<status> [reason <text>]", "The response gets another status, with its usual reason." + OfServers, ReadStatus),
        Row("http-after-response allow", "", "Ends these rules.", use => new RuleSettings { Action = RuleAction.Stop }),
        .. HaproxyListRules.Of("http-after-response"),
        Row("http-after-response set-log-level", "<level>", "With `silent` the request is not written.", HaproxyLogs.ReadLevel),
        DirectiveRow<HaproxyUse>.Harmless("http-after-response strict-mode", Proxies, "...", "Changes nothing that a client or a server sees."),
        .. Variables("http-after-response"),
        DirectiveRow<HaproxyUse>.Harmless("http-response cache-store", Proxies, "...", NoCache),
        DirectiveRow<HaproxyUse>.Harmless("filter cache", Proxies, "...", NoCache),
        Refused("http-response lua", "the rules that docs/haproxy.md lists"),
    ];

    private static IEnumerable<DirectiveRow<HaproxyUse>> Headers(string of)
    {
        var note = of == "http-after-response" ? OfServers : "";
        yield return Row($"{of} set-header", "<name> <fmt>", "The field gets this one line instead of what it had." + note, use => ReadField(use, RuleAction.SetHeader));
        yield return Row($"{of} add-header", "<name> <fmt>", "The field gets one more line." + note, use => ReadField(use, RuleAction.AddHeader));
        yield return Row($"{of} del-header", "<name> [-m str|beg|end|sub|reg]", "All lines of the field are taken out, or of all fields whose names are like this." + note, ReadRemoval);
        yield return Row($"{of} replace-header", "<name> <regex> <fmt>", "Each line in which the expression matches becomes the text." + note, use => ReadReplacement(use, RuleAction.ReplaceHeader, named: true));
        yield return Row($"{of} replace-value", "<name> <regex> <fmt>", "The same with each value between commas." + note, use => ReadReplacement(use, RuleAction.ReplaceValue, named: true));
    }

    private static IEnumerable<DirectiveRow<HaproxyUse>> Variables(string of)
    {
        yield return Row($"{of} set-var", "(<name>) <sample>", "Remembers a value until the request has been answered, whatever its scope.", use => ReadVariable(use, isFormat: false));
        yield return Row($"{of} set-var-fmt", "(<name>) <fmt>", "The same of a text.", use => ReadVariable(use, isFormat: true));
        yield return Row($"{of} unset-var", "(<name>)", "Forgets it.", use => TryReadVariableName(use, out var name, out _) ? new RuleSettings { Action = RuleAction.RemoveVariable, Name = name } : null);
    }

    private static IEnumerable<DirectiveRow<HaproxyUse>> OfNoEffect(string of)
    {
        foreach (var action in (string[])["set-tos", "set-mark"])
            yield return DirectiveRow<HaproxyUse>.Harmless($"{of} {action}", Proxies, "...", "Packets are marked by the kernel's own rules.");
        foreach (var action in (string[])["set-nice", .. of == "http-request" ? (string[])[] : ["wait-for-body"], "wait-for-handshake", "strict-mode"])
            yield return DirectiveRow<HaproxyUse>.Harmless($"{of} {action}", Proxies, "...", "Changes nothing that a client or a server sees.");
    }

    private static DirectiveRow<HaproxyUse> Refused(string name, string instead) => DirectiveRow<HaproxyUse>.Refused(name, Proxies, "...", instead);

    /// <summary>A row of an action.</summary>
    public static DirectiveRow<HaproxyUse> Row(string name, string arguments, string meaning, Func<HaproxyUse, RuleSettings?> read) =>
        DirectiveRow<HaproxyUse>.Done(name, Proxies, (arguments + " [if|unless <condition>]").TrimStart(), meaning, use =>
        {
            if (read(use) is not { } rule || !use.TryReadCondition(out var condition))
                return;
            rule = rule with { OfOwn = name.StartsWith("http-after-response", StringComparison.Ordinal) };
            if (name.StartsWith("tcp-", StringComparison.Ordinal) && use.Section is { IsTcp: true, Kind: not 'D' })
            {
                use.Problems.Error(use.Line, $"'{use.Directive}' of a proxy in TCP mode is not done here", "'set-var' in its frontend, without a condition");
                return;
            }

            var located = new Located<RuleSettings>(rule with { When = rule.When is { } own && condition is not null ? new AllCondition([condition, own]) : condition ?? rule.When }, use.Line);
            (name.StartsWith("tcp-request", StringComparison.Ordinal) ? use.Section.EarlyRules : name == "redirect" ? use.Section.Redirects : name.StartsWith("http-request", StringComparison.Ordinal) ? use.Section.Rules : use.Section.ResponseRules).Add(located);
        });

    private static bool IsCondition(HaproxyUse use) => use.Peek is "if" or "unless";

    /// <summary>Takes a text with samples.</summary>
    public static bool TryTakeFormat(HaproxyUse use, string what, out TextTemplate template)
    {
        template = TextTemplate.Empty;
        return use.TryTake(what, out var word) && HaproxyFormat.TryRead(word, use, out template);
    }

    private static RuleSettings? ReadValue(HaproxyUse use, RuleAction action) =>
        TryTakeFormat(use, "a text", out var value) ? new() { Action = action, Value = value } : null;

    private static RuleSettings? ReadPriority(HaproxyUse use, string variable)
    {
        if (use is { Directive: ['t', 'c', 'p', ..], Section: { IsTcp: true, Kind: not 'D' } })
        {
            use.Problems.Note(use.Line, $"'{use.Directive}' has no effect in TCP mode: connections wait in the order in which they come");
            while (use.HasMore)
                use.Take();
            return null;
        }

        if (variable == OfClass)
            use.File.SetsClasses = true;
        else
            use.File.SetsOffsets = true;
        return ReadSample(use, RuleAction.SetVariable) is { } rule ? rule with { Name = variable } : null;
    }

    private static RuleSettings? ReadSample(HaproxyUse use, RuleAction action)
    {
        if (!use.TryTake("a sample", out var word))
            return null;
        if (HaproxySamples.TryRead(word.Text, mayCompare: false, use, out var sample, out _, out var mistake))
            return new() { Action = action, Value = TextTemplate.Of(sample.Expression) };
        use.Problems.Error(word.Place, mistake);
        return null;
    }

    private static bool TryTakeFieldName(HaproxyUse use, out string name)
    {
        name = "";
        if (!use.TryTake("the name of a field", out var word))
            return false;
        name = word.Text;
        if (RuleTable.FindMistakeInFieldName(name) is not { Message: not null } mistake)
            return true;
        use.Problems.Error(word.Place, mistake);
        return false;
    }

    private static RuleSettings? ReadField(HaproxyUse use, RuleAction action) =>
        TryTakeFieldName(use, out var name) && TryTakeFormat(use, "a value", out var value) ? new() { Action = action, Name = name, Value = value } : null;

    private static RuleSettings? ReadRemoval(HaproxyUse use)
    {
        if (!use.TryTake("the name of a field", out var word))
            return null;
        if (!use.Take("-m"))
        {
            use.Back();
            return TryTakeFieldName(use, out var name) ? new() { Action = RuleAction.RemoveHeader, Name = name } : null;
        }

        if (!use.TryTake("str, beg, end, sub or reg", out var how))
            return null;
        var literal = Escaped(word.Text.ToLowerInvariant());
        var pattern = how.Text switch { "str" => $"^{literal}$", "beg" => "^" + literal, "end" => literal + "$", "sub" => literal, "reg" => word.Text, _ => null };
        if (pattern is null)
        {
            use.Error(how, $"{Shown.Quote(how.Text)} is no way to find fields", "str, beg, end, sub or reg");
            return null;
        }

        if (BytePattern.TryParse(pattern, ignoreCase: false, out _, out var mistake))
            return new() { Action = RuleAction.RemoveHeaders, Pattern = pattern };
        use.Problems.Error(word.Place, mistake);
        return null;
    }

    // A field's name has few signs that mean something in an expression.
    private static string Escaped(string name) => string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' ? letter.ToString() : "\\" + letter));

    private static RuleSettings? ReadReplacement(HaproxyUse use, RuleAction action, bool named)
    {
        var name = "";
        if ((named && !TryTakeFieldName(use, out name)) || !use.TryTake("a regular expression", out var pattern))
            return null;
        if (!BytePattern.TryParse(pattern.Text, ignoreCase: false, out _, out var mistake))
        {
            use.Problems.Error(pattern.Place, mistake);
            return null;
        }

        return TryTakeFormat(use, "a text", out var value) ? new() { Action = action, Name = name, Pattern = pattern.Text, Value = value } : null;
    }

    private static RuleSettings? ReadStatus(HaproxyUse use)
    {
        if (!use.TryTakeNumber("a status", 200, 599, out var status))
            return null;
        if (status is 204 or 304)
        {
            use.Error(use.Last, $"a response with a body cannot become {status}", "another status");
            return null;
        }

        if (use.Take("reason") && !use.TryTake("the reason", out _))
            return null;
        return new() { Action = RuleAction.SetStatus, Status = status };
    }

    /// <summary>The conditions of HAProxy behind the name of a variable.</summary>
    private static Condition? WhenOf(string word, FetchExpression variable) => word switch
    {
        "ifexists" or "ifset" => new TestCondition(variable, TestKind.Present),
        "ifnotexists" or "ifnotset" => new NotCondition(new TestCondition(variable, TestKind.Present)),
        _ => null,
    };

    private static bool TryReadVariableName(HaproxyUse use, out string name, out List<Condition> conditions)
    {
        (name, conditions) = ("", []);
        if (!use.TryTake("the name of a variable in round brackets", out var word))
            return false;
        name = word.Text.Length > 2 && word.Text[0] == '(' && word.Text[^1] == ')' ? word.Text[1..^1] : "";
        var parts = name.Split(',');
        name = parts[0];
        if (!RuleTable.IsVariableName(name))
        {
            use.Error(word, $"{Shown.Quote(word.Text)} is not the name of a variable in round brackets", "such as set-var(txn.user)");
            return false;
        }

        foreach (var part in parts.Skip(1))
        {
            if (WhenOf(part.Trim(), new FetchExpression(FetchKind.Variable, name)) is { } when)
            {
                conditions.Add(when);
                continue;
            }

            use.Error(word, $"{Shown.Quote(part)} is no condition of a variable that is known here", "ifexists, ifnotexists, ifset or ifnotset");
            return false;
        }

        return true;
    }

    private static RuleSettings? ReadVariable(HaproxyUse use, bool isFormat)
    {
        if (!TryReadVariableName(use, out var name, out var conditions))
            return null;
        if (use is { Directive: ['t', 'c', 'p', ..], Section: { IsTcp: true, Kind: not 'D' } })
            return NameOfConnection(use, name, isFormat);
        var when = conditions.Count == 0 ? null : conditions.Count == 1 ? conditions[0] : new AllCondition(conditions.ToValueList());
        if (isFormat)
            return TryTakeFormat(use, "a text", out var text) ? new() { Action = RuleAction.SetVariable, Name = name, Value = text, When = when } : null;
        if (!use.TryTake("a sample", out var word))
            return null;
        if (HaproxySamples.TryRead(word.Text, mayCompare: false, use, out var sample, out _, out var mistake))
            return new() { Action = RuleAction.SetVariable, Name = name, Value = TextTemplate.Of(sample.Expression), When = when };
        use.Problems.Error(word.Place, mistake);
        return null;
    }

    // Of a connection that carries no requests nothing is remembered: the name stands for its value.
    private static RuleSettings? NameOfConnection(HaproxyUse use, string name, bool isFormat)
    {
        Sample sample;
        if (isFormat)
        {
            if (!TryTakeFormat(use, "a text", out var text))
                return null;
            sample = new(new TextExpression(text), SampleType.Text);
        }
        else
        {
            if (!use.TryTake("a sample", out var word))
                return null;
            if (!HaproxySamples.TryRead(word.Text, mayCompare: false, use, out sample, out _, out var mistake))
            {
                use.Problems.Error(word.Place, mistake);
                return null;
            }
        }

        if (use.HasMore)
            use.Problems.Error(use.Line, $"'{use.Directive}' with a condition is not done in TCP mode", "it without a condition, and the condition where the variable is asked for");
        else if (!use.Section.ConnectionVariables.TryAdd(name, sample))
            use.Problems.Error(use.Line, $"the variable {Shown.Quote(name)} is set again, which is not done in TCP mode", "another name");
        return null;
    }

    private static bool TryReadBody(Word word, HaproxyUse use, ref FixedResponse respond)
    {
        if (!HaproxyFormat.TryRead(word, use, out var template, isBody: true))
            return false;
        respond = template.Parts.Count == 0 || (template.Parts is [{ Literal: not null }]) ? respond with { Body = string.Concat(template.Parts.AsEnumerable().Select(part => part.Literal)) } : respond with { Text = template };
        return true;
    }

    /// <summary>Reads what is answered.</summary>
    public static RuleSettings? ReadAnswer(HaproxyUse use, int status, RuleAction action)
    {
        var respond = new FixedResponse(status, "", "text/plain");
        List<HeaderLine> lines = [];
        var given = action == RuleAction.Respond;
        while (use.HasMore && !IsCondition(use))
        {
            var word = use.Take();
            switch (word.Text)
            {
                case "deny_status" or "status" when use.TryTakeNumber("a status", 200, 599, out status):
                    respond = respond with { Status = status };
                    break;
                case "content-type" when use.TryTake("a type", out var type):
                    respond = respond with { ContentType = type.Text };
                    break;
                case "string" when use.TryTake("a text", out var text):
                    (respond, given) = (respond with { Body = text.Text }, true);
                    break;
                case "lf-string" when use.TryTake("a text", out var format):
                    if (!TryReadBody(format, use, ref respond))
                        return null;
                    given = true;
                    break;
                case "file" or "lf-file" when use.TryTake("a file", out var file):
                    if (use.File.Source.ReadFile(file.Text, file.Place, use.Problems) is not { } source)
                        return null;
                    if (word.Text == "file")
                        respond = source.Bytes is { } bytes ? respond with { Body = "", Base64 = Convert.ToBase64String(bytes) } : respond with { Body = source.Text };
                    else if (!TryReadBody(file with { Text = source.Text }, use, ref respond))
                        return null;
                    given = true;
                    break;
                case "hdr" when TryTakeFieldName(use, out var name) && TryTakeFormat(use, "a value", out var value):
                    lines.Add(new(name, value));
                    break;
                case "default-errorfiles":
                    break;
                case "errorfile" when use.TryTake("a file", out var page):
                    if (HaproxyErrors.ReadResponse(page, use) is not { } whole)
                        return null;
                    (respond, given) = (whole, true);
                    lines.AddRange(whole.Headers);
                    break;
                case "errorfiles" when use.TryTake("the name of a section http-errors", out var section):
                    if (!HaproxyErrors.TryFind(section, respond.Status, use, out var its))
                        return null;
                    if (its is not { } found)
                        break;
                    (respond, given) = (found, true);
                    lines.AddRange(found.Headers);
                    break;
                case "deny_status" or "status" or "content-type" or "string" or "lf-string" or "file" or "lf-file" or "hdr" or "errorfile" or "errorfiles":
                    return null;
                default:
                    use.Error(word, $"{Shown.Quote(word.Text)} is not known behind '{use.Directive}'", "status, content-type, string, file, hdr, or a condition");
                    return null;
            }
        }

        if (System.Text.Encoding.UTF8.GetByteCount(respond.Body) > MostBytes || respond.Base64?.Length > MostBytes * 4 / 3)
        {
            use.Problems.Error(use.Line, "the body is longer than 16 KiB", "a shorter text, or a server for it");
            return null;
        }

        if (respond.Status is 204 or 304)
            respond = respond with { Body = "", Text = null, Base64 = null };
        return !given && lines.Count == 0 ? new() { Action = RuleAction.Deny, Status = respond.Status }
            : new() { Action = RuleAction.Respond, Respond = respond with { Headers = lines.ToValueList(), Refuses = action == RuleAction.Deny && use.Section.Kind != 'B' } };
    }

    /// <summary>Reads what asks for user and password.</summary>
    public static RuleSettings? ReadAuthentication(HaproxyUse use)
    {
        var realm = use.Section.Name.Value;
        if (use.Take("realm"))
        {
            if (!use.TryTake("a realm", out var word))
                return null;
            realm = word.Text;
        }

        return Authentication(realm);
    }

    /// <summary>Asks for user and password.</summary>
    public static RuleSettings Authentication(string realm)
    {
        var line = new HeaderLine("WWW-Authenticate", TextTemplate.Literal($"Basic realm=\"{realm.Replace("\"", "\\\"", StringComparison.Ordinal)}\""));
        return new() { Action = RuleAction.Respond, Respond = new(401, "401 Unauthorized\nThis site asks for a user and a password.\n", "text/plain") { Headers = [line, HaproxyErrors.NotKept] } };
    }

    private static RuleSettings? Misplaced(HaproxyUse use)
    {
        use.Problems.Error(use.Line, $"'{use.Directive}' of a response names a location alone", "location with a path or a URL");
        return null;
    }

    private static RuleSettings? ReadRedirect(HaproxyUse use)
    {
        var (kind, to) = ((Word?)null, TextTemplate.Empty);
        var (code, dropQuery, appendSlash, ignoresEmpty, cookie) = (302, false, false, false, (string?)null);
        while (use.HasMore && !IsCondition(use))
        {
            var word = use.Take();
            switch (word.Text)
            {
                case "location" or "prefix" or "scheme" when use.TryTake("where to", out var where):
                    // A line of its own, without http-request before it, says it as it is.
                    (kind, to) = (word, TextTemplate.Literal(where.Text));
                    if (use.Directive != "redirect" && !HaproxyFormat.TryRead(where, use, out to))
                        return null;
                    break;
                case "code" when use.TryTake("a code", out var given):
                    if (given.Text is not ("301" or "302" or "303" or "307" or "308"))
                    {
                        use.Error(given, $"{Shown.Quote(given.Text)} is not the code of a redirect", "301, 302, 303, 307 or 308");
                        return null;
                    }

                    code = int.Parse(given.Text, CultureInfo.InvariantCulture);
                    break;
                case "drop-query":
                    dropQuery = true;
                    break;
                case "append-slash":
                    appendSlash = true;
                    break;
                case "ignore-empty":
                    ignoresEmpty = true;
                    break;
                case "set-cookie" when use.TryTake("a cookie", out var set):
                    cookie = $"{set.Text}; path=/;";
                    break;
                case "clear-cookie" when use.TryTake("a cookie", out var cleared):
                    cookie = $"{cleared.Text}; path=/; Max-Age=0;";
                    break;
                case "location" or "prefix" or "scheme" or "code" or "set-cookie" or "clear-cookie":
                    return null;
                default:
                    use.Error(word, $"{Shown.Quote(word.Text)} is not known behind '{use.Directive}'", "location, prefix, scheme, code, drop-query, append-slash, set-cookie, clear-cookie, ignore-empty, or a condition");
                    return null;
            }
        }

        if (kind is null)
        {
            use.Problems.Error(use.Line, $"'{use.Directive}' does not say where to", "location, prefix or scheme");
            return null;
        }

        if (use.Directive.StartsWith("http-response", StringComparison.Ordinal) && kind.Value.Text != "location")
            return Misplaced(use);

        List<TemplatePart> parts = kind.Value.Text switch
        {
            "location" => [.. to.Parts],
            "prefix" => [.. to.Parts is [{ Literal: "/" }] ? default : to.Parts, dropQuery ? new(null, TemplateVariable.Path) : new(null, TemplateVariable.Uri)],
            _ => [.. to.Parts, new("://"), new(null, default, new FetchExpression(FetchKind.Header, "Host")), dropQuery ? new(null, TemplateVariable.Path) : new(null, TemplateVariable.Uri)],
        };
        if (appendSlash && kind.Value.Text != "location")
        {
            // Where it ends in a slash, none is put behind it.
            parts.Add(new(null, default, new MapExpression(new VariableExpression(dropQuery ? TemplateVariable.Path : TemplateVariable.Uri), [new(TestKind.Ends, false, "/", TextTemplate.Empty)], TextTemplate.Literal("/"))));
        }

        var location = TextTemplate.Of(parts);
        var when = ignoresEmpty ? new TestCondition(new TextExpression(to), TestKind.Matches, ["."]) : null;
        return cookie is null ? new() { Action = RuleAction.Redirect, Redirect = new(location, code, IsForNow(code)), When = when }
            : new() { Action = RuleAction.Respond, Respond = new(code, "", "text/html") { Headers = [new("Location", location), .. IsForNow(code) ? [new HeaderLine("Cache-Control", TextTemplate.Literal("no-cache"))] : Array.Empty<HeaderLine>(), new("Set-Cookie", TextTemplate.Literal(cookie))] }, When = when };
    }

    /// <summary>Whether a redirect is one that HAProxy lets nobody keep.</summary>
    public static bool IsForNow(int code) => code is 302 or 303 or 307;
}
