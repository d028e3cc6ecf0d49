using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>Makes the routes of a location: what is done with a request, in nginx's phases, and who answers it.</summary>
internal sealed partial class NginxContent(NginxServer server, NginxLevel level, NginxFile file, NginxPools pools)
{
    private const string ServerDone = "server.done";

    // What nginx calls a client without a certificate; none is told it.
    private const int NoCertificate = 496;

    // What variables of proxy_pass say, and the host of that, before anything of the request is changed for the server.
    private const string MadeUrl = "proxy_url_made";
    private const string MadeHost = "proxy_host_made";

    private bool _isMade;

    private readonly List<Located<RuleSettings>> _rules = [];

    // Behind the limits, as nginx has its phases.
    private readonly List<Located<RuleSettings>> _access = [];

    /// <summary>What the location's expression matches; null where it has no groups.</summary>
    public NginxCapture? Capture { get; init; }

    /// <summary>The paths of the location whose <c>proxy_pass</c> a block of if has too; null where it has none of a location.</summary>
    public IReadOnlyList<Located<string>>? Within { get; init; }

    private ProblemList Problems => file.Problems;

    /// <summary>A path as routes are written: what a request line cannot carry, and what has a meaning in a pattern, percent-encoded.</summary>
    public static string Encode(string path)
    {
        var text = new StringBuilder();
        foreach (var value in Encoding.UTF8.GetBytes(path))
        {
            if (value is > (byte)' ' and < 0x7F && value is not ((byte)'?' or (byte)'#' or (byte)'*' or (byte)'%'))
                text.Append((char)value);
            else
                text.Append(System.Globalization.CultureInfo.InvariantCulture, $"%{value:X2}");
        }

        return text.ToString();
    }

    /// <summary>The routes; the first is the location's, others are internal ones of its blocks of if.</summary>
    /// <param name="route">Which requests come here.</param>
    public List<RouteDraft> Routes(RouteDraft route)
    {
        List<RouteDraft> inner = [];
        var proxy = NginxProxy.Of(level, file);
        _isMade = proxy is not null && proxy.Host.Contains('$', StringComparison.Ordinal) && (proxy.IsWhole || (proxy.Constant(level) is null && !NginxProxy.IsClosed(proxy.Host, file)));
        if (_isMade)
            file.SetVariables.Add(MadeHost);
        var scope = new NginxScope { File = file, ServerName = server.FirstName, ProxyHost = _isMade ? "$" + MadeHost : proxy?.HeaderHost, Root = NginxFiles.RootOf(level, file), Referers = NginxReferers.Of(level, server), SecureLink = NginxSecureLink.Of(level), UserId = NginxUserId.Of(level) };
        NginxUserId.Read(level, _rules);

        // nginx: who goes on in a named location comes from another one.
        if (!route.Internal)
        {
            AskForCertificate();
            ServerSteps(scope);
        }
        else if (ServerAnswers)
            Add(new() { Action = RuleAction.RemoveVariable, Name = NginxHeaders.OfServer }, level.Place);
        var steps = new NginxSteps(scope, _rules, "location") { NameOf = BlockName };
        if (Capture is not null)
            steps.Remember(Capture, null, level.Place);
        if (level.Has("internal"))
            Add(new() { Action = RuleAction.Deny, Status = 404, When = new TestCondition(new FetchExpression(FetchKind.Rerouted), TestKind.Is, ["0"]) }, level.Own("internal")[0].Place);
        if (level.Context == 'L')
        {
            steps.Begin(level);

            // nginx: other methods than those of limit_except have a location of their own, without these.
            steps.Read(level, NginxAccess.Listed(level));
            if (steps.ChangesTarget)
                Add(new() { Action = RuleAction.Reroute, When = steps.KeepsTarget ? new NotCondition(steps.HasEnded) : null }, level.Place);
            foreach (var (block, number) in steps.Blocks)
            {
                var name = BlockName(block);
                inner.AddRange(new NginxContent(server, block, file, pools) { Within = route.Internal || steps.KeepsTarget || block.Has("proxy_pass") ? null : route.Paths }.Routes(new RouteDraft(block.Place) { Name = name, Internal = true }));
                Add(new() { Action = RuleAction.GoTo, Name = name, When = steps.Taken(number) }, block.Place);
            }
        }

        if (level.Context == 'I' && NginxSteps.AnswersItself(level))
            steps.ReadOn(level);
        if (server.KnowsClientsItself && NginxClients.Differ(level, server.Level))
            NginxClients.Read(level, _rules);
        NginxAccess.Read(level, scope, _access);
        if (NginxAccess.Asks(level) is { } asks)
            route = route with { Ask = new(NginxPaths.WithQuery(TextTemplate.Literal(asks[1])), asks.Words[1].Place), AskWhen = NginxAccess.AsksFor(level, scope), AskRules = NginxAccess.AnswerRules(level, scope) };
        if (NginxMirrors.Of(level) is { } mirror)
            route = route with { Mirror = new(mirror, level.All("mirror")[0].Place) };
        var (rates, concurrency) = NginxLimits.Of(level, scope, pools);
        route = route with
        {
            AccessLog = NginxLogs.Of(level, scope) ?? new(AccessLogSettings.None, level.Place),
            ErrorPages = NginxErrors.Of(level, server, scope, Problems),
            InterceptErrors = level.IsOn("proxy_intercept_errors") && level.All("error_page").Count > 0,
            RecursiveErrors = level.IsOn("recursive_error_pages") && level.All("error_page").Count > 0,
            Compress = NginxGzip.Of(level),
            Unpack = level.IsOn("gunzip"),
            Substitute = NginxSubstitutes.Of(level, scope with { OfResponse = true }),
            MaxBody = level.Size("client_max_body_size") is { } most ? most == 0 ? null : new ByteSize(most) : ByteSize.FromKibibytes(1024),
            Bandwidth = NginxBandwidth.Of(level, scope),
            RateLimit = rates,
            Concurrency = concurrency,
            ResponseHeaders = FieldsOf(scope, proxy is not null, !route.Internal, Problems),
        };
        var answersItself = level.Context == 'I' && NginxSteps.AnswersItself(level) && !NginxSteps.Mentions(level, "break");
        route = proxy is not null && !answersItself ? Proxied(route, proxy, scope, steps) : Own(route, scope);
        return [route with { Rules = [.. _rules], AccessRules = [.. _access] }, .. inner];
    }

