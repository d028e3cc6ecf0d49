using System.Net;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>Makes of the sections of a haproxy.cfg what every dialect becomes.</summary>
internal sealed class HaproxyDraft
{
    private const string ServiceReady = "<html><body><h1>200 OK</h1>\nService ready.\n</body></html>\n";

    private const int MostOfFrontend = 100_000;

    private const string ExceptVariable = "forwardfor.except";

    private static readonly FixedResponse s_nobody = new(503, "503 Service Unavailable\nNo backend takes this request.\n", "text/plain");

    private readonly HaproxyFile _file;
    private readonly ProblemList _problems;
    private readonly Dictionary<string, HaproxySection> _backends = new(StringComparer.Ordinal);

    private readonly HaproxyHealth _health;

    private HaproxyDraft(HaproxyFile file, ProblemList problems) => (_file, _problems, _health) = (file, problems, new(file, problems));

    /// <summary>The draft; null when there is nothing to listen on.</summary>
    public static SnapshotDraft? Of(HaproxyFile file, ProblemList problems) => new HaproxyDraft(file, problems).Make();

    private SnapshotDraft? Make()
    {
        HaproxyRates.Check(_file);
        List<HaproxySection> proxies = [];
        foreach (var proxy in _file.Proxies)
        {
            if (proxy.IsDisabled)
                continue;
            if (proxy is { IsTcp: true, Stats: { } stats } && stats.Place.Line >= proxy.Name.Place.Line && stats.Place.Source == proxy.Name.Place.Source)
                _problems.Warn(stats.Place, $"{Shown.Quote(proxy.Name.Value)} is in TCP mode, where no page of statistics is served", "'mode http'");
            if (proxy.IsTcp && (Located<RuleSettings>[])[.. proxy.Rules, .. proxy.Redirects, .. proxy.ResponseRules] is [var ignored, ..])
                _problems.Warn(ignored.Place, $"{Shown.Quote(proxy.Name.Value)} is in TCP mode, where no requests are read and this does nothing", "'mode http'");
            proxies.Add(proxy);
            if (proxy.IsBackend)
                _backends.TryAdd(proxy.Name.Value, proxy);
        }

        var listeners = proxies.Where(proxy => proxy.IsFrontend).SelectMany(Listeners).ToList();
        if (listeners.Count == 0 && !_problems.HasErrors)
        {
            _problems.Error(new(_file.Source.Text, 0, 0), "nothing is listened on", "a frontend or a listen section with 'bind'");
            return null;
        }

        List<PoolDraft> pools = [];
        var named = listeners.SelectMany(listener => listener.Routes ?? []).Select(route => route.To?.Value).ToHashSet();
        foreach (var backend in _backends.Values)
        {
            // Without servers it is there for its rules or its table.
            if (backend is { Servers.Count: 0, IsTcp: false } || (backend is { StickTable: not null, Servers.Count: 0 } && !named.Contains(backend.Name.Value)))
                continue;
            if (backend is { TcpCheck.Count: > 0, InheritsTcpCheck: false, ChecksByTcp: false })
                _problems.Warn(backend.Name.Place, $"the lines 'tcp-check' of {Shown.Quote(backend.Name.Value)} count for nothing without 'option tcp-check'", "'option tcp-check'");
            pools.Add(Pool(backend));
        }

        WarnOfMissingTimeouts(proxies);
        return HaproxyTimeouts.Share(new SnapshotDraft(new(_file.Source.Text, 0, 0))
        {
            Admin = new() { CommandSockets = _file.CommandSockets, CommandTimeout = _file.CommandTimeout ?? new AdminDraft().CommandTimeout },
            Shutdown = _file.HardStop ?? TimeSpan.FromSeconds(10),
            Limits = new() { Connections = _file.MaxConnections, ConnectionsPerSecond = _file.MaxConnectionsPerSecond, RequestRate = null, ResponseRate = null },
            Tables = HaproxyCounters.Tables(_file),
            Lists = _file.Lists.All(_problems),
            Listeners = listeners,
            Pools = pools,
        });
    }

