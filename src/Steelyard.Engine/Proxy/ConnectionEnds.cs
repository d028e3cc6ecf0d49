using System.Net.Security;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Tls;

namespace Steelyard.Engine.Proxy;

/// <summary>From where to where a client's connection goes.</summary>
internal abstract class ConnectionEnds
{
    private static readonly KernelAddress s_unknown;

    /// <summary>The address of the client: where the connection comes from, or what a proxy that is believed has said.</summary>
    public abstract ref readonly KernelAddress Peer { get; }

    /// <summary>The address the client connected to, here or at the proxy before; of no family where it is not known.</summary>
    public abstract ref readonly KernelAddress Destination { get; }

    /// <summary>Where the connection comes from, whatever proxies say.</summary>
    public virtual ref readonly KernelAddress Sender => ref Peer;

    /// <summary>Whose connection it is by a PROXY header, believed or not; of no family without one.</summary>
    public virtual ref readonly KernelAddress ToldPeer => ref s_unknown;

    /// <summary>What that one has connected to.</summary>
    public virtual ref readonly KernelAddress ToldDestination => ref s_unknown;

    /// <summary>Its place among all connections of clients; 0 of one that there is not.</summary>
    public virtual long Number => 0;

    /// <summary>How many requests have come on it, this one too.</summary>
    public virtual int Requests => 1;

    /// <summary>How many connections its listener has open, this one too.</summary>
    public virtual long OpenBeside => 0;

    /// <summary>How it has begun, where that was read for what a TLS hello says; null where it was not.</summary>
    public virtual ClientHello? Hello => null;

    /// <summary>What has come first on a connection that carries no requests, as long as it is here.</summary>
    public virtual ReadOnlySpan<byte> FirstBytes => default;

    /// <summary>How its TLS is spoken, and with whom; null without TLS, and of a connection that there is not.</summary>
    public virtual SslStream? Tls => null;

    /// <summary>The name that a client of TLS that ends here has asked for; empty for none.</summary>
    public virtual ReadOnlySpan<byte> TlsName => default;

    /// <summary>The certificate that the client has shown; null for none.</summary>
    public virtual ShownCertificate? Certificate => null;
}
