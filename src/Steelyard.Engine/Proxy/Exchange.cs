using System.Runtime.CompilerServices;
using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Rules;

namespace Steelyard.Engine.Proxy;

/// <summary>What becomes of the client's connection after an exchange.</summary>
internal enum AfterExchange : byte
{
    /// <summary>The next request may come.</summary>
    KeepAlive,

    /// <summary>Close it.</summary>
    Close,

    /// <summary>Close it once the client has had time to read the answer.</summary>
    Linger,

    /// <summary>End it behind what was sent of an answer that was cut short, and not as one that is whole.</summary>
    Truncate,

    /// <summary>Break it off: an answer was cut short, and nothing else would show it, or nobody reads it.</summary>
    Reset,
}

/// <summary>
/// One request and its response, from the first byte read to the last one sent: <see cref="Run"/> is the whole story.
/// Used again and again; owned by its loop.
/// </summary>
internal sealed class Exchange
{
    // nginx: a request whose client closed the connection.
    private const int ClientGoneStatus = 499;

    // nginx: a connection that is closed without an answer.
    private const int ClosedByRuleStatus = 444;

    private const int TimeoutStatus = 408;
    private const int BadRequestStatus = 400;
    private const int NoStatus = -1;
    private const int OkStatus = 200;
    private const int ForbiddenStatus = 403;
    private const int PreconditionStatus = 412;
    private const int TooLargeStatus = 431;

    private readonly ProxyLoop _loop;
    private readonly ExchangeContext _context;
    private readonly Attempts _attempts;
    private readonly ServerChoice _choice;
    private readonly BreakerGuard _guard;
    private readonly Admission _admission;
    private readonly OutgoingRequest _outgoing;
    private readonly ServerConnector _connector;
    private readonly Conversation _conversation;
    private TurnBudget _budget;

    public Exchange(ProxyLoop loop)
    {
        _loop = loop;
        _context = new ExchangeContext(loop);
        _attempts = new Attempts(loop.Events, loop.Counters);
        _choice = new ServerChoice(_context, _attempts);
        _admission = new Admission(_context);
        _guard = new BreakerGuard(_context, EndCall);
        _outgoing = new OutgoingRequest(_context);
        _connector = new ServerConnector(_context, _attempts);
        _conversation = new Conversation(_context, _outgoing, _attempts, _guard);
        _budget = new(loop.Events);
    }

    /// <summary>What it is about.</summary>
    public ExchangeContext Context => _context;

    private ClientConnection Client => _context.Client;

    private RequestHead Request => _context.Request;

    /// <summary>Serves one request.</summary>
    /// <param name="client">The connection; the first bytes of the request have arrived.</param>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<AfterExchange> Run(ClientConnection client)
    {
        _context.Begin(client);
        _context.EnterListener();
        _context.Deadline.Begin();
        _outgoing.Begin();
        _conversation.Begin();

        // 1. Read the head.
        var outcome = await ReadRequestHead();
        if (!outcome.IsSuccess)
            return await Refuse(outcome);
        _context.Record.HeadAt = _context.Events.Now;
        _loop.Counters.Requests++;
        _context.SeeWhoAsks();
        _context.Tracking?.Begin();

        // 2. Do what the listener's rules say, and match the route; one that gives the answer itself needs no server.
        if (Client.Listener.Rules is { } rules && rules.RunOnRequest(_context, out var ofRule) is not RuleVerdict.GoOn and var endsAtListener)
            return await Follow(endsAtListener, ofRule);
        return await Serve();
    }

