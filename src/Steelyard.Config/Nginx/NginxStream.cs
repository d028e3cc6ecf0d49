using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Nginx;

/// <summary>Makes the routes of a server of stream: whom its connections go to, or what they are told.</summary>
internal sealed class NginxStream(NginxServer server, NginxFile file, NginxPools pools)
{
    private NginxLevel Level => server.Level;

    private ProblemList Problems => file.Problems;

    /// <summary>What variables stand for in the server: what it sets itself goes before all others.</summary>
    public NginxScope Scope { get; } = ScopeOf(server.Level, file);

    private static NginxScope ScopeOf(NginxLevel level, NginxFile file)
    {
        var scope = new NginxScope { File = file, IsStream = true, Prereads = level.IsOn("ssl_preread"), Sets = new Dictionary<string, TextTemplate>() };

        // Nothing of a connection changes: a variable is the text that it was given.
        foreach (var (line, _) in level.Steps)
        {
            if (line.Name == "set" && NginxVariables.TryRead(line[2], scope, line.Words[2].Place, out var value))
                scope = scope with { Sets = new Dictionary<string, TextTemplate>(scope.Sets) { [line[1][1..]] = value } };
        }

        return scope;
    }

    /// <summary>The routes; none, and an error, where nothing can be done with connections.</summary>
    /// <param name="log">What is written of them.</param>
    public List<RouteDraft> Routes(AccessLogSettings? log)
    {
        var (_, limits) = NginxLimits.Of(Level, Scope, pools);

        // Whoever writes down what a hello says waits for it.
        Condition? waits = Scope.Prereads && NamesHello(log) ? NginxSteps.Has(new FetchExpression(FetchKind.TlsHello)) : null;
        return Targets().ConvertAll(route => route with { Timeouts = NginxTimes.OfStream(Level), Concurrency = limits, Match = waits is null ? route.Match : route.Match with { When = NginxSteps.Both(waits, route.Match.When) } });
    }

    private static bool NamesHello(AccessLogSettings? log) => log is not null
        && (log.Line.Any(part => part.Expression is { } value && ExpressionSearch.Any(value, IsOfHello)) || (log.When is { } when && ExpressionSearch.Any(when, IsOfHello)) || log.Beside.Any(NamesHello));

    private static bool IsOfHello(Expression value) => value is FetchExpression { Kind: FetchKind.ServerName or FetchKind.HelloVersion or FetchKind.HelloProtocols };

    private List<RouteDraft> Targets()
    {
        if (Level.Steps.Find(step => step.Directive.Name == "return").Directive is { } said)
            return Told(said) is { } told ? [told] : [];
        if (Level.Find("proxy_pass") is not { } pass)
        {
            Problems.Error(Level.Place, "no handler for server", "\"proxy_pass\" with an upstream or an address, or \"return\"");
            return [];
        }

        var (to, place) = (pass[1], pass.Words[1].Place);
        if (!to.Contains('$', StringComparison.Ordinal))
            return PoolOf(to, place) is { } pool ? [new(pass.Place) { To = new(pool, place) }] : [];
        if (!NginxVariables.TryRead(to, Scope, place, out var target))
            return [];
        if (!Level.IsOn("ssl_preread") && ExpressionSearch.Any(target, IsOfHello))
            Problems.Error(place, $"\"proxy_pass {to}\" goes by what a TLS hello says, which is not read", "\"ssl_preread on\"");
        if (target.Parts is [{ Literal: { } known }])
            return PoolOf(known, place) is { } pool ? [new(pass.Place) { To = new(pool, place) }] : [];
        if (NginxVariables.ValueOf(target) is MapExpression map && map.Cases.Select(each => each.Value).Append(map.Otherwise ?? TextTemplate.Empty).All(value => value.Parts is [] or [{ Literal: not null }]))
            return OfMap(map, pass, place);
        return [Made(to, target, pass, place)];
    }

    private string? PoolOf(string name, Place place) => pools.Of(name, Level.IsOn("proxy_ssl"), Level, place);

    private RouteDraft? Told(NginxDirective said)
    {
        if (said.Count > 1)
            Problems.Error(said.Place, "invalid number of arguments in \"return\" directive", "the text that clients are told");
        if (!NginxVariables.TryRead(said[1], Scope, said.Words[1].Place, out var text, isBody: true))
            return null;
        if (TcpChecks.AsksOfRequests(text))
        {
            Problems.Error(said.Words[1].Place, $"{Shown.Quote(said[1])} has variables of requests", "those of connections, such as $remote_addr, $server_port, $time_iso8601");
            return null;
        }

        var body = text.Parts is [] ? "" : text.Parts is [{ Literal: { } literal }] ? literal : null;
        return new(said.Place) { Respond = new(new FixedResponse(200, body ?? "") { Text = body is null ? text : null }, said.Place) };
    }

    /// <summary>A map is a route for each of its values.</summary>
    private List<RouteDraft> OfMap(MapExpression map, NginxDirective pass, Place place)
    {
        List<RouteDraft> routes = [];
        var ofNames = map.Input == NginxVariables.OrEmpty(new FetchExpression(FetchKind.ServerName)) && map.Cases.All(each => HostOf(each) is not null);
        foreach (var each in map.Cases)
        {
            var route = new RouteDraft(pass.Place);
            if (!ofNames)
                route = route with { Match = new() { When = new TestCondition(map.Input, each.Test, [each.Pattern], each.IgnoreCase) } };
            else if (HostText.TryParsePattern(HostOf(each)!, out var read, out var mistake))
                route = route with { Hosts = [new(read, place)] };
            else
                Problems.Error(place, mistake);
            if (each.Value.Parts is [{ Literal: { } name }] && PoolOf(name, place) is { } target)
                routes.Add(route with { To = new(target, place) });
        }

        if (map.Otherwise is { Parts: [{ Literal: { } otherwise }] } && PoolOf(otherwise, place) is { } rest)
            routes.Add(new(pass.Place) { To = new(rest, place) });
        return routes;
    }

    // A name alone; none stands in the file with an asterisk, and nobody asks for an empty one.
    private static string? HostOf(MapCase each) => each.Test switch
    {
        TestKind.Is => each.Pattern.Length == 0 || each.Pattern.Contains('*', StringComparison.Ordinal) ? null : each.Pattern,
        TestKind.Ends => "*" + each.Pattern,
        TestKind.Starts => each.Pattern + "*",
        TestKind.Matches => "~" + each.Pattern,
        _ => null,
    };

    /// <summary>Each connection says where it goes: to an upstream, an address, or a name.</summary>
    private RouteDraft Made(string to, TextTemplate target, NginxDirective pass, Place place)
    {
        var route = new RouteDraft(pass.Place) { To = new(pools.OfRequest(to, target, Level.IsOn("proxy_ssl"), Level, place), place) };
        string? suffix = null;
        HashSet<string> spelled = [];
        foreach (var name in pools.StreamUpstreamNames)
        {
            if (PoolOf(name, place) is not { } pool)
                continue;
            var its = NginxPools.SuffixOf(name, pool);
            if (suffix is not null && suffix != its)
                Problems.Error(place, "the upstreams that the variables name are used with other settings elsewhere", "the same proxy_next_upstream, proxy_ssl_... and max_fails for all of them");
            suffix = its;
            spelled.Add(pool[..^its.Length]);
        }

        return suffix is null ? route : route with { ToNamed = new(TextTemplate.Of([.. NginxContent.InAnyCase(target, spelled).Parts, new(suffix)]), place) };
    }
}