    private IEnumerable<ListenerDraft> Listeners(HaproxySection front)
    {
        if (front.Binds.Count == 0)
        {
            _problems.Error(front.Name.Place, $"{Shown.Quote(front.Name.Value)} listens on nothing", "'bind' with an address");
            yield break;
        }

        // HAProxy writes nothing of these requests.
        if (front is { MonitorPath: not null, IsTcp: false })
            _file.Silences = true;
        var captures = front.IsTcp ? [] : HaproxyCaptures.TakeBefore(front, _file);
        List<Located<RuleSettings>> ofBackends = [];
        var routes = front.IsTcp ? TcpRoutes(front, ofBackends) : HttpRoutes(front);

        // What is spoken is a matter of each address, where requests go is not.
        foreach (var alike in front.Binds.GroupBy(bind => (bind.Tls is null ? null : string.Join('\n', bind.Tls.Certificates) + bind.Tls.Versions + bind.Tls.StrictSni + bind.Tls.ClientCertificates, bind.AcceptProxy)))
        {
            var first = alike.First();
            yield return new(front.Name.Place)
            {
                Name = front.Name.Value,
                Bind = [.. alike.Select(bind => bind.Address)],
                Tls = first.Tls is { } tls ? new(tls, first.Address.Place) : null,
                Mode = new(front.IsTcp ? ListenerMode.Tcp : ListenerMode.Http, front.Name.Place),
                ProxyProtocol = first.AcceptProxy ? [new(IPNetwork.Parse("0.0.0.0/0"), first.Address.Place), new(IPNetwork.Parse("::/0"), first.Address.Place)] : front.ProxyFrom,
                MaxConnections = front.MaxConnections,
                MaxConnectionsPerSecond = front.MaxConnectionsPerSecond,
                AccessLog = HaproxyLogs.Of(front, _file),
                RequestId = front.IsTcp || front.Logging.RequestName is not null ? null : front.Logging.RequestId,
                Timeouts = HaproxyTimeouts.OfClients(front),
                Forwarded = front.IsTcp ? ForwardedStyle.XForwarded : ForwardedStyle.AsIs,
                Rules = front.IsTcp ? [.. front.EarlyRules.Where(IsOfConnection), .. ofBackends] : [.. HaproxyConstants.Rules(_file), .. HaproxyRates.Rules(front, ofBackend: false, _file), .. captures, .. HaproxyLogs.NameRules(front, _file), .. FirstRules(front), .. front.EarlyRules, .. MonitorRules(front), .. Followed(front.Rules, front, [.. front.Redirects, .. ExceptRules(front)])],
                ResponseRules = front.IsTcp ? [] : InOrder(front),
                Routes = routes,
            };
        }
    }

    private IEnumerable<Located<RuleSettings>> MonitorRules(HaproxySection front)
    {
        if (front.MonitorPath is not { } monitor)
            yield break;
        var asked = new TestCondition(new VariableExpression(TemplateVariable.Uri), TestKind.Is, [monitor.Value]);
        yield return new(HaproxyLogs.Silence(_file) with { When = asked }, monitor.Place);
        foreach (var fail in front.MonitorFails)
            yield return new(new() { Action = RuleAction.Deny, Status = 503, When = new AllCondition([asked, fail]) }, monitor.Place);
        yield return new(new() { Action = RuleAction.Respond, Respond = new(200, ServiceReady, "text/html") { Headers = [HaproxyErrors.NotKept] }, When = asked }, monitor.Place);
    }

    /// <summary>What is done with each request before all that lines say of it.</summary>
    private static IEnumerable<Located<RuleSettings>> FirstRules(HaproxySection section)
    {
        if (section.ClosesAfter is { } closes)
            yield return new(new() { Action = RuleAction.CloseAfter, Name = section.IsFrontend ? closes.Value : "server" }, closes.Place);
        foreach (var wait in HaproxyWaits.Of(section))
            yield return wait;
        if (section.NameRule is { } rule)
            yield return rule;
    }

    // Those of http-after-response come last, wherever they stand.
    private static IReadOnlyList<Located<RuleSettings>> InOrder(HaproxySection section) =>
        [.. Followed(section.ResponseRules.Where(rule => !rule.Value.OfOwn), section, [.. section.ResponseRules.Where(rule => rule.Value.OfOwn)], "allowed-response")];