    /// <summary>Serves what is asked for: the request as it came, or an error page in the place of an answer.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> Serve()
    {
        var outcome = Outcome.Success;
        LocalAnswer? ofRule = null;
        if (!_context.IsAllowed && RouteFinder.Find(_context, Client.Listener.Routes, _loop.PathRoom, out ofRule) is not RuleVerdict.GoOn and var endsAtRoute)
            return await Follow(endsAtRoute, ofRule);
        var route = _context.Route;

        // 3. Admit, now or when the client's rate has room for it, and when whoever is asked first lets it.
        if (!_context.IsAllowed && Client.Listener.Limits is { } ofListener)
            outcome = await _admission.Ask(ofListener);
        if (!_context.IsAllowed && outcome.IsSuccess && route.Limits is { } ofRoute)
            outcome = await _admission.Ask(ofRoute);
        if (!outcome.IsSuccess)
            return await Refuse(outcome);
        if (!_context.IsAllowed && _context.AskingFor is null)
        {
            // nginx: what is asked within has no access phase.
            if (route.AccessRules is { } access && access.RunOnRequest(_context, out ofRule) is not RuleVerdict.GoOn and var endsAtAccess)
                return await Follow(endsAtAccess, ofRule);
            if (route.Ask is not null)
                return await (_context.BeginAsking() ? Serve() : GoOn(TooLargeStatus));
        }

        _context.IsAllowed = false;
        if (route.Answer is { } answer)
        {
            _context.Record.IsLocal = true;
            return await Give(answer);
        }

        if (route.Files is { } files)
        {
            _context.Record.IsLocal = true;
            return await Give(files);
        }

        if (route.Statistics is { } statistics)
        {
            _context.Record.IsLocal = true;
            return await Give(statistics);
        }

        outcome = Admit();
        if (!outcome.IsSuccess)
            return await Refuse(outcome);

        // 4. See whose client it is, and write the request as the servers shall see it.
        if (route.ChoosePool(_context.Scope) is not { } pool)
            return await Refuse(new(Cause.NoServer));
        _context.Pool = pool;
        if (_context.Log is not null)
            _context.Record.Enter(pool);
        if (_context.Plan.PoolLimits is { } limits && limits.GetValueOrDefault(pool) is { } ofPool)
            outcome = await _admission.Ask(ofPool);
        if (!outcome.IsSuccess)
            return await Refuse(outcome);
        if (_context.Plan.PoolRules is { } poolRules && poolRules.GetValueOrDefault(pool).OfRequests is { } rulesOfPool && rulesOfPool.RunOnRequest(_context, out ofRule) is not RuleVerdict.GoOn and var endsAtPool)
            return await Follow(endsAtPool, ofRule);
        _context.Affinity.Begin(pool);
        outcome = _outgoing.Prepare(pool);
        if (!outcome.IsSuccess)
            return await Refuse(outcome);

        // 5. Choose a server or wait for one, connect or reuse, send, and stream the answer back; again while that is safe.
        for (var again = Begin(pool, ref outcome) || FallsBack(ref pool, ref outcome); again;)
        {
            var sameServer = outcome.Retry == Retry.OnFreshConnection;
            var chosen = sameServer ? Outcome.Success : await _choice.Choose(pool);
            if (chosen.IsSuccess && !sameServer && _context.Server!.Breaker is { } breaker)
                chosen = _guard.Enter(breaker);
            if (!chosen.IsSuccess)
            {
                again = IsPassedOver(chosen, ref outcome) || FallsBack(ref pool, ref outcome);
                continue;
            }

            var retried = outcome.Retry != Retry.Never;
            if (retried)
                _loop.Counters.Retries++;

            var (server, status, latency) = (_context.Server!, 0, -1L);
            _context.AttemptBegun = _context.Events.Now;
            _context.Record.ChosenAt = _context.Events.Now;
            _context.Record.BeginAttempt(retried, elsewhere: !sameServer);
            outcome = await _connector.Connect(server, reuse: !sameServer);
            if (outcome.IsSuccess)
            {
                _context.Record.ConnectedAt = _context.Events.Now;
                CountConnection(pool, server);
                outcome = await _conversation.Run();
                (status, latency) = (_conversation.Status, _conversation.Latency);
            }

            if (!outcome.IsSuccess && !_context.ResponseBegun)
                outcome = EndedByTime(outcome);
            if (_context.Log is { KeepsAttempts: true })
                _context.Record.EndAttempt(server.AddressBytes, outcome.IsSuccess ? status : outcome.FailedStatus > 0 ? outcome.FailedStatus : outcome.ToldAsGateway().Status);
            Learn(pool, server, outcome, status, latency);
            CountAttempt(pool, server, outcome, status, retried);
            if (outcome.Retry == Retry.OnAnotherServer)
                _attempts.Tried.Add(server.Index);
            again = outcome.Retry != Retry.Never || FallsBack(ref pool, ref outcome);
        }

        // 6. Tell the client, if there is still something to tell, and let go.
        _context.EndWithServer();
        if (_context.AskingFor is not null && outcome.Cause == Cause.StatusReplaced)
            return await GoOn(outcome.FailedStatus);
        _context.Deadline.Cancel();
        _outgoing.End();
        _context.Record.Ending = outcome;
        return outcome.IsSuccess ? AfterSuccess()
            : outcome.Cause == Cause.StatusReplaced && ErrorPageFor(outcome.FailedStatus) is { } page ? await Show(page, outcome.FailedStatus)
            : FallbackFor(pool, outcome) is { } instead ? await Give(instead)
            : await Refuse(outcome);
    }

