using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>A server of http, with the routes that its locations are.</summary>
internal sealed class NginxServer
{
    private readonly NginxFile _file;
    private readonly NginxPools _pools;
    private readonly List<(string Prefix, NginxLevel Level)> _prefixes = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private List<RouteDraft>? _routes;

    public NginxServer(NginxLevel level, int ordinal, NginxFile file, NginxPools pools)
    {
        (Level, Ordinal, _file, _pools) = (level, ordinal, file, pools);
        Hosts = level.Context == 'V' ? [] : NginxNames.Of(level, file.Problems, out _firstName);
        foreach (var host in Hosts)
        {
            if (host.Value.StartsWith('~') && BytePattern.TryParse(host.Value[1..], ignoreCase: true, out var pattern, out _) && pattern.Groups > 0)
                NameCaptures.Add(new(new CallExpression(FunctionKind.Lower, new VariableExpression(TemplateVariable.Host)), host.Value[1..], true, pattern.GroupNames));
        }
    }

    private readonly string _firstName = "";

    public NginxLevel Level { get; }

    /// <summary>Its number in the file.</summary>
    public int Ordinal { get; }

    /// <summary>The names it is found by.</summary>
    public IReadOnlyList<Located<string>> Hosts { get; }

    /// <summary>What its first name is; empty for none.</summary>
    public string FirstName => _firstName;

    /// <summary>What the expressions among its names remember.</summary>
    public List<NginxCapture> NameCaptures { get; } = [];

    /// <summary>The routes, without hosts.</summary>
    public IReadOnlyList<RouteDraft> Routes => _routes ??= ReadRoutes();

    /// <summary>The server and all that is in it.</summary>
    public IEnumerable<NginxLevel> WithLocations => Below(Level);

    private ProblemList Problems => _file.Problems;

    private static IEnumerable<NginxLevel> Below(NginxLevel level)
    {
        yield return level;
        foreach (var block in level.Blocks.SelectMany(Below))
            yield return block;
    }

    /// <summary>The name of an internal route.</summary>
    public string InternalName(string name) => $"s{Ordinal}.{new string([.. name.TrimStart('@').Take(48).Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' ? letter : '_')])}";

    private List<RouteDraft> ReadRoutes()
    {
        List<RouteDraft> routes = [];
        CollectPrefixes(Level);
        var patterns = new List<RouteDraft>();
        ReadLocations(Level, routes, patterns, within: null);
        routes.AddRange(patterns);
        WarnOfReturn();

        // What no location takes the server itself has.
        if (!_prefixes.Exists(prefix => prefix.Prefix == "/"))
            routes.AddRange(new NginxContent(this, Level, _file, _pools).Routes(new RouteDraft(Level.Place)));
        return routes;
    }

    /// <summary>A return of the server itself comes before all of its locations, unless an error page leads to one.</summary>
    private void WarnOfReturn()
    {
        if (Level.Steps.Find(step => step.Directive.Name == "return").Directive is { } line && Level.Blocks.Find(block => block.Context == 'L') is { } location
            && Level.All("error_page").Count == 0 && !NginxSteps.Mentions(Level, "break") && !NginxSteps.Mentions(Level, "last"))
            Problems.Warn(location.Place, $"no request comes to a location of this server: \"return\" in line {line.Place.Line} answers all of them", "\"return\" in \"location /\"");
    }

    private void CollectPrefixes(NginxLevel level)
    {
        foreach (var location in level.Blocks)
        {
            if (location.Context != 'L')
                continue;
            var (modifier, uri) = Name(location);
            if (modifier is "" or "^~" or "=")
                _names.Add(uri);
            if (modifier is "" or "^~" && !uri.StartsWith('@'))
                _prefixes.Add((uri, location));
            CollectPrefixes(location);
        }
    }

    /// <summary>What stands behind a location: = ~ ~* ^~ or nothing, and what it is compared with.</summary>
    public static (string Modifier, string Uri) Name(NginxLevel location)
    {
        var directive = location.Directive!;
        if (directive.Count == 2)
            return (directive[1], directive[2]);
        foreach (var modifier in (string[])["~*", "^~", "=", "~"])
        {
            if (directive[1].StartsWith(modifier, StringComparison.Ordinal) && !directive.Words[1].Quoted)
                return (modifier, directive[1][modifier.Length..]);
        }

        return ("", directive[1]);
    }

