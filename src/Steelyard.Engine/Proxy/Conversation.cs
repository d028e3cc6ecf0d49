using System.Runtime.CompilerServices;
using Steelyard.Config;
using Steelyard.Engine.Compression;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// One try of a request with one server: the request sent, the answer passed on as it comes. Used again and again;
/// owned by an exchange.
/// </summary>
internal sealed class Conversation(ExchangeContext context, OutgoingRequest outgoing, Attempts attempts, BreakerGuard guard)
{
    // A server that sends more of them plays a game.
    private const int MostInterimHeads = 32;

    // Up to here one piece to send costs less with a copy than two pieces without.
    private const int LargestCopiedPiece = 4096;

    private readonly ResponseHead _response = new();
    private readonly BodyRelay _download = new(context.Loop);
    private readonly BodyChange _change = new(context);
    private readonly Tunnel _tunnel = new(context.Loop);
    private readonly ServerReuse _reuse = new(context);
    private bool _continued;

    // When the last byte of the request went to the server; never while the upload runs.
    private long _requestSent;

    /// <summary>The status of the present answer, once its head has come; 0 before.</summary>
    public int Status => _response.Status;

    /// <summary>The same as rules have left it.</summary>
    public int ShownStatus => _response.ShownStatus;

    /// <summary>From the request sent to the head of the answer, in milliseconds; -1 where either did not come to pass.</summary>
    public long Latency { get; private set; }

    /// <summary>Forgets the request before.</summary>
    public void Begin() => _continued = false;

    /// <summary>Sends the request and passes the answer on. The connection is kept or closed when this returns.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<Outcome> Run()
    {
        _response.Clear();
        var upstream = context.Upstream!;
        Latency = -1;
        var sentBefore = upstream.Transport.BytesSent;
        var sent = await upstream.Transport.SendAll(outgoing.Head, outgoing.Body, context.Timeouts.ServerBody);
        if (sent is IoStatus.TimedOut or IoStatus.Aborted)
            return Fail(sent == IoStatus.TimedOut ? Cause.ServerTimeout : Cause.Stopped);
        if (upstream.Transport.BytesSent == sentBefore)
            return FailUnsent();

        // A server that closed on us may have answered before: read on in either case.
        var uploading = outgoing.BodyPending && sent == IoStatus.Done;
        _requestSent = uploading ? TimerEntry.Never : context.Events.Now;
        var upload = uploading ? BeginUpload(upstream) : default;
        if (!uploading)
            context.Client.Transport.EndWith(upstream.Transport);
        var outcome = await ReadResponseHead(upstream);
        context.AnsweredAt = context.Events.Now;

        if (outcome.IsSuccess)
        {
            context.Record.AnswerAt = context.Events.Now;

            // Who answers before it has all of the request is quick, whatever it is.
            Latency = _requestSent == TimerEntry.Never ? 0 : context.Events.Now - _requestSent;
            outcome = MayGoElsewhere(Attempts.ConditionOf(_response.Status)) ? new(Cause.StatusRetried, Seconds: _response.Status)
                : context.Asking.IsUnderWay ? TakeAnswer(upstream)
                : context.Intercepts(_response.Status) || !guard.Accepts(_response.Status, MayBeSentAgain) ? new(Cause.StatusReplaced, Seconds: _response.Status)
                : !context.RunResponseRules(_response, upstream.Input) ? context.IsHandedOn ? new(Cause.StatusReplaced, Seconds: _response.Status) : new(Cause.ResponseDenied)
                : await StreamResponse(upstream);
        }

        _change.Relay.End();
        if (uploading)
            outcome = await EndUpload(upload, outcome);
        if ((outcome.Cause == Cause.BodyTimeout && context.RequestRate.IsTooSlow) || (outcome.Cause == Cause.ClientStalled && context.ResponseRate.IsTooSlow))
            context.Loop.Counters.TooSlow++;
        var bodySent = sent == IoStatus.Done && (!uploading || outgoing.Upload.End == RelayEnd.Complete) && !MayBePassedOver;
        if (outcome.Cause == Cause.StatusRetried)
        {
            Discard(upstream, bodySent);
            return outcome with { Retry = Retry.OnAnotherServer };
        }

        if (outcome.Cause is Cause.StatusReplaced or Cause.ResponseDenied)
        {
            Discard(upstream, bodySent);
            return outcome;
        }

        if (outcome.Cause == Cause.Stopped && context.Client.Transport.BrokeOff)
            outcome = new(Cause.ClientGone);
        if (!outcome.IsSuccess)
            return Fail(outcome.Cause, outcome.Detail);

        // A body that was sent to who asked by HEAD is still to come.
        _reuse.KeepOrClose(_response, upstream, bodySent && !((context.Route.SendMethod is not null || context.Request.SendsOtherMethod) && context.Request.Method == KnownMethod.Head));
        return outcome;
    }