    /// <summary>Rules with others behind them that 'allow' among the first does not keep from being done.</summary>
    private static IEnumerable<Located<RuleSettings>> Followed(IEnumerable<Located<RuleSettings>> rules, HaproxySection section, List<Located<RuleSettings>> others, string variable = "allowed")
    {
        var name = $"{variable}.{section.Kind}";
        NotCondition? unless = null;
        foreach (var (rule, place) in HaproxyErrors.Apply(rules, section))
        {
            var when = unless is null || rule.When is null ? unless ?? rule.When : new AllCondition([unless, rule.When]);
            var allows = rule.Action == RuleAction.Stop && others.Count > 0;
            yield return new(allows ? new() { Action = RuleAction.SetVariable, Name = name, Value = TextTemplate.Literal("1"), When = when } : rule with { When = when }, place);
            if (allows)
                unless ??= new(new TestCondition(new FetchExpression(FetchKind.Variable, name), TestKind.Present));
        }

        foreach (var other in others)
            yield return other;
    }

    private IEnumerable<(Located<string> Backend, Condition? When)> Choices(HaproxySection front)
    {
        Dictionary<Condition, Place> asked = [];
        Place? all = null;
        foreach (var (name, when, dynamic) in front.UseBackends)
        {
            if ((all ?? (when is not null && !ExpressionSearch.Varies(when) && !asked.TryAdd(when, name.Place) ? asked[when] : null)) is { } taken)
            {
                _problems.Warn(name.Place, $"no request comes here: the 'use_backend' in line {taken.Line} has {(all is null ? "the same" : "no")} condition", "one of them, or another condition");
                continue;
            }

            if (dynamic is not null)
            {
                foreach (var choice in Named(front, name, when, dynamic))
                    yield return choice;

                // Where nobody is called so, further lines do not count.
                if (DefaultOf(front) is { } instead)
                    yield return (instead, when);
            }
            else
            {
                yield return (name, when);
            }

            all = when is null ? name.Place : null;
        }

        if (all is null && DefaultOf(front) is { } otherwise)
            yield return (otherwise, null);
    }

    private static Located<string>? DefaultOf(HaproxySection front) =>
        front.DefaultBackend ?? (front is { Kind: 'L', Servers.Count: > 0 } ? front.Name : null);

    /// <summary>For a backend by a value, one choice for each backend that it may name.</summary>
    private IEnumerable<(Located<string> Backend, Condition? When)> Named(HaproxySection front, Located<string> name, Condition? when, TextTemplate dynamic)
    {
        var parts = dynamic.Parts.AsSpan().ToArray();
        var asked = Array.FindIndex(parts, part => part.Literal is null);
        if (asked < 0 || Array.FindIndex(parts, asked + 1, part => part.Literal is null) >= 0)
        {
            _problems.Error(name.Place, "a backend by more than one value is not done here", "one value, with text before and behind it");
            yield break;
        }

        var (before, behind) = (string.Concat(parts[..asked].Select(part => part.Literal)), string.Concat(parts[(asked + 1)..].Select(part => part.Literal)));
        var value = parts[asked].Expression ?? new VariableExpression(parts[asked].Variable);
        foreach (var backend in _backends.Values.Where(backend => backend.IsTcp == front.IsTcp))
        {
            var called = backend.Name.Value;
            if (called.Length < before.Length + behind.Length || !called.StartsWith(before, StringComparison.Ordinal) || !called.EndsWith(behind, StringComparison.Ordinal))
                continue;
            var test = new TestCondition(value, TestKind.Is, [called[before.Length..^behind.Length]]);
            yield return (new(called, name.Place), when is null ? test : new AllCondition([when, test]));
        }
    }

