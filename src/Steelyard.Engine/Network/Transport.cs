using System.Diagnostics;
using System.Runtime.CompilerServices;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Network;

/// <summary>How a transfer of bytes ended.</summary>
internal enum IoStatus
{
    Done,

    /// <summary>Nothing is there yet.</summary>
    NotYet,

    /// <summary>The other end closed the connection, behind its last byte; or whatever end kept bytes from being sent.</summary>
    Closed,

    /// <summary>The connection broke: what was received last need not be the last that was sent.</summary>
    Broken,

    /// <summary>The other end did nothing for too long.</summary>
    TimedOut,

    /// <summary>This end gave up (<see cref="Transport.Abort"/>).</summary>
    Aborted,
}

/// <summary>Hears of a connection that nobody waits on: the other end closed it, or sent what nobody asked for.</summary>
internal interface IIdleObserver
{
    void BrokeWhileIdle();
}

/// <summary>Hears of the end of a connection that nobody reads.</summary>
internal interface IEndObserver
{
    /// <summary>The other end has closed its side at least. May end the connection before it returns.</summary>
    /// <param name="broken">Whether the connection is reset, or closed on both sides.</param>
    void PeerEnded(bool broken);
}

/// <summary>
/// One end of a byte stream. Calls never block: each transfers what it can and says what it did; who needs more waits
/// for <see cref="Readable"/> or <see cref="Writable"/>. Owned by its loop.
/// </summary>
internal abstract class Transport
{
    private readonly Waiter _reader;
    private readonly Waiter _writer;
    private bool _broke;

    protected Transport(EventLoop loop)
    {
        Loop = loop;
        _reader = new Waiter(loop);
        _writer = new Waiter(loop);
    }

    public EventLoop Loop { get; }

    /// <summary>Hears of events while nobody waits; set while the connection is kept for later use.</summary>
    public virtual IIdleObserver? IdleObserver { get; set; }

    /// <summary>Hears when the other end closes from now on; null for nobody.</summary>
    public IEndObserver? EndObserver { get; set; }

    /// <summary>The connection whose bytes this one carries in another form, and which takes its events; null for none.</summary>
    public Transport? Carries { get; set; }

    /// <summary>Whether somebody waits for <see cref="Readable"/>.</summary>
    protected bool ReaderWaits => _reader.Waiting;

    /// <summary>Bytes the kernel has taken of this connection's so far, splices aside.</summary>
    public long BytesSent { get; protected set; }

    /// <summary>Another connection that is broken off when this one breaks: who has gone needs no answer.</summary>
    public Transport? EndsWith { get; set; }

    /// <summary>It broke while another one was to end with it, and did.</summary>
    public bool BrokeOff { get; private set; }

    /// <summary>Whether <see cref="Abort"/> was called.</summary>
    public bool Aborted { get; private set; }

    /// <summary>Whether a receive may have something: not yet tried since the last event.</summary>
    public bool ReadReady { get; protected set; }

    /// <summary>Whether a send may take something.</summary>
    protected bool WriteReady { get; set; }

    /// <summary>The other end has closed its side, or the connection broke; a short read does not mean drained.</summary>
    protected bool PeerClosed { get; set; }

    /// <summary>Changes when the object is used for another connection.</summary>
    protected uint Generation { get; set; }

    /// <summary>Lets another connection be broken off when this one breaks, or at once where it has.</summary>
    public void EndWith(Transport other)
    {
        EndsWith = other;
        if (_broke)
            BreakOff(other);
    }

    private void BreakOff(Transport other)
    {
        BrokeOff = true;

        // A server that was sent nothing yet must not take this for a client that had nothing to say.
        other.Abort(reset: other.BytesSent == 0);
    }

    /// <summary>Waits until a receive may have something, or the other end closed.</summary>
    /// <param name="milliseconds">The longest wait; 0 for no limit.</param>
    public ValueTask<Wake> Readable(long milliseconds)
    {
        if (Aborted)
            return new(Wake.Aborted);
        return ReadReady ? new(Wake.Ready) : _reader.Wait(Loop.In(milliseconds));
    }

    /// <summary>
    /// Whether everything that has arrived was received and the other end has not closed. Costs a call only where the
    /// last receive left it open.
    /// </summary>
    public bool IsQuiet()
    {
        if (!ReadReady)
            return true;
        Span<byte> probe = stackalloc byte[1];
        return Receive(probe) == Errno.Again;
    }

    /// <summary>Waits until a send may take something.</summary>
    /// <param name="milliseconds">The longest wait; 0 for no limit.</param>
    public ValueTask<Wake> Writable(long milliseconds)
    {
        if (Aborted)
            return new(Wake.Aborted);
        return WriteReady ? new(Wake.Ready) : _writer.Wait(Loop.In(milliseconds));
    }

