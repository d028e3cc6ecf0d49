using Steelyard.Balancing;

namespace Steelyard.Engine.Proxy;

/// <summary>The servers a request has been tried on, and how many more it may be.</summary>
internal sealed class Attempts
{
    // Requests sent and not answered may have broken the servers that got them: not every server of the pool gets a turn.
    private const int MostServers = 3;

    private int _failedServers;

    public ServerSet Tried { get; } = new();

    public void Begin(int servers)
    {
        Tried.Clear(servers);
        _failedServers = 0;
    }

    /// <summary>What follows when a server took the request, or the time for it, and gave nothing.</summary>
    public Retry AfterFailedServer() => ++_failedServers < MostServers ? Retry.OnAnotherServer : Retry.Never;
}
