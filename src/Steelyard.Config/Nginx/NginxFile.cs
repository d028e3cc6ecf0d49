using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>What a whole nginx.conf has said so far.</summary>
internal sealed class NginxFile(DialectSource source, ProblemList problems)
{
    public DialectSource Source { get; } = source;

    public ProblemList Problems { get; } = problems;

    public NginxLevel Main { get; } = new('M', null, null);

    public NginxLevel? Http { get; set; }

    public NginxLevel? Stream { get; set; }

    public bool HasEvents { get; set; }

    /// <summary>The variables that blocks of the file define: map, geo, split_clients.</summary>
    public Dictionary<string, NginxVariable> Variables { get; } = new(StringComparer.Ordinal);

    /// <summary>How often it was asked for what goes by the block that a variable is read in.</summary>
    public int AskedOfBlocks { get; set; }

    /// <summary>The variables that set gives values to, and captures of expressions with names.</summary>
    public HashSet<string> SetVariables { get; } = new(StringComparer.Ordinal);

    /// <summary>The variables that are groups of expressions in maps, with the maps.</summary>
    public Dictionary<string, (string Map, int Times)> MapGroups { get; } = new(StringComparer.Ordinal);

    /// <summary>The variables that set gives values to in stream.</summary>
    public HashSet<string> StreamVariables { get; } = new(StringComparer.Ordinal);

    /// <summary>The variables that are always empty, of which it was said.</summary>
    public HashSet<string> Unknown { get; } = new(StringComparer.Ordinal);

    /// <summary>The texts, with those that they include.</summary>
    public List<SourceText> Texts { get; } = [source.Text];

    private readonly Dictionary<string, ValueList<string>> _users = new(StringComparer.Ordinal);
    private ValueList<string>? _charsets;

    /// <summary>The charsets that the file speaks of, once all of it is read.</summary>
    public ValueList<string> Charsets => _charsets ??= CharsetsOf(Main).Distinct(StringComparer.OrdinalIgnoreCase).ToValueList();

    private static IEnumerable<string> CharsetsOf(NginxLevel level) =>
        level.Own("charset").Select(line => line[1]).Where(name => name != "off").Concat(level.Blocks.SelectMany(CharsetsOf));

    /// <summary>The users of a file, read once.</summary>
    public ValueList<string> Users(NginxDirective named)
    {
        if (!_users.TryGetValue(named[1], out var users))
            _users[named[1]] = users = NginxAccess.UsersOf(named, this);
        return users;
    }

    private readonly Dictionary<string, bool> _speaks = new(StringComparer.Ordinal);

    /// <summary>Whether a variable is named anywhere.</summary>
    public bool Speaks(string name)
    {
        if (!_speaks.TryGetValue(name, out var speaks))
            _speaks[name] = speaks = Texts.Exists(text => text.Text.Contains("$" + name, StringComparison.Ordinal) || text.Text.Contains("${" + name + "}", StringComparison.Ordinal));
        return speaks;
    }

    /// <summary>Whether fields with underscores in their names may be seen.</summary>
    public bool HasUnderscores => _hasUnderscores ??= Texts.Exists(text => text.Text.Contains("underscores_in_headers", StringComparison.Ordinal) || text.Text.Contains("ignore_invalid_headers", StringComparison.Ordinal));

    private bool? _hasUnderscores;

    /// <summary>The variables that say what fields servers' answers have, of those that are named anywhere.</summary>
    public IReadOnlyList<string> UpstreamFields => _upstreamFields ??= [.. Texts.SelectMany(text => NginxVariables.NamesIn(text.Text)).Where(name => name.StartsWith(NginxVariables.UpstreamField, StringComparison.Ordinal) && Yaml.Tables.RuleTable.IsVariableName(name)).Distinct().Order(StringComparer.Ordinal)];

    private List<string>? _upstreamFields;

    /// <summary>A path as it is found from the folder of the file.</summary>
    public string PathOf(string path) => path.StartsWith('/') || Source.Options.Prefix is not { } prefix ? path : Path.Combine(prefix, path);

    /// <summary>A path on the disk: what is relative begins at the folder of the file, as the folders of files do.</summary>
    public Expression FromItsFolder(Expression path) =>
        path is TextExpression { Text.Parts: [{ Literal: { } start }, ..] parts } && !start.StartsWith('/')
            ? new TextExpression(TextTemplate.Of([new(Path.GetFullPath(Path.GetDirectoryName(Source.Text.FileName) is { Length: > 0 } folder ? folder : ".") + "/"), .. parts]))
            : path;

    /// <summary>The blocks match, by their names.</summary>
    public Dictionary<string, NginxDirective> Matches { get; } = new(StringComparer.Ordinal);

    /// <summary>Those of stream.</summary>
    public Dictionary<string, NginxDirective> StreamMatches { get; } = new(StringComparer.Ordinal);
}

/// <summary>A variable that a block defines.</summary>
/// <param name="Directive">The block.</param>
/// <param name="IsStream">Whether of stream.</param>
internal sealed record NginxVariable(NginxDirective Directive, bool IsStream)
{
    /// <summary>What it is, once it has been read, in requests, responses and logs; in each block where it goes by what the block says.</summary>
    public Dictionary<(bool OfResponse, bool OfLog, bool OfSent, NginxScope.OfBlock? Block), Expression?> Values { get; } = [];

    /// <summary>Whether it is being read.</summary>
    public bool IsOpen { get; set; }
}
