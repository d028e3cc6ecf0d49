using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Lints;

/// <summary>Rules that no request comes to, and routes that rules let nothing through to.</summary>
internal static class RuleLints
{
    public static void Check(PoolDraft pool, ProblemList problems)
    {
        Check(pool.Rules, problems);
        Check(pool.ResponseRules, problems);
    }

    public static void Check(ListenerDraft listener, ProblemList problems)
    {
        var atListener = Check(listener.Rules, problems);
        Check(listener.ResponseRules, problems);
        foreach (var route in listener.Routes ?? [])
        {
            var end = Check(route.Rules, problems) ?? Check(route.AccessRules, problems);
            Check(route.ResponseRules, problems);
            if ((atListener ?? end) is { } answered && (route.To?.Place ?? route.ToNamed?.Place ?? route.Split?.Place) is { } to)
                problems.Warn(to, $"no request goes there: the rule in line {answered.Line} ends all that come here", "a condition for that rule, or the file without this");
        }
    }

    /// <returns>The rule that lets no request through; null for none.</returns>
    private static Place? Check(IReadOnlyList<Located<RuleSettings>> rules, ProblemList problems)
    {
        Located<RuleSettings>? end = null;
        Dictionary<Condition, Place> asked = [];
        foreach (var (rule, place) in rules)
        {
            if (end is { } last)
            {
                // What one line of a file becomes may be several rules, and what a block becomes may go behind all of its lines.
                if (place.Start > last.Place.Start)
                    problems.Warn(place, $"nothing comes to this rule: the one in line {last.Place.Line} has no condition and is the last that is done", "the other order, or a condition for that one");
                break;
            }

            if (!Ends(rule.Action))
                asked.Clear();
            else if (rule.When is null or ConstantCondition { Holds: true })
                end = new(rule, place);
            else if (!ExpressionSearch.Varies(rule.When) && !asked.TryAdd(rule.When, place))
                problems.Warn(place, $"nothing comes to this rule: the one in line {asked[rule.When].Line} has the same condition", "one of them, or another condition");
        }

        return end is { Value.Action: not (RuleAction.Stop or RuleAction.GoTo) } final ? final.Place : null;
    }

    private static bool Ends(RuleAction action) => action is RuleAction.Deny or RuleAction.Respond or RuleAction.Redirect or RuleAction.Close or RuleAction.Stop or RuleAction.GoTo;
}