    /// <summary>
    /// Whether the server may have passed the body over, and take it for the next request: it has answered without asking for
    /// it, and not everybody knows that it may come all the same (RFC 9110, 10.1.1).
    /// </summary>
    private bool MayBePassedOver => context.Request.ExpectsContinue && !_continued && context.Request.Body.HasBody;

    private Outcome TakeAnswer(UpstreamConnection upstream)
    {
        context.Asking.Take(_response, upstream.Input);
        return new(Cause.StatusReplaced, Seconds: _response.Status);
    }

    private ValueTask<RelayEnd> BeginUpload(UpstreamConnection upstream)
    {
        outgoing.KeepForReplay(MayBeSentAgain ? attempts.Settings.Body.Bytes : context.Route is { ErrorPages.NameRoutes: true } or { ResponseRules.NameRoutes: true } ? Block.Size : -1);

        // Who waits to be told to go on is not slow.
        context.RequestRate.Begin(context.Request.ExpectsContinue && !_continued ? 0 : context.Plan.Rates.Request, context.Plan.Rates.Grace);
        outgoing.Upload.Connect(
            new RelayPoint(context.Client.Transport, context.Timeouts.ClientBody, context.RequestRate),
            new RelayPoint(upstream.Transport, context.Timeouts.ServerBody));
        return Upload(upstream);
    }

    /// <summary>Passes the rest of the request body while the answer may already come.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<RelayEnd> Upload(UpstreamConnection upstream)
    {
        var end = RelayEnd.Aborted;
        try
        {
            return end = await outgoing.Upload.Run();
        }
        finally
        {
            _requestSent = context.Events.Now;
            if (end == RelayEnd.Complete)
            {
                context.Mirroring?.Send();
                context.Client.Transport.EndWith(upstream.Transport);
            }

            // The server will never get the whole request, so there is no use waiting for its answer. Where it is the
            // server that closed, its answer may be on the way.
            if (end is not (RelayEnd.Complete or RelayEnd.SinkClosed))
                upstream.Transport.Abort();
        }
    }

    /// <summary>Waits for the upload, calling it off when the exchange has ended without it.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<Outcome> EndUpload(ValueTask<RelayEnd> upload, Outcome outcome)
    {
        if (!upload.IsCompleted)
        {
            context.Upstream!.Transport.Abort();
            outgoing.Upload.Cancel();
        }

        return await upload switch
        {
            // An answer that came whole stands, whatever became of the rest of the request.
            _ when outcome.IsSuccess => outcome,
            RelayEnd.SourceClosed => new(Cause.ClientGone),
            RelayEnd.SourceTimedOut => new(Cause.BodyTimeout),
            RelayEnd.Broken => new(Cause.BadBody),
            RelayEnd.TooLarge => new(Cause.BodyTooLarge),
            RelayEnd.SinkTimedOut => new(Cause.ServerTimeout),
            _ => outcome,
        };
    }

    /// <summary>Reads heads until the final one, passing interim ones on (RFC 9110, 15.2).</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<Outcome> ReadResponseHead(UpstreamConnection upstream)
    {
        var (most, mostFields) = ((int)context.Plan.Limits.Header.Bytes, context.Plan.Limits.HeaderCount);
        var due = AnswerDue();
        var interim = 0;
        while (true)
        {
            var wake = await upstream.Transport.Readable(Math.Max(due - context.Events.Now, 1));
            if (wake == Wake.TimedOut && AnswerDue() > context.Events.Now)
            {
                due = AnswerDue();
                continue;
            }

            if (wake != Wake.Ready)
                return new(wake == Wake.TimedOut ? Cause.ServerTimeout : Cause.Stopped);
            if (upstream.Input.TryFill(upstream.Transport) is IoStatus.Closed or IoStatus.Broken)
                return new(Cause.ServerClosed);
            while (!upstream.Input.IsEmpty)
            {
                var state = _response.Read(upstream.Input.Unread, most, mostFields);
                if (state == HeadState.Incomplete)
                    break;

                // 101 answers nothing but an Upgrade, and that with what was offered.
                if (state == HeadState.Invalid || (_response.Switches && !WasOffered(upstream.Input.Unread)) || ++interim > MostInterimHeads)
                    return new(Cause.BadResponse, Detail: _response.Error);
                upstream.Input.HoldHead(_response.Length);
                if (!_response.Interim)
                    return Outcome.Success;
                var sent = await PassInterim(upstream);
                if (sent != IoStatus.Done)
                    return new(sent == IoStatus.TimedOut ? Cause.ClientStalled : Cause.ClientGone);
                upstream.Input.ReleaseHead();
                _response.Clear();
                due = context.Events.In(context.Timeouts.ServerResponse);
            }
        }
    }

