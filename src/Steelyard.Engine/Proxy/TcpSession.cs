using System.Runtime.CompilerServices;
using Steelyard.Balancing;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Metering;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// A connection of a listener in TCP mode: a server is chosen and connected to at once, for some protocols let the
/// server speak first, and then bytes pass both ways. Used again and again; owned by its loop.
/// </summary>
internal sealed class TcpSession
{
    private readonly ProxyLoop _loop;
    private readonly ExchangeContext _context;
    private readonly Attempts _attempts;
    private readonly ServerChoice _choice;
    private readonly BreakerGuard _guard;
    private readonly ServerConnector _connector;
    private readonly Tunnel _tunnel;
    private readonly Admission _admission;

    public TcpSession(ProxyLoop loop)
    {
        _loop = loop;
        _context = new ExchangeContext(loop);
        _attempts = new Attempts(loop.Events, loop.Counters);
        _choice = new ServerChoice(_context, _attempts);
        _guard = new BreakerGuard(_context, EndCall);
        _connector = new ServerConnector(_context, _attempts);
        _tunnel = new Tunnel(loop);
        _admission = new Admission(_context);
    }

    /// <summary>What it is about.</summary>
    public ExchangeContext Context => _context;

    /// <summary>Serves one connection to its end; the caller closes it.</summary>
    /// <param name="client">The connection.</param>
    /// <param name="route">Whose servers it is for, or what it is told.</param>
    /// <returns>How it is closed.</returns>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<AfterExchange> Run(ClientConnection client, Route route)
    {
        _context.Begin(client);
        _context.EnterListener();
        _context.EnterRoute(route);
        _context.RouteMeter.Sessions++;
        _context.Record.HeadAt = _loop.Events.Now;
        if (route.Limits is { } limits && await _admission.Ask(limits) is { IsSuccess: false } refused)
        {
            Refuse(refused);
            return AfterExchange.Close;
        }

        if (route.Answer is { } answer)
            return await Tell(answer);
        if (route.ChoosePool(_context) is not { } pool)
        {
            Refuse(new(Cause.NoRoute));
            return AfterExchange.Reset;
        }

        _context.Pool = pool;
        _context.Meters.Pool(pool).Sessions++;
        if (_context.Log is not null)
            _context.Record.Enter(pool);
        var outcome = await Connect(pool);
        if (!outcome.IsSuccess)
        {
            // The client sees at once that nobody serves it, and cannot take the end for an empty answer.
            Refuse(outcome);
            return AfterExchange.Reset;
        }

        var upstream = _context.Upstream!;
        _context.ResponseBegun = true;
        _context.Record.Tunnel = await _tunnel.Run(client.Transport, client.Input, upstream.Transport, upstream.Input, _context.Timeouts.Tunnel, _context.TunnelMeters);
        _context.CloseUpstream();
        NoteAttempt();
        client.Tracked?.Count(Config.CounterKind.BytesIn, _tunnel.PassedUp, _loop.Events.Now);
        client.Tracked?.Count(Config.CounterKind.BytesOut, _tunnel.PassedDown, _loop.Events.Now);
        End();
        Log(_tunnel.PassedDown, _tunnel.PassedUp);
        return AfterExchange.Close;
    }

    /// <summary>Says what the route has to say, and reads nothing.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> Tell(LocalAnswer answer)
    {
        var block = _loop.Events.Blocks.Rent();
        var length = WriteBody(answer, block);
        var sent = length == 0 ? IoStatus.Done : await _context.Client.Transport.SendAll(block.Slice(0, length), _context.Timeouts.ClientBody);
        _loop.Events.Blocks.Return(block);
        if (sent == IoStatus.Done)
        {
            _context.ListenerMeter.BytesSent += length;
            _context.RouteMeter.BytesSent += length;
        }

        End();
        Log(sent == IoStatus.Done ? length : 0, received: 0);
        return sent == IoStatus.Done ? AfterExchange.Linger : AfterExchange.Close;
    }

    private int WriteBody(LocalAnswer answer, Block block)
    {
        var writer = new BlockWriter(block);
        answer.WriteBody(ref writer, _context.Scope);
        return writer.Length;
    }

    private void Refuse(in Outcome outcome)
    {
        End();
        _context.Record.Ending = outcome;
        Log(sent: 0, received: 0);
        _loop.Counters.SessionsRefused++;
    }

    private void End()
    {
        _admission.End();
        _context.EndWithServer();
    }