    /// <summary>Whoever was asked first has answered: the request goes on, or its client is told why not.</summary>
    private ValueTask<AfterExchange> GoOn(int status)
    {
        _outgoing.End();
        _outgoing.Begin();
        _context.EndAsking();
        if (AskedFirst.RefusalFor(status, _context.IsChallenged) is { } refusal)
            return Tell(refusal);
        _context.IsAllowed = true;
        return Serve();
    }

    /// <summary>A rule has ended the exchange.</summary>
    private ValueTask<AfterExchange> Follow(RuleVerdict verdict, LocalAnswer? answer)
    {
        if (verdict == RuleVerdict.Reroute)
        {
            _context.Turns++;
            return Serve();
        }

        if (_context.AskingFor is not null)
            return GoOn(verdict == RuleVerdict.Answer ? answer!.Status : TooLargeStatus);
        (_context.Record.IsDenied, _context.Record.IsLocal) = (answer is null or { IsDenial: true }, true);
        if (verdict == RuleVerdict.Answer)
        {
            if (answer!.IsDenial && ErrorPageFor(answer.Status) is { } page)
                return Show(page, answer.Status);

            // What refuses in the place of an error is an error of its own.
            if (answer.IsDenial)
                _context.TellOwnStatus();
            return Give(answer);
        }

        if (verdict != RuleVerdict.Close)
            return Refuse(RouteFinder.OutcomeOf(verdict));
        return new(CloseUnanswered());
    }

    private AfterExchange CloseUnanswered()
    {
        _context.Deadline.Cancel();
        _outgoing.End();
        Count(ClosedByRuleStatus);
        Log(ClosedByRuleStatus);
        return AfterExchange.Close;
    }

    /// <summary>Begins with a pool, if its breaker allows.</summary>
    private bool Begin(Pool pool, ref Outcome outcome)
    {
        _attempts.Begin(pool, _context.Affinity.Owner);
        _choice.Begin();
        outcome = _guard.Enter(pool.Breaker);
        return outcome.IsSuccess;
    }

    /// <summary>No server was chosen, or one whose breaker is open.</summary>
    /// <returns>Whether another one is to be chosen.</returns>
    private bool IsPassedOver(in Outcome chosen, ref Outcome outcome)
    {
        if (chosen.Cause == Cause.BreakerOpen)
        {
            _attempts.Tried.Add(_context.Server!.Index);
            outcome = chosen;
            return true;
        }

        if (_context.Log is { KeepsAttempts: true } && _context.Record.Tried.Count == 0)
            _context.Record.EndAttempt(_context.Pool!.NameBytes, chosen.ToldAsGateway().Status);

        // What became of the last attempt says more than that there is no other.
        outcome = outcome.IsSuccess || chosen.Cause != Cause.NoServer ? EndedByTime(chosen) : outcome with { Retry = Retry.Never };
        _guard.End(outcome);
        return false;
    }

    /// <summary>What an end means that the time has brought about.</summary>
    private Outcome EndedByTime(in Outcome outcome) =>
        _context.Deadline.Passed ? new(_outgoing.BodyPending && outcome.Cause != Cause.RequestTimeout ? Cause.BodyTimeout : Cause.RequestTimeout)
        : _guard.TimedOut ? new(Cause.BreakerTimeout)
        : outcome;

