using System.Diagnostics;
using System.Runtime.CompilerServices;
using Steelyard.Balancing;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

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

    /// <summary>Break it off: an answer was cut short.</summary>
    Reset,
}

/// <summary>
/// One request and its response, from the first byte read to the last one sent: <see cref="Run"/> is the whole story.
/// Used again and again; owned by its loop.
/// </summary>
internal sealed class Exchange(ProxyLoop loop)
{
    // Requests sent and not answered may have broken the servers that got them: not every server of the pool gets a turn.
    private const int MostServers = 3;

    private const int QueuePauseMilliseconds = 10;

    // A server that sends more of them plays a game.
    private const int MostInterimHeads = 32;

    // Up to here one piece to send costs less with a copy than two pieces without.
    private const int LargestCopiedPiece = 4096;

    private readonly RequestHead _request = new();
    private readonly ResponseHead _response = new();
    private readonly ServerSet _tried = new();
    private readonly BodyRelay _upload = new(loop);
    private readonly BodyRelay _download = new(loop);

    private ClientConnection _client = null!;
    private UpstreamConnection? _upstream;

    // The request as it is sent, kept until an answer has begun, for it may have to be sent again.
    private Block _outgoing;
    private BlockSlice _outgoingHead;
    private BlockSlice _outgoingBody;
    private bool _replayable;
    private int _failedServers;

    private int _connectError;
    private readonly Waiter _pause = new(loop.Events);

    private bool _headHeld;
    private bool _responseBegun;
    private bool _closesAfter;
    private bool _continued;
    private long _idleMilliseconds;

    // When the last byte of the request went to the server; never while the upload runs.
    private long _requestSent;

    /// <summary>Serves one request.</summary>
    /// <param name="client">The connection; the first bytes of the request have arrived.</param>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<AfterExchange> Run(ClientConnection client)
    {
        Begin(client);

        // 1. Read the head.
        var outcome = await ReadRequestHead();
        if (!outcome.IsSuccess)
            return await Refuse(outcome);
        loop.Counters.Requests++;

        // 2. Match the route.
        var pool = MatchRoute();
        if (pool is null)
            return await Refuse(new(Cause.NoRoute));

        // 3. Admit.
        outcome = Admit();
        if (!outcome.IsSuccess)
            return await Refuse(outcome);

        // 4. Write the request as the servers shall see it.
        outcome = PrepareRequest(pool);
        if (!outcome.IsSuccess)
            return await Refuse(outcome);

        // 5. Choose a server, connect or reuse, send, and stream the answer back; again while that is safe.
        _tried.Clear(pool.Count);
        Server? server = null;
        outcome = new(Cause.NoServer);
        do
        {
            var sameServer = outcome.Retry == Retry.OnFreshConnection;
            if (!sameServer)
            {
                var decision = pool.Choose(_tried);
                if (decision.Server is null)
                    break;
                server = decision.Server;
            }

            if (outcome.Retry != Retry.Never)
                loop.Counters.Retries++;

            outcome = await Connect(server!, reuse: !sameServer);
            if (outcome.IsSuccess)
                outcome = await Converse();
            Learn(server!, outcome);
            if (outcome.Retry == Retry.OnAnotherServer)
                _tried.Add(server!.Index);
        }
        while (outcome.Retry != Retry.Never);

        // 6. Tell the client, if there is still something to tell, and let go.
        ReleaseOutgoing();
        return outcome.IsSuccess ? AfterSuccess() : await Refuse(outcome);
    }

    /// <summary>Remembers how the server did. That a kept connection was closed meanwhile is no failure of it.</summary>
    private static void Learn(Server server, in Outcome outcome)
    {
        if (outcome.IsSuccess)
            server.Succeeded();
        else if (outcome.Retry != Retry.OnFreshConnection && outcome.ServerFailure is var failure and not ServerFailure.None)
            server.Failed(failure);
    }

    private void Begin(ClientConnection client)
    {
        _client = client;
        _request.Clear();
        _upload.Clear();
        _upstream = null;
        (_headHeld, _responseBegun, _closesAfter, _continued, _failedServers) = (false, false, false, false, 0);
    }

