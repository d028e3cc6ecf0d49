using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Network;

/// <summary>The kernel's network and clocks: sockets behind one epoll(7) instance. Owned by its loop.</summary>
internal sealed unsafe class KernelDriver : NetworkDriver
{
    // struct epoll_event is packed on x86-64 only.
    private static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int EventDataOffset = EventSize - 8;

    private const int EventsPerWait = 256;
    private const ulong WakeData = ulong.MaxValue;
    private const ulong ListenerBit = 1UL << 63;
    private const int AcceptPauseMilliseconds = 100;

    private readonly int _epoll;
    private readonly int _wake;
    private readonly byte[] _events = GC.AllocateArray<byte>(EventsPerWait * 16, pinned: true);
    private readonly byte* _eventsStart;
    private readonly List<KernelTransport> _transports = [];
    private readonly Stack<KernelTransport> _unused = new();
    private readonly List<ListeningRegistration> _listening = [];
    private Action? _finished;

    public KernelDriver()
    {
        _eventsStart = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_events));
        _epoll = Require(Linux.epoll_create1(Linux.EPOLL_CLOEXEC), "epoll_create1");
        _wake = Require(Linux.eventfd(0, Linux.EFD_CLOEXEC | Linux.EFD_NONBLOCK), "eventfd");
        Require(Register(_wake, Linux.EPOLLIN | Linux.EPOLLET, WakeData), "epoll_ctl");
    }

    public override ulong NextSeed()
    {
        Span<byte> bits = stackalloc byte[sizeof(ulong)];
        System.Security.Cryptography.RandomNumberGenerator.Fill(bits);
        return BitConverter.ToUInt64(bits);
    }

    public override long Milliseconds
    {
        get
        {
            Linux.TimeSpec time;
            _ = Linux.clock_gettime(Linux.CLOCK_MONOTONIC, &time);
            return (time.Seconds * 1000) + (time.Nanoseconds / 1_000_000);
        }
    }

    public override DateTime UtcNow
    {
        get
        {
            Linux.TimeSpec time;
            _ = Linux.clock_gettime(Linux.CLOCK_REALTIME, &time);
            return DateTime.UnixEpoch.AddTicks((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / 100));
        }
    }

    public override void Wait(int milliseconds)
    {
        var count = Linux.Check(Linux.epoll_wait(_epoll, _eventsStart, EventsPerWait, milliseconds));
        Loop.ReadClock();

        // News of kept connections come first: a request among the same events must not take one that has just ended,
        // or on which bytes nobody asked for wait to be taken for its answer.
        for (var i = 0; i < count && count > 1; i++)
            Dispatch(i, idle: true);
        for (var i = 0; i < count; i++)
            Dispatch(i, idle: false);
    }

    private void Dispatch(int index, bool idle)
    {
        var item = _eventsStart + (index * EventSize);
        var data = Unsafe.ReadUnaligned<ulong>(item + EventDataOffset);
        if ((data & ListenerBit) == 0)
        {
            var transport = _transports[(int)(uint)data];
            if (transport.Serial == (uint)(data >> 32) && (!idle || transport.IdleObserver is not null))
                transport.Notify(Unsafe.ReadUnaligned<uint>(item));
        }
        else if (!idle && data != WakeData)
        {
            // Of the eventfd nothing need be read: its count would overflow after 2^64 wakes, and edges are what wakes us.
            _listening[(int)(data & ~ListenerBit)].Accept();
        }
    }

    public override void Wake()
    {
        var one = 1UL;
        _ = Linux.write(_wake, &one, sizeof(ulong));
    }

    public override Transport? Connect(in KernelAddress address, out int error, bool brief = false, KernelAddress? from = null)
    {
        var peer = address;
        var fd = Linux.Check(Linux.socket(peer.Family, Linux.SOCK_STREAM | Linux.SOCK_NONBLOCK | Linux.SOCK_CLOEXEC, 0));
        if (fd < 0)
        {
            error = fd;
            return null;
        }

        if (peer.Family != Linux.AF_UNIX)
        {
            // Without an acknowledgement of its own a connection that is reset next never reaches who listens (HAProxy's checks do the same).
            var on = brief ? 0 : 1;
            _ = Linux.setsockopt(fd, Linux.IPPROTO_TCP, brief ? Linux.TCP_QUICKACK : Linux.TCP_NODELAY, &on, sizeof(int));
        }

        if (from is { } source && (error = BindTo(fd, source)) < 0)
        {
            _ = Linux.close(fd);
            return null;
        }

        fixed (byte* bytes = peer.Bytes)
            error = Linux.Check(Linux.connect(fd, bytes, (uint)peer.Length));
        var transport = Rent();
        if (error == 0)
            transport.Open(fd);
        else if (error == Errno.InProgress)
            transport.OpenConnecting(fd);
        else
            return Discard(fd, transport);
        error = Register(transport, fd);
        return error < 0 ? Discard(fd, transport) : transport;
    }

    // ip(7): the port is chosen when it is known where the connection goes, so that one port serves many of them.
    private static int BindTo(int fd, KernelAddress source)
    {
        var on = 1;
        _ = Linux.setsockopt(fd, Linux.IPPROTO_IP, Linux.IP_BIND_ADDRESS_NO_PORT, &on, sizeof(int));
        fixed (byte* bytes = source.Bytes)
            return Linux.Check(Linux.bind(fd, bytes, (uint)source.Length));
    }

    private Transport? Discard(int fd, KernelTransport transport)
    {
        _ = Linux.close(fd);
        _unused.Push(transport);
        return null;
    }

    public override Transport Adopt(in AcceptedConnection connection)
    {
        var transport = Rent();
        transport.Open(connection.Handle);
        var error = Register(transport, connection.Handle);

        // Only a full kernel refuses; the connection then breaks at its first use.
        if (error < 0)
            transport.Abort();
        return transport;
    }

    public override void Listen(int handle, Acceptor acceptor)
    {
        // Places are used again, or reloads would fill the list with listeners that are gone.
        var place = _listening.FindIndex(registration => registration.Stopped);
        if (place < 0)
        {
            place = _listening.Count;
            _listening.Add(null!);
        }

        var added = _listening[place] = new ListeningRegistration(this, handle, acceptor, ListenerBit | (uint)place);
        added.Resume();
    }

    public override void StopListening(int handle)
    {
        foreach (var registration in _listening)
        {
            if (registration.Handle == handle && !registration.Stopped)
                registration.TakeRest();
        }
    }

    public override void StopListening()
    {
        foreach (var registration in _listening)
            registration.Stop();
    }

    public override void FinishListening(Action finished)
    {
        _finished = finished;
        foreach (var registration in _listening)
            registration.Finish();
        TellWhenFinished();
    }

    private void TellWhenFinished()
    {
        if (_finished is not { } finished || !_listening.TrueForAll(static registration => registration.Stopped))
            return;
        _finished = null;
        finished();
    }

    public override void ResumeListening()
    {
        foreach (var registration in _listening)
            registration.Resume();
    }

    internal void Recycle(KernelTransport transport) => _unused.Push(transport);

    private KernelTransport Rent()
    {
        if (_unused.TryPop(out var transport))
            return transport;
        transport = new KernelTransport(Loop, this, _transports.Count);
        _transports.Add(transport);
        return transport;
    }

    private int Register(KernelTransport transport, int fd) => Register(
        fd,
        Linux.EPOLLIN | Linux.EPOLLOUT | Linux.EPOLLRDHUP | Linux.EPOLLET,
        ((ulong)transport.Serial << 32) | (uint)transport.Slot);

    private int Register(int fd, uint events, ulong data)
    {
        var item = stackalloc byte[16];
        Unsafe.WriteUnaligned(item, events);
        Unsafe.WriteUnaligned(item + EventDataOffset, data);
        return Linux.Check(Linux.epoll_ctl(_epoll, Linux.EPOLL_CTL_ADD, fd, item));
    }

    private static int Require(int result, string call)
    {
        var checkedResult = Linux.Check(result);
        return checkedResult >= 0 ? checkedResult : throw new InvalidOperationException($"{call} failed: {Errno.Describe(checkedResult)}");
    }

    public override void Dispose()
    {
        _ = Linux.close(_epoll);
        _ = Linux.close(_wake);
    }

    /// <summary>A listening socket in this loop's epoll. EPOLLEXCLUSIVE wakes one loop for a connection, not all.</summary>
    private sealed class ListeningRegistration(KernelDriver driver, int handle, Acceptor acceptor, ulong data) : TimerEntry
    {
        private enum Step
        {
            Taken,
            Empty,
            NoRoom,
        }

        private const int LargestBatch = 64;
        private const int FullBatchesToGrow = 4;
        private int _batch = 1;
        private int _fullBatches;
        private bool _registered;
        private bool _finishing;

        public int Handle => handle;

        public bool Stopped { get; private set; }

        public void Resume()
        {
            if (Stopped || _registered)
                return;
            if (_finishing)
            {
                AcceptRest();
                driver.TellWhenFinished();
                return;
            }

            _registered = driver.Register(handle, Linux.EPOLLIN | Linux.EPOLLEXCLUSIVE, data) >= 0;

            // A kernel without memory for it now may have some in a moment.
            if (!_registered)
                driver.Loop.Timers.Set(this, driver.Loop.In(AcceptPauseMilliseconds));
        }

        // The open description lives on in whoever else holds the socket, so closing a descriptor would not end the events.
        public void Stop()
        {
            Stopped = true;
            Cancel();
            Pause();
        }

        /// <summary>Accepts until nobody waits any more, then stops; where there is no room, it goes on when there is.</summary>
        public void Finish()
        {
            if (Stopped)
                return;
            _finishing = true;
            Cancel();
            Pause();
            AcceptRest();
        }

        private void AcceptRest()
        {
            if (AcceptAll() == Step.Empty)
                Stop();
        }

        /// <summary>Accepts those who wait, as far as there is room, and stops.</summary>
        public void TakeRest()
        {
            _ = AcceptAll();
            Stop();
        }

        private Step AcceptAll()
        {
            var step = Step.Taken;
            while (step == Step.Taken)
                step = AcceptOne();
            return step;
        }

        private void Pause()
        {
            if (!_registered)
                return;
            var item = stackalloc byte[16];
            _ = Linux.epoll_ctl(driver._epoll, Linux.EPOLL_CTL_DEL, handle, item);
            _registered = false;
        }

        /// <summary>Accepts a batch that grows while the queue is never found empty, so that single connections cost one call.</summary>
        public void Accept()
        {
            if (!_registered)
                return;
            for (var i = 0; i < _batch; i++)
            {
                var step = AcceptOne();
                if (step == Step.Taken)
                    continue;
                if (step == Step.Empty)
                    (_batch, _fullBatches) = (1, 0);
                return;
            }

            if (++_fullBatches >= FullBatchesToGrow)
                (_batch, _fullBatches) = (Math.Min(_batch * 2, LargestBatch), 0);
        }

        private Step AcceptOne()
        {
            if (!acceptor.TryReserve())
            {
                Pause();
                acceptor.Paused();
                return Step.NoRoom;
            }

            var peer = new KernelAddress();
            uint length = KernelAddress.MaximumLength;
            int fd;
            fixed (byte* bytes = peer.Bytes)
                fd = Linux.Check(Linux.accept4(handle, bytes, &length, Linux.SOCK_NONBLOCK | Linux.SOCK_CLOEXEC));
            if (fd < 0)
                acceptor.GiveBack();
            if (fd == Errno.Again)
                return Step.Empty;
            if (fd is Errno.TooManyFiles or Errno.FileTableFull or Errno.NoBufferSpace or Errno.OutOfMemory)
            {
                PauseForResources();
                return Step.NoRoom;
            }

            // Every other error belongs to the connection that was taken from the queue.
            if (fd < 0)
                return Step.Taken;
            peer.Length = (int)length;
            acceptor.Accepted(new AcceptedConnection(fd, peer));
            return Step.Taken;
        }

        // The queue stays full and the event would come at once, for ever: wait until connections have ended.
        private void PauseForResources()
        {
            Pause();
            acceptor.Paused();
            driver.Loop.Timers.Set(this, driver.Loop.In(AcceptPauseMilliseconds));
        }

        protected internal override void Expire() => Resume();
    }
}
