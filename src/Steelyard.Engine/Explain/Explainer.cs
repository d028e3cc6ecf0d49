using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Http1;
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
    private readonly long _now;

    private Explainer(Snapshot snapshot, Dictionary<string, Pool> pools, long now) => (_snapshot, _pools, _now) = (snapshot, pools, now);

    /// <summary>By a configuration nobody serves: every server counts as up, and nobody has anything to do.</summary>
    public static Explainer Of(Snapshot snapshot)
    {
        var (pools, ordinals) = (new Dictionary<string, Pool>(StringComparer.Ordinal), 0);
        foreach (var settings in snapshot.Pools)
            pools.Add(settings.Name, new Pool(settings, () => ordinals++, before: null));
        return new(snapshot, pools, now: 0);
    }

    /// <summary>By what serves requests now.</summary>
    /// <param name="snapshot">The configuration it goes by.</param>
    /// <param name="serving">Its pools.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    internal static Explainer Of(Snapshot snapshot, IReadOnlyDictionary<string, Pool> serving, long now)
    {
        var pools = new Dictionary<string, Pool>(StringComparer.Ordinal);
        foreach (var (name, pool) in serving)
            pools.Add(name, pool.Copy());
        return new(snapshot, pools, now);
    }

    /// <summary>The way of a request.</summary>
    /// <exception cref="QuestionException">The question cannot be understood.</exception>
    public Answer Explain(Question question)
    {
        if (question.Repeat is < 1 or > 1_000_000)
            throw new QuestionException("a request can be repeated 1 to 1,000,000 times");
        var reader = new QuestionReader(question);
        var listener = reader.FindListener(_snapshot.Listeners.AsSpan(), out var note);
        var routes = Distinct(listener.Routes.AsSpan());
        var table = new RouteTable(routes, _pools, listener.RequestHeaders, listener.ResponseHeaders);
        var answer = listener.Mode == ListenerMode.Tcp ? Connect(reader, listener, routes, table, question) : Request(reader, listener, routes, table, question);
        return answer with { Note = note };
    }

    // Routes are told apart by who they are: two may say the same.
    private static RouteSettings[] Distinct(ReadOnlySpan<RouteSettings> routes)
    {
        var copies = new RouteSettings[routes.Length];
        for (var i = 0; i < copies.Length; i++)
            copies[i] = routes[i] with { };
        return copies;
    }

    private Answer Connect(QuestionReader reader, ListenerSettings listener, RouteSettings[] routes, RouteTable table, Question question)
    {
        var name = reader.ServerName;
        var bytes = Encoding.UTF8.GetBytes(name);
        var route = table.MatchName(bytes);
        var asked = new AskedRequest(question, listener, table) { ServerName = bytes, Pools = _pools };
        var answer = new Answer(listener, name, "", RouteVerdicts.Of(routes, route?.Settings, probed => probed.MatchName(bytes) is not null));
        return Follow(answer, route, question, asked);
    }

    private Answer Request(QuestionReader reader, ListenerSettings listener, RouteSettings[] routes, RouteTable table, Question question)
    {
        var (bytes, asked) = (reader.Head(), new AskedRequest(question, listener, table) { Pools = _pools });
        var request = asked.Request;
        if (Read(request, bytes) is { } error)
            return new(listener, "", "", []) { Refusal = RefusalOf(new(Cause.BadRequest, Detail: error)) };
        var head = asked.Head = bytes[..request.Length];
        var path = request.Path(head).ToArray();
        if (PathNormalizer.IsNeeded(path))
            path = PathNormalizer.Normalize(path, new byte[path.Length]).ToArray();
        var host = Encoding.UTF8.GetString(RouteTable.HostOf(request.Authority(head)));
        var route = table.Match(asked.Scope, path);
        var answer = new Answer(listener, host, Encoding.UTF8.GetString(path), RouteVerdicts.Of(routes, route?.Settings, probed => probed.Match(asked.Scope, path) is not null));
        return Follow(answer, route, question, asked);
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

    private Answer Follow(Answer answer, Route? route, Question question, AskedRequest asked)
    {
        if (route is null)
            return answer with { Refusal = answer.Listener.Mode == ListenerMode.Tcp ? new(0, "No route takes this name; the connection is closed.") : RefusalOf(new(Cause.NoRoute)) };
        var chosen = answer with { Route = Chosen(answer) };
        return route.Answer is not null ? chosen : chosen with { Pools = Choose(route, question, asked, fallsBack: answer.Listener.Mode == ListenerMode.Http) };
    }

    private static RouteVerdict? Chosen(Answer answer)
    {
        foreach (var verdict in answer.Routes)
        {
            if (verdict.Chosen)
                return verdict;
        }

        return null;
    }

    private List<PoolAnswer> Choose(Route route, Question question, AskedRequest asked, bool fallsBack)
    {
        var (answers, lots) = (new List<PoolAnswer>(), question.Seed);
        for (var i = 0; i < question.Repeat; i++)
        {
            for (var pool = route.ChoosePool(asked.Scope); pool is not null;)
            {
                var decision = Choose(pool, answers, asked, ref lots);
                pool = fallsBack && decision is { Server: null, Reason: not DecisionReason.AllFull } && pool.Settings.Breaker is { Fallback.Pool: { } other } ? _pools[other] : null;
            }
        }

        return answers;
    }

    /// <summary>Chooses as an exchange does: who has an open breaker is passed over.</summary>
    private Decision Choose(Pool pool, List<PoolAnswer> answers, AskedRequest asked, ref ulong lots)
    {
        var tried = new ServerSet();
        tried.Clear(pool.Count);
        var answer = answers.Find(other => other.Pool.Name == pool.Name);
        var candidates = new List<Candidate>(pool.Count);
        Decision decision;
        for (var passedOver = false; ; passedOver = true)
        {
            var choice = new Choice { Tried = tried, Owner = asked.OwnerIn(pool, _now), Now = _now, Chance = Next(ref lots), Key = asked.KeyFor(pool) };
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
