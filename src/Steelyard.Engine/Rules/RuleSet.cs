using System.Text;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Tracking;

namespace Steelyard.Engine.Rules;

/// <summary>What rules have come to.</summary>
internal enum RuleVerdict : byte
{
    /// <summary>The exchange goes on.</summary>
    GoOn,

    /// <summary>The client gets an answer of the proxy's.</summary>
    Answer,

    /// <summary>The connection is closed without one.</summary>
    Close,

    /// <summary>The response is not passed on.</summary>
    Refuse,

    /// <summary>There is no room for what they add.</summary>
    TooLarge,

    /// <summary>The route is looked for again.</summary>
    Reroute,

    /// <summary>No route takes the request.</summary>
    NoRoute,

    /// <summary>Routes have sent the request on too often.</summary>
    Loops,

    /// <summary>The body is larger than the route takes.</summary>
    BodyTooLarge,

    /// <summary>The body is waited for, and then the rest of them goes on.</summary>
    Wait,
}

/// <summary>Rules in their order, compiled. Immutable, shared by all loops; running them allocates nothing.</summary>
internal sealed class RuleSet
{
    private const int BadGateway = 502;

    private readonly Rule[] _rules;

    private RuleSet(Rule[] rules) => (_rules, NameRoutes) = (rules, Array.Exists(rules, rule => rule.Action == RuleAction.GoTo));

    /// <summary>Whether requests may go on as they came.</summary>
    public bool NameRoutes { get; }

    /// <summary>Compiles rules; null where there are none.</summary>
    public static RuleSet? From(ValueList<RuleSettings> rules) =>
        rules.Count == 0 ? null : new(Array.ConvertAll(rules.AsSpan().ToArray(), rule => new Rule(rule)));

    /// <summary>Compiles those that are done with answers of the proxy's own as well; null where there are none.</summary>
    public static RuleSet? FromOwn(ValueList<RuleSettings> rules)
    {
        var own = Array.FindAll(rules.AsSpan().ToArray(), rule => rule.OfOwn);
        return own.Length == 0 ? null : new(Array.ConvertAll(own, rule => new Rule(rule)));
    }

    /// <summary>Whether they close a connection that carries no requests.</summary>
    /// <param name="scope">What is known of it.</param>
    /// <param name="tracking">Where it is counted; null for nowhere.</param>
    public bool CloseConnection(in TemplateScope scope, ConnectionTracking? tracking = null)
    {
        foreach (var rule in _rules)
        {
            if (rule.When is not null && !rule.When.Holds(scope))
                continue;
            switch (rule.Action)
            {
                case RuleAction.Track:
                    tracking?.Track(rule, scope);
                    break;
                case RuleAction.SetVariable:
                    // Of a connection nothing is remembered: what is counted on the way is what the rule is for.
                    ExpressionRoom.OfThread.Clear();
                    _ = rule.Value!.TryMakePresent(scope, out _);
                    break;
                default:
                    return rule.Action == RuleAction.Close;
            }
        }

        return false;
    }

    /// <summary>Does what they say with a request.</summary>
    /// <param name="context">The request; its head is held.</param>
    /// <param name="answer">What the client gets, where that is the verdict.</param>
    public RuleVerdict RunOnRequest(RoutedRequest context, out LocalAnswer? answer)
    {
        context.NextRule = 0;
        return GoOnWithRequest(context, out answer);
    }

    /// <summary>Goes on behind the rule that has waited.</summary>
    public RuleVerdict GoOnWithRequest(RoutedRequest context, out LocalAnswer? answer)
    {
        answer = null;
        for (var i = context.NextRule; i < _rules.Length; i++)
        {
            var rule = _rules[i];
            if (rule.When is { } when && !when.Holds(context.Scope))
                continue;
            context.Note(rule);
            switch (rule.Action)
            {
                case RuleAction.Stop:
                    return RuleVerdict.GoOn;
                case RuleAction.Close:
                    return RuleVerdict.Close;
                case RuleAction.Reroute:
                    if (context.TargetChanged)
                        return RuleVerdict.Reroute;
                    break;
                case RuleAction.GoTo:
                    context.GoesTo = rule.Name;
                    return RuleVerdict.Reroute;
                case RuleAction.Track:
                    context.Tracking?.Track(rule);
                    break;
                case RuleAction.WaitForBody:
                    if (!context.LacksBody(rule.Settings.Wait!))
                        break;
                    context.NextRule = i + 1;
                    return RuleVerdict.Wait;
                case RuleAction.Deny or RuleAction.Respond or RuleAction.Redirect:
                    (answer, context.AnswerDelay) = (rule.Answer, rule.Delay);
                    return RuleVerdict.Answer;
                case RuleAction.SendOnce:
                    context.SendsOnce = true;
                    break;
                case RuleAction.CloseAfter:
                    context.ClosesServer = true;
                    context.ClosesClient |= rule.Name is [(byte)'b', ..];
                    break;
                default:
                    if (!(RuleEdits.IsOfTarget(rule.Action) ? RuleEdits.ChangeTarget(rule, context) : RuleEdits.Change(rule, context, context.Request.Fields, context.RequestEdit, context.Head, ofResponse: false)))
                        return RuleVerdict.TooLarge;
                    break;
            }
        }

        return RuleVerdict.GoOn;
    }

