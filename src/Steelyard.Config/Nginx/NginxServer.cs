using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>A server of http, with the routes that its locations are.</summary>
internal sealed class NginxServer
{
    private readonly NginxFile _file;
    private readonly NginxPools _pools;
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

    /// <summary>Whether it is for requests that name no host.</summary>
    public bool IsOfUnnamed => Level.Own("server_name").Any(line => line.Words.Skip(1).Any(word => word.Text.Length == 0));

    /// <summary>What the expressions among its names remember.</summary>
    public List<NginxCapture> NameCaptures { get; } = [];

    /// <summary>The routes, without hosts.</summary>
    public IReadOnlyList<RouteDraft> Routes => _routes ??= ReadRoutes();

    /// <summary>Whether its own rules say who clients are, as others of its address say something else of it.</summary>
    public bool KnowsClientsItself { get; set; }

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
        var tree = new NginxLocationTree(Level, Problems);
        var patterns = new List<RouteDraft>();
        ReadLocations(tree, tree.Locations, tree.WhenAsked(null), routes, patterns);
        routes.AddRange(patterns);
        WarnOfReturn();

        // What no location takes the server itself has.
        if (!tree.Locations.Any(location => location is { IsStart: true, Uri: "/" }))
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

    // Asked is when the expressions among them are asked; null for never.
    private void ReadLocations(NginxLocationTree tree, IReadOnlyList<NginxLocation> locations, Condition? asked, List<RouteDraft> routes, List<RouteDraft> patterns)
    {
        HashSet<(string, string)> seen = [];

        // Expressions within are asked before all of those around, wherever they stand.
        foreach (var location in locations)
        {
            if (!location.IsPattern)
                ReadLocations(tree, location.Within, tree.WhenAsked(location), routes, patterns);
        }

        foreach (var location in locations)
        {
            var (modifier, uri, word) = (location.Modifier, location.Uri, location.Level.Directive!.Words[^1]);
            if (!seen.Add((modifier == "^~" ? "" : modifier, uri)))
                Problems.Error(location.Level.Place, $"duplicate location \"{uri}\"", "each location once");
            switch (modifier)
            {
                case "~" or "~*":
                    ReadPattern(tree, location, asked, routes, patterns);
                    break;
                case "" when location.IsNamed:
                    routes.AddRange(Content(location).Routes(new RouteDraft(location.Level.Place) { Name = InternalName(uri), Internal = true }));
                    break;
                case "" or "^~" or "=" when !uri.StartsWith('/'):
                    Problems.Error(word.Place, $"the location \"{uri}\" does not begin with a slash, so nothing ever comes there", "a path such as /api/, ~ for an expression, or @ for a name");
                    break;
                case "" or "^~" or "=":
                    // Read in any case, for what is wrong in it.
                    var its = Content(location).Routes(new RouteDraft(location.Level.Place) { Paths = [new(PathOf(tree, location), word.Place)] });
                    if (tree.IsReached(location))
                        routes.AddRange(its);
                    if (tree.SendsToSlash(location))
                        routes.Add(Content(location).WithSlash(new(NginxContent.Encode(uri[..^1]), word.Place)));
                    break;
                default:
                    Problems.Error(location.Level.Directive.Words[1].Place, $"invalid location modifier \"{modifier}\"", "= ~ ~* or ^~");
                    break;
            }
        }
    }

    private NginxContent Content(NginxLocation location) => new(this, location.Level, _file, _pools);

    private static string PathOf(NginxLocationTree tree, NginxLocation location)
    {
        var path = NginxContent.Encode(location.Uri);
        return location.Modifier == "=" ? path : tree.IsBeforePatterns(location) ? $"^~{path}*" : path + "*";
    }

    private void ReadPattern(NginxLocationTree tree, NginxLocation location, Condition? asked, List<RouteDraft> routes, List<RouteDraft> patterns)
    {
        var (uri, ignoreCase) = (location.Uri, location.Modifier == "~*");
        var word = location.Level.Directive!.Words[^1];
        if (!BytePattern.TryParse(uri, ignoreCase, out var pattern, out var mistake))
        {
            Problems.Error(word.Place, mistake);
            return;
        }

        Expression path = new FetchExpression(FetchKind.CleanPath);
        Condition matches = new TestCondition(path, TestKind.Matches, [uri], ignoreCase);
        ReadLocations(tree, location.Within, asked is null ? null : asked is ConstantCondition ? matches : new AllCondition([asked, matches]), routes, patterns);
        var route = new RouteDraft(location.Level.Place) { Paths = [new((ignoreCase ? "~*" : "~") + uri, word.Place)], Match = new() { When = asked is ConstantCondition ? null : asked } };
        var content = new NginxContent(this, location.Level, _file, _pools) { Capture = pattern.Groups > 0 ? new(path, uri, ignoreCase, pattern.GroupNames) : null };
        var its = content.Routes(route);

        // The same expression before it that is always asked takes all that comes here.
        if (asked is not null && !patterns.Exists(other => other.Match.When is null && other.Paths is [{ Value: var known }] && known == route.Paths[0].Value))
            patterns.AddRange(its);
    }
}