    private List<RouteDraft> HttpRoutes(HaproxySection front)
    {
        List<RouteDraft> routes = [];
        Dictionary<HaproxyErrorPage, string> shown = [];
        var complete = false;
        routes.AddRange(HaproxyStatistics.Routes(front, when: null));
        foreach (var (name, when) in Choices(front))
        {
            if (!IsBackend(name))
                continue;
            complete |= when is null;
            var backend = _backends[name.Value];
            if (backend != front)
                routes.AddRange(HaproxyStatistics.Routes(backend, when));
            if (backend.IsTcp)
                _problems.Error(name.Place, $"the backend {Shown.Quote(name.Value)} is in TCP mode, and the frontend is not", "'mode http' in both");

            // Who tells the servers of the client once is enough.
            List<Located<RuleSettings>> rules = front.ForwardFor is { } forward && backend.ForwardFor is null && backend != front ? [ForwardRule(forward)] : [];
            if (front.OriginalTo is { } original && backend.OriginalTo is null && backend != front)
                rules.Add(OriginalRule(original));

            // Without servers it is its rules that answer, or 503.
            if (backend is { Servers.Count: 0, IsTcp: false })
            {
                routes.Add(new(name.Place) { Match = new() { When = when }, Rules = [.. ((IEnumerable<Located<RuleSettings>>)[.. backend.EarlyRules, .. Followed(backend.Rules, backend, backend.Redirects)]).Where(rule => rule.Value.Action != RuleAction.WaitForBody)], Respond = new(HaproxyErrors.Of(front, backend).GetValueOrDefault(503)?.Respond ?? s_nobody, name.Place) });
                continue;
            }

            var pages = ErrorPagesOf(front, backend, shown);
            foreach (var (server, on) in ServerChoices(backend, when))
                routes.Add(HaproxyCompression.Apply(new(name.Place) { Match = new() { When = on }, Rules = rules, ErrorPages = pages, To = name, Server = server }, front, backend));
        }

        // HAProxy: 503 where no backend takes a request.
        if (!complete)
            routes.Add(new(front.Name.Place) { Respond = new(front.ErrorPages.GetValueOrDefault(503)?.Respond ?? s_nobody, front.Name.Place) });
        foreach (var (error, name) in shown)
            routes.Add(new(error.Place) { Name = name, Internal = true, Respond = new(error.Respond!, error.Place) });
        return routes;
    }

    /// <summary>The servers that lines use-server of a backend name, and at last any.</summary>
    private IEnumerable<(Located<string>? Server, Condition? When)> ServerChoices(HaproxySection backend, Condition? when)
    {
        foreach (var (server, on) in backend.UseServers)
        {
            if (FindServer(backend, server) is not null)
                yield return (server, when is null || on is null ? when ?? on : new AllCondition([when, on]));
            if (on is null)
                yield break;
        }

        yield return (null, when);
    }

    private static List<Located<ErrorPageSettings>> ErrorPagesOf(HaproxySection front, HaproxySection back, Dictionary<HaproxyErrorPage, string> shown)
    {
        List<Located<ErrorPageSettings>> pages = [];
        foreach (var (status, page) in HaproxyErrors.Of(front, back == front ? null : back))
        {
            // What begins at 200 is never an error here.
            if (status < 300)
                continue;
            if (page.Redirect is { } redirect)
            {
                pages.Add(new(new() { Statuses = [status], Redirect = redirect }, page.Place));
                continue;
            }

            if (!shown.TryGetValue(page, out var name))
                shown[page] = name = $"errorfile-{status}-{shown.Count + 1}";
            pages.Add(new(new() { Statuses = [status], Route = name, As = 0 }, page.Place));
        }

        return pages;
    }

    /// <summary>In TCP mode a backend is chosen by what is known of a connection. Where that is the name in a TLS hello alone, routes go by it, and else by the order of the lines.</summary>
    private List<RouteDraft> TcpRoutes(HaproxySection front, List<Located<RuleSettings>> ofBackends)
    {
        List<Condition> before = [];
        List<(Located<string> Backend, Located<string>? Server, Condition? When, List<Located<string>> Hosts)> choices = [];
        var ofNames = true;
        foreach (var (name, when) in Choices(front))
        {
            if (!IsBackend(name))
                continue;
            foreach (var rule in _backends[name.Value] is var backend && backend != front ? backend.EarlyRules.Where(IsOfConnection) : [])
                ofBackends.Add(rule with { Value = rule.Value with { When = All([.. before, .. when is null ? (Condition[])[] : [when], .. rule.Value.When is { } own ? (Condition[])[own] : []]) } });
            if (when is not null)
                before.Add(new NotCondition(when));
            foreach (var (server, on) in ServerChoices(_backends[name.Value], when))
            {
                List<Located<string>> hosts = [];
                ofNames &= on is null || TryReadHosts(on, name.Place, hosts);
                choices.Add((name, server, on, hosts));
            }
        }

        var routes = choices.ConvertAll(choice => new RouteDraft(choice.Backend.Place) { Hosts = ofNames ? choice.Hosts : [], Match = ofNames ? new() : new() { When = choice.When }, To = choice.Backend, Server = choice.Server });
        if (routes.Count == 0)
            _problems.Error(front.Name.Place, $"{Shown.Quote(front.Name.Value)} leads nowhere", "'default_backend', or servers");
        return routes;
    }