    private string BlockName(NginxLevel block) => server.InternalName($"if.{block.Directive!.Place.Start}");

    /// <summary>The route of who asks for a location without the slash it ends in: it is sent to the same with one.</summary>
    /// <param name="path">The path.</param>
    public RouteDraft WithSlash(Located<string> path)
    {
        var scope = new NginxScope { File = file, ServerName = server.FirstName, Root = NginxFiles.RootOf(level, file), Referers = NginxReferers.Of(level, server), SecureLink = NginxSecureLink.Of(level), UserId = NginxUserId.Of(level) };
        AskForCertificate();
        ServerSteps(scope);
        var to = NginxSteps.Absolute(path.Value, TextTemplate.Of([new(path.Value + "/"), NginxSteps.Behind("?")]), level, scope);
        Add(new() { Action = RuleAction.Redirect, Redirect = new(to, 301) }, path.Place);
        return new(level.Place) { Paths = [path], Rules = [.. _rules], Respond = new(new(404), path.Place), ResponseHeaders = FieldsOf(scope, isProxied: false, ofServerToo: true, new()) };
    }

    private bool ServerAnswers => NginxSteps.Mentions(server.Level, "return") || NginxSteps.Mentions(server.Level, "rewrite");

    // What the server's own steps answer has other fields than what the location does.
    private bool HasOwnFields => ServerAnswers && ((string[])["add_header", "expires"]).Any(name => !level.AllBy(name).SequenceEqual(server.Level.AllBy(name)));

    private HeaderEdits FieldsOf(NginxScope scope, bool isProxied, bool ofServerToo, ProblemList problems)
    {
        var own = NginxHeaders.OfResponse(level, scope, isProxied, problems);
        return ofServerToo && HasOwnFields ? own with { Add = NginxHeaders.Either(own.Add, NginxHeaders.OfResponse(server.Level, scope, isProxied: false, new()).Add) } : own;
    }

