using Steelyard.Config.Drafts;

namespace Steelyard.Config.Nginx;

/// <summary>
/// What a block has said so far. What it does not say itself it has from the block around it; of directives that can stand
/// several times all of a block, or all of the block around it.
/// </summary>
internal sealed class NginxLevel(char context, NginxLevel? parent, NginxDirective? directive)
{
    private readonly Dictionary<string, List<NginxDirective>> _own = new(StringComparer.Ordinal);

    /// <summary>A letter of <see cref="NginxDirectives.ContextOf"/>.</summary>
    public char Context { get; } = context;

    public NginxLevel? Parent { get; } = parent;

    /// <summary>What began the block; null for the file.</summary>
    public NginxDirective? Directive { get; } = directive;

    /// <summary>The blocks within: servers, locations, upstreams.</summary>
    public List<NginxLevel> Blocks { get; } = [];

    /// <summary>What is done one after the other: rewrite, set, if, return, break.</summary>
    public List<(NginxDirective Directive, NginxLevel? Block)> Steps { get; } = [];

    public void Add(NginxDirective directive)
    {
        if (!_own.TryGetValue(directive.Name, out var all))
            _own[directive.Name] = all = [];
        all.Add(directive);
    }

    /// <summary>Whether the block says anything but steps.</summary>
    public bool HasOwn => _own.Count > 0;

    /// <summary>Whether the block says it itself.</summary>
    public bool Has(string name) => _own.ContainsKey(name);

    /// <summary>All that the block itself says of a name.</summary>
    public IReadOnlyList<NginxDirective> Own(string name) => _own.TryGetValue(name, out var own) ? own : [];

    /// <summary>All of a name that counts here.</summary>
    public IReadOnlyList<NginxDirective> All(string name)
    {
        for (var level = this; level is not null; level = level.Parent)
        {
            if (level._own.TryGetValue(name, out var own))
                return own;
        }

        return [];
    }

    /// <summary>The same where another directive, such as <c>add_header_inherit</c>, says how a block has them from around it.</summary>
    public IReadOnlyList<NginxDirective> AllBy(string name) => Find(name + "_inherit")?[1] switch
    {
        "off" => Own(name),
        "merge" => [.. Parent?.AllBy(name) ?? [], .. Own(name)],
        _ => All(name),
    };

    /// <summary>The one of a name that counts here; null for none.</summary>
    public NginxDirective? Find(string name) => All(name) is [.., var last] ? last : null;

    /// <summary>Whether a switch is on.</summary>
    public bool IsOn(string name, bool otherwise = false) => Find(name) is { } found ? found[1] == "on" : otherwise;

    /// <summary>The time of a directive; null where it is not said.</summary>
    public TimeSpan? Time(string name) => Find(name) is { } found && NginxValues.TryReadTime(found[1], out var time) ? time : null;

    /// <summary>The size of a directive in bytes; null where it is not said.</summary>
    public long? Size(string name) => Find(name) is { } found && NginxValues.TryReadSize(found[1], out var size) ? size : null;

    /// <summary>The number of a directive; null where it is not said.</summary>
    public int? Number(string name) => Find(name) is { } found && int.TryParse(found[1], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>Where it stands.</summary>
    public Place Place => Directive?.Place ?? default;
}

/// <summary>Values as nginx writes them.</summary>
internal static class NginxValues
{
    private static readonly (string Unit, long Milliseconds)[] s_units =
        [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000), ("M", 2_592_000_000), ("y", 31_536_000_000)];

    /// <summary>A time: seconds, or numbers with units in a row, such as <c>1m30s</c>.</summary>
    public static bool TryReadTime(string text, out TimeSpan time)
    {
        time = default;
        var (total, at) = (0L, 0);
        while (at < text.Length)
        {
            var digits = at;
            while (digits < text.Length && char.IsAsciiDigit(text[digits]))
                digits++;
            if (digits == at || digits - at > 10)
                return false;
            var number = long.Parse(text.AsSpan(at, digits - at), System.Globalization.CultureInfo.InvariantCulture);
            at = digits;
            while (digits < text.Length && char.IsAsciiLetter(text[digits]))
                digits++;
            var unit = at == digits ? "s" : text[at..digits];
            var found = Array.Find(s_units, known => known.Unit == unit);
            if (found.Unit is null)
                return false;
            total += number * found.Milliseconds;
            at = digits;
            while (at < text.Length && text[at] == ' ')
                at++;
        }

        if (text.Length == 0 || total > (long)TimeSpan.MaxValue.TotalMilliseconds / 2)
            return false;
        time = TimeSpan.FromMilliseconds(total);
        return true;
    }

    /// <summary>A size: bytes, or with k, m or g.</summary>
    public static bool TryReadSize(string text, out long size)
    {
        size = 0;
        var factor = text.Length == 0 ? 0 : char.ToLowerInvariant(text[^1]) switch { 'k' => 1L << 10, 'm' => 1L << 20, 'g' => 1L << 30, _ => 1 };
        var digits = factor > 1 ? text[..^1] : text;
        if (digits.Length is 0 or > 12 || !long.TryParse(digits, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number))
            return false;
        size = number * factor;
        return true;
    }
}
