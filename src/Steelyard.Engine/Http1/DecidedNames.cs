using System.Text;
using Steelyard.Config;

namespace Steelyard.Engine.Http1;

/// <summary>
/// The fields that a configuration sets, changes or takes out of heads of one kind: what a peer says under their names in
/// its trailers is not passed on. Immutable, shared by all loops.
/// </summary>
internal sealed class DecidedNames
{
    private readonly byte[][] _names;

    private DecidedNames(byte[][] names) => _names = names;

    /// <summary>Makes a set out of names; null where there are none.</summary>
    public static DecidedNames? From(HashSet<string> names)
    {
        var all = new List<byte[]>();
        foreach (var name in names)
            all.Add(Encoding.ASCII.GetBytes(name));
        return all.Count == 0 ? null : new([.. all]);
    }

    /// <summary>Adds what changes of heads decide. What they add stands beside whatever a peer says.</summary>
    public static void Add(HashSet<string> names, HeaderEdits edits)
    {
        foreach (var name in edits.Remove)
            names.Add(name);
        foreach (var line in edits.Set)
            names.Add(line.Name);
    }

    /// <summary>Adds what rules decide, whether they hold or not.</summary>
    public static void Add(HashSet<string> names, ValueList<RuleSettings> rules)
    {
        foreach (var rule in rules)
        {
            if (rule.Action is RuleAction.SetHeader or RuleAction.RemoveHeader or RuleAction.ReplaceHeader or RuleAction.ReplaceValue)
                names.Add(rule.Name);
        }
    }

    /// <summary>Whether a name is one of them, or cannot be told from it.</summary>
    public bool Contains(ReadOnlySpan<byte> name)
    {
        foreach (var one in _names)
        {
            if (Field.IsAlike(name, one))
                return true;
        }

        return false;
    }
}