    /// <summary>Writes down a connection that no route takes.</summary>
    /// <param name="client">The connection.</param>
    /// <param name="isDenied">Whether a rule has closed it.</param>
    public void NoteRefusal(ClientConnection client, bool isDenied)
    {
        _context.Begin(client);
        (_context.Record.Ending, _context.Record.IsDenied) = (new(Cause.NoRoute), isDenied);
        Log(sent: 0, received: 0);
    }

    /// <summary>Writes down a session that is over, where somebody wants that.</summary>
    private void Log(long sent, long received)
    {
        if (_context.Log is { } log)
            _context.Record.Write(log, sent + received == 0 && _context.Record.Ending.IsSuccess, status: -1, sent, sent, received);
    }

    /// <summary>Connects to the first server that takes it.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<Outcome> Connect(Pool pool)
    {
        _context.Pool = pool;
        _context.Affinity.BeginSession(pool);
        _attempts.Begin(pool, _context.Affinity.Owner);
        _choice.Begin();
        var outcome = _guard.Enter(pool.Breaker);
        if (!outcome.IsSuccess)
            return outcome;
        ServerMeter? left = null;
        while (true)
        {
            Follow(ref pool);
            var chosen = await _choice.Choose(pool);
            if (chosen.Cause == Cause.NoServer && Follow(ref pool))
                continue;
            if (!chosen.IsSuccess)
            {
                outcome = outcome.IsSuccess ? chosen : outcome;
                _guard.End(outcome);
                return outcome;
            }

            var server = _context.Server!;
            if (server.Breaker is { } breaker && _guard.Enter(breaker) is { IsSuccess: false } rejected)
            {
                outcome = left is null ? rejected : outcome;
                _attempts.Tried.Add(server.Index);
                continue;
            }

            // Whom a breaker has passed over was not asked.
            var (again, meter) = (left is not null, _context.Meters.Server(pool, server));
            if (left is not null)
            {
                _loop.Counters.Retries++;
                meter.Retried();
                _context.RouteMeter.Retried++;
                left.Redispatched();
                _context.RouteMeter.Redispatched++;
            }

            _context.AttemptBegun = _loop.Events.Now;
            _context.Record.ChosenAt = _loop.Events.Now;
            _context.Record.BeginAttempt(again, elsewhere: true);
            outcome = await _connector.Connect(server, reuse: false);
            if (outcome.IsSuccess)
            {
                _context.Record.ConnectedAt = _loop.Events.Now;
                var took = _loop.Events.Now - _context.AttemptBegun;
                meter.Connected(took);
                _context.RouteMeter.ConnectTime += took;
            }

            if (outcome.IsSuccess || outcome.ServerFailure != ServerFailure.None)
                pool.Learn(server, outcome.IsSuccess ? ServerFailure.None : outcome.ServerFailure, status: 0, _loop.Events.Now, latency: _loop.Events.Now - _context.AttemptBegun);
            if (outcome.Retry == Retry.Never || server.Breaker is not null)
                _guard.End(outcome);
            if (outcome.Retry == Retry.Never)
            {
                if (!outcome.IsSuccess)
                    NoteAttempt();
                return outcome;
            }

            NoteAttempt();
            left = meter;
            _attempts.Tried.Add(server.Index);
        }
    }

    /// <summary>Goes on with the servers that the pool has now, if a reload has come between.</summary>
    private bool Follow(ref Pool pool)
    {
        if (!_context.FollowPool(ref pool))
            return false;
        _context.Affinity.BeginSession(pool);
        _attempts.Follow(pool, _context.Affinity.Owner);
        return true;
    }

    /// <summary>An attempt is over, whatever came of it.</summary>
    private void NoteAttempt()
    {
        if (_context.Log is { KeepsAttempts: true })
            _context.Record.EndAttempt(_context.Server!.AddressBytes, status: 0);
    }

    /// <summary>The breaker's time is over: breaks off what the session waits on.</summary>
    private void EndCall()
    {
        _choice.Abort();
        _context.Upstream?.Transport.Abort();
    }

    /// <summary>Looks again for a server, if it waits for one.</summary>
    public void LookAgain() => _choice.LookAgain();

    /// <summary>Breaks the server's connection off; the session ends of itself.</summary>
    public void AbortUpstream()
    {
        _admission.Abort();
        _choice.Abort();
        _tunnel.Cut();
        _context.Upstream?.Transport.Abort();
    }

    /// <summary>Lets go of everything after a fault of ours; the session is not used again.</summary>
    public void Abandon()
    {
        _context.Upstream?.Transport.Abort();
        _context.Client.Transport.Abort();
        if (_context.Upstream is not null)
            _context.CloseUpstream();
        _context.LeaveMeters();
        _context.Record.End();
        _choice.Abandon(_context.Pool);
        _guard.End(new(Cause.Stopped));
        End();
    }
}
