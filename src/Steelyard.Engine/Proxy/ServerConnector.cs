using System.Runtime.CompilerServices;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.ProxyProtocol;
using Steelyard.Engine.Tls;

namespace Steelyard.Engine.Proxy;

/// <summary>Gets a connection to a server, kept or new.</summary>
internal sealed class ServerConnector(ExchangeContext context, Attempts attempts)
{
    private const int QueuePauseMilliseconds = 10;

    // nginx: what variables have made is no address.
    private const int WrongPlaceStatus = 500;

    private readonly Waiter _pause = new(context.Events);
    private int _connectError;

    /// <summary>What the request says of its server leads nowhere: nobody was asked.</summary>
    public bool HasNoPlace { get; private set; }

    /// <summary>Takes a kept connection to the server, or opens one.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<Outcome> Connect(Server server, bool reuse)
    {
        HasNoPlace = false;
        if (context.Plan.MadeOf[server.Ordinal] is { } made)
        {
            // Whom one request names the next may not.
            var port = context.Plan.TlsOf[server.Ordinal] is null ? 80 : 443;
            context.Target = await context.Loop.Targets.Find(context.Pool!, server, made, port, context.Scope);
            HasNoPlace = context.Target is null || context.Target == MadeTargets.Wrong;
            if (HasNoPlace)
                return new(Cause.ConnectFailed, Told: context.Target is null ? 0 : WrongPlaceStatus);
            reuse = false;
        }

        reuse &= !context.ClosesServer;
        var introduction = context.Plan.ProxyProtocolOf[server.Ordinal];
        context.Upstream = reuse ? Kept(server, isShared: introduction == ProxyProtocolVersion.None) : null;
        if (context.Upstream is not null)
        {
            context.Loop.Counters.UpstreamReuses++;
            return Outcome.Success;
        }

        var due = context.Events.In(context.Timeouts.Connect);
        context.Upstream = await BeginConnect(server);
        if (context.Upstream is null)
            return _connectError is Errno.TooManyFiles or Errno.FileTableFull or Errno.NoBufferSpace or Errno.OutOfMemory or Errno.AddressNotAvailable
                ? new(Cause.OutOfResources)
                : new(Cause.ConnectFailed, attempts.AfterNoConnection());
        if (context.Target is not null || context.ClosesServer)
            context.Upstream.Restrict(ConnectionUse.OneRequest);
        if (context.Deadline.Passed)
            context.Upstream.Transport.Abort();
        context.Client.Transport.EndsWith = context.Upstream.Transport;
        var wake = await context.Upstream.Transport.Writable(context.Timeouts.Connect);
        context.Client.Transport.EndsWith = null;
        if (wake == Wake.Ready && context.Upstream.Transport.ConnectError() == 0)
        {
            if (server.Settings.Address.Greets && await Greeting.Take(context.Upstream.Transport, due) is var greeted and not IoStatus.Done)
                return NotTaken(greeted);
            var introduced = introduction == ProxyProtocolVersion.None ? Outcome.Success : await Introduce(introduction, due);
            return introduced.IsSuccess && context.Plan.TlsOf[server.Ordinal] is { } tls ? await Secure(server, tls, due) : introduced;
        }

        context.CloseUpstream();
        return wake switch
        {
            Wake.Ready => new(Cause.ConnectFailed, attempts.AfterNoConnection()),
            Wake.TimedOut => new(Cause.ConnectTimeout, attempts.AfterNoConnection(timedOut: true)),
            _ => new(context.Client.Transport.BrokeOff ? Cause.ClientGone : Cause.Stopped),
        };
    }

    private UpstreamConnection? Kept(Server server, bool isShared) => context.Plan.AimOf[server.Ordinal] is { } aim
        ? Kept(server, isShared, AimAt(aim, stackalloc byte[ConnectionAim.Longest]))
        : Kept(server, isShared, default);

    private UpstreamConnection? Kept(Server server, bool isShared, ReadOnlySpan<byte> aim)
    {
        var ofServer = context.IdleConnectionsOf(server);
        return (context.Client.IsTakenElsewhere ? null : context.Client.Own?.Take(ofServer, aim)) ?? (isShared ? ofServer.Take(aim) : null);
    }

    // What the request says of the connection that it needs; there is nothing of that for most servers.
    private ReadOnlySpan<byte> AimAt(ConnectionAim aim, Span<byte> room) => room[..aim.Write(context.Scope, context.Client.Destination.Port, room)];

