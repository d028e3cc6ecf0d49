using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// What the parts of one exchange share: the client, its request, the server's connection, and the one plan the
/// exchange goes by from its beginning to its end, whatever the loop is given meanwhile.
/// </summary>
internal sealed class ExchangeContext(ProxyLoop loop)
{
    public ProxyLoop Loop => loop;

    public EventLoop Events => loop.Events;

    public ProxyPlan Plan { get; private set; } = loop.Plan;

    public ClientConnection Client { get; private set; } = null!;

    public RequestHead Request { get; } = new();

    /// <summary>The server's connection while one is in use.</summary>
    public UpstreamConnection? Upstream { get; set; }

    /// <summary>The client's head is complete and held in its input.</summary>
    public bool HeadHeld { get; set; }

    /// <summary>Something of the final response may have been sent.</summary>
    public bool ResponseBegun { get; set; }

    /// <summary>The client was told that its connection ends with this response.</summary>
    public bool ClosesAfter { get; set; }

    public void Begin(ClientConnection client)
    {
        (Client, Plan, Upstream) = (client, loop.Plan, null);
        (HeadHeld, ResponseBegun, ClosesAfter) = (false, false, false);
        Request.Clear();
    }

    public void CloseUpstream()
    {
        Client.Transport.EndsWith = null;
        Upstream!.Close();
        Upstream = null;
    }
}
