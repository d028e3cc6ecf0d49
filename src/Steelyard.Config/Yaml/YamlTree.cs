using Steelyard.Config.Drafts;
using Steelyard.Config.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Steelyard.Config.Yaml;

/// <summary>
/// Builds the tree of one YAML document from the parser's events. The parser's own tree is of no use here: it stops
/// at the first repeated key, and gives what an alias repeats the place of the alias's anchor or none.
/// </summary>
internal sealed class YamlTree
{
    private const int DeepestLevel = 64;

    // Enough for any file a person writes; a few lines of aliases to aliases would ask for billions.
    private const int MostNodesFromAliases = 100_000;

    private readonly SourceText _source;
    private readonly ProblemList _problems;
    private readonly Parser _parser;
    private readonly Dictionary<string, YamlNode?> _anchors = [];
    private readonly Stack<int> _openBrackets = [];
    private int _lastOffset;
    private int _nodesFromAliases;

    private readonly Func<string, Place, bool>? _takeTag;

    private YamlTree(SourceText source, ProblemList problems, Func<string, Place, bool>? takeTag)
    {
        (_source, _problems, _takeTag) = (source, problems, takeTag);
        _parser = new(new Scanner(new StringReader(source.Text), skipComments: true));
    }

    /// <summary>Reads the one document of a text.</summary>
    /// <param name="source">The text.</param>
    /// <param name="problems">Where problems go.</param>
    /// <param name="takeTag">Gets each tag with the place of its value, and says whether it means something; null where none does.</param>
    /// <returns>Its root; null when there is none or what is there is not YAML, which has then been reported.</returns>
    public static YamlNode? Read(SourceText source, ProblemList problems, Func<string, Place, bool>? takeTag = null) => new YamlTree(source, problems, takeTag).ReadDocument();

    private YamlNode? ReadDocument()
    {
        YamlNode? root = null;
        while (Next() is { } parsed)
        {
            switch (parsed)
            {
                case DocumentStart when root is not null:
                    _problems.Error(PlaceOf(parsed), "a second document begins here", "one document in a file; remove the '---'");
                    return null;
                case StreamStart or DocumentStart or DocumentEnd:
                    break;
                case StreamEnd:
                    return root;
                default:
                    root = ReadNode(parsed, DeepestLevel);
                    if (root is null)
                        return null;
                    break;
            }
        }

        return null;
    }

    // Null, here and in what it calls, means that reading cannot go on and that this has been reported.
    private YamlNode? ReadNode(ParsingEvent parsed, int levelsLeft)
    {
        if (levelsLeft == 0)
        {
            _problems.Error(PlaceOf(parsed), $"more than {DeepestLevel} levels inside one another", "a flatter file; no setting is that deep");
            return null;
        }

        if (parsed is AnchorAlias alias)
            return ReadAlias(alias, levelsLeft);
        if (parsed is not NodeEvent start)
            return new YamlText(PlaceOf(parsed), "", quoted: false);

        var anchor = start.Anchor.IsEmpty ? null : start.Anchor.Value;
        if (anchor is not null)
            _anchors[anchor] = null;
        var node = start switch
        {
            Scalar text => new YamlText(PlaceOf(text), text.Value, text.Style != ScalarStyle.Plain),
            SequenceStart list => ReadList(list, levelsLeft),
            MappingStart mapping => ReadMapping(mapping, levelsLeft),
            _ => (YamlNode)new YamlText(PlaceOf(start), "", quoted: false),
        };
        if (!start.Tag.IsEmpty && node is not null && _takeTag?.Invoke(start.Tag.Value, node.Place) != true)
            _problems.Error(PlaceOf(start), "a YAML tag", "the value without its tag: what it means follows from its key");
        if (anchor is not null)
            _anchors[anchor] = node;
        return node;
    }

    private YamlList? ReadList(SequenceStart start, int levelsLeft)
    {
        List<YamlNode> items = [];
        var flow = start.Style == SequenceStyle.Flow;
        Open(start, flow);
        while (Next() is { } parsed)
        {
            if (parsed is SequenceEnd)
                return new(Close(start, flow, ']', items.Count > 0 ? items[^1].Place : null), items, flow);
            if (ReadNode(parsed, levelsLeft - 1) is not { } item)
                return null;
            items.Add(flow ? WithItsColon(parsed, item) : item);
        }

        return null;
    }

    private YamlNode? ReadMapping(MappingStart start, int levelsLeft)
    {
        List<YamlEntry> entries = [];
        var flow = start.Style == MappingStyle.Flow;
        Open(start, flow);
        YamlNode? first = null;
        while (Next() is { } parsed)
        {
            if (parsed is MappingEnd)
                return new YamlMapping(Close(start, flow, '}', entries.Count > 0 ? entries[^1].Value.Place : null, first?.Place), entries, flow);
            if (ReadNode(parsed, levelsLeft - 1) is not { } key || Next() is not { } value || ReadNode(value, levelsLeft - 1) is not { } read)
                return null;
            first ??= key;
            if (key is YamlText name)
                entries.Add(new(name, read));
            else if (key is YamlList { Flow: true } && IsOnePair(start))
                return ReportAddress(new(_source, key.Place.Start, read.Place.End));
            else if (key is not YamlReported)
                _problems.Error(key.Place, $"{key.Kind} as a key", "a word before the colon");
        }

        return null;
    }

