using Steelyard.Config.Expressions;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Drafts;

/// <summary>Whether rules and conditions stand where there is what they ask for and change.</summary>
internal sealed class RuleChecks(ProblemList problems, IReadOnlyDictionary<string, PoolDraft> pools, IReadOnlyDictionary<string, CounterTableSettings> tables, IReadOnlyDictionary<string, PatternListSettings> lists, List<(string List, ListUse Use)> uses)
{
    public void Check(ListenerDraft listener, IEnumerable<Located<string>> itsPools)
    {
        List<Located<RuleSettings>> all = [.. listener.Rules, .. (listener.Routes ?? []).SelectMany(route => route.Rules.Concat(route.AccessRules))];
        List<Located<RuleSettings>> ofResponses = [.. listener.ResponseRules, .. (listener.Routes ?? []).SelectMany(route => route.ResponseRules.Concat(route.AskRules))];
        foreach (var name in itsPools.Select(pool => pool.Value).Distinct())
        {
            if (!pools.TryGetValue(name, out var pool))
                continue;
            all.AddRange(pool.Rules);
            ofResponses.AddRange(pool.ResponseRules);
        }

        if (listener.Mode is { Value: ListenerMode.Tcp })
        {
            List<Located<RuleSettings>> others = [.. listener.Rules.Where(rule => rule.Value is not ({ Action: RuleAction.Close or RuleAction.Stop or RuleAction.Track } or { Action: RuleAction.SetVariable, Value.Parts: [{ Expression: FetchExpression { Kind: FetchKind.Tracked } }] })), .. all.Skip(listener.Rules.Count), .. ofResponses];
            if (others.Count > 0)
            {
                problems.Error(others[0].Place, "rules where a listener with 'mode: tcp' leads, which reads no requests", "'close', 'stop' and 'track' in the listener itself; or 'mode: http'");
                return;
            }
        }

        CheckFields(listener, listener.RequestHeaders, listener.Place);
        foreach (var route in listener.Routes ?? [])
        {
            if (route.RequestHeaders is { } edits)
                CheckFields(listener, edits.Value, edits.Place);
        }

        var names = (listener.Routes ?? []).Where(route => route.Internal).Select(route => route.Name).ToHashSet();
        foreach (var route in listener.Routes ?? [])
        {
            CheckWhen(route.Match.When, route.Place, isResponse: false);
            CheckWhen(route.AskWhen, route.Place, isResponse: false);
            CheckWhen(route.Statistics?.Value.Admin, route.Place, isResponse: false);
            if (route.ToNamed is { } named)
                Check(named.Value, named.Place, isResponse: false);
            if (route.ServerTarget is { } target)
                Check(target.Value, target.Place, isResponse: false);
            foreach (var (page, place) in route.ErrorPages)
                CheckName(page.Route, place, names);
            if (route.Ask is { } ask)
                Check(ask.Value, ask.Place, isResponse: false);
            if (route is { AskWhen: not null, Ask: null })
                problems.Error(route.Place, "'ask-when' without 'ask'", "both");
            foreach (var path in route.Mirror?.Value.Paths ?? [])
                Check(path, route.Mirror!.Value.Place, isResponse: false);
            if (route.AskRules is [{ Place: var first }, ..] && (route.Ask is null || route.AskRules.Any(rule => rule.Value.Action != RuleAction.SetVariable)))
                problems.Error(first, route.Ask is null ? "'ask-rules' without 'ask'" : "rules for what is asked that do something else than remember", route.Ask is null ? "both" : "'set-variable'");
            if (route.Files is { } files)
                CheckName(files.Value.ElseRoute, files.Place, names);
        }

        foreach (var (rule, place) in all.Concat(ofResponses))
        {
            if (rule.Action == RuleAction.GoTo)
                CheckName(rule.Name, place, names);
        }

        foreach (var (rule, place) in (listener.Routes ?? []).SelectMany(route => route.Rules.Concat(route.AccessRules)))
        {
            if (rule.Action == RuleAction.WaitForBody)
                problems.Error(place, "no rule of a route waits for a body", "'wait-for-body' in the 'rules' of the listener or the pool");
        }

        foreach (var (rule, place) in all)
            Check(rule, place, isResponse: false, listener.Forwarded);
        foreach (var (rule, place) in ofResponses)
            Check(rule, place, isResponse: true, ForwardedStyle.AsIs);
    }

