using Steelyard.Config.Drafts;

namespace Steelyard.Config.Yaml;

/// <summary>One value of a YAML file and where it stands. What an alias repeats is the same node again.</summary>
internal abstract class YamlNode(Place place)
{
    public Place Place { get; } = place;

    /// <summary>How a message calls it.</summary>
    public abstract string Kind { get; }

    /// <summary>How many nodes a walk meets, this one included and aliases followed.</summary>
    public virtual int Size => 1;

    /// <summary>How many levels a walk descends, this one included and aliases followed.</summary>
    public virtual int Height => 1;
}

/// <summary>A text; numbers and durations are texts here, for what they mean is this program's to define.</summary>
internal sealed class YamlText(Place place, string value, bool quoted) : YamlNode(place)
{
    public string Value { get; } = value;

    /// <summary>Nothing was written, as after <c>key:</c> at the end of a line.</summary>
    public bool IsAbsent => Value.Length == 0 && !quoted;

    public override string Kind => "text";
}

internal sealed class YamlList(Place place, IReadOnlyList<YamlNode> items, bool flow) : YamlNode(place)
{
    public IReadOnlyList<YamlNode> Items { get; } = items;

    /// <summary>Written in brackets.</summary>
    public bool Flow { get; } = flow;

    public override string Kind => "a list";

    public override int Size { get; } = 1 + items.Sum(item => item.Size);

    public override int Height { get; } = 1 + items.Select(item => item.Height).DefaultIfEmpty().Max();
}

/// <summary>Keys and values in the order of the file; a key that was given twice is there twice.</summary>
internal sealed class YamlMapping(Place place, IReadOnlyList<YamlEntry> entries, bool flow) : YamlNode(place)
{
    public IReadOnlyList<YamlEntry> Entries { get; } = entries;

    /// <summary>Written in braces.</summary>
    public bool Flow { get; } = flow;

    public override string Kind => "a mapping";

    public override int Size { get; } = 1 + entries.Sum(entry => 1 + entry.Value.Size);

    public override int Height { get; } = 1 + entries.Select(entry => entry.Value.Height).DefaultIfEmpty().Max();
}

/// <summary>Something that was reported while the tree was built; readers pass over it.</summary>
internal sealed class YamlReported(Place place) : YamlNode(place)
{
    public override string Kind => "nothing";
}

internal readonly record struct YamlEntry(YamlText Key, YamlNode Value);
