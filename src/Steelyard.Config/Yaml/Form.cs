using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml;

/// <summary>Reads a value from a node; when it returns false, the problem has been reported.</summary>
internal delegate bool ReadNode<T>(ProblemList problems, YamlNode node, out T value);

/// <summary>What a value may look like: the words for it, how it is read, and how it is written where that is one text.</summary>
internal sealed record Form<T>(string Accepts, ReadNode<T> Read, Func<T, string>? Write = null);

/// <summary>The ways to make a form from smaller ones.</summary>
internal static class Form
{
    /// <summary>A value written as one text.</summary>
    public static Form<T> OfText<T>(string accepts, ParseText<T> parse, Func<T, string>? write = null) => new(
        accepts,
        (ProblemList problems, YamlNode node, out T value) =>
        {
            value = default!;
            if (node is not YamlText text)
                return RefuseKind(problems, node, accepts);
            if (parse(text.Value, out value, out var mistake))
                return true;
            problems.Error(text.Place, mistake with { Expected = mistake.Expected ?? accepts });
            return false;
        },
        write);

    /// <summary>The same with its place, for checks that compare settings.</summary>
    public static Form<Located<T>?> Located<T>(Form<T> form) => new(
        form.Accepts,
        (ProblemList problems, YamlNode node, out Located<T>? value) =>
        {
            var read = form.Read(problems, node, out var plain);
            value = read ? new(plain, node.Place) : null;
            return read;
        });

    /// <summary>The same, and null where it cannot be read, so that what is checked after knows it was given.</summary>
    public static Form<T?> NullWhereFaulty<T>(Form<T?> form)
        where T : struct => new(
        form.Accepts,
        (ProblemList problems, YamlNode node, out T? value) =>
        {
            if (!form.Read(problems, node, out value))
                value = null;
            return true;
        });

    /// <summary>A list of at least one value; those that cannot be read are reported and left out.</summary>
    public static Form<IReadOnlyList<T>> ListOf<T>(string accepts, Form<T> item, bool orOne = false) => new(
        accepts,
        (ProblemList problems, YamlNode node, out IReadOnlyList<T> value) =>
        {
            List<T> values = [];
            value = values;
            if (node is not YamlList && !orOne)
                return RefuseKind(problems, node, accepts);
            if (node is YamlList { Items.Count: 0 })
                problems.Error(node.Place, "an empty list", accepts);
            foreach (var child in node is YamlList list ? list.Items : [node])
            {
                if (child is YamlText { IsAbsent: true })
                    problems.Error(DashBefore(child.Place), "an empty item in a list", item.Accepts);
                else if (item.Read(problems, child, out var read))
                    values.Add(read);
            }

            return true;
        });

    public static Form<IReadOnlyList<Located<T>>> LocatedListOf<T>(string accepts, Form<T> item, bool orOne = false)
    {
        var located = ListOf(accepts, Located(item), orOne);
        return new(
            accepts,
            (ProblemList problems, YamlNode node, out IReadOnlyList<Located<T>> value) =>
            {
                var read = located.Read(problems, node, out var values);
                value = [.. values.Select(v => v!.Value)];
                return read;
            });
    }

    /// <summary>A mapping with the keys of a table.</summary>
    /// <param name="table">The keys.</param>
    /// <param name="blank">What the mapping sets, before it does.</param>
    /// <param name="whenFaulty">Marks a target of which some part could not be read.</param>
    public static Form<T> Mapping<T>(DirectiveTable<T> table, Func<YamlMapping, T> blank, Func<T, T>? whenFaulty = null) => new(
        table.Accepts,
        (ProblemList problems, YamlNode node, out T value) =>
        {
            value = default!;
            if (node is not YamlMapping mapping)
                return RefuseKind(problems, node, table.Accepts);
            var errorsBefore = problems.ErrorCount;
            value = table.Read(problems, mapping, blank(mapping));
            if (whenFaulty is not null && problems.ErrorCount > errorsBefore)
                value = whenFaulty(value);
            return true;
        });

