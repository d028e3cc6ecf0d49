using System.Buffers.Binary;
using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Simulate;

/// <summary>
/// One scenario with one policy, in virtual time. Servers, network and clients are made up; whoever is chosen, left out,
/// tried again and let back is decided by the classes that serve traffic. The same seed gives the same run, and gives
/// every policy the same requests. Times are in microseconds.
/// </summary>
internal sealed class Run
{
    // As the engine's housekeeper does.
    private const long TickMicroseconds = 50_000;

    // Who is not answered by then after the last request came has failed.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(2);

    private readonly Scenario _scenario;
    private readonly ulong _seed;
    private readonly Agenda _agenda = new();
    private readonly Outcome _outcome;
    private readonly Site _site;
    private readonly HealthCount?[] _checks;
    private readonly List<SimulatedRequest> _requests = [];
    private readonly Stack<int> _unused = new();
    private readonly byte[] _key = new byte[4];
    private readonly Queue<(long Due, int Request, int Mark)> _answersDue = new();

    // Those that have waited for a server and are to go on, once what happens now has happened.
    private readonly Queue<int> _called = new();
    private readonly long _end;
    private readonly long _network;
    private readonly long _answerTimeout;
    private readonly long _queueTimeout;
    private readonly double _rate;
    private Dice _arrivals;
    private Dice _lots;
    private Pool _pool;
    private long _numbers;
    private bool _ticking;

    private Run(Scenario scenario, NamedPolicy policy, ulong seed)
    {
        (_scenario, _seed) = (scenario, seed);
        (_arrivals, _lots) = (Dice.For(seed, 1), Dice.For(seed, 2));
        _outcome = new Outcome(policy, scenario);
        _site = new Site(scenario, seed, _agenda, _requests, _outcome);
        _checks = new HealthCount?[scenario.Servers.Count];
        _end = Micro(scenario.Duration);
        _network = Site.NetworkOf(scenario);
        _answerTimeout = Micro(scenario.Timeouts.ServerResponse);
        _queueTimeout = Micro(scenario.Pool.Queue.Timeout ?? scenario.Timeouts.Queue ?? scenario.Timeouts.Connect);
        _rate = scenario.Load.Rate ?? (scenario.Load.Share is { } share ? scenario.Capacity * share / 100 : 0);
        _pool = new Pool(SettingsAt(TimeSpan.Zero), 0);
    }

    /// <summary>Runs a scenario.</summary>
    /// <param name="scenario">What is simulated.</param>
    /// <param name="policy">How servers are chosen.</param>
    /// <param name="seed">What everything random comes from.</param>
    public static Outcome Of(Scenario scenario, NamedPolicy policy, ulong seed)
    {
        var run = new Run(scenario, policy, seed);
        run.Begin();
        run.GoOn();
        return run._outcome;
    }

    private static long Micro(TimeSpan span) => (long)span.TotalMicroseconds;

    private long Now => _agenda.Now;

    private long Milliseconds => Now / 1000;

    private PoolSettings SettingsAt(TimeSpan time) => _scenario.Pool with
    {
        Balance = _outcome.Policy.Settings,
        Servers = _scenario.Pool.Servers.AsEnumerable().Where((_, i) => _scenario.Servers[i].Joins <= time).ToValueList(),
    };

    private void Begin()
    {
        Follow(_pool);
        foreach (var joins in _scenario.Servers.Select(server => server.Joins).Where(joins => joins > TimeSpan.Zero).Distinct().Order())
            _agenda.Add(Micro(joins), EntryKind.Join, 0);
        for (var i = 0; i < _scenario.Incidents.Count; i++)
            _agenda.Add(Micro(_scenario.Incidents[i].At), EntryKind.Incident, i);
        _site.Begin();

        if (_scenario.Load.Clients is null)
            PlanArrival();
        for (var client = 0; client < _scenario.Load.Clients; client++)
            _agenda.Add((long)(_arrivals.Fraction() * 1000 * Math.Max(_scenario.Load.Think, 1)), EntryKind.Ask, client);
    }

