using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// The copies of requests that one loop has on their way to where they are mirrored. Each is a request like any other, of a
/// client that sends nothing more and sees nothing of the answer. Owned by its loop.
/// </summary>
internal sealed class CopiesUnderWay(ProxyLoop loop)
{
    // With those whose body is still to come. Who is slow to answer copies must not cost the memory of who is not.
    private const int Most = 256;
    private const int MostBlocks = 4096;

    private readonly Stack<CopyTransport> _transports = new();
    private readonly Stack<ClientConnection> _clients = new();
    private readonly List<ClientConnection> _running = [];
    private int _gathered;

    /// <summary>Room for one more, to be started or dropped; null where there are enough.</summary>
    public CopyTransport? Gather()
    {
        if (_running.Count + _gathered >= Most || loop.Events.Blocks.Rented > MostBlocks || loop.Draining)
            return null;
        _gathered++;
        return _transports.TryPop(out var transport) ? transport : new(loop.Events);
    }

    /// <summary>One that was gathered is not sent.</summary>
    public void Drop(CopyTransport transport)
    {
        _gathered--;
        transport.Request.Clear();
        _transports.Push(transport);
    }

    /// <summary>Sends one that was gathered.</summary>
    /// <param name="transport">What it is read from.</param>
    /// <param name="path">What it asks for.</param>
    /// <param name="hasBody">Whether it has the body of the request.</param>
    /// <param name="original">The request; it is not needed any more when this returns.</param>
    public void Start(CopyTransport transport, TemplateBytes path, bool hasBody, ExchangeContext original)
    {
        var client = original.Client;

        // A reload may have taken the listener away while the body came.
        if (loop.Plan.ListenerAt(client.Arrival.Slot) is not { } listener || !listener.Continues(client.Listener))
        {
            Drop(transport);
            return;
        }

        _gathered--;
        transport.Open(client.Destination, client.Forwarded.Secure);
        if (!_clients.TryPop(out var copy))
            copy = new ClientConnection(loop);
        _running.Add(copy);
        copy.StartCopy(transport, new(path, hasBody, original));
    }

    /// <summary>One is through.</summary>
    public void Ended(ClientConnection copy, CopyTransport transport)
    {
        var place = _running.IndexOf(copy);
        _running[place] = _running[^1];
        _running.RemoveAt(_running.Count - 1);
        _clients.Push(copy);
        _transports.Push(transport);
    }

    /// <summary>Breaks all of them off.</summary>
    public void CutAll()
    {
        for (var i = _running.Count - 1; i >= 0; i--)
        {
            if (i < _running.Count)
                _running[i].Cut();
        }
    }
}

/// <summary>What a copy of a request is to do.</summary>
/// <param name="Path">What it asks for.</param>
/// <param name="HasBody">Whether it has the body of the request.</param>
/// <param name="Original">The request; null once the copy has begun.</param>
internal readonly record struct CopyOrder(TemplateBytes Path, bool HasBody, ExchangeContext? Original);