    private void Add(RuleSettings rule, Place place) => _rules.Add(new(rule, place));

    /// <summary>Refuses who has shown no certificate, where the handshake may have let it through for another server of the address.</summary>
    private void AskForCertificate()
    {
        if (!NginxTls.AsksOfAll(server.Level))
            return;
        Condition first = new TestCondition(new FetchExpression(FetchKind.Rerouted), TestKind.Is, ["0"]);
        Condition secure = new TestCondition(new FetchExpression(FetchKind.Tls), TestKind.Is, ["1"]);
        Condition known = new TestCondition(new FetchExpression(FetchKind.ClientVerified), TestKind.Is, ["SUCCESS"]);
        Add(new() { Action = RuleAction.Deny, Status = NginxErrors.HasPage(server.Level, NoCertificate) ? NoCertificate : 400, When = new AllCondition([first, secure, new NotCondition(known)]) }, server.Level.Find("ssl_verify_client")!.Place);
    }

    /// <summary>What the server itself does with a request, once however often it is sent on.</summary>
    private void ServerSteps(NginxScope scope)
    {
        List<Located<RuleSettings>> first = [];
        if (server.KnowsClientsItself)
            NginxClients.Read(server.Level, first);
        var steps = new NginxSteps(scope, first, "server");
        foreach (var capture in server.NameCaptures)
            steps.Remember(capture, new TestCondition(capture.Input, TestKind.Matches, [capture.Pattern], IgnoreCase: true), server.Level.Place);
        steps.Read(server.Level);
        if (first.Count == 0)
            return;
        Condition again = new NotCondition(NginxSteps.Has(ServerDone));
        if (HasOwnFields)
            Add(new() { Action = RuleAction.SetVariable, Name = NginxHeaders.OfServer, Value = TextTemplate.Literal("1"), When = again }, server.Level.Place);
        foreach (var (rule, place) in first)
            _rules.Add(new(rule with { When = NginxSteps.Both(again, rule.When) }, place));
        if (HasOwnFields)
            Add(new() { Action = RuleAction.RemoveVariable, Name = NginxHeaders.OfServer }, server.Level.Place);
        if (!steps.ChangesTarget)
        {
            // To do the same again changes nothing, unless the request was sent on meanwhile.
            Add(new() { Action = RuleAction.SetVariable, Name = ServerDone, Value = TextTemplate.Literal("1") }, server.Level.Place);
            return;
        }

        // The location is looked for once the server's own steps are through.
        const string Moved = "server.moved";
        Add(new() { Action = RuleAction.SetVariable, Name = Moved, Value = TextTemplate.Literal("1"), When = again }, server.Level.Place);
        Add(new() { Action = RuleAction.SetVariable, Name = ServerDone, Value = TextTemplate.Literal("1") }, server.Level.Place);
        Add(new() { Action = RuleAction.Reroute, When = NginxSteps.Has(Moved) }, server.Level.Place);
        Add(new() { Action = RuleAction.RemoveVariable, Name = Moved }, server.Level.Place);
    }

    private RouteDraft Proxied(RouteDraft route, NginxProxy proxy, NginxScope scope, NginxSteps steps)
    {
        route = route with
        {
            RequestHeaders = new(NginxHeaders.OfRequest(level, scope, Problems), proxy.Place),
            ResponseRules = ResponseRulesOf(route, proxy, scope),
        };
        if (level.Own("try_files") is [var tries, ..])
            NginxTries.Read(tries, server, scope, setsPath: proxy.UriText is not null, _access);
        route = route with
        {
            Timeouts = NginxTimes.OfRoute(level),
            SendMethod = level.Find("proxy_method")?[1],
            SendBody = level.Find("proxy_set_body") is { } body && NginxVariables.TryRead(body[1], scope, body.Words[1].Place, out var text, isBody: true) ? text : null,
            DropsBody = !level.IsOn("proxy_pass_request_body", otherwise: true),
            DropsFields = !level.IsOn("proxy_pass_request_headers", otherwise: true),
        };
        if (_isMade)
            route = Make(route, proxy, scope);
        else if (proxy.UriText is { } uri)
            route = WithUri(route, proxy, uri, scope, steps);
        if (!proxy.Host.Contains('$', StringComparison.Ordinal))
            return pools.Of(proxy.Host, proxy.IsSecure, level, proxy.Place) is { } pool ? route with { To = new(pool, proxy.Place) } : route;
        return Named(route, proxy, scope);
    }

