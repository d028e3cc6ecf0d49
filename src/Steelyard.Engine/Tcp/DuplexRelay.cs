using System.Runtime.CompilerServices;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Tcp;

/// <summary>
/// Joins two connections: what either sends the other gets, and the end of one way does not end the other. What a TCP
/// session and a tunnel are once they are open. Used again and again; owned by its loop.
/// </summary>
internal sealed class DuplexRelay : TimerEntry
{
    private readonly ProxyLoop _loop;
    private readonly RelayDirection _up;
    private readonly RelayDirection _down;
    private Transport _client = null!;
    private Transport _server = null!;
    private long _idleMilliseconds;
    private long _lastMoved;
    private bool _resets;

    public DuplexRelay(ProxyLoop loop)
    {
        _loop = loop;
        _up = new RelayDirection(loop, this);
        _down = new RelayDirection(loop, this);
    }

    /// <summary>Nothing more is passed: both ways return as soon as they look.</summary>
    public bool Ended { get; private set; }

    /// <summary>Passes bytes both ways until both have ended, or one end broke, or nothing has moved for too long.</summary>
    /// <param name="client">The client's connection.</param>
    /// <param name="clientInput">What the client has sent already.</param>
    /// <param name="server">The server's connection.</param>
    /// <param name="serverInput">What the server has sent already.</param>
    /// <param name="idleMilliseconds">The longest time without a byte in either direction.</param>
    [AsyncMethodBuilder(typeof(LoopMethod))]
    public async ValueTask Run(Transport client, InputBuffer clientInput, Transport server, InputBuffer serverInput, long idleMilliseconds)
    {
        (_client, _server, _idleMilliseconds, Ended, _resets) = (client, server, idleMilliseconds, false, false);
        _lastMoved = _loop.Events.Now;
        _loop.Events.Timers.Set(this, _loop.Events.In(idleMilliseconds));
        _up.Begin(client, server, clientInput);
        _down.Begin(server, client, serverInput);
        var up = _up.Run();
        var down = _down.Run();
        await up;
        await down;
        Cancel();

        // Set last: to shut a connection down before would tell the other end of an orderly end first.
        if (_resets)
        {
            client.ResetOnClose();
            server.ResetOnClose();
        }
    }

    /// <summary>Bytes have moved.</summary>
    public void Touch() => _lastMoved = _loop.Events.Now;

    /// <summary>One way has ended in order; who breaks from now on has nobody left to read it, and ends the other way.</summary>
    public void Finish(Transport source, Transport sink)
    {
        Touch();

        // Where a break is still to be told, an orderly end before it would be a lie.
        if (_resets)
            return;
        sink.FinishSending();
        source.EndsWith = sink;
    }

    /// <summary>An end takes no more bytes; what it has sent before may still be read, until its own end comes.</summary>
    public void LoseSink() => _resets = true;

    /// <summary>An end broke: both are reset.</summary>
    public void Break()
    {
        _resets = true;
        End();
    }

    private void End()
    {
        if (Ended)
            return;
        Ended = true;
        _client.CancelWaits();
        _server.CancelWaits();
    }

    /// <summary>Breaks both connections off; the relay ends of itself.</summary>
    public void Cut() => Break();

    /// <summary>Lets go of everything after a fault of ours; the relay is not used again.</summary>
    public void Abandon()
    {
        Cancel();
        End();
    }

    protected internal override void Expire()
    {
        var due = _lastMoved + _idleMilliseconds;
        if (due > _loop.Events.Now)
        {
            _loop.Events.Timers.Set(this, due);
            return;
        }

        // What was sent and not taken must not be missed in silence.
        _resets |= _up.Holds || _down.Holds;
        End();
    }
}