    private void CheckFields(ListenerDraft listener, HeaderEdits edits, Place place)
    {
        if (listener.Forwarded == ForwardedStyle.AsIs)
            return;
        foreach (var name in edits.Remove.Concat(edits.Set.Select(line => line.Name)).Concat(edits.Add.Select(line => line.Name)).Where(HeaderTable.IsOfClient))
            problems.Error(place, $"the field {Shown.Quote(name)} cannot be changed here: it is written by the listener, see 'forwarded'", "another field, or 'forwarded: as-is' in the listener");
    }

    private void CheckName(string? name, Place place, HashSet<string?> names)
    {
        if (name is not null && !names.Contains(name))
            problems.Error(place, $"no internal route of the listener is called {Shown.Quote(name)}", "the 'name' of one with 'internal: true'");
    }

    /// <summary>Reports what a line of a log asks for and cannot get.</summary>
    public void Check(Located<AccessLogSettings> log)
    {
        var (settings, place) = log;
        foreach (var part in settings.Line)
        {
            if (part.Expression is { } expression)
                Check(expression, place, isResponse: true, isLog: true);
        }

        if (settings.When is not { } when)
            return;
        if (ExpressionSearch.Any(when, part => part is FetchExpression { IsOfResponse: true, Kind: not FetchKind.Status }))
            problems.Error(place, "the answer's fields are gone when 'when' of an access log is asked", "'status', or what is known of the request");
        else
            CheckWhen(when, place, isResponse: true);
    }

    private void Check(RuleSettings rule, Place place, bool isResponse, ForwardedStyle forwarded)
    {
        if (forwarded != ForwardedStyle.AsIs && HeaderTable.IsOfClient(rule.Name) && rule.Action is not RuleAction.SetVariable)
            problems.Error(place, $"a rule changes {Shown.Quote(rule.Name)}, which is written by a listener that leads here, see 'forwarded'", "'forwarded: as-is' in the listener");
        CheckWhen(rule.When, place, isResponse);
        if (rule.Track is { } track)
            CheckTable(track.Table, place);
        if (rule.Action is RuleAction.SetEntry or RuleAction.RemoveEntry)
            CheckChange(rule, place);
        if (rule.Key is not null)
            Check(rule.Key, place, isResponse);
        if (rule.Value is not null)
            Check(rule.Value, place, isResponse);

        // What a rule for responses says instead is written when the response is gone.
        foreach (var template in (TextTemplate?[])[rule.Redirect?.To, rule.Respond?.Text, .. rule.Respond?.Headers.Select(line => line.Value) ?? []])
        {
            if (template is not null)
                Check(template, place, isResponse: false, isAnswer: true);
        }
    }

    private void CheckWhen(Condition? condition, Place place, bool isResponse)
    {
        switch (condition)
        {
            case AllCondition all:
                foreach (var part in all.Conditions)
                    CheckWhen(part, place, isResponse);
                break;
            case AnyCondition any:
                foreach (var part in any.Conditions)
                    CheckWhen(part, place, isResponse);
                break;
            case NotCondition not:
                CheckWhen(not.Inner, place, isResponse);
                break;
            case TestCondition test:
                Check(test.Value, place, isResponse);
                break;
            case ListCondition test:
                Check(test.Value, place, isResponse);
                CheckList(test.List, test.Test, test.IgnoreCase, values: null, place);
                break;
        }
    }

