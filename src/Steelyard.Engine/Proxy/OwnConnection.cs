using Steelyard.Balancing;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// The connection to a server that serves one client alone, kept for its next request: the server was told whose it is,
/// or has let the client log in over it (RFC 4559, 6). HAProxy calls it private. Owned by its loop.
/// </summary>
internal sealed class OwnConnection(ProxyLoop loop)
{
    private readonly IdleConnections _kept = new(loop);
    private IdleConnections? _ofServer;
    private Pool? _pool;
    private Server? _server;

    /// <summary>Keeps a connection in the place of the one before.</summary>
    /// <param name="connection">The connection, at the end of a request.</param>
    /// <param name="pool">Where its server was chosen.</param>
    /// <param name="server">The server.</param>
    /// <param name="leads">Whether the next requests are to go to that server too.</param>
    /// <param name="milliseconds">How long it is kept without any.</param>
    public void Keep(UpstreamConnection connection, Pool pool, Server server, bool leads, long milliseconds)
    {
        _kept.CloseAll();
        (_ofServer, _pool, _server) = (connection.Home, pool, leads ? server : null);
        connection.Home = _kept;
        _kept.Keep(connection, milliseconds);
    }

    /// <summary>The server of a pool that a request is to go to for the connection's sake; null for none.</summary>
    public Server? ServerIn(Pool pool) => _pool == pool && _kept.Count > 0 ? _server : null;

    /// <summary>Takes the connection, if it leads where those would that are kept for everybody.</summary>
    /// <param name="ofServer">Those.</param>
    /// <param name="aim">What requests say of where it goes; empty where they say nothing of that.</param>
    public UpstreamConnection? Take(IdleConnections ofServer, ReadOnlySpan<byte> aim)
    {
        if (_ofServer != ofServer || _kept.Take(aim) is not { } connection)
            return null;
        connection.Home = ofServer;
        return connection;
    }

    /// <summary>The client has gone.</summary>
    public void Close()
    {
        _kept.CloseAll();
        (_ofServer, _pool, _server) = (null, null, null);
    }
}