    /// <summary>Does what they say with a response.</summary>
    /// <param name="context">The exchange; the response's head is held.</param>
    public RuleVerdict RunOnResponse(ExchangeContext context)
    {
        foreach (var rule in _rules)
        {
            if (rule.When is { } when && !when.Holds(context.Scope))
                continue;
            switch (rule.Action)
            {
                case RuleAction.Stop:
                    return RuleVerdict.GoOn;
                case RuleAction.Deny when rule.Status == BadGateway:
                    return RuleVerdict.Refuse;
                case RuleAction.Deny or RuleAction.Respond or RuleAction.Redirect:
                    context.Instead = rule.Answer;
                    return RuleVerdict.Refuse;
                case RuleAction.GoTo or RuleAction.AskInstead:
                    return HandOn(rule, context) ? RuleVerdict.Reroute : RuleVerdict.TooLarge;
                case RuleAction.SetStatus:
                    context.ResponseEdit.Take(context.Events.Blocks, context.ResponseBytes);
                    if (!context.Response!.TrySetStatus(rule.Status, context.ResponseEdit))
                        return RuleVerdict.TooLarge;
                    break;
                default:
                    if (!RuleEdits.Change(rule, context, context.Response!.Fields, context.ResponseEdit, context.ResponseBytes, ofResponse: true))
                        return RuleVerdict.TooLarge;
                    break;
            }
        }

        return RuleVerdict.GoOn;
    }

    private static bool HandOn(Rule rule, ExchangeContext context)
    {
        ExpressionRoom.OfThread.Clear();
        ReadOnlySpan<byte> target = default;
        return (rule.Value is null || rule.Value.TryMake(context.Scope, out target)) && context.HandOn(target, rule.Action == RuleAction.GoTo ? rule.Name : null);
    }
}

/// <summary>One rule, compiled.</summary>
internal sealed class Rule
{
    public Rule(RuleSettings settings)
    {
        When = CompiledCondition.From(settings.When);
        (Settings, Action, Status) = (settings, settings.Action, settings.Status);
        Track = settings.Track;
        Delay = (long)(settings.Delay?.TotalMilliseconds ?? 0);
        Name = Encoding.ASCII.GetBytes(settings.Name);
        Key = settings.Key is { } key ? new(key) : null;
        Value = settings.Value is { } value ? new(value) : null;
        Pattern = settings.Pattern is { } pattern ? BytePattern.Parse(pattern, ignoreCase: false) : null;
        Answer = settings.Action switch
        {
            RuleAction.Deny => LocalAnswer.Denial(settings.Status),
            RuleAction.Respond => LocalAnswer.From(settings.Respond!),
            RuleAction.Redirect => LocalAnswer.From(settings.Redirect!),
            _ => null,
        };
    }

    /// <summary>When it is done; null for always.</summary>
    public CompiledCondition? When { get; }

    /// <summary>What the configuration says of it.</summary>
    public RuleSettings Settings { get; }

    public RuleAction Action { get; }

    public byte[] Name { get; }

    public TemplateBytes? Key { get; }

    public TemplateBytes? Value { get; }

    public BytePattern? Pattern { get; }

    public int Status { get; }

    /// <summary>How long its answer is kept back, in milliseconds.</summary>
    public long Delay { get; }

    /// <summary>Where it counts; null for nowhere.</summary>
    public TrackSettings? Track { get; }

    public LocalAnswer? Answer { get; }
}
