using Steelyard.Config.Drafts;

namespace Steelyard.Config.Yaml;

/// <summary>One value of a YAML file and where it stands. What an alias repeats is the same node again.</summary>
internal abstract class YamlNode(Place place)
{
    public Place Place { get; } = place;

    /// <summary>How a message calls it.</summary>
    public abstract string Kind { get; }

    /// <summary>How many nodes a walk meets, this one included and aliases followed.</summary>
    public int Size { get; private set; } = 1;

    /// <summary>How many levels a walk descends, this one included and aliases followed.</summary>
    public int Height { get; private set; } = 1;

    protected void Hold(YamlNode child)
    {
        Size += child.Size;
        Height = Math.Max(Height, child.Height + 1);
    }
}

/// <summary>A text; numbers and durations are texts here, for what they mean is this program's to define.</summary>
internal sealed class YamlText(Place place, string value, bool quoted) : YamlNode(place)
{
    public string Value { get; } = value;

    /// <summary>Written in quotes, and so a text whatever it says.</summary>
    public bool Quoted { get; } = quoted;

    /// <summary>Nothing was written, as after <c>key:</c> at the end of a line.</summary>
    public bool IsAbsent => Value.Length == 0 && !Quoted;

    public override string Kind => "text";
}

internal sealed class YamlList : YamlNode
{
    public YamlList(Place place, IReadOnlyList<YamlNode> items, bool flow)
        : base(place)
    {
        (Items, Flow) = (items, flow);
        for (var i = 0; i < items.Count; i++)
            Hold(items[i]);
    }

    public IReadOnlyList<YamlNode> Items { get; }

    /// <summary>Written in brackets.</summary>
    public bool Flow { get; }

    public override string Kind => "a list";
}

/// <summary>Keys and values in the order of the file; a key that was given twice is there twice.</summary>
internal sealed class YamlMapping : YamlNode
{
    public YamlMapping(Place place, IReadOnlyList<YamlEntry> entries, bool flow)
        : base(place)
    {
        (Entries, Flow) = (entries, flow);
        for (var i = 0; i < entries.Count; i++)
        {
            Hold(entries[i].Key);
            Hold(entries[i].Value);
        }
    }

    public IReadOnlyList<YamlEntry> Entries { get; }

    /// <summary>Written in braces.</summary>
    public bool Flow { get; }

    /// <summary>What the first key of a name holds; null where there is none.</summary>
    public YamlNode? ValueOf(string key) => Entries.FirstOrDefault(entry => entry.Key.Value == key).Value;

    public override string Kind => "a mapping";
}

/// <summary>Something that was reported while the tree was built; readers pass over it.</summary>
internal sealed class YamlReported(Place place) : YamlNode(place)
{
    public override string Kind => "nothing";
}

internal readonly record struct YamlEntry(YamlText Key, YamlNode Value);