    /// <summary>Whether the client has offered the protocol that the server goes on with.</summary>
    private bool WasOffered(ReadOnlySpan<byte> head)
    {
        var index = _response.Fields.IndexOf(KnownField.Upgrade);
        return context.Request.WantsUpgrade && index >= 0
            && context.Request.Fields.Upgrades(context.Head, _response.Fields.All[index].Value(head));
    }

    /// <summary>The answer is the last thing here that is HTTP.</summary>
    private bool OpensTunnel => _response.Switches || (context.Request.Method == KnownMethod.Connect && _response.Agrees);

    /// <summary>Goes on in another protocol, of which only the bytes are known, until both sides have ended.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<Outcome> PassTunnel(UpstreamConnection upstream)
    {
        context.Switched = true;
        if (context.Log is not null)
            context.Record.KeepHead();
        context.Deadline.Cancel();
        context.Client.Transport.EndsWith = null;
        context.Client.Input.ReleaseHead();
        context.Loop.Counters.Tunnels++;
        context.Record.Tunnel = await _tunnel.Run(context.Client.Transport, context.Client.Input, upstream.Transport, upstream.Input, context.Timeouts.Tunnel, context.TunnelMeters);
        (context.TunneledUp, context.TunneledDown) = (_tunnel.PassedUp, _tunnel.PassedDown);
        context.BytesPassed += _tunnel.PassedDown;
        return Outcome.Success;
    }

    /// <summary>Breaks both sides of a tunnel off, if there is one.</summary>
    public void CutTunnel() => _tunnel.Cut();

    /// <summary>Lets go of what compresses, after a fault of ours.</summary>
    public void Abandon() => _change.Relay.End();

    /// <summary>A server's time to answer starts when it has the whole request: until then the deadline moves on.</summary>
    private long AnswerDue() =>
        (_requestSent == TimerEntry.Never ? context.Events.Now : _requestSent) + context.Timeouts.ServerResponse;

    // HTTP/1.0 knows no interim responses (RFC 9110, 15.2).
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<IoStatus> PassInterim(UpstreamConnection upstream)
    {
        if (_response.Status == 100 && !_continued)
        {
            _continued = true;
            context.RequestRate.Begin(context.Plan.Rates.Request, context.Plan.Rates.Grace);
        }

        if (context.Request.MinorVersion == 0)
            return IoStatus.Done;
        var block = context.Events.Blocks.Rent();
        var sent = await context.Client.Transport.SendAll(WriteInterim(block, upstream.Input.Head), context.Deadline.Within(context.Timeouts.ClientBody));
        context.Events.Blocks.Return(block);
        return sent;
    }

    private BlockSlice WriteInterim(Block block, ReadOnlySpan<byte> head)
    {
        var writer = new BlockWriter(block);
        ResponseWriter.Write(ref writer, _response, head, chunked: false, ConnectionOption.Default, date: default);
        return writer.Written;
    }

