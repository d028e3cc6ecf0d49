using System.Diagnostics.CodeAnalysis;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml;

namespace Steelyard.Config.Dialects;

/// <summary>
/// A key of a dialect that is written as mappings: the reader and the reference page of the dialect live from it.
/// </summary>
/// <typeparam name="TTarget">What a key sets.</typeparam>
/// <param name="Name">The key, with other spellings of it behind commas.</param>
/// <param name="Values">What it may hold, as the reference page writes it.</param>
/// <param name="Meaning">One sentence: what it sets here, why it is harmless, or what to do instead.</param>
/// <param name="Support">How far it is supported.</param>
/// <param name="Read">What is done with it; null for one that sets nothing.</param>
internal sealed record KeyRow<TTarget>(string Name, string Values, string Meaning, DirectiveSupport Support, Action<KeyUse<TTarget>>? Read = null)
{
    /// <summary>One that sets something.</summary>
    public static KeyRow<TTarget> Done(string name, string values, string meaning, Action<KeyUse<TTarget>> read) => new(name, values, meaning, DirectiveSupport.Done, read);

    /// <summary>One that is accepted, and changes nothing.</summary>
    public static KeyRow<TTarget> Harmless(string name, string why) => new(name, "", why, DirectiveSupport.Harmless);

    /// <summary>One that is not done here.</summary>
    public static KeyRow<TTarget> Refused(string name, string instead) => new(name, "", instead, DirectiveSupport.Refused);
}

/// <summary>The keys of one mapping of a dialect.</summary>
/// <param name="rows">The rows, in the order of the reference page.</param>
/// <param name="unknownIsError">Whether a key that is not among them is an error; else it is a warning, as where the original drops it in silence.</param>
/// <param name="camelCase">Whether <c>some_key</c> may be written <c>someKey</c> too.</param>
internal sealed class KeyRows<TTarget>(IReadOnlyList<KeyRow<TTarget>> rows, bool unknownIsError, bool camelCase = false)
{
    private readonly Dictionary<string, KeyRow<TTarget>> _byName = rows.SelectMany(row => Spellings(row.Name, camelCase), (row, name) => (row, name)).ToDictionary(pair => pair.name, pair => pair.row, StringComparer.Ordinal);

    public IReadOnlyList<KeyRow<TTarget>> Rows { get; } = rows;

    /// <summary>Finds the row of a key.</summary>
    public bool TryFind(string name, [NotNullWhen(true)] out KeyRow<TTarget>? row) => _byName.TryGetValue(name, out row);

    /// <summary>Does what the keys of a mapping say; those that hold nothing say nothing.</summary>
    /// <param name="mapping">The mapping.</param>
    /// <param name="target">What they set.</param>
    /// <param name="problems">Where problems go.</param>
    /// <param name="isKnown">Whether a key that is in no row has its meaning elsewhere.</param>
    public void Read(YamlMapping mapping, TTarget target, ProblemList problems, Func<string, bool>? isKnown = null)
    {
        foreach (var entry in mapping.Entries)
        {
            if (!_byName.TryGetValue(entry.Key.Value, out var row))
            {
                if (isKnown?.Invoke(entry.Key.Value) != true)
                    Unknown(entry.Key, problems);
                continue;
            }

            if (entry.Value is YamlReported or YamlText { IsAbsent: true })
                continue;
            switch (row.Support)
            {
                case DirectiveSupport.Harmless:
                    problems.Note(entry.Key.Place, $"'{entry.Key.Value}' has no effect here: {char.ToLowerInvariant(row.Meaning[0])}{row.Meaning[1..].TrimEnd('.')}");
                    break;
                case DirectiveSupport.Refused:
                    problems.Error(entry.Key.Place, $"'{entry.Key.Value}' is not done here", row.Meaning);
                    break;
                default:
                    row.Read!(new(target, entry.Key, entry.Value, problems));
                    break;
            }
        }
    }

    private static IEnumerable<string> Spellings(string names, bool camelCase)
    {
        foreach (var name in names.Split(", "))
        {
            yield return name;
            if (camelCase && name.Contains('_', StringComparison.Ordinal))
                yield return string.Concat(name.Split('_').Select((word, i) => i == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));
        }
    }

    private void Unknown(YamlText key, ProblemList problems)
    {
        var near = problems.Names.Nearest(key.Value, _byName.Keys);
        if (unknownIsError)
            problems.Error(key.Place, $"{Shown.Quote(key.Value)} is not known here", near is null ? Shown.OneOf([.. Rows.Where(row => row.Support == DirectiveSupport.Done).Select(row => row.Name.Split(',')[0]).Order(StringComparer.Ordinal)]) : null, near);
        else
            problems.Warn(key.Place, $"{Shown.Quote(key.Value)} is no key that is known, and has no effect", suggestion: near);
    }
}

/// <summary>A key with what it holds, on its way to what it sets.</summary>
/// <param name="Target">What it sets.</param>
/// <param name="Key">The key.</param>
/// <param name="Value">What it holds.</param>
/// <param name="Problems">Where problems go.</param>
internal readonly record struct KeyUse<TTarget>(TTarget Target, YamlText Key, YamlNode Value, ProblemList Problems)
{
    public string Name => Key.Value;

    /// <summary>Says what is wrong with the value.</summary>
    public void Refuse(string expected) => Refuse(Value, expected);

    /// <summary>Says what is wrong with a part of the value.</summary>
    public void Refuse(YamlNode node, string expected) =>
        Problems.Error(node.Place, node is YamlText text ? $"{Shown.Quote(text.Value)} is nothing that '{Name}' can be" : $"'{Name}' is {node.Kind}", expected);

    /// <summary>A text, a number or a word; reports anything else.</summary>
    public bool TryText(string expected, [NotNullWhen(true)] out string? text)
    {
        text = (Value as YamlText)?.Value;
        if (text?.Contains('\0', StringComparison.Ordinal) == true)
            text = null;
        if (text is null)
            Refuse(expected);
        return text is not null;
    }

    /// <summary>True or false.</summary>
    public bool TryFlag(out bool flag)
    {
        flag = Value is YamlText { Value: "true" or "yes" or "on" };
        var fits = flag || Value is YamlText { Value: "false" or "no" or "off" };
        if (!fits)
            Refuse("true or false");
        return fits;
    }

    /// <summary>A whole number between two bounds.</summary>
    public bool TryNumber(int least, int most, out int number)
    {
        number = 0;
        var fits = Value is YamlText text && int.TryParse(text.Value, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out number) && number >= least && number <= most;
        if (!fits)
            Refuse($"a whole number from {least} to {most}");
        return fits;
    }

    /// <summary>A text, or a list of texts.</summary>
    public bool TryList(string expected, out IReadOnlyList<YamlText> items)
    {
        items = Value switch
        {
            YamlText text => [text],
            YamlList list => [.. list.Items.OfType<YamlText>()],
            _ => [],
        };
        if (Value is YamlMapping || (Value is YamlList all && all.Items.Count != items.Count))
        {
            Refuse(expected);
            return false;
        }

        return true;
    }
}