    /// <summary>A mapping with the keys of a table, or one text that stands for its first.</summary>
    public static Form<T> MappingOrText<T, TText>(DirectiveTable<T> table, Func<T> blank, Form<TText> text, Func<TText, T> fromText) => new(
        table.Accepts,
        (ProblemList problems, YamlNode node, out T value) =>
        {
            value = blank();
            if (node is YamlMapping mapping)
            {
                var errorsBefore = problems.ErrorCount;
                value = table.Read(problems, mapping, value);
                return problems.ErrorCount == errorsBefore;
            }

            if (node is not YamlText)
                return RefuseKind(problems, node, table.Accepts);
            if (!text.Read(problems, node, out var plain))
                return false;
            value = fromText(plain);
            return true;
        });

    /// <summary>A mapping whose keys are the writer's own.</summary>
    public static Form<IReadOnlyList<KeyValuePair<TKey, TValue>>> MapOf<TKey, TValue>(string accepts, Form<TKey> key, Form<TValue> value, IEqualityComparer<TKey> comparer)
        where TKey : notnull => new(
        accepts,
        (ProblemList problems, YamlNode node, out IReadOnlyList<KeyValuePair<TKey, TValue>> read) =>
        {
            List<KeyValuePair<TKey, TValue>> pairs = [];
            read = pairs;
            if (node is not YamlMapping mapping)
                return RefuseKind(problems, node, accepts);
            if (mapping.Entries.Count == 0)
                problems.Error(node.Place, "an empty mapping", accepts);
            Dictionary<TKey, int> lines = new(comparer);
            foreach (var entry in mapping.Entries)
            {
                if (!key.Read(problems, entry.Key, out var name))
                    continue;
                if (!lines.TryAdd(name, entry.Key.Place.Line))
                    problems.Error(entry.Key.Place, $"{Shown.Quote(entry.Key.Value)} is given again; it stands in line {lines[name]} already", "one of the two");
                else if (entry.Value is YamlText { IsAbsent: true })
                    problems.Error(entry.Key.Place, $"{Shown.Quote(entry.Key.Value)} has no value", value.Accepts);
                else if (value.Read(problems, entry.Value, out var plain))
                    pairs.Add(new(name, plain));
            }

            return true;
        });

    /// <summary>The same for a setting that is null until it was given.</summary>
    public static Form<T?> OrNull<T>(Form<T> form)
        where T : class => new(
        form.Accepts,
        (ProblemList problems, YamlNode node, out T? value) => form.Read(problems, node, out value));

    public static bool RefuseKind(ProblemList problems, YamlNode node, string accepts)
    {
        if (node is YamlReported)
            return false;
        if (node is YamlText { IsAbsent: false, Value: var value } && value.IndexOf(':') is var colon and > 0 && colon < value.Length - 1 && char.IsAsciiLetter(value[0]) && !value.Contains(' '))
            accepts += $"; after the colon of a key stands a blank, as in '{Shown.Cut(value[..colon])}: {Shown.Cut(value[(colon + 1)..])}'";
        var source = node.Place.Source.Text.AsSpan(node.Place.Start, node.Place.End - node.Place.Start);
        // {socket} is to YAML a mapping with one key and nothing behind it.
        if (node is YamlMapping { Flow: true, Entries: [{ Value: YamlText { IsAbsent: true } }] } && source.Length < 40)
            accepts += $"; in quotes, \"{source}\", if it is meant as text";
        problems.Error(node.Place, $"{node.Kind} cannot be used here", accepts);
        return false;
    }

    // Nothing is nowhere; the dash before it can be seen.
    private static Place DashBefore(Place place) =>
        place.Start > 0 && place.Source.Text[place.Start - 1] == '-' ? new(place.Source, place.Start - 1, place.Start) : place;
}