    /// <summary>Passes head and body of the final response on.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<Outcome> StreamResponse(UpstreamConnection upstream)
    {
        var block = WriteResponse(upstream, out var head, out var piece, out var state);
        if (head.Length == 0)
        {
            context.Events.Blocks.Return(block);
            return new(Cause.BadResponse, Detail: HeadError.TooLarge);
        }

        context.ResponseBegun = true;
        context.ResponseRate.Begin(context.Plan.Rates.Response, context.Plan.Rates.Grace);
        if (context.ClosesAfter && state == FrameState.Complete && !context.SendRate.IsOn)
            context.Client.Transport.EndFollows();
        var sent = await Send(head, piece);
        context.BytesPassed = head.Length + piece.Length;
        context.Events.Blocks.Return(block);
        upstream.Input.ReleaseHead();
        context.ForgetResponse();
        if (sent != IoStatus.Done)
            return new(sent == IoStatus.TimedOut ? Cause.ClientStalled : Cause.ClientGone);
        if (OpensTunnel)
            return await PassTunnel(upstream);
        var end = state switch
        {
            FrameState.Complete => RelayEnd.Complete,
            FrameState.More => await PassRest(),
            _ => RelayEnd.Broken,
        };
        return end switch
        {
            RelayEnd.Complete => Outcome.Success,
            RelayEnd.SinkClosed => new(Cause.ClientGone),
            RelayEnd.SinkTimedOut => new(Cause.ClientStalled),
            RelayEnd.SourceTimedOut => new(Cause.ServerStalledInBody),
            RelayEnd.Aborted => new(Cause.Stopped),
            _ => new(Cause.ServerClosedInBody),
        };
    }