    private List<Located<RuleSettings>> ResponseRulesOf(RouteDraft route, NginxProxy proxy, NginxScope scope)
    {
        List<Located<RuleSettings>> rules = [.. NginxRedirects.Of(level, proxy, Within is { } paths ? route with { Paths = paths } : route, scope, Problems)];
        NginxCookies.Read(level, scope with { OfResponse = true }, rules);
        NginxAccel.ReadRate(level, rules);
        NginxAccel.ReadRedirect(level, server, file, ServerDone, rules);
        if (NginxExpiry.Of(level, scope with { OfResponse = true }) is { } expiry)
        {
            // It takes the place of what servers say.
            Condition when = new AllCondition([NginxHeaders.HasStatus, new NotCondition(new TestCondition(NginxVariables.ValueOf(expiry.Control), TestKind.Is, [""]))]);
            foreach (var name in (string[])["Expires", "Cache-Control"])
                rules.Add(new(new() { Action = RuleAction.RemoveHeader, Name = name, When = when }, level.Place));
        }

        NginxAccel.ReadCharset(level, file, rules);
        if (NginxTypes.CharsetRule(level) is { } charset)
            rules.Add(charset);
        return rules;
    }

    /// <summary>What is asked of the server where proxy_pass says it.</summary>
    private RouteDraft WithUri(RouteDraft route, NginxProxy proxy, string uri, NginxScope scope, NginxSteps steps)
    {
        // With variables all of it is said, and nothing is put behind.
        if (proxy.HasVariables)
        {
            return NginxVariables.TryRead(uri, scope, proxy.Place, out var whole) ? route with { ServerTarget = new(whole, proxy.Place) } : route;
        }

        var paths = Within ?? (level.Context == 'L' && !route.Internal ? route.Paths : []);
        if (paths is not [{ Value: var path }] || path[0] == '~')
        {
            Problems.Error(proxy.Place, "\"proxy_pass\" cannot have URI part in location given by regular expression, or inside named location, or inside \"if\" statement, or inside \"limit_except\" block");
            return route;
        }

        var cut = $"{NginxPaths.LengthOf(Uri.UnescapeDataString(path.TrimStart('^', '~').TrimEnd('*')))}";
        var query = uri.IndexOf('?', StringComparison.Ordinal);
        var start = EncodeUri(query < 0 ? uri : uri[..query]) + (query < 0 ? "" : EncodeUri(uri[query..]));
        var template = !path.EndsWith('*') ? TextTemplate.Literal(start)
            : TextTemplate.Of([new(start), new(null, default, NginxPaths.Encoded(new CallExpression(FunctionKind.Bytes, new VariableExpression(TemplateVariable.Path), [cut])))]);
        if (!steps.KeepsTarget && query < 0)
            return route with { Rewrite = new(template, proxy.Place) };

        // A path that a rewrite has changed goes to the server as it is. Behind a query stands what is left of the path, as in nginx.
        var clean = !path.EndsWith('*') ? template : TextTemplate.Of([new(start), new(null, default, NginxPaths.Encoded(new CallExpression(FunctionKind.Bytes, new FetchExpression(FetchKind.CleanPath), [cut])))]);
        if (!steps.KeepsTarget)
            return route with { ServerTarget = new(TextTemplate.Of([.. clean.Parts, NginxSteps.Behind("?")]), proxy.Place) };
        Condition when = new NotCondition(steps.HasEnded);
        Add(query < 0 ? new() { Action = RuleAction.SetPath, Value = clean, When = when } : new() { Action = RuleAction.SetTarget, Value = TextTemplate.Of([.. clean.Parts, NginxSteps.Behind("?")]), When = when }, proxy.Place);
        return route;
    }

