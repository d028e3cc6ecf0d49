using Steelyard.Engine.Interop;

namespace Steelyard.Engine.Proxy;

/// <summary>From where to where a client's connection goes.</summary>
internal abstract class ConnectionEnds
{
    /// <summary>The address of the client: where the connection comes from, or what a proxy that is believed has said.</summary>
    public abstract ref readonly KernelAddress Peer { get; }

    /// <summary>The address the client connected to, here or at the proxy before; of no family where it is not known.</summary>
    public abstract ref readonly KernelAddress Destination { get; }
}