    /// <summary>Reads until the head is complete.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<Outcome> ReadRequestHead()
    {
        var deadline = loop.Events.In(loop.Plan.Timeouts.ClientHeader);
        var (most, mostFields) = ((int)loop.Plan.Limits.Header.Bytes, loop.Plan.Limits.HeaderCount);
        while (true)
        {
            var state = _request.Read(_client.Input.Unread, most, mostFields);
            if (state == HeadState.Complete)
            {
                _client.Input.HoldHead(_request.Length);
                _headHeld = true;
                return Outcome.Success;
            }

            if (state == HeadState.Invalid)
                return new(Cause.BadRequest, Detail: _request.Error);
            var wait = deadline - loop.Events.Now;
            var filled = wait > 0 ? await _client.Input.Fill(_client.Transport, wait) : IoStatus.TimedOut;
            if (filled != IoStatus.Done)
                return new(filled == IoStatus.TimedOut ? Cause.HeaderTimeout : Cause.ClientGone);
        }
    }

    private Pool? MatchRoute()
    {
        var head = _client.Input.Head;
        return _client.Listener.Routes.Match(_request.Authority(head), _request.Path(head));
    }

    private Outcome Admit()
    {
        var most = loop.Plan.Limits.Body?.Bytes ?? long.MaxValue;
        return _request.Body.Kind == BodyKind.Counted && _request.Body.Length > most ? new(Cause.BodyTooLarge) : Outcome.Success;
    }

    /// <summary>Writes the head for the servers, and takes what has arrived of the body to be sent along with it.</summary>
    private Outcome PrepareRequest(Pool pool)
    {
        _outgoing = loop.Events.Blocks.Rent();
        var writer = new BlockWriter(_outgoing);
        RequestWriter.Write(ref writer, _request, _client.Input.Head, _client.Forwarded, pool.NameBytes.Span);
        if (writer.Overflowed)
            return new(Cause.BadRequest, Detail: HeadError.TooLarge);
        (_outgoingHead, _outgoingBody, _replayable) = (writer.Written, default, true);
        if (!_request.Body.HasBody)
            return Outcome.Success;

        var chunked = _request.Body.Kind == BodyKind.Chunked;
        var limit = loop.Plan.Limits.Body?.Bytes ?? long.MaxValue;
        _upload.Begin(_client.Input, new BodyFramer(_request.Body, chunked, limit));
        var state = _upload.TakeFirst(out _outgoingBody);
        _replayable = state == FrameState.Complete;
        return state switch
        {
            FrameState.Broken => new(Cause.BadBody),
            FrameState.TooLarge => new(Cause.BodyTooLarge),
            _ => Outcome.Success,
        };
    }

    /// <summary>Takes a kept connection to the server, or opens one.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<Outcome> Connect(Server server, bool reuse)
    {
        _upstream = reuse ? loop.IdleConnectionsOf(server).Take() : null;
        if (_upstream is not null)
        {
            loop.Counters.UpstreamReuses++;
            return Outcome.Success;
        }

        _upstream = await BeginConnect(server);
        if (_upstream is null)
            return _connectError is Errno.TooManyFiles or Errno.FileTableFull or Errno.NoBufferSpace or Errno.OutOfMemory or Errno.AddressNotAvailable
                ? new(Cause.OutOfResources)
                : new(Cause.ConnectFailed, Retry.OnAnotherServer);
        var wake = await _upstream.Transport.Writable(loop.Plan.Timeouts.Connect);
        if (wake == Wake.Ready && _upstream.Transport.ConnectError() == 0)
            return Outcome.Success;
        CloseUpstream();
        return wake switch
        {
            Wake.Ready => new(Cause.ConnectFailed, Retry.OnAnotherServer),
            Wake.TimedOut => new(Cause.ConnectTimeout, ++_failedServers < MostServers ? Retry.OnAnotherServer : Retry.Never),
            _ => new(Cause.Stopped),
        };
    }