    // What can be done before anything is read of a connection but the name in its hello.
    private static bool IsOfConnection(Located<RuleSettings> rule) =>
        rule.Value is { Action: RuleAction.Close or RuleAction.Track } or { Action: RuleAction.SetVariable, Value.Parts: [{ Expression: FetchExpression { Kind: FetchKind.Tracked } }] };

    private static Condition? All(List<Condition> conditions) => conditions.Count switch { 0 => null, 1 => conditions[0], _ => new AllCondition(conditions.ToValueList()) };

    private static bool TryReadHosts(Condition when, Place place, List<Located<string>> hosts)
    {
        if (when is AnyCondition any)
            return any.Conditions.All(part => TryReadHosts(part, place, hosts));

        // A test whether there is a hello adds nothing to one of its name.
        if (when is not TestCondition { Value: FetchExpression { Kind: FetchKind.ServerName }, Test: TestKind.Is or TestKind.Ends } test)
            return false;
        foreach (var pattern in test.Patterns)
        {
            var host = test.Test == TestKind.Is ? pattern : pattern.StartsWith('.') ? "*" + pattern : "";
            if (!HostText.TryParsePattern(host, out var read, out _))
                return false;
            hosts.Add(new(read, place));
        }

        return true;
    }

    private bool IsBackend(Located<string> name)
    {
        if (_backends.ContainsKey(name.Value))
            return true;
        _problems.Error(name.Place, $"no backend is called {Shown.Quote(name.Value)}", _backends.Count is > 0 and <= 10 ? Shown.OneOf(_backends.Keys) : "the name of a backend or a listen section", _problems.Names.Nearest(name.Value, _backends.Keys));
        return false;
    }

    /// <summary>Whose clients a frontend does not name its backends do not name either.</summary>
    private static IEnumerable<Located<RuleSettings>> ExceptRules(HaproxySection front)
    {
        if (front is { Kind: 'F', ForwardFor: { Except: { } except } forward })
            yield return new(new() { Action = RuleAction.SetVariable, Name = ExceptVariable, Value = TextTemplate.Literal("1"), When = new TestCondition(new VariableExpression(TemplateVariable.Client), TestKind.Network, [except]) }, forward.Place);
    }

    private Located<RuleSettings> ForwardRule(HaproxyForwardFor forward)
    {
        List<Condition> when = [];
        if (_file.Proxies.Exists(proxy => proxy is { Kind: 'F', ForwardFor.Except: not null }))
            when.Add(new NotCondition(new TestCondition(new FetchExpression(FetchKind.Variable, ExceptVariable), TestKind.Present)));
        if (forward.IfNone)
            when.Add(new NotCondition(new TestCondition(new FetchExpression(FetchKind.Header, forward.Header), TestKind.Present)));
        if (forward.Except is { } except)
            when.Add(new NotCondition(new TestCondition(new VariableExpression(TemplateVariable.Client), TestKind.Network, [except])));
        return new(
            new()
            {
                Action = RuleAction.AddHeader,
                Name = forward.Header,
                Value = TextTemplate.Of(new VariableExpression(TemplateVariable.Client)),
                When = when.Count switch { 0 => null, 1 => when[0], _ => new AllCondition(when.ToValueList()) },
            },
            forward.Place);
    }

    private HaproxyServer? FindServer(HaproxySection backend, Located<string> name)
    {
        foreach (var server in backend.Servers)
        {
            if (server.Name.Value == name.Value && server.Template is null)
                return server;
        }

        _problems.Error(name.Place, $"no server of {Shown.Quote(backend.Name.Value)} is called {Shown.Quote(name.Value)}", Shown.OneOf([.. backend.Servers.Select(server => server.Name.Value).Take(10)]));
        return null;
    }

