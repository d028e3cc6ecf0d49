using System.Runtime.CompilerServices;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Compression;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Rules;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// One request and its response, from the first byte read to the last one sent: <see cref="Run"/> is the whole story.
/// Used again and again; owned by its loop.
/// </summary>
internal sealed class Exchange
{
    // nginx: a request whose client closed the connection.
    private const int ClientGoneStatus = 499;

    // nginx: a connection that is closed without an answer.
    public const int ClosedByRuleStatus = 444;

    // nginx: a request without TLS where that is spoken.
    public const int PlainStatus = 497;

    private const int TimeoutStatus = 408;
    private const int BadRequestStatus = 400;
    private const int NoStatus = -1;
    private const int OkStatus = LongAnswer.Ok;
    private const int ForbiddenStatus = 403;
    private const int PreconditionStatus = 412;
    private const int TooLargeStatus = 431;

    // What the configuration adds leaves no room for the answer.
    private static readonly Outcome s_noRoom = new(Cause.BadRequest, Detail: HeadError.TooLarge);
    private static readonly Outcome s_noRoomForServers = new(Cause.BadResponse, Detail: HeadError.TooLarge);

    private readonly ProxyLoop _loop;
    private readonly ExchangeContext _context;
    private readonly Attempts _attempts;
    private readonly ServerChoice _choice;
    private readonly BreakerGuard _guard;
    private readonly Admission _admission;
    private readonly IncomingRequest _incoming;
    private readonly OutgoingRequest _outgoing;
    private readonly ServerConnector _connector;
    private readonly Conversation _conversation;
    private readonly ExchangeAccount _account;
    private readonly PoolCall _call;
    private readonly OwnAnswers _answers;
    private readonly OwnPages _pages;

    public Exchange(ProxyLoop loop)
    {
        _loop = loop;
        _context = new ExchangeContext(loop);
        _attempts = new Attempts(loop.Events, loop.Counters);
        _choice = new ServerChoice(_context, _attempts);
        _admission = new Admission(_context);
        _guard = new BreakerGuard(_context, EndCall);
        _incoming = new IncomingRequest(_context);
        _outgoing = new OutgoingRequest(_context);
        _connector = new ServerConnector(_context, _attempts);
        _conversation = new Conversation(_context, _outgoing, _attempts, _guard);
        _account = new ExchangeAccount(_context, _outgoing);
        _call = new PoolCall(_context, _attempts, _choice, _guard, _outgoing, _conversation, _account);
        _answers = new OwnAnswers(_context, _outgoing, _account);
        _pages = new OwnPages(_context, _outgoing);
    }

    /// <summary>What it is about.</summary>
    public ExchangeContext Context => _context;

    private ClientConnection Client => _context.Client;

    private RequestHead Request => _context.Request;