    /// <summary>Remembers how the server did. That a kept connection was closed meanwhile is no failure of it.</summary>
    private void Learn(Pool pool, Server server, in Outcome outcome, int status, long latency)
    {
        if (outcome.Retry == Retry.OnFreshConnection)
            return;
        var answered = outcome.IsSuccess || outcome.Cause == Cause.StatusReplaced;
        if (answered || outcome.ServerFailure != ServerFailure.None)
            pool.Learn(server, answered ? ServerFailure.None : outcome.ServerFailure, status, _context.Events.Now, latency);
        if (outcome.Retry == Retry.Never || server.Breaker is not null)
            _guard.End(outcome);
    }

    /// <summary>Goes on with another pool, where the breaker of this one says so and the request may go there.</summary>
    private bool FallsBack(ref Pool pool, ref Outcome outcome)
    {
        if (outcome.Fault != Fault.Server || _context.ResponseBegun || pool.Settings.Breaker is not { Fallback.Pool: { } name } || !_outgoing.Replayable
            || (!outcome.IsUnsent && !_conversation.MayBeSentAgain))
            return false;
        CountFallback(pool);
        _context.EndWithServer();
        pool = _context.Pool = _context.Plan.Pools[name];
        if (_context.Log is not null)
            _context.Record.Enter(pool);
        _context.Affinity.Begin(pool);
        return Begin(pool, ref outcome) || FallsBack(ref pool, ref outcome);
    }

    /// <summary>The answer that a client gets instead of a failure; null for none.</summary>
    private LocalAnswer? FallbackFor(Pool pool, in Outcome outcome)
    {
        if (outcome.Fault != Fault.Server || _context.ResponseBegun || _context.Plan.Fallbacks.GetValueOrDefault(pool) is not { } instead)
            return null;
        CountFallback(pool);
        return instead;
    }

    private void CountFallback(Pool pool)
    {
        _loop.Counters.Fallbacks++;
        (pool.Breaker ?? _context.Server?.Breaker)?.FellBack();
    }

    /// <summary>The breaker's time is over: breaks off what the exchange waits on.</summary>
    private void EndCall()
    {
        _choice.Abort();
        _context.Upstream?.Transport.Abort();
    }

    private void CountConnection(Pool pool, Server server)
    {
        var meter = _context.Meters.Server(pool, server);
        if (_context.Upstream!.Reused)
        {
            meter.Reused++;
            return;
        }

        meter.Connected(_context.Events.Now - _context.AttemptBegun);
    }

    /// <summary>Counts what came of an attempt; one over a kept connection that was closed meanwhile is none.</summary>
    private void CountAttempt(Pool pool, Server server, in Outcome outcome, int status, bool retried)
    {
        if (outcome.Retry == Retry.OnFreshConnection)
            return;
        var meter = _context.Meters.Server(pool, server);
        meter.Answered(status, _context.AnsweredAt - _context.AttemptBegun, End - _context.AttemptBegun);
        meter.Retried += retried ? 1 : 0;
        meter.Redispatched += outcome.Retry == Retry.OnAnotherServer ? 1 : 0;
        meter.BytesSent += BytesRead;
        meter.BytesReceived += _context.BytesPassed;
    }

    /// <summary>Counts a request that is over.</summary>
    /// <param name="status">What the client was told; 499, as nginx has it, where it left before.</param>
    /// <param name="sent">Bytes of an answer of the proxy's own.</param>
    private void Count(int status, long sent = 0)
    {
        _context.Meters.Route(_context.Route?.Ordinal ?? 0).Count(Request.Method, status, End - _context.Begun);
        _context.Meters.Listener(Client.Listener.Ordinal).Answered(status, BytesRead, _context.BytesPassed + sent);
        _context.Tracking?.Answered(status, BytesRead, _context.BytesPassed + sent);
    }

    /// <summary>Writes down an exchange that is over, where somebody wants that.</summary>
    /// <param name="status">What the client was told; -1 for nothing.</param>
    /// <param name="own">An answer of the proxy's own; empty where there was none.</param>
    private void Log(int status, ReadOnlySpan<byte> own = default)
    {
        if (_context.Log is not { } log)
            return;
        if (!own.IsEmpty && log.KeepsResponse)
            _context.Record.Capture(log, null, default, own);

        // An error page's place may be a server, whose own status the client does not see.
        if (own.IsEmpty && _context.ToldStatus > 0 && _context.ResponseBegun && status is not (204 or 304))
            status = _context.ToldStatus;
        var headBytes = own.IsEmpty ? _context.Record.HeadBytes : own.IndexOf("\r\n\r\n"u8) + 4;
        var sent = _context.BytesPassed + own.Length;
        _context.Record.Write(log, !_context.HeadHeld && Client.Input.IsEmpty, status, sent, Math.Max(sent - headBytes, 0), BytesRead);
    }

