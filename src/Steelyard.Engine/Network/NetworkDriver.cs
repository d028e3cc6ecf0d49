using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Network;

/// <summary>
/// The one seam through which time and the network enter a loop. Two are shipped: the kernel's
/// (<see cref="KernelDriver"/>) and the simulation's (<see cref="Simulation.SimulatedDriver"/>), so that a whole
/// proxy can run from a seed. Owned by its loop.
/// </summary>
internal abstract class NetworkDriver : IDisposable
{
    protected EventLoop Loop { get; private set; } = null!;

    /// <summary>The monotonic clock, in milliseconds; reads it anew.</summary>
    public abstract long Milliseconds { get; }

    /// <summary>The wall clock; reads it anew.</summary>
    public abstract DateTime UtcNow { get; }

    /// <summary>64 bits of chance, others each time.</summary>
    public abstract ulong NextSeed();

    internal virtual void Attach(EventLoop loop) => Loop = loop;

    /// <summary>
    /// Waits for events or until <see cref="Wake"/>, lets the loop read its clock, then wakes who waits for the events.
    /// </summary>
    /// <param name="milliseconds">The longest wait; 0 only looks, -1 waits for ever.</param>
    public abstract void Wait(int milliseconds);

    /// <summary>Ends the present or the next <see cref="Wait"/>. May be called from any thread.</summary>
    public abstract void Wake();

    /// <summary>
    /// Begins to open a connection. It stands once it is writable and <see cref="Transport.ConnectError"/> is 0.
    /// </summary>
    /// <param name="address">Where to.</param>
    /// <param name="error">Why not, as a negative errno, when the result is null.</param>
    /// <param name="brief">Whether it is opened to be closed again at once, so that the other kernel need not be told that it stands: what is sent first says so.</param>
    /// <param name="from">The address that it comes from; null for the kernel's choice.</param>
    public abstract Transport? Connect(in KernelAddress address, out int error, bool brief = false, KernelAddress? from = null);

    /// <summary>Starts to accept connections; each is given to the acceptor.</summary>
    /// <param name="handle">The listening socket; its owner keeps it open until <see cref="StopListening(int)"/>.</param>
    /// <param name="acceptor">What takes the connections.</param>
    public abstract void Listen(int handle, Acceptor acceptor);

    /// <summary>Takes who has connected already to one socket, as far as there is room for them, and stops to accept there; its owner may close it after.</summary>
    public abstract void StopListening(int handle);

    /// <summary>Stops to accept on every socket; their owner may close them after.</summary>
    public abstract void StopListening();

    /// <summary>
    /// Takes who has connected already, as soon as there is room for them, and then stops to accept. Of use when nobody else
    /// can connect any more (<see cref="ListeningSocket.TurnAway"/>).
    /// </summary>
    /// <param name="finished">Called when it accepts no more; perhaps before this returns.</param>
    public abstract void FinishListening(Action finished);

    /// <summary>Goes on to accept where an acceptor had no room (<see cref="Acceptor.TryReserve"/>).</summary>
    public abstract void ResumeListening();

    /// <summary>Makes a transport of this loop from a connection that another loop accepted.</summary>
    public abstract Transport Adopt(in AcceptedConnection connection);

    public abstract void Dispose();
}

/// <summary>A connection as it was accepted, before a loop owns it.</summary>
/// <param name="Handle">The descriptor.</param>
/// <param name="Peer">The address of the other end.</param>
internal readonly record struct AcceptedConnection(int Handle, KernelAddress Peer);

/// <summary>Takes what a listening socket accepts.</summary>
internal abstract class Acceptor
{
    /// <summary>
    /// Makes room for one more, before it is taken from the socket's queue. Without room none is taken until
    /// <see cref="NetworkDriver.ResumeListening"/>: the others wait in the kernel.
    /// </summary>
    public virtual bool TryReserve() => true;

    /// <summary>There was none after all.</summary>
    public virtual void GiveBack()
    {
    }

    /// <summary>The socket is not looked at for a while: there is no room, or the kernel has no more descriptors or memory.</summary>
    public virtual void Paused()
    {
    }

    public abstract void Accepted(in AcceptedConnection connection);
}