    private void Check(TextTemplate template, Place place, bool isResponse, bool isLog = false, bool isAnswer = false)
    {
        foreach (var part in template.Parts)
        {
            if (part.Expression is { } expression)
                Check(expression, place, isResponse, isLog, isAnswer);
            else if (part is { Literal: null, Variable: TemplateVariable.Server } && !isResponse)
                problems.Error(place, "no server has answered yet, so {server} says nothing here", "{server} in rules for responses");
        }
    }

    private void Check(Expression expression, Place place, bool isResponse, bool isLog = false, bool isAnswer = false)
    {
        switch (expression)
        {
            case VariableExpression { Variable: TemplateVariable.Server } when !isResponse:
                problems.Error(place, "no server has answered yet, so 'server' says nothing here", "'server' in rules for responses");
                break;
            case TextExpression text:
                Check(text.Text, place, isResponse, isLog, isAnswer);
                break;
            case CallExpression call:
                Check(call.Input, place, isResponse, isLog, isAnswer);
                if (call.Function is FunctionKind.TableCounter or FunctionKind.InTable && CheckTable(call.Arguments[0], place) && call.Function == FunctionKind.TableCounter)
                    CheckCounter(tables[call.Arguments[0]], call.Arguments[1], place);
                if (FunctionTable.TemplateOf(call) is { } argument)
                    Check(argument, place, isResponse, isLog, isAnswer);
                break;
            case MapExpression map:
                Check(map.Input, place, isResponse, isLog, isAnswer);
                foreach (var each in map.Cases)
                    Check(each.Value, place, isResponse, isLog, isAnswer);
                if (map.Otherwise is { } otherwise)
                    Check(otherwise, place, isResponse, isLog, isAnswer);
                break;
            case ListExpression lookup:
                Check(lookup.Input, place, isResponse, isLog, isAnswer);
                CheckList(lookup.List, lookup.Test, lookup.IgnoreCase, lookup.Values, place);
                if (lookup.Otherwise is { } missing)
                    Check(missing, place, isResponse, isLog, isAnswer);
                break;
            case FetchExpression { Kind: FetchKind.SentHeader } sent when !isLog && !isAnswer:
                problems.Error(place, $"the client has got nothing yet, so '{sent}' says nothing here", "it in the 'format' of an access log, or 'response-header' in rules for responses");
                break;
            case FetchExpression { Kind: FetchKind.FirstBytes, Name: var which } when !FirstBytes.TryParse(which, out _):
                problems.Error(place, $"{Shown.Quote(which)} is not an offset and a length of first bytes", $"such as first-bytes('0 7'), up to {FirstBytes.Most} bytes");
                break;
            case FetchExpression { Kind: FetchKind.Body or FetchKind.BodySize } when isResponse:
                problems.Error(place, "the request's body is gone when there is a response", "'set-variable' in rules for requests, and the variable here");
                break;
            case FetchExpression { Kind: FetchKind.Status } when isAnswer:
                break;
            case FetchExpression { IsOfResponse: true } fetch when !isResponse:
                problems.Error(place, $"no server has answered yet, so '{fetch}' says nothing here", "it in rules for responses");
                break;
            case FetchExpression { Kind: FetchKind.Tracked or FetchKind.TrackedKey } tracked when !TrackedCounter.TryParse(tracked, out _):
                problems.Error(place, $"{Shown.Quote(tracked.Name)} is not a slot from 0 to {TrackSettings.Slots - 1}{(tracked.Kind == FetchKind.Tracked ? " with a counter behind it" : "")}", tracked.Kind == FetchKind.Tracked ? "such as tracked('0 request-rate')" : "such as tracked-key('0')");
                break;
            case FetchExpression { Kind: FetchKind.Measured, Name: var measured } when !IsMeasured(measured):
                problems.Error(place, $"{Shown.Quote(measured)} is nothing that is measured, or of no pool that there is", "active, free, queue, average-queue, slots, server-active, server-free, server-queue, server-up, server-weight or server-first-weight with a pool, or listener-connections");
                break;
            case FetchExpression { Kind: FetchKind.UsableServers, Name: var pool } when !pools.ContainsKey(pool):
                problems.Error(place, $"no pool is called {Shown.Quote(pool)}", "the name of one of the 'pools'", problems.Names.Nearest(pool, pools.Keys));
                break;
        }
    }

