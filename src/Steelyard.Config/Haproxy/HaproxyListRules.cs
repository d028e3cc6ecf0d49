using Steelyard.Config.Dialects;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>The actions that change maps and files of patterns.</summary>
internal static class HaproxyListRules
{
    /// <summary>The rows of a kind of rules.</summary>
    public static IEnumerable<DirectiveRow<HaproxyUse>> Of(string of)
    {
        yield return HaproxyRules.Row($"{of} set-map", "(<file>) <key fmt> <value fmt>", "Gives a key of a map that is used somewhere a value, or puts it in. What is changed so is looked up at once, ends with the engine, and is not written to the file.", use => ReadEntry(use, RuleAction.SetEntry, hasValue: true));
        yield return HaproxyRules.Row($"{of} del-map", "(<file>) <key fmt>", "Takes a key out of a map.", use => ReadEntry(use, RuleAction.RemoveEntry, hasValue: false));
        yield return HaproxyRules.Row($"{of} add-acl", "(<file>) <key fmt>", "Puts a pattern into a file of patterns that is used somewhere, where it is not there.", use => ReadEntry(use, RuleAction.SetEntry, hasValue: false));
        yield return HaproxyRules.Row($"{of} del-acl", "(<file>) <key fmt>", "Takes a pattern out of a file of patterns.", use => ReadEntry(use, RuleAction.RemoveEntry, hasValue: false));
    }

    private static RuleSettings? ReadEntry(HaproxyUse use, RuleAction action, bool hasValue)
    {
        if (!use.TryTake("the name of a file in round brackets", out var word))
            return null;
        if (word.Text.Length < 3 || word.Text[0] != '(' || word.Text[^1] != ')')
        {
            use.Error(word, $"{Shown.Quote(word.Text)} is not the name of a file in round brackets", $"such as {use.Directive}(/etc/haproxy/hosts.map)");
            return null;
        }

        use.File.Lists.Change(word.Text[1..^1], use.Directive.EndsWith("-map", StringComparison.Ordinal), use.Line);
        var value = TextTemplate.Empty;
        return HaproxyRules.TryTakeFormat(use, "a key", out var key) && (!hasValue || HaproxyRules.TryTakeFormat(use, "a value", out value))
            ? new() { Action = action, Name = word.Text[1..^1], Key = key, Value = hasValue ? value : null } : null;
    }
}