    private void GoOn()
    {
        var latest = _end + Micro(s_longestWait);
        while (true)
        {
            var due = _answersDue.TryPeek(out var answer) ? answer.Due : long.MaxValue;
            var next = Math.Min(_agenda.Next, due);
            if (next > latest || (next > _end && _unused.Count == _requests.Count))
                break;
            _agenda.Now = next;
            if (due <= _agenda.Next)
            {
                _answersDue.Dequeue();
                if (_requests[answer.Request].Mark == answer.Mark)
                    EndAttempt(answer.Request, ServerFailure.AnswerTimeout, 0);
            }
            else
            {
                Happen(_agenda.Take());
            }

            while (_called.TryDequeue(out var called))
                GoOnFromQueue(called);
        }

        foreach (var request in _requests.Where(request => request.Busy))
            Count(request, failed: true);
        _outcome.LongestQueue = Math.Max(_outcome.LongestQueue, _site.Servers.Max(server => server.LongestQueue));
    }

    private void Happen(in Agenda.Entry entry)
    {
        switch (entry.Kind)
        {
            case EntryKind.Ask:
                Ask(entry.Who);
                break;
            case EntryKind.Reach when _requests[entry.Who].Mark == entry.Mark:
                _site.Reach(entry.Who);
                break;
            case EntryKind.Finish when _requests[entry.Who].Mark == entry.Mark:
                _site.Finish(entry.Who);
                break;
            case EntryKind.Hear when _requests[entry.Who].Mark == entry.Mark:
                EndAttempt(entry.Who, _requests[entry.Who].Failure, _requests[entry.Who].Status);
                break;
            case EntryKind.ConnectTimeout when _requests[entry.Who].Mark == entry.Mark:
                EndAttempt(entry.Who, ServerFailure.ConnectTimeout, 0);
                break;
            case EntryKind.QueueTimeout when _requests[entry.Who].Mark == entry.Mark && _requests[entry.Who].Pool.Leave(_requests[entry.Who].Place):
                _requests[entry.Who].Queued = false;
                _requests[entry.Who].Call.Leave();
                Answer(entry.Who, failed: true);
                break;
            case EntryKind.BreakerTimeout when _requests[entry.Who] is { Busy: true } late && (int)late.Number == entry.Mark:
                TakeTooLong(entry.Who);
                break;
            case EntryKind.Pause:
                _site.Pause(entry.Who);
                break;
            case EntryKind.Probe:
                Probe(entry.Who);
                break;
            case EntryKind.Probed:
                Probed(entry.Who, entry.Mark != 0);
                break;
            case EntryKind.Tick:
                _ticking = _pool.Tick(Milliseconds);
                if (_ticking)
                    _agenda.Add(Now + TickMicroseconds, EntryKind.Tick, 0);
                break;
            case EntryKind.Incident:
                _site.Befall(_scenario.Incidents[entry.Who]);
                break;
            case EntryKind.Back:
                _site.Servers[entry.Who].Start(Now);
                break;
            case EntryKind.Join:
                Join();
                break;
        }
    }

    // Clients.

    private void PlanArrival()
    {
        var at = Now + (long)(_arrivals.Exponential(1 / _rate) * 1_000_000);
        if (at < _end)
            _agenda.Add(at, EntryKind.Ask, -1);
    }

    private void Ask(int client)
    {
        if (client < 0)
            PlanArrival();
        if (Now >= _end)
            return;
        if (!_unused.TryPop(out var index))
        {
            index = _requests.Count;
            var added = index;
            _requests.Add(new SimulatedRequest(() => _called.Enqueue(added)));
        }

        var request = _requests[index];
        (request.Busy, request.Number, request.Client, request.Came, request.Begun, request.Made, request.Pool) = (true, ++_numbers, client, Now, false, 0, _pool);
        request.Tried.Clear(_pool.Count);
        _pool.RetryBudget.Request(Milliseconds);
        if (Calls(index, _pool.Breaker))
            Send(index);
        else
            Answer(index, failed: true);
    }

    /// <summary>Asks a breaker whether a call may be made, and gives it its time.</summary>
    private bool Calls(int index, Breaker? breaker)
    {
        var request = _requests[index];
        if (!request.Call.Enter(breaker, Milliseconds))
            return false;
        if (request.Call.Longest is { } longest)
            _agenda.Add(Now + longest, EntryKind.BreakerTimeout, index, (int)request.Number);
        return true;
    }