    // It goes to servers as the file writes it.
    private static string EncodeUri(string uri) => PercentEncoded.Replace(uri, match => match.Length > 1 ? match.Value : Encode(match.Value));

    [GeneratedRegex("%[0-9A-Fa-f]{2}|[^?]", RegexOptions.CultureInvariant | RegexOptions.Singleline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex PercentEncoded { get; }

    /// <summary>Takes apart what variables say: a host, and behind it perhaps what is asked for.</summary>
    private RouteDraft Make(RouteDraft route, NginxProxy proxy, NginxScope scope)
    {
        if (!NginxVariables.TryRead(proxy.Host + proxy.UriText, scope, proxy.Place, out var whole))
            return route;
        var start = !proxy.IsWhole ? "^" : proxy.IsEither ? "^https?://" : proxy.IsSecure ? "^https://" : "^http://";
        Expression url = new FetchExpression(FetchKind.Variable, MadeUrl);
        Located<RuleSettings>[] made =
        [
            new(new() { Action = RuleAction.SetVariable, Name = MadeUrl, Value = whole }, proxy.Place),
            new(new() { Action = RuleAction.SetVariable, Name = MadeHost, Value = TextTemplate.Of(NginxVariables.OrEmpty(PartOf(url, $"{start}([^/?]*)"))) }, proxy.Place),
        ];
        _rules.AddRange(made);

        // What the answer of auth_request says may be in it.
        if (route.Ask is not null)
            route = route with { AskRules = [.. route.AskRules, .. made] };

        // A decoded path may have a line feed, which '.' is not.
        var (slash, query) = ($"{start}[^/?]*(/(?:.|\\n)*)", $"{start}[^/?]*(\\?(?:.|\\n)*)");
        var target = new MapExpression(
            url,
            [
                new(TestKind.Matches, true, slash, TextTemplate.Of(PartOf(url, slash))),
                new(TestKind.Matches, true, query, TextTemplate.Of([new("/"), new(null, default, PartOf(url, query))])),
            ],
            TextTemplate.Of(new VariableExpression(TemplateVariable.Uri)));
        return route with { ServerTarget = new(TextTemplate.Of(target), proxy.Place) };
    }

    private static CallExpression PartOf(Expression url, string pattern) => new(FunctionKind.Group, url, [pattern, "1", "i"]);

    /// <summary>The pool is said by variables: by values that the file gives them, or by what requests say.</summary>
    private RouteDraft Named(RouteDraft route, NginxProxy proxy, NginxScope scope)
    {
        if (proxy.Constant(level) is { } constant)
            return pools.Of(constant, proxy.IsSecure, level, proxy.Place) is { } one ? route with { To = new(one, proxy.Place) } : route;
        if (!NginxVariables.TryRead(_isMade ? "$" + MadeHost : proxy.Host, scope, proxy.Place, out var template))
            return route;
        if (proxy.IsEither)
        {
            var byScheme = new MapExpression(
                new FetchExpression(FetchKind.Variable, MadeUrl),
                [new(TestKind.Starts, true, "https:", ByHost(proxy with { IsSecure = true }, template))],
                ByHost(proxy with { IsSecure = false }, template));
            return route with { To = new(pools.OfRequest(proxy.Host, template, isSecure: false, level, proxy.Place), proxy.Place), ToNamed = new(TextTemplate.Of(byScheme), proxy.Place) };
        }

        var closed = !_isMade;
        string? suffix = null;
        HashSet<string> spelled = [];
        var anyCase = !closed;
        foreach (var (name, pool) in Known(proxy))
        {
            var its = NginxPools.SuffixOf(name, pool);
            if (suffix is not null && suffix != its)
                Problems.Error(proxy.Place, "the upstreams that the variables name are used with other settings elsewhere", "the same proxy_next_upstream, proxy_ssl_... and max_fails for all of them");
            suffix = its;
            spelled.Add(pool[..^its.Length]);
            anyCase |= !pool.StartsWith(NginxPools.Clean(name), StringComparison.Ordinal);
        }

        // nginx: upstreams first, then whatever a name stands for.
        if (!closed || suffix is null)
            route = route with { To = new(pools.OfRequest(proxy.Host, template, proxy.IsSecure, level, proxy.Place), proxy.Place) };
        return suffix is null ? route : route with { ToNamed = new(TextTemplate.Of([.. (anyCase ? InAnyCase(template, spelled) : template).Parts, new(suffix)]), proxy.Place) };
    }

    /// <summary>The pools of the upstreams and addresses that the variables of a host may name, as far as the file says.</summary>
    private List<(string Name, string Pool)> Known(NginxProxy proxy)
    {
        List<(string, string)> known = [];
        foreach (var value in NginxProxy.ValuesOf(proxy.Host, file).Concat(_isMade ? pools.UpstreamNames : []).Distinct())
        {
            if (value.StartsWith(proxy.IsSecure ? "http://" : "https://", StringComparison.OrdinalIgnoreCase))
                continue;
            var name = NginxProxy.HostOf(value);

            // What else requests say is looked up by "resolver".
            if (_isMade && !pools.IsUpstream(name, isStream: false) && !(NginxListen.TryReadAddress(name, defaultPort: 80, out var address) && IPAddress.TryParse(address.Host, out _)))
                continue;

            // A value that stands elsewhere, for another use, may make no address here.
            if (name.Length == 0 || (!name.StartsWith('[') && name.Count(letter => letter == ':') > 1 && !name.StartsWith("unix:", StringComparison.Ordinal)) || !(pools.IsUpstream(name, isStream: false) || name.Contains(':', StringComparison.Ordinal) || name.Contains('.', StringComparison.Ordinal)) || pools.Of(name, proxy.IsSecure, level, proxy.Place) is not { } pool)
                continue;
            known.Add((name, pool));
        }

        return known;
    }

    private TextTemplate ByHost(NginxProxy proxy, TextTemplate host) => TextTemplate.Of(new MapExpression(
        new CallExpression(FunctionKind.Lower, NginxVariables.ValueOf(host)),
        [.. Known(proxy).Select(each => new MapCase(TestKind.Is, false, each.Name.ToLowerInvariant(), TextTemplate.Literal(each.Pool)))],
        TextTemplate.Literal(pools.OfRequest(proxy.Host, host, proxy.IsSecure, level, proxy.Place))));

    /// <summary>The name of a pool: nginx knows upstreams in any case, and pools are called as the file spells them.</summary>
    public static TextTemplate InAnyCase(TextTemplate name, HashSet<string> spelled)
    {
        Expression lower = new CallExpression(FunctionKind.Lower, NginxVariables.ValueOf(name));
        MapCase[] cases = [.. spelled.Where(each => each.Any(char.IsAsciiLetterUpper)).Order(StringComparer.Ordinal).Select(each => new MapCase(TestKind.Is, IgnoreCase: false, each.ToLowerInvariant(), TextTemplate.Literal(each)))];
        return TextTemplate.Of(cases.Length == 0 ? lower : new MapExpression(lower, cases.ToValueList(), TextTemplate.Of(lower)));
    }

    /// <summary>What is answered without a server.</summary>
    private RouteDraft Own(RouteDraft route, NginxScope scope)
    {
        if (level.Own("health_check") is [var check, ..])
            Problems.Error(check.Place, "\"health_check\" without \"proxy_pass\"", "it where requests go to an upstream");
        if (level.Own("stub_status") is [var status, ..])
            return route with { Statistics = new(new() { Kind = StatisticsKind.Counts }, status.Place) };
        if (level.Has("empty_gif"))
            return route with { Respond = new(NginxPicture.Read(level.Place, _access), level.Place) };
        if (NginxFiles.Of(level, server, scope, file) is { } files)
            return route with { Files = files };
        if (NginxErrors.HasPage(level, 404))
            _access.Add(new(new() { Action = RuleAction.Deny, Status = 404 }, level.Place));
        return route with { Respond = new(new FixedResponse(404, "404 Not Found\n", "text/plain"), level.Place) };
    }
}