    private PoolDraft Pool(HaproxySection backend)
    {
        var servers = backend.Servers;
        var limited = servers.Exists(server => (server.MaxConnections ?? server.MinConnections) is not null);
        var sticky = StickyOf(backend);
        if (backend.Balance is { Value.Policy: BalancePolicy.HaproxyLeastConnections } leastconn
            && servers.Sum(server => server.Template?.MostServers ?? 1) is var count and > BalanceSettings.MostScanned)
            _problems.Note(leastconn.Place, $"of more than {BalanceSettings.MostScanned} servers leastconn takes the better one of two by lot here, not the best of all; {Shown.Quote(backend.Name.Value)} has up to {count}");
        return new(backend.Name)
        {
            Balance = HaproxyBalance.Of(backend),
            AllBackups = backend.AllBackups,
            BackupsWhenFull = !(limited && servers.Exists(server => server.Backup)),
            Source = SourceOf(backend),
            FullConnections = servers.Exists(server => server.MinConnections is not null) ? backend.FullConnections ?? FullOf(backend) : null,
            Retries = new() { Attempts = Math.Clamp(backend.Retries + 1, 1, 16), On = backend.Retries == 0 ? RetryConditions.None : backend.RetryOn, Budget = 100, LeastPerSecond = 1_000_000, NonIdempotent = true },
            Health = _health.Of(backend),
            Agent = HaproxyServerDrafts.AgentOf(backend),
            Outlier = null,
            SlowStart = servers.Find(server => server.SlowStart is not null)?.SlowStart,
            Queue = limited ? new(QueueOf(servers), backend.Name.Place) : null,
            Timeouts = HaproxyTimeouts.OfServers(backend),
            Sticky = sticky,
            Rules = backend.IsTcp ? [] : backend.Kind == 'L' ? [.. HaproxyRates.Rules(backend, ofBackend: true, _file), .. ForwardRules(backend)] : [.. HaproxyRates.Rules(backend, ofBackend: true, _file), .. FirstRules(backend), .. backend.EarlyRules, .. Followed(backend.Rules, backend, [.. backend.Redirects, .. ForwardRules(backend)])],
            ResponseRules = backend.Kind == 'L' || backend.IsTcp ? [] : InOrder(backend),
            Servers = [.. servers.Where(server => server.Template is null).Select(server => Drafted(server, sticky?.Value.Value == StickyValue.Server))],
            Discover = [.. servers.Where(server => server.Template is not null).Select(server => new DiscoverDraft(server.Name.Place) { Settings = server.Template!, Server = Drafted(server, withCookie: false) with { Address = null, Name = null } })],
            Resolver = HaproxyResolvers.Of(_file, backend),
        };

        ServerDraft Drafted(HaproxyServer server, bool withCookie) =>
            HaproxyServerDrafts.Of(server, withCookie) with { Health = _health.OfServer(backend, server), AgentPort = server.AgentCheck ? server.AgentPort : backend.Servers.Exists(other => other.AgentCheck) ? 0 : null, AgentAddress = server.AgentCheck ? server.AgentAddress : null, Unchecked = HaproxyHealth.IsUnchecked(backend, server) };
    }

    private QueueSettings QueueOf(List<HaproxyServer> servers) => new()
    {
        Most = servers.Max(server => server.MaxQueue) is { } most and > 0 ? Math.Min(most * servers.Count, 1_000_000) : 1_000_000,
        PriorityVariable = _file.SetsClasses ? HaproxyRules.OfClass : null,
        OffsetVariable = _file.SetsOffsets ? HaproxyRules.OfOffset : null,
    };

    private string? SourceOf(HaproxySection backend)
    {
        var own = backend.Servers.Find(server => server.Source is not null)?.Source;
        if (own is { } said && backend.Servers.Exists(server => (server.Source is { } its ? its.Value : backend.Source) != said.Value))
            _problems.Error(said.Place, "the servers of a backend come from different addresses, which is not done here", "one 'source' for all of them");
        return own is null ? backend.Source : own.Value.Value;
    }

    // HAProxy: a tenth of what the frontends let in that may lead here.
    private int FullOf(HaproxySection backend)
    {
        var sum = 0L;
        foreach (var front in _file.Proxies.Where(proxy => proxy.IsFrontend && !proxy.IsDisabled))
        {
            if (front == backend || DefaultOf(front)?.Value == backend.Name.Value || front.UseBackends.Exists(use => use.Dynamic is not null || use.Backend.Value == backend.Name.Value))
                sum += front.MaxConnections ?? _file.MaxConnections ?? MostOfFrontend;
        }

        return (int)Math.Clamp((sum + 9) / 10, 1, 1_000_000);
    }