    /// <summary>
    /// Begins a connection; null when it fails at once. A Unix socket whose queue is full says so where TCP would wait,
    /// and is asked again until it is time to give up (connect(2), EAGAIN).
    /// </summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<UpstreamConnection?> BeginConnect(Server server)
    {
        var due = loop.Events.In(loop.Plan.Timeouts.Connect);
        var connection = loop.BeginConnect(server, out _connectError);
        while (_connectError == Errno.Again && loop.Events.Now < due && !_client.Transport.Aborted)
        {
            await _pause.Wait(loop.Events.In(QueuePauseMilliseconds));
            connection = loop.BeginConnect(server, out _connectError);
        }

        return connection;
    }

    /// <summary>Sends the request and passes the answer on. The connection is kept or closed when this returns.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<Outcome> Converse()
    {
        var upstream = _upstream!;
        var sentBefore = upstream.Transport.BytesSent;
        var sent = await upstream.Transport.SendAll(_outgoingHead, _outgoingBody, loop.Plan.Timeouts.ServerBody);
        if (sent is IoStatus.TimedOut or IoStatus.Aborted)
            return Fail(sent == IoStatus.TimedOut ? Cause.ServerTimeout : Cause.Stopped);
        if (upstream.Transport.BytesSent == sentBefore)
            return FailUnsent();

        // A server that closed on us may have answered before: read on in either case.
        var uploading = _request.Body.HasBody && !_upload.Taken && sent == IoStatus.Done;
        _requestSent = uploading ? TimerEntry.Never : loop.Events.Now;
        var upload = uploading ? BeginUpload(upstream) : default;
        if (!uploading)
            _client.Transport.EndsWith = upstream.Transport;
        var outcome = await ReadResponseHead(upstream);
        if (outcome.IsSuccess)
            outcome = await StreamResponse(upstream);
        if (uploading)
            outcome = await EndUpload(upload, outcome);
        if (!outcome.IsSuccess)
            return Fail(outcome.Cause, outcome.Detail);
        KeepOrClose(upstream, bodySent: sent == IoStatus.Done && (!uploading || _upload.End == RelayEnd.Complete));
        return outcome;
    }

    private ValueTask<RelayEnd> BeginUpload(UpstreamConnection upstream)
    {
        _upload.Connect(
            new RelayPoint(_client.Transport, loop.Plan.Timeouts.ClientBody),
            new RelayPoint(upstream.Transport, loop.Plan.Timeouts.ServerBody));
        return Upload(upstream);
    }

    /// <summary>Passes the rest of the request body while the answer may already come.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<RelayEnd> Upload(UpstreamConnection upstream)
    {
        var end = RelayEnd.Aborted;
        try
        {
            return end = await _upload.Run();
        }
        finally
        {
            _requestSent = loop.Events.Now;

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
            _upstream!.Transport.Abort();
            _upload.Cancel();
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
        _response.Clear();
        var (most, mostFields) = ((int)loop.Plan.Limits.Header.Bytes, loop.Plan.Limits.HeaderCount);
        var due = AnswerDue();
        var interim = 0;
        while (true)
        {
            var wake = await upstream.Transport.Readable(Math.Max(due - loop.Events.Now, 1));
            if (wake == Wake.TimedOut && AnswerDue() > loop.Events.Now)
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

                // 101 is an answer to an Upgrade that was never passed on.
                if (state == HeadState.Invalid || _response.Status == 101 || ++interim > MostInterimHeads)
                    return new(Cause.BadResponse, Detail: _response.Error);
                upstream.Input.HoldHead(_response.Length);
                if (!_response.Interim)
                    return Outcome.Success;
                var sent = await PassInterim(upstream);
                if (sent != IoStatus.Done)
                    return new(sent == IoStatus.TimedOut ? Cause.ClientStalled : Cause.ClientGone);
                upstream.Input.ReleaseHead();
                _response.Clear();
                due = loop.Events.In(loop.Plan.Timeouts.ServerResponse);
            }
        }
    }

    /// <summary>A server's time to answer starts when it has the whole request: until then the deadline moves on.</summary>
    private long AnswerDue() =>
        (_requestSent == TimerEntry.Never ? loop.Events.Now : _requestSent) + loop.Plan.Timeouts.ServerResponse;

