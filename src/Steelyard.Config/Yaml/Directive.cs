using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml;

/// <summary>One key of a mapping: the reader, the writer and the reference page all live from this.</summary>
internal abstract record Directive<T>(string Name, string Accepts, string Description)
{
    /// <summary>Reads the value and returns the target with it; the target as it was when the value was refused.</summary>
    public abstract T Read(ProblemList problems, YamlNode node, T target);

    /// <summary>The target's value as one text; null when it has none or is not one text.</summary>
    public abstract string? Write(T target);
}

internal sealed record Directive<T, TValue>(string Name, Form<TValue> Form, string Description, Func<T, TValue> Get, Func<T, TValue, T> Set)
    : Directive<T>(Name, Form.Accepts, Description)
{
    public override T Read(ProblemList problems, YamlNode node, T target) =>
        Form.Read(problems, node, out var value) ? Set(target, value) : target;

    public override string? Write(T target) => Form.Write?.Invoke(Get(target));
}

/// <summary>The keys of one kind of mapping.</summary>
/// <param name="Title">How messages call the mapping, as in "a pool".</param>
/// <param name="Accepts">How messages describe it where it was expected.</param>
/// <param name="Description">What it is for, for the reference page.</param>
/// <param name="Required">What has to be given: of each group one key.</param>
/// <param name="Directives">The keys in the order of the reference page.</param>
internal sealed record DirectiveTable<T>(
    string Title,
    string Accepts,
    string Description,
    IReadOnlyList<string[]> Required,
    IReadOnlyList<Directive<T>> Directives)
{
    /// <summary>Keys for what cannot be done, which somebody may look for: what is said of each, and what to write instead.</summary>
    public IReadOnlyDictionary<string, (string Message, string Instead)> NotDone { get; init; } = new Dictionary<string, (string, string)>();

    private readonly Dictionary<string, int> _indexes = Directives.Index().ToDictionary(pair => pair.Item.Name, pair => pair.Index);

    // A missing key is best reported at the name of the mapping, where it has one.
    public T Read(ProblemList problems, YamlMapping mapping, T target, Place? name = null)
    {
        Span<int> given = stackalloc int[Directives.Count];
        given.Fill(-1);
        for (var i = 0; i < mapping.Entries.Count; i++)
        {
            var (key, value) = mapping.Entries[i];
            if (!_indexes.TryGetValue(key.Value, out var index))
            {
                RefuseKey(problems, key);
                continue;
            }

            var (directive, repeated) = (Directives[index], given[index] >= 0);
            if (repeated)
                problems.Error(key.Place, $"'{key.Value}' is given again; it stands in line {mapping.Entries[given[index]].Key.Place.Line} already", "one of the two");
            else
                given[index] = i;
            if (value is YamlText { IsAbsent: true })
                problems.Error(key.Place, $"'{key.Value}' has no value", directive.Accepts);
            else if (directive.Read(problems, value, target) is var read && !repeated)
                target = read;
        }

        foreach (var group in Required)
        {
            if (!IsGiven(group, given))
                problems.Error(name ?? mapping.Place, $"{Title} without {string.Join(" or ", group.Select(key => $"'{key}'"))}", Accepts);
        }

        return target;
    }

    private bool IsGiven(string[] group, ReadOnlySpan<int> given)
    {
        foreach (var key in group)
        {
            if (given[_indexes[key]] >= 0)
                return true;
        }

        return false;
    }

    private void RefuseKey(ProblemList problems, YamlText key)
    {
        if (key.Value == "<<")
            problems.Error(key.Place, "merge keys are not used here", "an alias for a whole value, as in 'servers: *name'");
        else if (NotDone.TryGetValue(key.Value, out var known))
            problems.Error(key.Place, known.Message, known.Instead);
        else
            problems.Error(key.Place, $"unknown key {Shown.Quote(key.Value)} in {Title}", Shown.OneOf(_indexes.Keys), problems.Names.Nearest(key.Value, _indexes.Keys));
    }
}
