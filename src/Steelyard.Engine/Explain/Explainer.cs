using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Lists;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Explain;

/// <summary>
/// Answers what would become of a request, by the parser, the route tables, the pools and the pickers that serve
/// requests. What it asks them changes nothing: pools that serve are copied first.
/// </summary>
public sealed class Explainer
{
    private readonly Snapshot _snapshot;
    private readonly Dictionary<string, Pool> _pools;
    private readonly PatternLists? _lists;
    private readonly long _now;
    private readonly Func<string, string>? _pathOf;

    // By who they are: two listeners may say the same.
    private readonly Dictionary<ListenerSettings, AskedRoutes> _asked = new(ReferenceEqualityComparer.Instance);

    private Explainer(Snapshot snapshot, Dictionary<string, Pool> pools, PatternLists? lists, long now, Func<string, string>? pathOf) => (_snapshot, _pools, _lists, _now, _pathOf) = (snapshot, pools, lists, now, pathOf);

    /// <summary>By a configuration nobody serves: every server counts as up, and nobody has anything to do.</summary>
    /// <param name="snapshot">The configuration.</param>
    /// <param name="folder">Its folder, which the folders of static files are relative to; null for that of this process.</param>
    public static Explainer Of(Snapshot snapshot, string? folder = null)
    {
        var (pools, ordinals) = (new Dictionary<string, Pool>(StringComparer.Ordinal), 0);
        foreach (var settings in snapshot.Pools)
            pools.Add(settings.Name, new Pool(settings, () => ordinals++, before: null));
        return new(snapshot, pools, PatternLists.From(snapshot.Lists), now: 0, folder is null ? null : name => Path.Combine(folder, name));
    }

    /// <summary>By what serves requests now.</summary>
    /// <param name="snapshot">The configuration it goes by.</param>
    /// <param name="serving">Its pools.</param>
    /// <param name="lists">Its lists of patterns.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <param name="pathOf">Where a folder is that it names; null for where it says.</param>
    internal static Explainer Of(Snapshot snapshot, IReadOnlyDictionary<string, Pool> serving, PatternLists? lists, long now, Func<string, string>? pathOf = null)
    {
        var pools = new Dictionary<string, Pool>(StringComparer.Ordinal);
        foreach (var (name, pool) in serving)
            pools.Add(name, pool.Copy());
        return new(snapshot, pools, lists, now, pathOf);
    }

    /// <summary>The way of a request.</summary>
    /// <exception cref="QuestionException">The question cannot be understood.</exception>
    public Answer Explain(Question question)
    {
        if (question.Repeat is < 1 or > 1_000_000)
            throw new QuestionException("a request can be repeated 1 to 1,000,000 times");
        var reader = new QuestionReader(question);
        var listener = reader.FindListener(_snapshot.Listeners.AsSpan(), out var note);
        if (!_asked.TryGetValue(listener, out var routes))
            _asked.Add(listener, routes = new(listener, _pools, _pathOf));
        var answer = listener.Mode == ListenerMode.Tcp ? Connect(reader, routes, question) : Request(reader, routes, question);
        return answer with { Note = reader.NamesHost || listener.Mode == ListenerMode.Tcp ? note : "it names no host, as clients have to: ask with a URL, or with a field 'Host'" };
    }

    private Answer Connect(QuestionReader reader, AskedRoutes routes, Question question)
    {
        var name = reader.ServerName;
        var bytes = Encoding.UTF8.GetBytes(name);
        using var asked = new AskedRequest(question, routes) { ServerName = bytes, Pools = _pools, Listed = _lists };
        if (routes.Rules is { } rules && rules.CloseConnection(asked.Scope))
            return new Answer(routes.Listener, name, "", []) { Refusal = new(0, "A rule of the listener closes the connection.") };
        var route = routes.Table.MatchConnection(asked.Scope);
        var answer = new Answer(routes.Listener, name, "", RouteVerdicts.Of(routes.Settings, route?.Settings, probed => probed.MatchConnection(asked.Scope) is not null));
        if (route is null)
            return answer with { Refusal = new(0, "No route takes this connection; it is closed.") };
        return answer with { Route = Chosen(answer), Pools = Choose(route.ChoosePool(asked)!, route, question, asked, fallsBack: false) };
    }

    private Answer Request(QuestionReader reader, AskedRoutes routes, Question question)
    {
        var bytes = reader.Head();
        using var asked = new AskedRequest(question, routes) { Pools = _pools, Listed = _lists };
        var request = asked.Request;
        if (Read(request, bytes) is { } error)
            return new(routes.Listener, "", "", []) { Refusal = RefusalOf(new(Cause.BadRequest, Detail: error)) };
        asked.Hold(bytes[..request.Length]);

        // Told as it was when the route was found, for the rules of the route may change what is asked for.
        Answer? compared = null;
        asked.Entered = route => compared = Compare(asked, routes, route.Settings, question.Compares);
        var targetBefore = TargetOf(asked);
        var end = new AskedExchange(asked, routes).Run();
        var answer = (compared ?? Compare(asked, routes, chosen: null, question.Compares)) with
        {
            Rules = asked.Steps,
            Target = TargetAtServer(asked, end.Pool is not null) is var target && target != targetBefore ? target : null,
            Refusal = end.Refusal,
            Given = end.Given,
        };
        answer = answer with { Route = Chosen(answer) };
        return end.Pool is { } pool ? answer with { Pools = Choose(pool, asked.Route, question, asked, fallsBack: true) } : answer;
    }