    private bool IsMeasured(string name)
    {
        if (name == "listener-connections")
            return true;
        var words = name.Split(' ', 2);
        return words.Length == 2 && words[0] switch
        {
            "active" or "free" or "queue" or "average-queue" or "slots" => pools.ContainsKey(words[1]),
            "server-active" or "server-free" or "server-queue" or "server-up" or "server-weight" or "server-first-weight" => words[1].IndexOf('/', StringComparison.Ordinal) is > 0 and var slash && pools.ContainsKey(words[1][..slash]),
            _ => false,
        };
    }

    private bool CheckTable(string name, Place place)
    {
        if (tables.ContainsKey(name))
            return true;
        problems.Error(place, $"no table is called {Shown.Quote(name)}", tables.Count == 0 ? "one of 'tables'" : Shown.OneOf([.. tables.Keys.Take(10)]), problems.Names.Nearest(name, tables.Keys));
        return false;
    }

    private PatternListSettings? FindList(string name, Place place)
    {
        if (lists.TryGetValue(name, out var list))
            return list;
        problems.Error(place, $"no list is called {Shown.Quote(name)}", lists.Count == 0 ? "one of 'lists'" : Shown.OneOf([.. lists.Keys.Take(10)]), problems.Names.Nearest(name, lists.Keys));
        return null;
    }

    private void CheckList(string name, TestKind test, bool ignoreCase, ListValues? values, Place place)
    {
        if (FindList(name, place) is not { } list)
            return;
        if (values is not null && !list.IsMap)
            problems.Error(place, $"the patterns of the list {Shown.Quote(name)} have no values", "a list with 'map'");

        // What was found of a list once need not be looked for again.
        var use = (name, new ListUse(test, ignoreCase, values));
        if (uses.Contains(use))
            return;
        uses.Add(use);
        foreach (var entry in list.Entries)
        {
            var mistake = PatternListSettings.FindMistake(test, entry.Pattern, ignoreCase);
            if (mistake is null && values is { } kind && entry.Value is { } value && !PatternListSettings.IsValue(kind, value))
                mistake = $"{Shown.Quote(value)} is not {(kind == ListValues.Numbers ? "a whole number" : "an address")}";
            if (mistake is null)
                continue;
            problems.Error(place, $"in the list {Shown.Quote(name)} {mistake}");
            return;
        }
    }

    private void CheckChange(RuleSettings rule, Place place)
    {
        if (FindList(rule.Name, place) is { } list && rule.Action == RuleAction.SetEntry && list.IsMap != rule.Value is not null)
            problems.Error(place, list.IsMap ? $"no value for a pattern of the list {Shown.Quote(rule.Name)}" : $"a value for a pattern of the list {Shown.Quote(rule.Name)}, which is no map", list.IsMap ? "'value'" : "'key' alone");
    }

    private void CheckCounter(CounterTableSettings table, string counter, Place place)
    {
        if (!AskedCounter.TryParse(counter, out var asked))
            problems.Error(place, $"{Shown.Quote(counter)} is not a counter", AskedCounter.Accepts);
        else if (asked.Kind != CounterKind.Open && !table.Store.Any(stored => stored.Kind == asked.Kind))
            problems.Error(place, $"the table {Shown.Quote(table.Name)} does not store '{CounterWords.Of(asked.Kind)}'", Shown.OneOf([.. table.Store.Select(stored => CounterWords.Of(stored.Kind))]));
    }
}