    private void ReadLocations(NginxLevel level, List<RouteDraft> routes, List<RouteDraft> patterns, Condition? within)
    {
        HashSet<(string, string)> seen = [];

        // Expressions within are asked before all of those around, wherever they stand.
        foreach (var location in level.Blocks)
        {
            if (location.Context == 'L' && Name(location).Modifier is not ("~" or "~*"))
                ReadWithin(location);
        }

        foreach (var location in level.Blocks)
        {
            if (location.Context != 'L')
                continue;
            var (modifier, uri) = Name(location);
            var word = location.Directive!.Words[^1];
            if (!seen.Add((modifier == "^~" ? "" : modifier, uri)))
                Problems.Error(location.Place, $"duplicate location \"{uri}\"", "each location once");
            if (modifier is "~" or "~*")
                ReadWithin(location);
            switch (modifier)
            {
                case "~" or "~*":
                    ReadPattern(location, modifier, uri, within, patterns);
                    break;
                case "" when uri.StartsWith('@'):
                    routes.AddRange(new NginxContent(this, location, _file, _pools).Routes(new RouteDraft(location.Place) { Name = InternalName(uri), Internal = true }));
                    break;
                case "" or "^~" or "=":
                    if (!uri.StartsWith('/'))
                        Problems.Error(word.Place, $"the location \"{uri}\" does not begin with a slash, so nothing ever comes there", "a path such as /api/, ~ for an expression, or @ for a name");
                    else
                        routes.AddRange(new NginxContent(this, location, _file, _pools).Routes(new RouteDraft(location.Place) { Paths = [new(PathOf(modifier, uri), word.Place)] }));
                    if (modifier != "=" && uri is [_, .. var name, '/'] && location.Has("proxy_pass") && !_names.Contains("/" + name))
                        routes.Add(new NginxContent(this, location, _file, _pools).WithSlash(new(NginxContent.Encode("/" + name), word.Place)));
                    break;
                default:
                    Problems.Error(location.Directive.Words[1].Place, $"invalid location modifier \"{modifier}\"", "= ~ ~* or ^~");
                    break;
            }
        }

        void ReadWithin(NginxLevel location)
        {
            if (location.Blocks.Exists(inner => inner.Context == 'L'))
                ReadLocations(location, routes, patterns, WithinOf(location, Name(location).Modifier, Name(location).Uri));
        }
    }

    private static string PathOf(string modifier, string uri)
    {
        var path = NginxContent.Encode(uri);
        return modifier switch { "=" => path, "^~" => $"^~{path}*", _ => path + "*" };
    }

    private void ReadPattern(NginxLevel location, string modifier, string uri, Condition? within, List<RouteDraft> patterns)
    {
        var ignoreCase = modifier == "~*";
        var word = location.Directive!.Words[^1];
        if (!BytePattern.TryParse(uri, ignoreCase, out var pattern, out var mistake))
        {
            Problems.Error(word.Place, mistake);
            return;
        }

        var route = new RouteDraft(location.Place) { Paths = [new((ignoreCase ? "~*" : "~") + uri, word.Place)], Match = new() { When = within } };
        var content = new NginxContent(this, location, _file, _pools) { Capture = pattern.Groups > 0 ? new(new FetchExpression(FetchKind.CleanPath), uri, ignoreCase, pattern.GroupNames) : null };
        patterns.AddRange(content.Routes(route));
    }

    /// <summary>When a request is in a location: its path starts so, and no longer location takes it.</summary>
    private AllCondition? WithinOf(NginxLevel location, string modifier, string uri)
    {
        Expression path = new FetchExpression(FetchKind.CleanPath);
        if (modifier is "~" or "~*")
            return new([new TestCondition(path, TestKind.Matches, [uri], modifier == "~*"), new ConstantCondition(true)]);
        if (modifier == "^~" && location.Blocks.Exists(inner => inner.Context == 'L' && Name(inner).Modifier is "~" or "~*"))
            Problems.Error(location.Place, "an expression within a \"^~\" location is not done here", "the location without \"^~\"");
        string[] longer = [.. _prefixes.Where(other => other.Prefix.Length > uri.Length && other.Prefix.StartsWith(uri, StringComparison.Ordinal) && !Below(location).Contains(other.Level)).Select(other => other.Prefix)];
        return new([new TestCondition(path, TestKind.Starts, [uri]), longer.Length == 0 ? new ConstantCondition(true) : new NotCondition(new TestCondition(path, TestKind.Starts, longer.ToValueList()))]);
    }
}