    // What goes on as another protocol is not a request any more.
    private long End => _context.Switched ? _context.AnsweredAt : _context.Events.Now;

    /// <summary>Bytes of the request that were taken so far.</summary>
    private long BytesRead => (_context.HeadHeld ? Request.Length : 0) + _outgoing.Upload.Passed;

    /// <summary>Writes down that a client has sent nothing.</summary>
    public void NoteNothing(ClientConnection client, bool timedOut)
    {
        _context.Begin(client);
        _outgoing.Begin();
        _context.Record.Ending = new(timedOut ? Cause.HeaderTimeout : Cause.ClientGone);
        Log(timedOut ? TimeoutStatus : BadRequestStatus);
    }

    /// <summary>Reads until the head is complete.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<Outcome> ReadRequestHead()
    {
        var deadline = Math.Min(_context.Events.In(_context.Timeouts.ClientHeader), _context.Deadline.Due);
        var (most, mostFields) = ((int)_context.Plan.Limits.Header.Bytes, _context.Plan.Limits.HeaderCount);
        while (true)
        {
            var state = Request.Read(Client.Input.Unread, most, mostFields);
            if (state == HeadState.Complete)
            {
                if (Request.FieldsStart - 2 > _context.Plan.Limits.RequestLine.Bytes)
                    return new(Cause.BadRequest, Detail: HeadError.TargetTooLong);
                Client.Input.HoldHead(Request.Length);
                _context.HeadHeld = true;
                return Outcome.Success;
            }

            if (state == HeadState.Invalid)
                return new(Cause.BadRequest, Detail: Request.Error);
            var wait = deadline - _context.Events.Now;
            var filled = wait > 0 ? await Client.Input.Fill(Client.Transport, wait) : IoStatus.TimedOut;
            if (filled != IoStatus.Done)
                return new(filled == IoStatus.TimedOut ? Cause.HeaderTimeout : Cause.ClientGone);
        }
    }

    /// <summary>What is answered instead of an error; null for nothing.</summary>
    private ErrorPages.Page? ErrorPageFor(int status) =>
        _context.HeadHeld && !_context.ResponseBegun && _context.AskingFor is null ? _context.PageFor(status) : null;

    /// <summary>Answers an error with what the configuration has for it.</summary>
    private ValueTask<AfterExchange> Show(ErrorPages.Page page, int status)
    {
        // To who is named by the name of a route goes the request as it came, unless its body is on the way already (nginx: a named location).
        var keeps = page is { Redirect: null, Path: null } && !_outgoing.IsPrepared;
        _context.BodyLeft |= !keeps && _outgoing.BodyPending;
        _context.EndWithServer();
        _outgoing.End();
        _outgoing.Begin();
        return _context.GoTo(page, status, keeps) switch
        {
            PageStep.Route => Serve(),
            PageStep.Redirect => Give(page.Redirect!),
            _ => Refuse(RouteFinder.OutcomeOf(RuleVerdict.TooLarge)),
        };
    }

    private Outcome Admit()
    {
        var most = _context.Route.MostBody ?? _context.Plan.Limits.Body?.Bytes ?? long.MaxValue;
        return Request.Body.Kind == BodyKind.Counted && Request.Body.Length > most ? new(Cause.BodyTooLarge) : Outcome.Success;
    }

    private AfterExchange AfterSuccess()
    {
        Count(_conversation.Status);
        Log(_conversation.Status);
        if (_context.Switched)
            return AfterExchange.Close;

        // What the client still sends of its body nobody will read as a request.
        if (_outgoing.BodyPending || _context.BodyLeft)
            return AfterExchange.Linger;
        return _context.ClosesAfter ? CloseOrLinger() : AfterExchange.KeepAlive;
    }