    /// <summary>A call has taken longer than its breaker allows: it is broken off wherever it is, and not made again.</summary>
    private void TakeTooLong(int index)
    {
        var request = _requests[index];
        if (!request.Call.TimeOut(Milliseconds))
            return;
        if (!request.Queued)
        {
            EndAttempt(index, ServerFailure.AnswerTimeout, 0, last: true);
            return;
        }

        request.Queued = false;
        if (!request.Pool.Leave(request.Place))
            request.Place.Server?.End();
        Answer(index, failed: true);
    }

    /// <summary>The address of the client, which policies hash; where clients do not wait, one of so many for each request.</summary>
    private ReadOnlySpan<byte> KeyOf(SimulatedRequest request)
    {
        var number = request.Client >= 0 ? request.Client % _scenario.Keys : Dice.For(_seed, ((ulong)request.Number << 4) + 15).Below(_scenario.Keys);

        // Far apart, for some policies look at the first octets alone.
        BinaryPrimitives.WriteUInt32BigEndian(_key, (uint)number * 2_654_435_761);
        return _key;
    }

    private void Answer(int index, bool failed)
    {
        var request = _requests[index];
        (request.Busy, request.Mark) = (false, request.Mark + 1);
        Count(request, failed);
        if (request.Client >= 0)
            _agenda.Add(Now + 1 + (long)(_arrivals.Exponential(_scenario.Load.Think) * 1000), EntryKind.Ask, request.Client);
        _unused.Push(index);
    }

    private void Count(SimulatedRequest request, bool failed)
    {
        if (!_outcome.Counts(request.Came))
            return;
        var slot = _outcome.SlotOf(request.Came);
        if (failed)
        {
            _outcome.Failed++;
            _outcome.FailedOf[slot]++;
            return;
        }

        _outcome.Latency.Add(Now - request.Came);
        _outcome.LatencyOf[slot].Add(Now - request.Came);
    }

    // The balancer.

    private void Send(int index)
    {
        var request = _requests[index];
        var decision = request.Pool.Choose(new() { Tried = request.Tried, Now = Milliseconds, Chance = _lots.Next(), Key = KeyOf(request) });
        request.Waited = 0;
        if (decision.Server is { } chosen)
            Send(index, chosen);
        else if (decision.Reason == DecisionReason.AllFull)
            Wait(index);
        else
            GiveUp(index);
    }

    private void GiveUp(int index)
    {
        _requests[index].Call.FoundNobody(Milliseconds);
        Answer(index, failed: true);
    }

    /// <summary>Waits until a server has room.</summary>
    private void Wait(int index)
    {
        var request = _requests[index];
        (request.Queued, request.QueuedAt) = (true, Now);
        if (request.Pool.Join(request.Place, request.Tried, wanted: null, priority: 0, again: request.Begun, Milliseconds) == QueueState.Waiting)
            _agenda.Add(Now + _queueTimeout, EntryKind.QueueTimeout, index, request.Mark);
        else
            _called.Enqueue(index);
        _outcome.LongestQueue = Math.Max(_outcome.LongestQueue, request.Pool.Waiting);
    }

    private void GoOnFromQueue(int index)
    {
        var request = _requests[index];

        // A call may come late: for one that has left.
        if (!request.Queued || request.Place.State == QueueState.Waiting)
            return;
        (request.Queued, request.Mark, request.Waited) = (false, request.Mark + 1, Now - request.QueuedAt);
        if (request.Place.Server is not { } server)
        {
            if (request.Place.State == QueueState.Full)
                request.Call.Leave();
            GiveUp(index);
            return;
        }

        Send(index, server);
    }

    private void Send(int index, Server chosen)
    {
        var request = _requests[index];
        if (chosen.Breaker is { } breaker && !Calls(index, breaker))
        {
            chosen.End();
            request.Tried.Add(chosen.Index);
            Send(index);
            return;
        }

        (request.Server, request.Begun, request.Sent, request.Status, request.Failure) = (chosen, true, Now, 0, ServerFailure.None);
        var server = _site.ModelOf(chosen);
        if (_outcome.Counts(request.Came))
            _outcome.SentOf[server.Index][_outcome.SlotOf(request.Came)]++;
        server.Connected();
        _agenda.Add(Now + _network, EntryKind.Reach, index, request.Mark);
        _answersDue.Enqueue((Now + _answerTimeout, index, request.Mark));
    }