    // HTTP/1.0 knows no interim responses (RFC 9110, 15.2).
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<IoStatus> PassInterim(UpstreamConnection upstream)
    {
        _continued |= _response.Status == 100;
        if (_request.MinorVersion == 0)
            return IoStatus.Done;
        var block = loop.Events.Blocks.Rent();
        var sent = await _client.Transport.SendAll(WriteInterim(block, upstream.Input.Head), loop.Plan.Timeouts.ClientBody);
        loop.Events.Blocks.Return(block);
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
        _responseBegun = true;
        var block = WriteResponse(upstream, out var head, out var piece, out var state);
        var sent = await _client.Transport.SendAll(head, piece, loop.Plan.Timeouts.ClientBody);
        loop.Events.Blocks.Return(block);
        upstream.Input.ReleaseHead();
        if (sent != IoStatus.Done)
            return new(sent == IoStatus.TimedOut ? Cause.ClientStalled : Cause.ClientGone);
        var end = state switch
        {
            FrameState.Complete => RelayEnd.Complete,
            FrameState.More => await _download.Run(),
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

    /// <summary>Writes the head for the client, and takes what has arrived of the body to be sent along with it.</summary>
    private Block WriteResponse(UpstreamConnection upstream, out BlockSlice head, out BlockSlice piece, out FrameState state)
    {
        ReleaseOutgoing();
        var framing = _response.Body(_request.Method);
        var chunked = framing.Kind is BodyKind.Chunked or BodyKind.UntilClose && _request.MinorVersion >= 1;
        var block = loop.Events.Blocks.Rent();
        var writer = new BlockWriter(block);
        ResponseWriter.Write(ref writer, _response, upstream.Input.Head, chunked, ConnectionOptionFor(framing), loop.Events.Date.At(loop.Events.Now));
        Debug.Assert(!writer.Overflowed, "A block holds the largest head and what is added to it.");
        _idleMilliseconds = IdleMilliseconds(upstream.Input.Head);
        _download.Begin(upstream.Input, new BodyFramer(framing, chunked));
        _download.Connect(
            new RelayPoint(upstream.Transport, loop.Plan.Timeouts.ServerBody),
            new RelayPoint(_client.Transport, loop.Plan.Timeouts.ClientBody));
        state = _download.TakeFirst(out piece);
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
        var endsWithConnection = _request.MinorVersion == 0 && (framing.Kind is BodyKind.Chunked or BodyKind.UntilClose);
        _closesAfter = loop.Draining || !_request.KeepAlive || endsWithConnection || BodyIsUnwanted();
        return _closesAfter ? ConnectionOption.Close
            : _request.MinorVersion == 0 ? ConnectionOption.KeepAlive
            : ConnectionOption.Default;
    }

    /// <summary>The server has answered without the whole request and will not read the rest; the client may never send it.</summary>
    private bool BodyIsUnwanted() =>
        _request.Body.HasBody && !_upload.Taken && (!_response.KeepAlive || (_request.ExpectsContinue && !_continued));

    /// <summary>How long the connection may be kept: a second less than the server says it will keep it.</summary>
    private long IdleMilliseconds(ReadOnlySpan<byte> head)
    {
        var ours = loop.Plan.Timeouts.ServerIdle;
        var theirs = _response.KeepAliveSeconds(head);
        return theirs < 0 ? ours : Math.Min(ours, Math.Max((theirs * 1000) - 1000, 1));
    }

    /// <summary>
    /// A server that knows of no body with these methods would read it as the next request, and answer that on a
    /// connection somebody else uses by then (RFC 9110, 9.3.1).
    /// </summary>
    private bool BodyMayBeTakenForRequest() =>
        _request.Body.HasBody && _request.Method is (KnownMethod.Get or KnownMethod.Head or KnownMethod.Delete or KnownMethod.Options or KnownMethod.Trace);

    /// <summary>Keeps the connection for the next request, if both sides are through with this one and agree to.</summary>
    private void KeepOrClose(UpstreamConnection upstream, bool bodySent)
    {
        var framing = _response.Body(_request.Method);
        if (!bodySent || BodyMayBeTakenForRequest() || loop.Draining || !_response.KeepAlive || framing.Kind == BodyKind.UntilClose || !upstream.Input.IsEmpty || upstream.Transport.Aborted
            || !upstream.Transport.IsQuiet())
        {
            CloseUpstream();
            return;
        }

        upstream.Input.Release();
        _client.Transport.EndsWith = null;
        _upstream = null;
        upstream.Home.Keep(upstream, _idleMilliseconds);
    }

    /// <summary>Not a byte could be sent: the connection was closed before, and any request is safe elsewhere.</summary>
    private Outcome FailUnsent()
    {
        var reused = _upstream!.Reused;
        CloseUpstream();
        return new(Cause.ServerClosed, reused ? Retry.OnFreshConnection : Retry.OnAnotherServer);
    }

    /// <summary>Closes the server's connection and says whether the request may be sent again.</summary>
    private Outcome Fail(Cause cause, HeadError detail = HeadError.None)
    {
        var reused = _upstream!.Reused;
        CloseUpstream();
        if (_responseBegun || cause != Cause.ServerClosed || !_replayable || !_request.Idempotent)
            return new(cause, Retry.Never, detail);
        if (reused)
            return new(cause, Retry.OnFreshConnection);
        return new(cause, ++_failedServers < MostServers ? Retry.OnAnotherServer : Retry.Never);
    }

    private void CloseUpstream()
    {
        _client.Transport.EndsWith = null;
        _upstream!.Close();
        _upstream = null;
    }

    private void ReleaseOutgoing()
    {
        if (!_outgoing.IsEmpty)
            loop.Events.Blocks.Return(_outgoing);
        _outgoing = default;
    }

    private AfterExchange AfterSuccess()
    {
        // What the client still sends of its body nobody will read as a request.
        if (_request.Body.HasBody && !_upload.Taken)
            return AfterExchange.Linger;
        return _closesAfter ? CloseOrLinger() : AfterExchange.KeepAlive;
    }

    // To close with bytes unread would break the connection off, and with it what is still on the way to the client.
    private AfterExchange CloseOrLinger() =>
        _client.Input.IsEmpty && !_client.Transport.ReadReady ? AfterExchange.Close : AfterExchange.Linger;

    /// <summary>Answers in the server's place, or breaks off an answer that has begun.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> Refuse(Outcome outcome)
    {
        ReleaseOutgoing();
        if (_responseBegun)
        {
            loop.Counters.Cut++;
            return AfterExchange.Reset;
        }

        if (outcome.Status == 0)
            return AfterExchange.Close;
        loop.Counters.Refused++;

        // After a fault of the client's nobody knows where its next request would start.
        var unread = !_headHeld || (_request.Body.HasBody && !_upload.Taken);
        var close = unread || loop.Draining || !_request.KeepAlive || (outcome.Fault == Fault.Client && outcome.Cause != Cause.NoRoute);
        var block = loop.Events.Blocks.Rent();
        var sent = await _client.Transport.SendAll(WriteRefusal(block, outcome, close), loop.Plan.Timeouts.ClientBody);
        loop.Events.Blocks.Return(block);
        return sent != IoStatus.Done ? AfterExchange.Close
            : !close ? AfterExchange.KeepAlive
            : unread ? AfterExchange.Linger
            : CloseOrLinger();
    }

    private BlockSlice WriteRefusal(Block block, Outcome outcome, bool close)
    {
        var accept = _headHeld ? _request.Fields.IndexOf(KnownField.Accept) : -1;
        var writer = new BlockWriter(block);
        ErrorPage.Write(
            ref writer,
            outcome,
            accept < 0 ? default : _request.Fields.All[accept].Value(_client.Input.Head),
            headOnly: _request.Method == KnownMethod.Head,
            close ? ConnectionOption.Close : _request.MinorVersion == 0 ? ConnectionOption.KeepAlive : ConnectionOption.Default,
            loop.Events.Date.At(loop.Events.Now));
        return writer.Written;
    }

    /// <summary>Breaks the server's connection off; the exchange ends of itself.</summary>
    public void AbortUpstream() => _upstream?.Transport.Abort();

    /// <summary>Lets go of everything after a fault of ours; the exchange is not used again.</summary>
    public void Abandon()
    {
        // What still runs of the upload ends here and now, before the connections serve others.
        _upstream?.Transport.Abort();
        _client.Transport.Abort();
        if (_upstream is not null)
            CloseUpstream();
        ReleaseOutgoing();
    }
}