    // To close with bytes unread would break the connection off, and with it what is still on the way to the client.
    private AfterExchange CloseOrLinger() =>
        Client.Input.IsEmpty && !Client.Transport.ReadReady ? AfterExchange.Close : AfterExchange.Linger;

    /// <summary>Answers in the server's place, or breaks off an answer that has begun.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> Refuse(Outcome outcome)
    {
        if (Client.Listener.GatewayStatuses)
            outcome = outcome.ToldAsGateway();

        // Of a client that is gone nothing more is to be asked.
        if (_context.AskingFor is not null && outcome.Status > 0 && outcome.Fault != Fault.Client)
            return await GoOn(outcome.Status);
        if (outcome.Told == ClosedByRuleStatus && !_context.ResponseBegun)
            return CloseUnanswered();
        if (outcome.Status > 0 && ErrorPageFor(outcome.Status) is { } instead)
            return await Show(instead, outcome.Status);
        _context.Deadline.Cancel();
        _outgoing.End();
        _context.Record.Ending = outcome;
        if (_context.ResponseBegun)
        {
            _loop.Counters.Cut++;
            Note(outcome);
            Count(_conversation.Status);
            Log(_conversation.Status);

            // What came before the server broke off still reaches whoever can see that the end is missing.
            return _context.EndShows && outcome.Cause is (Cause.ServerClosedInBody or Cause.ServerStalledInBody) ? AfterExchange.Truncate : AfterExchange.Reset;
        }

        if (outcome.Status == 0)
        {
            if (_context.HeadHeld)
                Count(ClientGoneStatus);

            // HAProxy: whoever goes away before the head is whole has sent a bad request.
            Log(_context.HeadHeld ? NoStatus : BadRequestStatus);
            return AfterExchange.Close;
        }

        _loop.Counters.Refused++;
        Note(outcome);

        // After a fault of the client's nobody knows where its next request would start.
        var close = EndsConnection || outcome.LosesPlace;
        var block = _context.Events.Blocks.Rent();
        var page = WriteRefusal(block, outcome, close, _context.ResponseEdits) ?? WriteRefusal(block, outcome, close, null)!.Value;
        return await Send(block, page, outcome.Status, close);
    }

    /// <summary>Keeps an error for people to look at.</summary>
    private void Note(in Outcome outcome)
    {
        if (_loop.Errors.HasRoom(_context.Events.Now))
            _loop.Errors.Add(ErrorNote.Of(outcome, _context));
    }

    /// <summary>Gives the answer of a route that needs no server.</summary>
    private ValueTask<AfterExchange> Give(LocalAnswer answer)
    {
        if (_context.AskingFor is not null)
            return GoOn(answer.Status);
        _context.Deadline.Cancel();

        // HTTP/1.0 may leave the host out.
        if (answer.NamesHost && Request.Authority(_context.Head).IsEmpty)
            return Refuse(new(Cause.BadRequest, Detail: HeadError.Host));
        var block = _context.Events.Blocks.Rent();
        var close = EndsConnection;
        var writer = new BlockWriter(block);
        _context.OwnStatus = _context.ToldStatus > 0 ? _context.ToldStatus : answer.Status;
        answer.Write(ref writer, _context.Scope, _context.ResponseEdits, Request.Method == KnownMethod.Head, OptionFor(close), _context.Events.Date.At(_context.Events.Now), _context.Explanation, _context.ToldStatus);
        if (!writer.Overflowed)
            return Send(block, writer.Written, _context.OwnStatus, close);
        _context.Events.Blocks.Return(block);
        return Refuse(new(Cause.BadRequest, Detail: HeadError.TooLarge));
    }

    /// <summary>Gives a file, or what is answered in its place.</summary>
    private ValueTask<AfterExchange> Give(StaticFiles files)
    {
        switch (files.Find(_context, out var path, out var status))
        {
            case FileVerdict.Found:
                return files.Open(_context, path) is { } file ? Give(file, files, path) : Tell(files.Tells(ForbiddenStatus));
            case FileVerdict.Folder:
                return files.List(_context, path) is { } list ? Give(new PageAnswer(new(files.ListingType, list))) : Tell(files.Tells(ForbiddenStatus));
            case FileVerdict.Slash:
                return Give(files.SlashAnswer);
            case FileVerdict.Elsewhere:
                _context.Turns++;
                return Serve();
            default:
                return Tell(files.Tells(status));
        }
    }