    /// <summary>Takes what has arrived.</summary>
    /// <returns>The number of bytes, 0 at the end of the stream, or a negative errno: <see cref="Errno.Again"/> when nothing is there.</returns>
    public abstract int Receive(Span<byte> buffer);

    /// <summary>The address of this end; of no family where there is none.</summary>
    public virtual KernelAddress LocalAddress() => default;

    /// <summary>Sends what fits.</summary>
    /// <returns>The number of bytes, or a negative errno: <see cref="Errno.Again"/> when nothing fits.</returns>
    public abstract int Send(ReadOnlySpan<byte> bytes);

    /// <summary>Sends what fits of two pieces, in one call.</summary>
    /// <returns>The number of bytes, or a negative errno: <see cref="Errno.Again"/> when nothing fits.</returns>
    public abstract int Send(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second);

    /// <summary>0 when a connection that was opened stands, the negative errno when it failed. Asked once, when it is writable.</summary>
    public abstract int ConnectError();

    /// <summary>Whether <see cref="ReceiveInto"/> and <see cref="SendFrom"/> work here.</summary>
    public abstract bool CanSplice { get; }

    /// <summary>Moves what has arrived into a pipe, without a copy (splice(2)).</summary>
    /// <returns>As <see cref="Receive"/>.</returns>
    public abstract int ReceiveInto(SplicePipe pipe, int most);

    /// <summary>Moves a pipe's content out, without a copy (splice(2)).</summary>
    /// <param name="pipe">The pipe; it holds something.</param>
    /// <param name="more">Whether more will follow at once: the kernel may hold back what does not fill a packet.</param>
    /// <returns>As <see cref="Send(ReadOnlySpan{byte})"/>.</returns>
    public abstract int SendFrom(SplicePipe pipe, bool more);

    /// <summary>Sends what <see cref="SendFrom"/> held back, where anything can be.</summary>
    public virtual void SendHeld()
    {
    }

    /// <summary>What is sent next is the last, and the end follows at once: the two may leave together.</summary>
    public virtual void EndFollows()
    {
    }

    /// <summary>Says that nothing more will be sent; what was sent still arrives.</summary>
    public abstract void FinishSending();

    /// <summary>Whether the other end can tell an end that <see cref="FinishSending"/> has made from one of <see cref="FinishCut"/>.</summary>
    public virtual bool MarksItsEnd => false;

    /// <summary>Says that nothing more will be sent, though it is not the whole: what was sent still arrives, and where there is a mark of the whole, it is left out.</summary>
    public virtual void FinishCut() => FinishSending();

    /// <summary>
    /// Lets <see cref="Close"/> reset the connection, so that the other end cannot take a body that was cut short for
    /// one that is complete.
    /// </summary>
    public abstract void ResetOnClose();

    /// <summary>Closes the connection. The object may serve another one after; nobody may wait on it.</summary>
    public void Close()
    {
        Debug.Assert(!_reader.Waiting && !_writer.Waiting, "Somebody waits on a connection that is closed.");

        // Whoever waited would otherwise be woken by the connection that uses the object next.
        if (_reader.Waiting || _writer.Waiting)
            Abort();
        (IdleObserver, EndObserver, EndsWith, Carries, BrokeOff) = (null, null, null, null, false);
        CloseHandle();
    }

    protected abstract void CloseHandle();

    protected abstract void ShutDown();

    /// <summary>
    /// Breaks the connection off. Who waits on it is woken with <see cref="Wake.Aborted"/> before this returns, and
    /// every later call fails; <see cref="Close"/> is still to come.
    /// </summary>
    /// <param name="reset">The other end is to see a reset, not an end that it could take for a whole stream's.</param>
    public void Abort(bool reset = false)
    {
        if (Aborted)
            return;
        Aborted = true;
        if (reset)
            ResetOnClose();
        else
            ShutDown();

        // Who is woken may close this connection and open another one with the same object.
        var generation = Generation;
        _reader.Complete(Wake.Aborted);
        if (Generation == generation)
            _writer.Complete(Wake.Aborted);
    }

    /// <summary>Calls off a wait for <see cref="Readable"/>; the connection stays as it is.</summary>
    public void CancelRead() => _reader.Complete(Wake.Aborted);

    /// <summary>Gives a wait for <see cref="Readable"/> another time from now on, where there is one.</summary>
    public void ReadWithin(long milliseconds) => _reader.WaitUntil(Loop.In(milliseconds));

    /// <summary>The same of one for <see cref="Writable"/>.</summary>
    public void WriteWithin(long milliseconds) => _writer.WaitUntil(Loop.In(milliseconds));

