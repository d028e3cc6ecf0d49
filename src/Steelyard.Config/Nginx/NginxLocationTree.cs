using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>
/// The locations of a server, and which of them a path comes to: at each level the exact one, else the longest start and
/// what is within, else the expressions of that level, from the innermost to the outermost, but where the start says ^~
/// (nginx: ngx_http_core_find_location). Which starts a path has goes by the longest of them alone, so that all is known
/// before a request comes.
/// </summary>
internal sealed class NginxLocationTree
{
    private readonly NginxLocation _server;

    /// <summary>All starts of the server, each after those it begins with, and which locations each leads through.</summary>
    private readonly List<(string Start, List<NginxLocation> Chain)> _regions = [];

    public NginxLocationTree(NginxLevel server, ProblemList problems)
    {
        _server = new(server, "", "", null);
        Collect(_server, problems);
        foreach (var start in Starts(_server).Append("").Distinct().Order(StringComparer.Ordinal))
            _regions.Add((start, ChainOf(start)));
    }

    /// <summary>The locations of the server itself.</summary>
    public IReadOnlyList<NginxLocation> Locations => _server.Within;

    /// <summary>Whether any path comes to a location by its start, or by being just that.</summary>
    public bool IsReached(NginxLocation location) =>
        location.Modifier == "=" ? Last(location.Uri, out var redirects) == location && !redirects
        : _regions.Exists(region => region.Start == location.Uri && region.Chain[^1] == location);

    /// <summary>Whether who leaves the slash at the end of a location out is sent to it.</summary>
    public bool SendsToSlash(NginxLocation location) =>
        location.EndsInSlash && Last(location.Uri[..^1], out var redirects) == location && redirects;

    /// <summary>Whether no expression is asked for paths of a start.</summary>
    public bool IsBeforePatterns(NginxLocation location) => IsBeforePatterns(ChainOf(location.Uri));

    private bool IsBeforePatterns(List<NginxLocation> chain) =>
        chain.Exists(each => each.Modifier == "^~") && !Enumerable.Range(0, chain.Count + 1).Any(depth =>
            !IsLastWord(chain, depth) && (depth == 0 ? _server : chain[depth - 1]).Within.Exists(each => each.IsPattern));

    /// <summary>When the expressions of a level are asked; null for never.</summary>
    /// <param name="location">The location they stand in; null for the server itself.</param>
    public Condition? WhenAsked(NginxLocation? location)
    {
        // Where no expression is asked at all the route of the start says so, and what is said here does not count.
        List<bool> asked = [.. _regions.Select(region => (location is null || region.Chain.Contains(location)) && (!IsLastWord(region.Chain, location is null ? 0 : region.Chain.IndexOf(location) + 1) || IsBeforePatterns(region.Chain)))];
        var others = Exceptions(0);
        return !asked[0] ? others : others is null ? new ConstantCondition(true) : new NotCondition(others);

        // Paths that begin with a start, of which it is not as with that start itself.
        Condition? Exceptions(int region)
        {
            List<string> whole = [];
            List<Condition> parts = [];
            foreach (var inner in ChildrenOf(region))
            {
                var its = Exceptions(inner);
                if (asked[inner] != asked[region] && its is null)
                    whole.Add(_regions[inner].Start);
                else if (asked[inner] != asked[region])
                    parts.Add(new AllCondition([Begins([_regions[inner].Start]), new NotCondition(its!)]));
                else if (its is not null)
                    parts.Add(its);
            }

            if (whole.Count > 0)
                parts.Insert(0, Begins(whole));
            return parts.Count switch { 0 => null, 1 => parts[0], _ => new AnyCondition(parts.ToValueList()) };
        }
    }

    private static TestCondition Begins(List<string> starts) => new(new FetchExpression(FetchKind.CleanPath), TestKind.Starts, starts.ToValueList());

    // What stands right below in their order, as those below these begin with them too.
    private IEnumerable<int> ChildrenOf(int region)
    {
        for (var (at, child) = (region + 1, 0); at < _regions.Count && Within(at, region); at++)
        {
            if (child > 0 && Within(at, child))
                continue;
            child = at;
            yield return at;
        }

        bool Within(int inner, int outer) => _regions[inner].Start.StartsWith(_regions[outer].Start, StringComparison.Ordinal);
    }

