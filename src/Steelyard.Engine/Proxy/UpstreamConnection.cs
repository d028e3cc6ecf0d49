using System.Diagnostics;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>Whom a connection to a server may serve.</summary>
internal enum ConnectionUse : byte
{
    /// <summary>One request after the other, of whomever.</summary>
    AnyClient,

    /// <summary>The client that the server was told of.</summary>
    OneClient,

    /// <summary>The client that has logged in over it, which goes on there.</summary>
    LoggedIn,

    /// <summary>Nobody after the request at hand.</summary>
    OneRequest,
}

/// <summary>A connection to a server: in use by one exchange, or kept for the next. Owned by its loop.</summary>
internal sealed class UpstreamConnection(ProxyLoop loop) : TimerEntry, IIdleObserver
{
    internal UpstreamConnection? NewerIdle;
    internal UpstreamConnection? OlderIdle;

    public Transport Transport { get; private set; } = null!;

    public InputBuffer Input { get; } = new(loop.Events);

    /// <summary>Where it is kept between requests.</summary>
    public IdleConnections Home { get; set; } = null!;

    /// <summary>What of its requests said where it goes; null where they say nothing of that. See <see cref="ConnectionAim"/>.</summary>
    public byte[]? Aim { get; set; }

    /// <summary>The connection has served a request before, so the server may have closed it meanwhile.</summary>
    public bool Reused { get; set; }

    /// <summary>The connection is kept and waits for its next request.</summary>
    public bool Idle { get; internal set; }

    /// <summary>Whom it serves.</summary>
    public ConnectionUse Use { get; private set; }

    public void Open(Transport transport, IdleConnections home) => (Transport, Home, Aim, Reused, Use) = (transport, home, null, false, ConnectionUse.AnyClient);

    /// <summary>Keeps it to fewer.</summary>
    public void Restrict(ConnectionUse use)
    {
        if (use > Use)
            Use = use;
    }

    /// <summary>Speaks to the server by another transport from now on, which is carried by the one before.</summary>
    public void Secure(Transport secured) => Transport = secured;

    public void Close()
    {
        Debug.Assert(!Idle, "A kept connection is taken out before it is closed.");
        Cancel();
        Input.Release();
        Transport.Close();
        Transport = null!;
        loop.Recycle(this);
    }

    /// <summary>The server closed it, or sent what nobody asked for: neither may reach a client.</summary>
    public void BrokeWhileIdle()
    {
        Home.Remove(this);
        Close();
    }

    protected internal override void Expire()
    {
        if (!Idle)
            return;
        Home.Remove(this);
        Close();
    }
}

/// <summary>The connections to one server that one loop keeps for later requests: the last one back is the first one out.</summary>
internal sealed class IdleConnections(ProxyLoop loop)
{
    // Beyond this many the oldest goes: more than one loop ever has in flight to one server, short of an attack.
    private const int Most = 1024;

    private UpstreamConnection? _newest;
    private UpstreamConnection? _oldest;

    private bool _retired;

    public int Count { get; private set; }

    /// <summary>Takes the connection used last; null when there is none.</summary>
    /// <param name="aim">What requests say of where it goes; empty where they say nothing of that.</param>
    public UpstreamConnection? Take(ReadOnlySpan<byte> aim = default)
    {
        var connection = _newest;
        while (connection is not null && !aim.SequenceEqual(connection.Aim))
            connection = connection.OlderIdle;
        if (connection is null)
            return null;
        Remove(connection);
        connection.Reused = true;
        return connection;
    }

    /// <summary>Keeps a connection for so long.</summary>
    public void Keep(UpstreamConnection connection, long milliseconds)
    {
        if (_retired)
        {
            connection.Close();
            return;
        }

        if (Count >= Most)
        {
            var oldest = _oldest!;
            Remove(oldest);
            oldest.Close();
        }

        connection.Idle = true;
        connection.OlderIdle = _newest;
        if (_newest is not null)
            _newest.NewerIdle = connection;
        _newest = connection;
        _oldest ??= connection;
        Count++;
        connection.Transport.IdleObserver = connection;
        loop.Events.Timers.Set(connection, loop.Events.In(milliseconds));
    }

    /// <summary>Takes out one connection, to be used or closed.</summary>
    public void Remove(UpstreamConnection connection)
    {
        Debug.Assert(connection.Idle, "The connection is not kept here.");
        if (connection.NewerIdle is null)
            _newest = connection.OlderIdle;
        else
            connection.NewerIdle.OlderIdle = connection.OlderIdle;
        if (connection.OlderIdle is null)
            _oldest = connection.NewerIdle;
        else
            connection.OlderIdle.NewerIdle = connection.NewerIdle;
        connection.NewerIdle = connection.OlderIdle = null;
        connection.Idle = false;
        connection.Transport.IdleObserver = null;
        connection.Cancel();
        Count--;
    }

    /// <summary>The server has left the configuration: nothing is kept for it any more.</summary>
    public void Retire()
    {
        _retired = true;
        CloseAll();
    }

    public void CloseAll()
    {
        while (_newest is { } connection)
        {
            Remove(connection);
            connection.Close();
        }
    }
}