    private ValueTask<IoStatus> Send(BlockSlice head, BlockSlice piece) => context.SendRate.IsOn
        ? SendSlowly(head, piece)
        : context.Client.Transport.SendAll(head, piece, context.Timeouts.ClientBody, context.ResponseRate);

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<IoStatus> SendSlowly(BlockSlice head, BlockSlice piece)
    {
        var sent = await context.SendRate.SendAll(context.Client.Transport, head, context.Timeouts.ClientBody, context.ResponseRate);
        return sent == IoStatus.Done ? await context.SendRate.SendAll(context.Client.Transport, piece, context.Timeouts.ClientBody, context.ResponseRate) : sent;
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<RelayEnd> PassRest()
    {
        if (_change.Relay.IsOpen)
            return await PassPacked();
        var before = _download.Passed;
        var end = await _download.Run();
        context.BytesPassed += _download.Passed - before;
        return end;
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<RelayEnd> PassPacked()
    {
        var before = _change.Relay.Passed;
        var end = await _change.Relay.Run();
        context.BytesPassed += _change.Relay.Passed - before;
        return end;
    }

    /// <summary>
    /// Writes the head for the client, and takes what has arrived of the body to be sent along with it. The head is empty
    /// when it has no room with what the configuration adds.
    /// </summary>
    private Block WriteResponse(UpstreamConnection upstream, out BlockSlice head, out BlockSlice piece, out FrameState state)
    {
        outgoing.Release();
        var framing = _response.Body(context.Request.AnsweredAs);
        var packed = _change.Judge(_response, HeadOf(upstream), framing.HasBody);
        var changed = packed.IsChanged && framing.HasBody;
        var chunked = changed || (framing.Kind is BodyKind.Chunked or BodyKind.UntilClose && context.Request.MinorVersion >= 1);
        var trailers = chunked && !changed && framing.Kind == BodyKind.Chunked && context.Request.WantsTrailers && !_response.Fields.Nominates;
        context.EndShows = chunked || framing.Kind == BodyKind.Counted || context.Client.Transport.MarksItsEnd;
        var block = context.Events.Blocks.Rent();
        var writer = new BlockWriter(block);
        var edits = context.Route.ResponseEdits;
        ResponseWriter.Write(
            ref writer,
            _response,
            HeadOf(upstream),
            chunked,
            ConnectionOptionFor(framing),
            context.Events.Date.At(context.Events.Now),
            edits,
            edits is null ? default : context.Scope,
            context.Affinity.IsOff ? null : context.Affinity,
            context.Explanation,
            trailers,
            packed);
        (head, piece, state) = (default, default, FrameState.More);
        if (writer.Overflowed)
        {
            _change.GiveBack();
            return block;
        }

        if (context.Handed.IsHeld && context.Handed.Insert(block, writer.Length, _response.Status, isOwn: false) is var whole)
        {
            if (whole == 0)
            {
                _change.GiveBack();
                return block;
            }

            writer.GoOn(whole);
        }

        context.Record.HeadBytes = writer.Length;
        if (context.Log is { KeepsResponse: true } log)
            context.Record.Capture(log, _response, HeadOf(upstream), writer.Written.Span);
        _reuse.Judge(_response, upstream);
        var (source, sink) = (new RelayPoint(upstream.Transport, context.Timeouts.ServerBody), new RelayPoint(context.Client.Transport, context.Timeouts.ClientBody, context.ResponseRate, context.SendRate));
        Bandwidth.Begin(context, ofServer: true);
        if (changed)
        {
            _change.Begin(packed, upstream.Input, framing);
            _change.Relay.Connect(source, sink);
            state = _change.Relay.TakeFirst(out piece);
        }
        else
        {
            _download.Begin(upstream.Input, new BodyFramer(framing, chunked, keepsTrailers: trailers, decided: context.Route?.ResponseNames));
            _download.Connect(source, sink);
            state = _download.TakeFirst(out piece);
        }

        if (piece.Length <= LargestCopiedPiece && piece.Length <= writer.Room)
        {
            writer.Write(piece.Span);
            piece = default;
        }

        head = writer.Written;
        return block;
    }

    private ConnectionOption ConnectionOptionFor(BodyFraming framing)
    {
        // To HTTP/1.0 a body of unknown length can only end with the connection.
        var endsWithConnection = context.Request.MinorVersion == 0 && (framing.Kind is BodyKind.Chunked or BodyKind.UntilClose);
        if (OpensTunnel)
            return ConnectionOption.Tunnel;

        // What a client sends behind CONNECT before it is answered is meant for the tunnel, and must not be read as a request.
        context.ClosesAfter = context.Request.Method == KnownMethod.Connect || context.Client.Leaving || context.ClosesClient || !context.Request.KeepAlive || endsWithConnection || BodyIsUnwanted();
        return context.ClosesAfter ? ConnectionOption.Close
            : context.Request.MinorVersion == 0 ? ConnectionOption.KeepAlive
            : ConnectionOption.Default;
    }

    /// <summary>The server has answered without the whole request and will not read the rest; the client may never send it.</summary>
    private bool BodyIsUnwanted() =>
        outgoing.BodyPending && (!_response.KeepAlive || (context.Request.ExpectsContinue && !_continued));

    private ReadOnlySpan<byte> HeadOf(UpstreamConnection upstream) => context.ResponseEdit.Or(upstream.Input.Head);

    /// <summary>Not a byte could be sent: the connection was closed before, and any request is safe elsewhere.</summary>
    private Outcome FailUnsent()
    {
        var reused = context.Upstream!.Reused;
        context.CloseUpstream();
        return new(Cause.ServerClosed, reused ? Retry.OnFreshConnection : attempts.AfterNoConnection());
    }

    /// <summary>Closes the server's connection and says whether the request may be sent again.</summary>
    private Outcome Fail(Cause cause, HeadError detail = HeadError.None)
    {
        var reused = context.Upstream!.Reused;
        context.CloseUpstream();
        if (reused && cause == Cause.ServerClosed && MayBeSentAgain)
            return new(cause, Retry.OnFreshConnection);
        var condition = cause switch
        {
            Cause.ServerClosed => RetryConditions.Reset,
            Cause.ServerTimeout => RetryConditions.Timeout,
            Cause.BadResponse => RetryConditions.BadAnswer,
            _ => RetryConditions.None,
        };
        return new(cause, MayGoElsewhere(condition) ? Retry.OnAnotherServer : Retry.Never, detail);
    }

    /// <summary>The request is all there, nothing of an answer has reached the client, and doing it twice is as good as once.</summary>
    public bool MayBeSentAgain =>
        !context.ResponseBegun && outgoing.Replayable && !context.SendsOnce && (context.Request.Idempotent || attempts.Settings.NonIdempotent);

    /// <summary>Whether the next attempt follows; it counts as made then.</summary>
    private bool MayGoElsewhere(RetryConditions condition) =>
        condition != RetryConditions.None && MayBeSentAgain && attempts.AfterFailure(condition, context.Server!) == Retry.OnAnotherServer;

    /// <summary>Lets go of an answer that the client will not see; the connection is kept where all of it is here already.</summary>
    private void Discard(UpstreamConnection upstream, bool bodySent)
    {
        var framing = _response.Body(context.Request.AnsweredAs);
        var length = framing.HasBody ? framing.Kind == BodyKind.Counted ? framing.Length : long.MaxValue : 0;
        _reuse.Judge(_response, upstream);
        upstream.Input.ReleaseHead();
        context.ForgetResponse();
        if (length > upstream.Input.Unread.Length)
        {
            context.CloseUpstream();
            return;
        }

        _ = upstream.Input.Take((int)length);
        _reuse.KeepOrClose(_response, upstream, bodySent);
    }
}