    /// <summary>Tells the server whose connection it gets, before anything else.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<Outcome> Introduce(ProxyProtocolVersion version, long due)
    {
        var upstream = context.Upstream!;
        upstream.Restrict(context.Client.IsTakenElsewhere ? ConnectionUse.OneRequest : ConnectionUse.OneClient);
        var block = context.Events.Blocks.Rent();
        var length = ProxyHeaderWriter.Write(block.Span, version, context.Client.Peer, context.Client.Destination);
        var sent = await upstream.Transport.SendAll(block.Slice(0, length), Math.Max(due - context.Events.Now, 1));
        context.Events.Blocks.Return(block);
        return sent == IoStatus.Done ? Outcome.Success : NotTaken(sent);
    }

    /// <summary>Gives up a connection that nothing of the request was sent on.</summary>
    private Outcome NotTaken(IoStatus how)
    {
        context.CloseUpstream();
        return how switch
        {
            IoStatus.TimedOut => new(Cause.ConnectTimeout, attempts.AfterNoConnection(timedOut: true)),
            IoStatus.Aborted => new(Cause.Stopped),
            _ => new(Cause.ConnectFailed, attempts.AfterNoConnection()),
        };
    }

    /// <summary>Puts TLS between the connection and the request. No byte of the request has been sent if this fails.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<Outcome> Secure(Server server, TlsClient tls, long due)
    {
        var secured = new TlsTransport(context.Upstream!.Transport, context.Loop.Tls);
        context.Upstream.Secure(secured);
        var verdict = new CertificateVerdict(tls.Settings, tls.Settings.NameOfRequest is null ? null : tls.Settings.Name);
        var address = server.Settings.Address;
        var asked = tls.Settings.NameOfRequest is not null ? ConnectionAim.NameOf(context.Upstream.Aim) : null;
        var done = await secured.Connect(tls.OptionsFor(context.Target?.Host ?? (address.UnixPath is null ? address.Host : ""), verdict, asked), due);
        var (timedOut, stopped) = (secured.TimedOut, secured.Aborted);

        // What the client or an operator has broken off says nothing of the server.
        if (done || timedOut || !stopped)
            context.Meters.Server(context.Pool!, server).Secured(done);
        if (done)
            return Outcome.Success;
        context.CloseUpstream();
        return timedOut ? new(Cause.ConnectTimeout, attempts.AfterNoConnection(timedOut: true))
            : stopped ? new(Cause.Stopped)
            : new(
                verdict.Fault switch
                {
                    CertificateFault.Untrusted => Cause.CertificateUntrusted,
                    CertificateFault.Expired => Cause.CertificateExpired,
                    CertificateFault.OtherName => Cause.CertificateForOther,
                    _ => Cause.TlsFailed,
                },
                attempts.AfterNoConnection());
    }

    /// <summary>
    /// Begins a connection; null when it fails at once. A Unix socket whose queue is full says so where TCP would wait,
    /// and is asked again until it is time to give up (connect(2), EAGAIN).
    /// </summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<UpstreamConnection?> BeginConnect(Server server)
    {
        var due = context.Events.In(context.Timeouts.Connect);
        var connection = BeginNow(server);
        while (_connectError == Errno.Again && context.Events.Now < due && !context.Client.Transport.Aborted && !context.Deadline.Passed)
        {
            await _pause.Wait(context.Events.In(QueuePauseMilliseconds));
            connection = BeginNow(server);
        }

        return connection;
    }

    private UpstreamConnection? BeginNow(Server server)
    {
        var place = context.Target?.Place ?? context.Plan.Addresses[server.Ordinal];
        return context.Plan.AimOf[server.Ordinal] is { } aim ? BeginNow(server, place, AimAt(aim, stackalloc byte[ConnectionAim.Longest])) : BeginNow(server, place);
    }

    private UpstreamConnection? BeginNow(Server server, KernelAddress? place, ReadOnlySpan<byte> aim)
    {
        if (server.Settings.ClientPort is not null && place is { } host)
            place = host.WithPort(ConnectionAim.PortOf(aim));
        var connection = BeginNow(server, place);
        connection?.Aim = aim.ToArray();
        return connection;
    }

    private UpstreamConnection? BeginNow(Server server, KernelAddress? place) =>
        context.Loop.BeginConnect(place, context.IdleConnectionsOf(server), out _connectError, context.Plan.SourceOf[server.Ordinal]);
}