    private IReadOnlyList<Located<RuleSettings>> ForwardRules(HaproxySection backend) =>
        backend.IsTcp ? [] : [.. backend.ForwardFor is { } forward ? (Located<RuleSettings>[])[ForwardRule(forward)] : [], .. backend.OriginalTo is { } original ? (Located<RuleSettings>[])[OriginalRule(original)] : []];

    private static Located<RuleSettings> OriginalRule(HaproxyForwardFor original)
    {
        var destination = new FetchExpression(FetchKind.LocalAddress);
        var except = original.Except is { } network ? new NotCondition(new TestCondition(destination, TestKind.Network, [network])) : null;
        return new(new() { Action = RuleAction.AddHeader, Name = original.Header, Value = TextTemplate.Of(destination), When = except }, original.Place);
    }

    private Located<StickySettings>? StickyOf(HaproxySection backend)
    {
        if (backend.Cookie is { } cookie)
        {
            if (cookie.Value.Value == StickyValue.Server && !backend.Servers.Exists(server => server is { Cookie: not null, Template: null }))
            {
                _problems.Warn(cookie.Place, "'cookie' in a backend whose servers have none, so that no client stays", "'cookie' in the servers");
                return null;
            }

            return cookie with { Value = cookie.Value with { Secret = cookie.Value.Value == StickyValue.Dynamic ? backend.DynamicKey : null, WhenDown = backend.Persist ? StickyDown.Always : StickyDown.Redispatch, Redispatch = backend.Redispatch, Variable = backend.PersistsByVariable ? HaproxyPersistence.Variable : null } };
        }

        if (backend.StickIn is not { } where)
            return null;
        var holder = backend.Name.Value == where.Value ? backend : _file.Proxies.Find(proxy => proxy.Name.Value == where.Value && proxy.StickTable is not null);
        if (holder is null)
        {
            var names = _file.Proxies.Where(proxy => proxy.StickTable is not null).Select(proxy => proxy.Name.Value).ToList();
            _problems.Error(where.Place, $"no section {Shown.Quote(where.Value)} has a 'stick-table'", names.Count == 0 ? "a section with 'stick-table'" : Shown.OneOf(names), _problems.Names.Nearest(where.Value, names));
            return null;
        }

        var table = holder.StickTable?.Value ?? new(100_000, null);
        var expire = table.Expire ?? TimeSpan.FromDays(400);
        var remembered = new StickySettings { Size = table.Size, Expire = expire < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : expire, Redispatch = backend.Redispatch, Table = IsShared(where.Value) ? where.Value : null };
        if (backend.StickLearn is { } learn)
        {
            if (backend.StickOn is { Value: var by } && by != new RequestKey(RequestKeyKind.Cookie, learn.Value))
                _problems.Error(backend.StickOn.Value.Place, "a client that is learned from a cookie is known by that cookie", $"req.cook({learn.Value})");
            return new(remembered with { Learn = learn.Value }, learn.Place);
        }

        var use = backend.StickUse switch { (true, false) => StickyUse.LookUp, (false, true) => StickyUse.Remember, _ => StickyUse.Both };
        return backend.StickOn is { } on ? new(remembered with { On = on.Value, Use = use }, on.Place) : null;
    }

    private bool IsShared(string table) => _file.Proxies.Exists(proxy => !proxy.IsDisabled && proxy.StickIn is { } where && where.Value == table && proxy.Name.Value != table);

    /// <summary>HAProxy warns of the same, and then waits for ever.</summary>
    private void WarnOfMissingTimeouts(List<HaproxySection> proxies)
    {
        foreach (var proxy in proxies)
        {
            string[] needed = [.. proxy.IsFrontend ? (string[])["client"] : [], .. proxy.IsBackend && proxy.Servers.Count > 0 ? (string[])["connect", "server"] : []];
            string[] missing = [.. needed.Where(name => HaproxyTimeouts.Of(proxy, name) is null)];
            if (missing.Length > 0)
                _problems.Warn(proxy.Name.Place, $"{Shown.Quote(proxy.Name.Value)} has no {string.Join(", no ", missing.Select(name => $"'timeout {name}'"))}: Steelyard's own limits count, where HAProxy waits for ever", string.Join(", ", missing.Select(name => $"'timeout {name} {(name == "connect" ? "5s" : "50s")}'")));
        }
    }
}
