using System.Runtime.CompilerServices;
using Steelyard.Balancing;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Tcp;

/// <summary>
/// Finds a server for a TCP session: of the pool's servers by its policy, and another one where the connection does not
/// open. Used again and again; owned by its loop.
/// </summary>
internal sealed class SessionOpening
{
    private readonly ExchangeContext _context;
    private readonly Attempts _attempts = new();
    private readonly ServerConnector _connector;

    public SessionOpening(ProxyLoop loop)
    {
        _context = new ExchangeContext(loop);
        _connector = new ServerConnector(_context, _attempts);
    }

    /// <summary>Opens a connection.</summary>
    /// <returns>The connection, the caller's to close; null when no server took one.</returns>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<UpstreamConnection?> Run(ClientConnection client, Pool pool)
    {
        _context.Begin(client);
        _context.Pool = pool;
        _attempts.Begin(pool.Count);
        var outcome = new Outcome(Cause.NoServer);
        do
        {
            if (pool.Choose(_attempts.Tried).Server is not { } server)
                break;
            _context.Server = server;
            if (outcome.Retry != Retry.Never)
                _context.Loop.Counters.Retries++;
            outcome = await _connector.Connect(server, reuse: false);
            Exchange.Learn(server, outcome);
            if (outcome.Retry == Retry.OnAnotherServer)
                _attempts.Tried.Add(server.Index);
        }
        while (outcome.Retry != Retry.Never);

        var upstream = _context.Upstream;
        _context.Upstream = null;
        return outcome.IsSuccess ? upstream : null;
    }

    /// <summary>Breaks the connection that is being opened off; the opening ends of itself.</summary>
    public void Abort() => _context.Upstream?.Transport.Abort();

    /// <summary>Lets go of everything after a fault of ours; the opening is not used again.</summary>
    public void Abandon()
    {
        if (_context.Upstream is not null)
            _context.CloseUpstream();
    }
}
