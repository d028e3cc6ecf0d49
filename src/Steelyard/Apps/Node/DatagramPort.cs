using Steelyard.Keeper;

namespace Steelyard.Apps.Node;

/// <summary>
/// A socket of UDP that all workers of an app have, bound here: each datagram reaches one of them, and none is lost while
/// workers are replaced (Node: <c>SharedHandle</c> of its cluster). Owned by the loop.
/// </summary>
/// <param name="descriptor">The socket; closed with the last worker.</param>
internal sealed class DatagramPort(int descriptor)
{
    private readonly HashSet<NodeChannel> _workers = [];
    private bool _closed;

    /// <summary>The socket; -1 once it is closed, for its number may be another's then.</summary>
    public int Descriptor => _closed ? -1 : descriptor;

    public bool IsUnused => _workers.Count == 0;

    public void Add(NodeChannel worker) => _workers.Add(worker);

    public void Remove(NodeChannel worker) => _workers.Remove(worker);

    public void Close()
    {
        if (!_closed)
            _ = Posix.close(descriptor);
        _closed = true;
    }
}