    private YamlNode? ReadAlias(AnchorAlias alias, int levelsLeft)
    {
        var (name, place) = (alias.Value.Value, PlaceOf(alias));
        if (!_anchors.TryGetValue(name, out var node))
        {
            // To YAML `*.example.com` is an alias; to everybody else it is a host.
            if (name.StartsWith('.'))
                return new YamlText(place, "*" + name, quoted: true);
            var port = name.StartsWith(':');
            _problems.Error(
                place,
                port ? $"'*' before {Shown.Quote(name)} begins a YAML alias" : $"no anchor {Shown.Quote("&" + name)} stands before this alias",
                port ? "nothing before the colon for every address of the machine" : "quotes, if the '*' is meant as text",
                port ? Shown.Cut(name) : _problems.Names.Nearest(name, _anchors.Keys) is { } near ? "*" + near : null);
            return new YamlReported(place);
        }

        var mistake = node is null ? new Mistake($"the alias {Shown.Quote("*" + name)} stands inside its own anchor", "an anchor that ends before its alias")
            : node.Height > levelsLeft ? new($"with this alias more than {DeepestLevel} levels stand inside one another", "a flatter file; no setting is that deep")
            : node.Size > MostNodesFromAliases - _nodesFromAliases ? new($"the aliases of this file repeat more than {MostNodesFromAliases} values", "fewer aliases to what contains aliases")
            : default;
        if (mistake.Message is not null)
        {
            _problems.Error(place, mistake);
            return null;
        }

        _nodesFromAliases += node!.Size;
        return node;
    }

    private void Open(ParsingEvent start, bool flow)
    {
        if (flow)
            _openBrackets.Push(Offset(start.Start));
    }

    // Marks of the end are those of what follows in block style, and stand before the bracket in flow style.
    private Place Close(ParsingEvent start, bool flow, char bracket, Place? last, Place? first = null)
    {
        var from = Offset(start.Start);
        var to = flow ? _lastOffset : last?.End ?? from;
        if (!flow)
            return new(_source, from, Math.Max(from, to));

        _openBrackets.Pop();
        if (to < _source.Text.Length && _source.Text[to] == bracket)
            to++;
        if (first is { } place && IsOnePair(start))
            (from, to) = (place.Start, last?.End ?? place.End);
        return new(_source, from, Math.Max(from, to));
    }

    // One pair without braces in a list, `[ a: b ]`, is a mapping whose mark is that of the beginning of the file.
    private bool IsOnePair(ParsingEvent start) =>
        start is MappingStart { Style: MappingStyle.Flow } && Offset(start.Start) == 0 && !_source.Text.StartsWith('{');

    // `[ [::1]:80 ]` is to YAML a pair whose key is a list.
    private YamlReported? ReportAddress(Place place)
    {
        _problems.Error(place, "brackets begin a list in YAML", "quotes around an IPv6 address with its port, as in \"[::1]:8080\"");
        while (Next() is { } parsed)
        {
            if (parsed is MappingEnd)
            {
                _openBrackets.Pop();
                return new(place);
            }
        }

        return null;
    }

    // The parser loses the colon of `:81` where a value in quotes stands before it, as in `[ ":80", :81 ]`.
    private YamlNode WithItsColon(ParsingEvent parsed, YamlNode item)
    {
        if (parsed is not Scalar { Style: ScalarStyle.Plain } || item is not YamlText text || item.Place.Start < 2 || item.Place.Start == item.Place.End)
            return item;
        var before = _source.Text.AsSpan(item.Place.Start - 2, 2);
        return before[1] == ':' && before[0] is ',' or '[' or ' ' or '\n'
            ? new YamlText(new(_source, item.Place.Start - 1, item.Place.End), ":" + text.Value, quoted: false)
            : item;
    }

    private ParsingEvent? Next()
    {
        try
        {
            if (!_parser.MoveNext())
            {
                // At some faults of a text it gives up without a word.
                if (_parser.Current is not StreamEnd)
                    _problems.Error(new(_source, _lastOffset, _source.Text.Length), "this is no YAML", "a key before each colon");
                return null;
            }

            _lastOffset = Offset(_parser.Current!.Start);
            return _parser.Current;
        }
        // The parser also throws bare exceptions of the runtime at some faults of a text; no text may stop this program.
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            SyntaxProblem.Report(fault, _source, _lastOffset, _openBrackets.TryPeek(out var open) ? open : null, _problems);
            return null;
        }
    }

    private Place PlaceOf(ParsingEvent parsed)
    {
        var (start, end) = (Offset(parsed.Start), Offset(parsed.End));
        var text = _source.Text.AsSpan(start, Math.Max(0, end - start));
        return new(_source, start, start + text.TrimEnd().Length);
    }

    private int Offset(Mark mark) => (int)Math.Clamp(mark.Index, 0, _source.Text.Length);
}