    /// <summary>Sends all of the bytes, waiting where the other end is slow.</summary>
    /// <param name="bytes">In a block that stays rented until the result is there.</param>
    /// <param name="milliseconds">The longest time without progress.</param>
    public ValueTask<IoStatus> SendAll(BlockSlice bytes, long milliseconds) => SendAll(bytes, default, milliseconds);

    /// <summary>Sends all of two pieces, waiting where the other end is slow.</summary>
    /// <param name="first">In a block that stays rented until the result is there.</param>
    /// <param name="second">The same; may be empty.</param>
    /// <param name="milliseconds">The longest time without progress.</param>
    /// <param name="rate">The least rate; null for none.</param>
    public ValueTask<IoStatus> SendAll(BlockSlice first, BlockSlice second, long milliseconds, MinimumRate? rate = null)
    {
        if (Aborted)
            return new(IoStatus.Aborted);
        var sent = second.Length == 0 ? Send(first.Span) : Send(first.Span, second.Span);
        if (sent == first.Length + second.Length)
        {
            rate?.Moved(sent);
            return new(IoStatus.Done);
        }

        if (sent < 0 && sent != Errno.Again)
            return new(IoStatus.Closed);
        return SendRest(first, second, Math.Max(sent, 0), milliseconds, rate);
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<IoStatus> SendRest(BlockSlice first, BlockSlice second, int sent, long milliseconds, MinimumRate? rate)
    {
        while (true)
        {
            if (sent >= first.Length)
            {
                second = second[(sent - first.Length)..];
                first = second;
                second = default;
            }
            else
            {
                first = first[sent..];
            }

            rate?.Moved(sent);
            if (first.Length == 0)
                return IoStatus.Done;
            var since = Loop.Now;
            var wake = await Writable(rate?.Within(milliseconds) ?? milliseconds);
            rate?.WaitedSince(since);
            if (wake != Wake.Ready)
                return wake.AsStatus();
            if (rate is { IsTooSlow: true })
                return IoStatus.TimedOut;
            sent = second.Length == 0 ? Send(first.Span) : Send(first.Span, second.Span);
            if (sent == Errno.Again)
                sent = 0;
            else if (sent < 0)
                return IoStatus.Closed;
        }
    }

    /// <summary>Takes the events of the connection that carries this one; see <see cref="Carries"/>.</summary>
    protected virtual void CarrierNotified(bool readable, bool writable, bool peerClosed, bool broken)
    {
    }

    /// <summary>Readies the object for another connection.</summary>
    protected void Reset(bool readReady, bool writeReady)
    {
        (ReadReady, WriteReady, PeerClosed, Aborted, _broke, BytesSent) = (readReady, writeReady, false, false, false, 0);
        Generation++;
    }

    /// <summary>Lets nothing of the loop's point to the object any more, which serves no other connection.</summary>
    protected void Retire()
    {
        Loop.Timers.Remove(_reader);
        Loop.Timers.Remove(_writer);
    }

    /// <summary>Takes events from the driver and wakes who waits for them.</summary>
    /// <param name="readable">A receive may have something.</param>
    /// <param name="writable">A send may take something.</param>
    /// <param name="peerClosed">The other end has closed its side at least.</param>
    /// <param name="broken">The connection is reset, or closed on both sides.</param>
    protected void Notify(bool readable, bool writable, bool peerClosed, bool broken)
    {
        PeerClosed |= peerClosed;
        _broke |= broken;
        ReadReady |= readable;
        WriteReady |= writable;
        if (Carries is { } carried)
        {
            carried.CarrierNotified(readable, writable, peerClosed, broken);
            return;
        }

        var generation = Generation;
        if (writable)
        {
            _writer.Complete(Wake.Ready);

            // The one woken may have closed the connection, and the object may serve another by now.
            if (generation != Generation)
                return;
        }

        if (peerClosed && EndObserver is { } observer)
        {
            observer.PeerEnded(broken);
            if (generation != Generation)
                return;
        }

        if (!readable)
            return;
        if (broken && EndsWith is { } other)
        {
            BreakOff(other);
            if (generation != Generation)
                return;
        }

        if (_reader.Waiting)
            _reader.Complete(Wake.Ready);

        // What the event told of may have been received by another event's handler, a moment before it was kept.
        else if (IdleObserver is not null && !IsQuiet())
            IdleObserver.BrokeWhileIdle();
    }
}

internal static class WakeExtensions
{
    /// <summary>What a transfer says whose wait ended so; never called for <see cref="Wake.Ready"/>.</summary>
    public static IoStatus AsStatus(this Wake wake) => wake == Wake.TimedOut ? IoStatus.TimedOut : IoStatus.Aborted;
}