    private ValueTask<AfterExchange> Tell(LocalAnswer answer) => ErrorPageFor(answer.Status) is { } page ? Show(page, answer.Status) : Give(answer);

    private ValueTask<AfterExchange> Give(FileAnswer file, StaticFiles files, string path)
    {
        // An error page that is told as 200 is an answer like any other.
        var type = files.TypeOf(path);
        if (_context.AskingFor is not null)
        {
            file.Dispose();
            return GoOn(OkStatus);
        }

        file.Choose(Request, _context.Head, whole: _context.ToldStatus is not (0 or OkStatus), type);
        if (file.Status == PreconditionStatus)
        {
            file.Dispose();
            return Tell(files.Tells(PreconditionStatus));
        }

        _context.Deadline.Cancel();
        var (block, close) = (_context.Events.Blocks.Rent(), EndsConnection);
        var told = _context.ToldStatus == OkStatus && file.Status != OkStatus ? 0 : _context.ToldStatus;
        _context.OwnStatus = told > 0 ? told : file.Status;
        var writer = new BlockWriter(block);
        file.WriteHead(ref writer, told, type, _context.ResponseEdits, _context.Scope, OptionFor(close), _context.Events.Date.At(_context.Events.Now));
        if (!writer.Overflowed)
            return SendLong(file, block, writer.Length, close);
        file.Dispose();
        _context.Events.Blocks.Return(block);
        return Refuse(new(Cause.BadRequest, Detail: HeadError.TooLarge));
    }

    /// <summary>Gives a page about the balancer.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> Give(StatisticsSettings statistics)
    {
        if (_loop.Pages is not { } pages)
            return await Refuse(new(Cause.NoRoute));
        return await Give(new PageAnswer(await pages(new(statistics, Encoding.ASCII.GetString(Request.OriginalTarget(_context.Head))))) { IsFresh = true });
    }

    private ValueTask<AfterExchange> Give(PageAnswer page)
    {
        if (_context.AskingFor is not null)
            return GoOn(OkStatus);
        _context.Deadline.Cancel();
        var (block, close) = (_context.Events.Blocks.Rent(), EndsConnection);
        _context.OwnStatus = _context.ToldStatus > 0 ? _context.ToldStatus : OkStatus;
        var length = WritePage(block, page, close);
        if (length >= 0)
            return SendLong(page, block, length, close);
        _context.Events.Blocks.Return(block);
        return Refuse(new(Cause.BadRequest, Detail: HeadError.TooLarge));
    }

    private int WritePage(Block block, PageAnswer page, bool close)
    {
        var writer = new BlockWriter(block);
        page.WriteHead(ref writer, _context.OwnStatus, _context.ResponseEdits, _context.Scope, OptionFor(close), _context.Events.Date.At(_context.Events.Now));
        return writer.Overflowed ? -1 : writer.Length;
    }

    /// <summary>Sends a head and a long body, and lets go of both.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> SendLong(LongAnswer file, Block block, int length, bool close)
    {
        _context.Record.HeadBytes = length;
        if (_context.Log is { KeepsResponse: true } log)
            _context.Record.Capture(log, null, default, block.Span[..length]);
        var (sent, cut, passed, headOnly) = (IoStatus.Done, false, 0L, Request.Method == KnownMethod.Head);
        do
        {
            if (!headOnly && file.Left > 0 && length < Block.Size)
            {
                var read = file.Read(block.Span[length..]);
                cut = read == 0;
                length += read;
            }

            sent = await Client.Transport.SendAll(block.Slice(0, length), _context.Timeouts.ClientBody);
            var spent = length;
            (passed, length) = (passed + length, 0);
            if (_budget.Spend(spent))
                await _loop.Events.NextTurn;
        }
        while (sent == IoStatus.Done && !headOnly && !cut && file.Left > 0);

        file.Dispose();
        _context.Events.Blocks.Return(block);
        _context.BytesPassed = passed;
        if (cut)
            NoteCut(Cause.FileCut);
        else if (sent != IoStatus.Done)
            NoteCut(CauseOf(sent));
        Count(_context.OwnStatus);
        Log(_context.OwnStatus);
        return cut ? AfterExchange.Reset
            : sent != IoStatus.Done ? AfterExchange.Close
            : !close ? AfterExchange.KeepAlive
            : Unread ? AfterExchange.Linger
            : CloseOrLinger();
    }

