using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Network;

/// <summary>A TCP or Unix stream socket, registered once with its loop's epoll, edge-triggered. Owned by its loop.</summary>
internal sealed unsafe class KernelTransport(EventLoop loop, KernelDriver driver, int slot) : Transport(loop)
{
    private int _fd = -1;
    private bool _broken;

    /// <summary>The place of this object among its driver's; what epoll carries with an event.</summary>
    public int Slot { get; } = slot;

    /// <summary>Told apart from events of the connection that used the slot before. 31 bits: the highest marks listeners.</summary>
    public uint Serial => Generation & 0x7fff_ffff;

    public override bool CanSplice => true;

    public void Open(int fd)
    {
        _fd = fd;

        // Nothing is known to have arrived, and the first epoll_wait will tell; a send is worth trying at once.
        Reset(readReady: false, writeReady: true);
    }

    public void OpenConnecting(int fd)
    {
        (_fd, _broken) = (fd, false);
        Reset(readReady: false, writeReady: false);
    }

    public void Notify(uint events)
    {
        const uint broken = Linux.EPOLLHUP | Linux.EPOLLERR;
        const uint gone = Linux.EPOLLRDHUP | broken;
        _broken |= (events & broken) != 0;
        Notify(
            readable: (events & (Linux.EPOLLIN | gone)) != 0,
            writable: (events & (Linux.EPOLLOUT | broken)) != 0,
            peerClosed: (events & gone) != 0,
            broken: (events & broken) != 0);
    }

    public override int Receive(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            int received;
            do
            {
                received = Linux.Check(Linux.recv(_fd, start, (nuint)buffer.Length, 0));
            }
            while (received == Errno.Interrupted);

            // A short read has emptied the socket, and what comes next raises an event: no second call to hear EAGAIN.
            if (received < buffer.Length && !PeerClosed)
                ReadReady = false;
            return received;
        }
    }

    public override KernelAddress LocalAddress()
    {
        var address = new KernelAddress();
        uint length = KernelAddress.MaximumLength;
        int result;
        fixed (byte* bytes = address.Bytes)
            result = Linux.Check(Linux.getsockname(_fd, bytes, &length));
        address.Length = (int)Math.Min(length, KernelAddress.MaximumLength);
        return result < 0 ? default : address;
    }

    public override int Send(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            int sent;
            do
            {
                sent = Linux.Check(Linux.send(_fd, start, (nuint)bytes.Length, Linux.MSG_NOSIGNAL));
            }
            while (sent == Errno.Interrupted);

            return Sent(sent, bytes.Length);
        }
    }

    public override int Send(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        fixed (byte* firstStart = first, secondStart = second)
        {
            var vectors = stackalloc Linux.Vector[2];
            vectors[0] = new() { Base = firstStart, Length = (nuint)first.Length };
            vectors[1] = new() { Base = secondStart, Length = (nuint)second.Length };
            var message = new Linux.MessageHeader { Vectors = vectors, VectorCount = 2 };
            int sent;
            do
            {
                sent = Linux.Check(Linux.sendmsg(_fd, &message, Linux.MSG_NOSIGNAL));
            }
            while (sent == Errno.Interrupted);

            return Sent(sent, first.Length + second.Length);
        }
    }

    // A short send has filled the socket's buffer, and room raises an event.
    private int Sent(int sent, int asked)
    {
        if (sent < asked)
            WriteReady = false;
        BytesSent += Math.Max(sent, 0);
        return sent;
    }

    public override int ReceiveInto(SplicePipe pipe, int most)
    {
        var moved = Splice(_fd, pipe.WriteEnd, most, more: false);
        if (moved == Errno.Again)
            ReadReady = PeerClosed;
        else if (moved > 0)
            pipe.Held += moved;
        return moved;
    }

    public override int SendFrom(SplicePipe pipe, bool more)
    {
        var moved = Splice(pipe.ReadEnd, _fd, pipe.Held, more);
        if (moved < pipe.Held)
            WriteReady = false;
        if (moved > 0)
            pipe.Held -= moved;
        return moved;
    }

    // Setting the option again pushes what waits for more (tcp(7)); a Unix socket holds nothing back and refuses it.
    public override void SendHeld()
    {
        var on = 1;
        _ = Linux.setsockopt(_fd, Linux.IPPROTO_TCP, Linux.TCP_NODELAY, &on, sizeof(int));
    }

    private static int Splice(int from, int to, int most, bool more)
    {
        var flags = Linux.SPLICE_F_MOVE | Linux.SPLICE_F_NONBLOCK | (more ? Linux.SPLICE_F_MORE : 0);
        int moved;
        do
        {
            moved = Linux.Check(Linux.splice(from, null, to, null, (nuint)most, flags));
        }
        while (moved == Errno.Interrupted);
        return moved;
    }

    public override int ConnectError()
    {
        // A connect that fails always comes with an event that says so.
        if (!_broken)
            return 0;
        var error = 0;
        uint length = sizeof(int);
        var result = Linux.Check(Linux.getsockopt(_fd, Linux.SOL_SOCKET, Linux.SO_ERROR, &error, &length));
        return result < 0 ? result : -error;
    }

    public override void FinishSending() => _ = Linux.shutdown(_fd, Linux.SHUT_WR);

    public override void ResetOnClose()
    {
        // struct linger: on, for no time.
        var linger = stackalloc int[2] { 1, 0 };
        _ = Linux.setsockopt(_fd, Linux.SOL_SOCKET, Linux.SO_LINGER, linger, 2 * sizeof(int));
    }

    protected override void ShutDown() => _ = Linux.shutdown(_fd, Linux.SHUT_RDWR);

    protected override void CloseHandle()
    {
        // The last descriptor of a connection takes its registration with it.
        _ = Linux.close(_fd);
        _fd = -1;
        Generation++;
        driver.Recycle(this);
    }
}