    private static bool IsLastWord(List<NginxLocation> chain, int depth) => depth < chain.Count && chain[depth].Modifier == "^~";

    private static void Collect(NginxLocation around, ProblemList problems)
    {
        foreach (var block in around.Level.Blocks)
        {
            if (block.Context != 'L')
                continue;
            var (modifier, uri) = NginxServer.Name(block);
            var location = new NginxLocation(block, modifier, uri, around);
            if (around.Modifier == "=")
                problems.Error(block.Place, $"location \"{uri}\" cannot be inside the exact location \"{around.Uri}\"");
            else if (around.IsNamed)
                problems.Error(block.Place, $"location \"{uri}\" cannot be inside the named location \"{around.Uri}\"");
            else if (location.IsNamed && around.Parent is not null)
                problems.Error(block.Place, $"named location \"{uri}\" can be on the server level only");
            else if (!location.IsPattern && around.Parent is not null && !uri.StartsWith(around.Uri, StringComparison.Ordinal))
                problems.Error(block.Place, $"location \"{uri}\" is outside location \"{around.Uri}\"", "a location that begins with the one around it");
            else if (!location.IsPattern && around.IsPattern)
                problems.Warn(block.Place, $"nothing ever comes to location \"{uri}\", as it is within one by an expression, in nginx either", "an expression that begins with ^");
            else
                around.Within.Add(location);
            Collect(location, problems);
        }
    }

    private static IEnumerable<string> Starts(NginxLocation around) =>
        around.Within.SelectMany(inner => inner.IsStart ? Starts(inner).Append(inner.Uri) : []);

    private List<NginxLocation> ChainOf(string path)
    {
        List<NginxLocation> chain = [];
        for (var at = Longest(_server, path); at is not null; at = Longest(at, path))
            chain.Add(at);
        return chain;
    }

    private static NginxLocation? Longest(NginxLocation around, string path) =>
        around.Within.Where(each => each.IsStart && path.StartsWith(each.Uri, StringComparison.Ordinal)).MaxBy(each => each.Uri.Length);

    /// <summary>What a path comes to as long as no expression is asked.</summary>
    private NginxLocation? Last(string path, out bool redirects)
    {
        redirects = false;
        for (var around = _server; ;)
        {
            if (around.Within.Find(each => each.Modifier == "=" && each.Uri == path) is { } exact)
                return exact;
            var longest = Longest(around, path);
            if (longest?.Uri != path && around.Within.Find(each => each.EndsInSlash && each.Uri.Length == path.Length + 1 && each.Uri.StartsWith(path, StringComparison.Ordinal)) is { } slash)
            {
                redirects = true;
                return slash;
            }

            if (longest is null)
                return around;
            around = longest;
        }
    }
}

/// <summary>A location of a server.</summary>
/// <param name="level">What it says.</param>
/// <param name="modifier">= ~ ~* ^~ or nothing.</param>
/// <param name="uri">What paths are compared with.</param>
/// <param name="parent">The one around it, the server itself included; null for that.</param>
internal sealed class NginxLocation(NginxLevel level, string modifier, string uri, NginxLocation? parent)
{
    public NginxLevel Level { get; } = level;

    public string Modifier { get; } = modifier;

    public string Uri { get; } = uri;

    public NginxLocation? Parent { get; } = parent;

    /// <summary>The locations within.</summary>
    public List<NginxLocation> Within { get; } = [];

    public bool IsPattern => Modifier is "~" or "~*";

    public bool IsNamed => Modifier.Length == 0 && Uri.StartsWith('@');

    /// <summary>Whether paths that begin so come here.</summary>
    public bool IsStart => Modifier is "" or "^~" && !IsNamed && Parent is not null;

    /// <summary>Whether who leaves its slash out is sent to it (nginx: auto_redirect).</summary>
    public bool EndsInSlash => !IsPattern && Uri is [_, .., '/'] && Level.Has("proxy_pass");
}