    /// <summary>An answer of the proxy's own does not get to its end. Why it was given, if not for what was asked, says more.</summary>
    private void NoteCut(Cause cause)
    {
        _context.Record.IsCut = true;
        if (_context.Record is { Ending.IsSuccess: true, IsDenied: false })
            _context.Record.Ending = new(cause);
    }

    private static Cause CauseOf(IoStatus sent) => sent == IoStatus.TimedOut ? Cause.ClientStalled : Cause.ClientGone;

    /// <summary>Something of the client's request is still to come that nobody will read.</summary>
    private bool Unread => !_context.HeadHeld || _outgoing.BodyPending || _context.BodyLeft;

    /// <summary>An answer of the proxy's own is the last one on this connection.</summary>
    private bool EndsConnection => Unread || Client.Leaving || !Request.KeepAlive;

    private ConnectionOption OptionFor(bool close) =>
        close ? ConnectionOption.Close : Request.MinorVersion == 0 ? ConnectionOption.KeepAlive : ConnectionOption.Default;

    /// <summary>Sends an answer of the proxy's own, and gives its block back.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> Send(Block block, BlockSlice answer, int status, bool close)
    {
        if (close)
            Client.Transport.EndFollows();
        var sent = await Client.Transport.SendAll(answer, _context.Timeouts.ClientBody);
        if (sent != IoStatus.Done)
            NoteCut(CauseOf(sent));
        Count(status, answer.Length);
        Log(status, answer.Span);
        _context.Events.Blocks.Return(block);
        return sent != IoStatus.Done ? AfterExchange.Close
            : !close ? AfterExchange.KeepAlive
            : Unread ? AfterExchange.Linger
            : CloseOrLinger();
    }

    /// <returns>The answer; null when the changes leave no room for it.</returns>
    private BlockSlice? WriteRefusal(Block block, Outcome outcome, bool close, FieldEdits? edits)
    {
        var accept = _context.HeadHeld ? Request.Fields.IndexOf(KnownField.Accept) : -1;
        var writer = new BlockWriter(block);
        _context.OwnStatus = outcome.Status;
        ErrorPage.Write(
            ref writer,
            outcome,
            accept < 0 ? default : Request.Fields.All[accept].Value(_context.Head),
            headOnly: Request.Method == KnownMethod.Head,
            OptionFor(close),
            _context.Events.Date.At(_context.Events.Now),
            edits,
            _context.Scope,
            _context.Explanation,
            outcome.Cause == Cause.RateExceeded ? _admission.Exceeded!.PolicyLine.Span : default,
            _context.Identity.Name,
            _context.Identity.Trace);
        return writer.Overflowed ? null : writer.Written;
    }

    /// <summary>The client's limits count it no more, nor does anything else.</summary>
    public void Leave()
    {
        _admission.End();
        _context.LeaveMeters();
        _context.EndRules();
    }

    /// <summary>Breaks the server's connection off; the exchange ends of itself.</summary>
    public void AbortUpstream()
    {
        _admission.Abort();
        _choice.Abort();
        _conversation.CutTunnel();
        _context.Upstream?.Transport.Abort();
    }

    /// <summary>Lets go of everything after a fault of ours; the exchange is not used again.</summary>
    public void Abandon()
    {
        _context.Deadline.Cancel();

        // What still runs of the upload ends here and now, before the connections serve others.
        _context.Upstream?.Transport.Abort();
        Client.Transport.Abort();
        if (_context.Upstream is not null)
            _context.CloseUpstream();
        _admission.End();
        _context.LeaveMeters();
        _context.Record.End();
        _choice.Abandon(_context.Pool);
        _guard.End(new(Cause.Stopped));
        _context.EndRules();
        _context.EndWithServer();
        _outgoing.End();
    }
}