    private static Answer Compare(AskedRequest asked, AskedRoutes routes, RouteSettings? chosen, bool all)
    {
        var path = RouteFinder.PathOf(asked, new byte[asked.Head.Length]).ToArray();
        var host = Encoding.UTF8.GetString(RouteTable.HostOf(asked.Request.Authority(asked.Head)));
        return new(routes.Listener, host, Encoding.UTF8.GetString(path), all ? RouteVerdicts.Of(routes.Settings, chosen, probed => probed.Match(asked.Scope, path) is not null) : RouteVerdicts.Only(routes.Settings, chosen));
    }

    private static string TargetOf(AskedRequest asked) => Encoding.UTF8.GetString(asked.Scope[TemplateVariable.Uri]);

    private static string TargetAtServer(AskedRequest asked, bool toServer)
    {
        if (!toServer || asked.Route is { ChangesPath: false, ServerTarget: null })
            return TargetOf(asked);
        var block = asked.Blocks.Rent();
        var writer = new BlockWriter(block);
        if (asked.Route.ServerTarget is { } target)
        {
            RequestWriter.WriteTarget(ref writer, target, asked.Scope);
            var whole = Encoding.UTF8.GetString(writer.Written.Span);
            asked.Blocks.Return(block);
            return whole;
        }

        asked.Route.WritePath(ref writer, asked.Scope, RouteFinder.PathOf(asked, new byte[asked.Head.Length]));
        var path = Encoding.UTF8.GetString(writer.Written.Span);
        asked.Blocks.Return(block);
        var query = Encoding.UTF8.GetString(asked.Request.Query(asked.Head));
        return query.Length == 0 ? path : $"{path}?{query}";
    }

    private HeadError? Read(RequestHead request, byte[] bytes)
    {
        var limits = _snapshot.Limits;
        var state = request.Read(bytes, (int)limits.Header.Bytes, limits.HeaderCount);
        return state == HeadState.Incomplete ? HeadError.TooLarge
            : state == HeadState.Invalid ? request.Error
            : request.FieldsStart - 2 > limits.RequestLine.Bytes ? HeadError.TargetTooLong
            : null;
    }

    private static Refusal RefusalOf(in Outcome outcome) => new(outcome.Status, outcome.Sentence);

    private static RouteVerdict? Chosen(Answer answer)
    {
        foreach (var verdict in answer.Routes)
        {
            if (verdict.Chosen)
                return verdict;
        }

        return null;
    }

    private List<PoolAnswer> Choose(Pool first, Route route, Question question, AskedRequest asked, bool fallsBack)
    {
        var (answers, lots) = (new List<PoolAnswer>(), question.Seed);
        for (var i = 0; i < question.Repeat; i++)
        {
            for (var pool = i == 0 ? first : route.ChoosePool(asked); pool is not null;)
            {
                var decision = Choose(pool, route, answers, asked, ref lots);
                pool = fallsBack && decision is { Server: null, Reason: not DecisionReason.AllFull } && pool.Settings.Breaker is { Fallback.Pool: { } other } ? _pools[other] : null;
            }
        }

        return answers;
    }

    /// <summary>Chooses as an exchange does: who has an open breaker is passed over.</summary>
    private Decision Choose(Pool pool, Route route, List<PoolAnswer> answers, AskedRequest asked, ref ulong lots)
    {
        var tried = new ServerSet();
        tried.Clear(pool.Count);
        var answer = answers.Find(other => other.Pool.Name == pool.Name);
        var candidates = new List<Candidate>(pool.Count);
        Decision decision;
        for (var passedOver = false; ; passedOver = true)
        {
            var choice = new Choice { Tried = tried, Owner = asked.OwnerIn(pool, _now), Named = route.Server is { } named ? pool.Twin(named) : null, Now = _now, Chance = Next(ref lots), Key = asked.KeyFor(pool) };
            decision = answer is null && !passedOver ? pool.Explain(choice, candidates) : pool.Choose(choice);
            decision.Server?.End();
            if (pool.Breaker?.WouldRefuse(_now) is true || (passedOver && decision.Reason == DecisionReason.NoneLeft))
                decision = new(null, DecisionReason.BreakerOpen);
            if (decision.Server?.Breaker?.WouldRefuse(_now) is not true)
                break;
            tried.Add(decision.Server.Index);
        }

        if (answer is null)
            answers.Add(answer = new(pool.Settings, pool.ScoreMeaning, candidates, decision) { CountsByServer = new int[pool.Count] });
        answer.Requests++;
        if (decision.Server is { } server)
            answer.CountsByServer[server.Index]++;
        else
            answer.WithoutServer++;
        return decision;
    }

    /// <summary>SplitMix64 (Steele, Lea, Flood 2014).</summary>
    private static ulong Next(ref ulong state)
    {
        var mixed = state += 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