    /// <summary>Serves one request.</summary>
    /// <param name="client">The connection; the first bytes of the request have arrived.</param>
    public ValueTask<AfterExchange> Run(ClientConnection client)
    {
        _context.Begin(client);
        _context.EnterListener();
        _context.Deadline.Begin();
        _outgoing.Begin();
        _conversation.Begin();

        // 1. Read the head. Mostly all of it is here, and then nothing is to be kept over a wait.
        return _incoming.TryReadHead(out var outcome) ? Serve(outcome) : ServeOnceRead();
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> ServeOnceRead() => await Serve(await _incoming.ReadHead());

    private ValueTask<AfterExchange> Serve(in Outcome ofHead)
    {
        if (!ofHead.IsSuccess)
            return Refuse(ofHead);
        _context.Record.HeadAt = _context.Events.Now;
        if (Client.Copy is not null)
            return _context.BeginCopy() ? Serve() : Refuse(s_noRoom);
        _loop.Counters.Requests++;
        _context.SeeWhoAsks();
        _context.Tracking?.Begin();

        if (Client.SpeaksPlainly)
            return Refuse(new(Cause.BadRequest, Told: RouteFinder.Enter(_context, Client.Listener.Routes, _loop.PathRoom) && ErrorPageFor(PlainStatus) is not null ? PlainStatus : BadRequestStatus));
        if (Client.Listener.AsNginx && Refusals.Of(Request, _context.Head) is { IsSuccess: false } refusal)
            return Refuse(refusal);

        // 2. Do what the listener's rules say, and match the route; one that gives the answer itself needs no server.
        if (Client.Listener.Rules is { } rules && rules.RunOnRequest(_context, out var ofRule) is not RuleVerdict.GoOn and var endsAtListener)
            return endsAtListener == RuleVerdict.Wait ? WaitAndServe(rules) : Follow(endsAtListener, ofRule);
        return Serve();
    }

    /// <summary>Goes on with rules of the listener once the body is here that they wait for.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> WaitAndServe(RuleSet rules)
    {
        while (true)
        {
            var outcome = await _context.Body.Run();
            if (!outcome.IsSuccess)
                return await Refuse(outcome);
            var verdict = rules.GoOnWithRequest(_context, out var answer);
            if (verdict != RuleVerdict.Wait)
                return await (verdict == RuleVerdict.GoOn ? Serve() : Follow(verdict, answer));
        }
    }

    /// <summary>Serves what is asked for: the request as it came, or an error page in the place of an answer.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> Serve()
    {
        var outcome = Outcome.Success;
        LocalAnswer? ofRule = null;
        if (!_context.Asking.IsAllowed && RouteFinder.Find(_context, Client.Listener.Routes, _loop.PathRoom, out ofRule) is not RuleVerdict.GoOn and var endsAtRoute)
            return await Follow(endsAtRoute, ofRule);
        var route = _context.Route;

        // 3. Admit, now or when the client's rate has room for it, and when whoever is asked first lets it.
        var isCopy = Client.Copy is not null;
        if (!_context.Asking.IsAllowed && !isCopy && Client.Listener.Limits is { } ofListener)
            outcome = await _admission.Ask(ofListener);
        if (!_context.Asking.IsAllowed && !isCopy && outcome.IsSuccess && route.Limits is { } ofRoute)
            outcome = await _admission.Ask(ofRoute);
        if (!outcome.IsSuccess)
            return await Refuse(outcome);
        if (!_context.Asking.IsAllowed && !isCopy && !_context.Asking.IsUnderWay)
        {
            // nginx: what is asked within has no access phase.
            if (route.AccessRules is { } access && access.RunOnRequest(_context, out ofRule) is not RuleVerdict.GoOn and var endsAtAccess)
                return await Follow(endsAtAccess, ofRule);
            if (route.Ask is not null && route.AskWhen?.Holds(_context.Scope) is not false)
                return await (_context.Asking.Begin() ? Serve() : GoOn(TooLargeStatus));
        }

        _context.Asking.IsAllowed = false;
        if (route.Mirror is { } mirror && !isCopy && !_context.Asking.IsUnderWay)
            (_context.Mirroring ??= new(_context)).Begin(mirror, bodyUntouched: !_outgoing.IsPrepared);
        if (route.Answer is { } answer)
        {
            _context.Record.IsLocal = true;
            if (answer.IsRedirect)
                _context.TellOwnStatus();
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
        if (route.ChoosePool(_context) is not { } pool)
            return await Refuse(new(Cause.NoServer));
        _context.Pool = pool;
        if (_context.Log is not null)
            _context.Record.Enter(pool);
        if (_context.Plan.PoolLimits is { } limits && limits.GetValueOrDefault(pool) is { } ofPool)
            outcome = await _admission.Ask(ofPool);
        if (!outcome.IsSuccess)
            return await Refuse(outcome);
        if (_context.Plan.PoolRules is { } poolRules && poolRules.GetValueOrDefault(pool).OfRequests is { } rulesOfPool && rulesOfPool.RunOnRequest(_context, out ofRule) is not RuleVerdict.GoOn and var endsAtPool)
        {
            while (endsAtPool == RuleVerdict.Wait)
            {
                outcome = await _context.Body.Run();
                if (!outcome.IsSuccess)
                    return await Refuse(outcome);
                endsAtPool = rulesOfPool.GoOnWithRequest(_context, out ofRule);
            }

            if (endsAtPool != RuleVerdict.GoOn)
                return await Follow(endsAtPool, ofRule);
        }

        _context.Affinity.Begin(pool);
        outcome = _outgoing.Prepare(pool);
        if (!outcome.IsSuccess)
            return await Refuse(outcome);

        // 5. Choose a server or wait for one, connect or reuse, send, and stream the answer back; again while that is safe.
        for (var again = _call.Begin(pool, ref outcome) || _call.FallsBack(ref pool, ref outcome); again;)
        {
            var sameServer = outcome.Retry == Retry.OnFreshConnection;
            if (!sameServer)
                _call.Follow(ref pool);
            var chosen = sameServer ? Outcome.Success : await _choice.Choose(pool);
            if (chosen.Cause == Cause.NoServer && _call.Follow(ref pool))
                continue;
            if (chosen.IsSuccess && !sameServer && _context.Server!.Breaker is { } breaker)
                chosen = _guard.Enter(breaker);
            if (!chosen.IsSuccess)
            {
                again = _call.IsPassedOver(chosen, ref outcome) || _call.FallsBack(ref pool, ref outcome);
                continue;
            }

            var retried = outcome.Retry != Retry.Never;
            var (server, status, latency) = (_context.Server!, 0, -1L);
            if (retried)
            {
                _loop.Counters.Retries++;
                _account.CountRetry(_context.Meters.Server(pool, server), elsewhere: !sameServer);
            }

            _context.AttemptBegun = _context.Events.Now;
            _context.Record.ChosenAt = _context.Events.Now;
            _context.Record.BeginAttempt(retried, elsewhere: !sameServer);
            outcome = await _connector.Connect(server, reuse: !sameServer);
            if (outcome.IsSuccess)
            {
                _context.Record.ConnectedAt = _context.Events.Now;
                _account.CountConnection(pool, server);
                outcome = await _conversation.Run();
                (status, latency) = (_conversation.Status, _conversation.Latency);
            }

            if (!outcome.IsSuccess && !_context.ResponseBegun)
                outcome = _call.EndedByTime(outcome);
            if (_context.Log is { KeepsAttempts: true } && !_connector.HasNoPlace)
                _context.Record.EndAttempt(_context.ServerBytes, outcome.IsSuccess ? status : outcome.FailedStatus > 0 ? outcome.FailedStatus : outcome.ToldAsGateway().Status);
            _call.Learn(pool, server, outcome, status, latency);
            _account.CountAttempt(pool, server, outcome, status);
            if (outcome.Retry == Retry.OnAnotherServer)
                _attempts.Tried.Add(server.Index);
            again = outcome.Retry != Retry.Never || _call.FallsBack(ref pool, ref outcome);
        }

        // 6. Tell the client, if there is still something to tell, and let go.
        _context.EndWithServer();
        if (_context.Asking.IsUnderWay && outcome.Cause == Cause.StatusReplaced)
            return await GoOn(outcome.FailedStatus);
        if (_context.IsHandedOn && outcome.Cause == Cause.StatusReplaced)
            return await HandOn();
        _context.Deadline.Cancel();
        if (!GoesOnElsewhere(pool, outcome) || !_outgoing.TryHold())
            _outgoing.End();
        _context.Record.Ending = outcome;
        return outcome.IsSuccess ? AfterSuccess()
            : outcome.Cause == Cause.ResponseDenied && _context.Instead is { } told ? await GiveInstead(told)
            : outcome.Cause == Cause.StatusReplaced && ErrorPageFor(outcome.FailedStatus) is { } page ? await Show(page, outcome.FailedStatus)
            : _call.FallbackFor(pool, outcome) is { } instead ? await Give(instead)
            : await Refuse(outcome.Cause == Cause.StatusReplaced && Client.Listener.GatewayStatuses ? outcome with { Told = outcome.FailedStatus } : outcome);
    }

    /// <summary>Whether a route that is named answers instead, which gets the request as it came.</summary>
    private bool GoesOnElsewhere(Pool pool, in Outcome outcome)
    {
        if (outcome.IsSuccess || outcome.Cause == Cause.ResponseDenied || (outcome.Fault == Fault.Server && _context.Plan.Fallbacks.ContainsKey(pool)))
            return false;
        var status = outcome.Cause == Cause.StatusReplaced ? outcome.FailedStatus : (Client.Listener.GatewayStatuses ? outcome.ToldAsGateway() : outcome).Status;
        return status is not (0 or ClosedByRuleStatus) && ErrorPageFor(status) is { IsNamed: true };
    }

    /// <summary>A server has said who is to answer in its place.</summary>
    private ValueTask<AfterExchange> HandOn()
    {
        var target = _context.Handed.Target;
        var leads = _context.Handed.Route is not null || (target is [(byte)'/', ..] && PathNormalizer.StaysBelowRoot(target));

        // To who is named goes the request as it came, unless some of its body is gone already.
        var asItCame = _context.Handed.Route is not null && _outgoing.TryHold();
        if (!asItCame)
        {
            _context.BodyLeft |= _outgoing.BodyPending;
            _outgoing.End();
            _outgoing.Begin();
        }

        return !leads ? Refuse(new(Cause.NoRoute))
            : _context.TakeHandedOn(asItCame) ? Serve()
            : Refuse(RouteFinder.OutcomeOf(RuleVerdict.TooLarge));
    }

    /// <summary>Whoever was asked first has answered: the request goes on, or its client is told why not.</summary>
    private ValueTask<AfterExchange> GoOn(int status)
    {
        _outgoing.End();
        _outgoing.Begin();
        _context.Asking.End();
        if (AskedFirst.RefusalFor(status, _context.Asking.IsChallenged) is { } refusal)
            return Tell(refusal);
        _context.Asking.IsAllowed = true;
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

        if (_context.Asking.IsUnderWay)
            return GoOn(verdict == RuleVerdict.Answer ? answer!.Status : TooLargeStatus);
        if (verdict == RuleVerdict.Answer && _context.AnswerDelay > 0)
            return FollowLater(verdict, answer!);
        (_context.Record.IsDenied, _context.Record.IsLocal, _context.Record.IsOfRule) = (answer is null or { IsDenial: true }, true, true);
        if (verdict == RuleVerdict.Answer)
        {
            if (answer!.IsDenial && ErrorPageFor(answer.Status) is { } page)
                return Show(page, answer.Status);

            // What refuses in the place of an error is an error of its own, and a redirect says where to go by its status.
            if (answer.IsDenial || answer.IsRedirect)
                _context.TellOwnStatus();
            return Give(answer);
        }

        if (verdict != RuleVerdict.Close)
            return Refuse(RouteFinder.OutcomeOf(verdict));
        return new(CloseUnanswered());
    }

    /// <summary>The same when the client has waited for it.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> FollowLater(RuleVerdict verdict, LocalAnswer answer)
    {
        _context.Record.IsKeptBack = true;
        var outcome = await _admission.Pause(_context.AnswerDelay);
        _context.AnswerDelay = 0;
        return await (outcome.IsSuccess ? Follow(verdict, answer) : Refuse(outcome));
    }

    private AfterExchange CloseUnanswered()
    {
        _context.Deadline.Cancel();
        _outgoing.End();
        _account.Count(ClosedByRuleStatus);

        // HAProxy: there is no status where nothing was told.
        _account.Log(Client.Listener.GatewayStatuses ? ClosedByRuleStatus : NoStatus);
        return AfterExchange.Close;
    }

    /// <summary>The breaker's time is over: breaks off what the exchange waits on.</summary>
    private void EndCall()
    {
        _choice.Abort();
        _context.Upstream?.Transport.Abort();
    }

    /// <summary>Writes down that a client has sent nothing.</summary>
    public void NoteNothing(ClientConnection client, bool timedOut)
    {
        _context.Begin(client);
        _outgoing.Begin();
        _context.Record.Ending = new(timedOut ? Cause.HeaderTimeout : Cause.ClientGone);
        _account.Log(timedOut ? TimeoutStatus : BadRequestStatus);
    }

    /// <summary>What is answered instead of an error; null for nothing.</summary>
    private ErrorPages.Page? ErrorPageFor(int status) =>
        _context.HeadHeld && !_context.ResponseBegun && !_context.Asking.IsUnderWay ? _context.PageFor(status) : null;

    /// <summary>Answers an error with what the configuration has for it.</summary>
    private ValueTask<AfterExchange> Show(ErrorPages.Page page, int status)
    {
        // To who is named by the name of a route goes the request as it came, unless some of its body is gone already (nginx: a named location).
        var keeps = page.IsNamed && (!_outgoing.IsPrepared || _outgoing.IsHeld);
        _context.BodyLeft |= !keeps && _outgoing.BodyPending;
        _context.EndWithServer();
        if (!keeps || !_outgoing.IsHeld)
        {
            _outgoing.End();
            _outgoing.Begin();
        }

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
        _account.Count(_conversation.Status);
        _account.Log(_conversation.ShownStatus);
        if (_context.Switched)
            return AfterExchange.Close;

        // What the client still sends of its body nobody will read as a request.
        if (_outgoing.BodyPending || _context.BodyLeft)
            return AfterExchange.Linger;
        return _context.ClosesAfter ? Client.CloseOrLinger() : AfterExchange.KeepAlive;
    }

    /// <summary>Answers in the server's place, or breaks off an answer that has begun.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> Refuse(Outcome outcome)
    {
        if (Client.Listener.GatewayStatuses)
            outcome = outcome.ToldAsGateway();

        // Of a client that is gone nothing more is to be asked.
        if (_context.Asking.IsUnderWay && outcome.Status > 0 && outcome.Fault != Fault.Client)
            return await GoOn(outcome.Status);
        if (outcome.Told == ClosedByRuleStatus && !_context.ResponseBegun)
            return CloseUnanswered();
        if (outcome.Status > 0 && ErrorPageFor(outcome.Status) is { } instead)
        {
            _account.Note(outcome, outcome.Status);
            return await Show(instead, outcome.Status);
        }

        _context.Deadline.Cancel();
        _outgoing.End();
        _context.Record.Ending = outcome;
        if (_context.ResponseBegun)
        {
            _loop.Counters.Cut++;
            _account.Note(outcome, 0);
            _account.Count(_conversation.Status);
            _account.Log(_conversation.ShownStatus);

            // What came before the server broke off still reaches whoever can see that the end is missing.
            return _context.EndShows && outcome.Cause is (Cause.ServerClosedInBody or Cause.ServerStalledInBody) ? AfterExchange.Truncate : AfterExchange.Reset;
        }

        if (outcome.Status == 0)
        {
            if (_context.HeadHeld)
                _account.Count(ClientGoneStatus);

            // HAProxy: whoever goes away before the head is whole has sent a bad request.
            _account.Log(_context.HeadHeld ? NoStatus : BadRequestStatus);
            return AfterExchange.Close;
        }

        _loop.Counters.Refused++;
        _account.Note(outcome, outcome.Status);
        _answers.Write(outcome, outcome.Cause == Cause.RateExceeded ? _admission.Exceeded!.PolicyLine.Span : default);
        return await _answers.Send();
    }

    /// <summary>Gives what a rule has put in the place of a response.</summary>
    private ValueTask<AfterExchange> GiveInstead(LocalAnswer answer)
    {
        if (!answer.IsDenial)
            _context.Record.Ending = new(Cause.StatusReplaced);
        return Give(answer);
    }

    /// <summary>Gives the answer of a route that needs no server.</summary>
    private ValueTask<AfterExchange> Give(LocalAnswer answer)
    {
        if (_context.Asking.IsUnderWay)
            return GoOn(answer.Status);
        _context.Deadline.Cancel();

        // HTTP/1.0 may leave the host out.
        if (answer.NamesHost && Request.Authority(_context.Head).IsEmpty && !Request.AsNginx)
            return Refuse(new(Cause.BadRequest, Detail: HeadError.Host));
        if (Request.AsNginx && TextAnswer.From(answer, _context) is { } changed)
            return Give(changed);
        return _answers.TryWrite(answer) ? _answers.Send() : Refuse(NoRoom);
    }

    // Of an answer that handed the request on the fields are a server's, and no fault of the client's.
    private Outcome NoRoom => _context.Handed.IsHeld ? s_noRoomForServers : s_noRoom;

    /// <summary>Gives a file, or what is answered in its place.</summary>
    private ValueTask<AfterExchange> Give(StaticFiles files)
    {
        switch (files.Find(_context, out var path, out var status))
        {
            case FileVerdict.Found:
                return files.Open(_context, path) is { } file ? Give(file, files) : Tell(files.Tells(ForbiddenStatus));
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

    private ValueTask<AfterExchange> Give(FileAnswer file, StaticFiles files)
    {
        if (_context.Asking.IsUnderWay)
            return Give(file);
        if (_context.Handed is { IsHeld: true, Type: { IsEmpty: false } type })
            file.Type = type.ToArray();

        file.Judge(_context);

        // In the place of an error all of it is given, whatever is asked for.
        file.Choose(Request, _context.Head, whole: _context.ToldStatus is not (0 or OkStatus));
        if (file.Status == PreconditionStatus)
        {
            file.Dispose();
            return Tell(files.Tells(PreconditionStatus));
        }

        return Give(PackedAnswer.Of(file, _context));
    }

    private ValueTask<AfterExchange> Give(LongAnswer answer)
    {
        if (_context.Asking.IsUnderWay)
        {
            answer.Dispose();
            return GoOn(OkStatus);
        }

        _context.Deadline.Cancel();
        return _answers.TryWrite(answer) ? _answers.Send(answer) : Refuse(NoRoom);
    }

    /// <summary>Gives a page about the balancer.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> Give(StatisticsSettings statistics) =>
        await _pages.Make(statistics) is { } page ? await Give(page) : await Refuse(new(Cause.NoRoute));

    /// <summary>The client's limits count it no more, nor does anything else.</summary>
    public void Leave()
    {
        _outgoing.End();
        _context.Mirroring?.End();
        _admission.End();
        _context.LeaveMeters();
        _context.EndRules();
    }

    /// <summary>Looks again for a server, if it waits for one.</summary>
    public void LookAgain() => _choice.LookAgain();

    /// <summary>Breaks the server's connection off; the exchange ends of itself.</summary>
    public void AbortUpstream()
    {
        _context.SendRate.Abort();
        _admission.Abort();
        _choice.Abort();
        _conversation.CutTunnel();
        _context.Upstream?.Transport.Abort();
    }

    /// <summary>Lets go of everything after a fault of ours; the exchange is not used again.</summary>
    public void Abandon()
    {
        _context.Deadline.Cancel();
        _context.SendRate.Abort();

        // What still runs of the upload ends here and now, before the connections serve others.
        _context.Upstream?.Transport.Abort();
        Client.Transport.Abort();
        if (_context.Upstream is not null)
            _context.CloseUpstream();
        _admission.End();
        _context.LeaveMeters();
        _context.Record.End();
        _choice.Abandon(_context.Pool);
        _conversation.Abandon();
        _answers.Abandon();
        _guard.End(new(Cause.Stopped));
        _context.EndRules();
        _context.EndWithServer();
        _outgoing.End();
        _context.Mirroring?.End();
    }
}