    /// <summary>An attempt has ended: the pool learns how, and the request is answered or sent to another server.</summary>
    /// <param name="index">The request.</param>
    /// <param name="failure">What the server did wrong; none when it answered.</param>
    /// <param name="status">The status of its answer; 0 for none.</param>
    /// <param name="last">Whether there is to be no other attempt.</param>
    private void EndAttempt(int index, ServerFailure failure, int status, bool last = false)
    {
        var request = _requests[index];
        var server = request.Server!;
        var model = _site.ModelOf(server);
        request.Mark++;
        server.End();
        model.Disconnected();
        if (failure == ServerFailure.AnswerTimeout && model.Finish(index))
            _site.StartWaiting(model);
        var goesOn = !last && (failure != ServerFailure.None || status >= 500) && MayGoOn(request, failure, RetryKinds.Of(failure, status));
        request.Pool.Learn(server, goesOn && failure == ServerFailure.None ? ServerFailure.RetriedStatus : failure, status, Milliseconds, failure == ServerFailure.None ? (Now - request.Sent) / 1000.0 : -1);
        if (!goesOn || server.Breaker is not null)
            request.Call.End(failure, status, Milliseconds);
        if (!goesOn)
        {
            Answer(index, failed: failure != ServerFailure.None || status >= 500);
            return;
        }

        request.Tried.Add(server.Index);
        if (_outcome.Counts(request.Came))
            _outcome.Retried++;
        Send(index);
    }

    /// <summary>As the engine's attempts: what no server has seen is safe, all else has a budget.</summary>
    private bool MayGoOn(SimulatedRequest request, ServerFailure failure, RetryConditions condition)
    {
        var settings = request.Pool.Settings.Retries;
        if (condition == RetryConditions.None || !settings.On.HasFlag(condition))
            return false;
        if (condition == RetryConditions.ConnectFailure)
            return failure == ServerFailure.Refused || ++request.Made < settings.Attempts;
        if (++request.Made >= settings.Attempts)
            return false;
        request.Tried.Add(request.Server!.Index);
        return request.Pool.HasServerBeside(request.Tried) && request.Pool.RetryBudget.TryTake(Milliseconds);
    }

    private void Follow(Pool pool)
    {
        _pool = pool;
        pool.Stirred = Stir;
        pool.TakeOver(Milliseconds);
        var place = 0;
        foreach (var server in pool.Servers)
        {
            var index = _site.ModelOf(server).Index;
            if (_checks[index] is not null || pool.Settings.HealthOf(server.Settings) is not { } health)
                continue;
            _checks[index] = new HealthCount(health, server.Up);
            _agenda.Add(Now + Micro(_checks[index]!.First(place++, pool.Count)), EntryKind.Probe, index);
        }
    }

    private void Stir(Pool pool)
    {
        if (_ticking || pool != _pool)
            return;
        _ticking = true;
        _agenda.Add(Now + TickMicroseconds, EntryKind.Tick, 0);
    }

    private void Join()
    {
        var (before, ordinal) = (_pool, 0);
        before.Stirred = null;
        foreach (var server in _site.Servers.Where(server => Micro(server.Model.Joins) == Now))
            server.Start(Now);
        Follow(new Pool(SettingsAt(TimeSpan.FromMicroseconds(Now)), () => ordinal++, before));
    }

    private Server? ServerOf(int index) => index < _pool.Count ? _pool.Servers[index] : null;

    private void Probe(int index)
    {
        if (ServerOf(index) is not { } one || _pool.Settings.HealthOf(one.Settings) is not { } settings)
            return;
        var (passes, takes) = _site.ProbeOf(index, asks: settings.Kind != ProbeKind.Tcp);
        var longest = Micro(settings.Timeout);
        _agenda.Add(Now + Math.Min(takes, longest), EntryKind.Probed, index, passes && takes < longest ? 1 : 0);
    }

    private void Probed(int index, bool passed)
    {
        var check = _checks[index]!;
        if (check.Report(passed) && ServerOf(index) is { } server)
            _pool.Checked(server, check.Up, passed ? ProbeFault.None : ProbeFault.Timeout, 0, Milliseconds);
        if (Now < _end)
            _agenda.Add(Now + Math.Max(1000, Micro(check.Next(_lots.Next()))), EntryKind.Probe, index);
    }
}
