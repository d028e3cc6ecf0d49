using System.Diagnostics;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Tls;

/// <summary>
/// A connection inside of TLS, carried by another one. To its user it is a connection like any other. An end without
/// close_notify is a broken connection: whoever sits between can forge a FIN, but not a close_notify (RFC 8446, 6.1).
/// Not used again after <see cref="Transport.Close"/>. Owned by its loop.
/// </summary>
#pragma warning disable CA1001 // Close disposes of what it has.
internal sealed class TlsTransport : Transport
#pragma warning restore CA1001
{
    // Two full records, which leave in one call.
    private const int LargestPiece = Block.Size;

    private readonly Transport _carrier;
    private readonly TlsLoop _shared;
    private readonly RecordStream _records;
    private readonly SslStream _stream;
    private readonly TlsReader _reader;
    private HandshakeDeadline? _deadline;
    private bool _handshaking;
    private bool _established;
    private bool _saidGoodbye;
    private bool _endFollows;
    private bool _finishes;
    private bool _resetsOnClose;

    // So many bytes, the first that will be sent next, are encrypted and wait for room already.
    private int _owed;

    /// <param name="carrier">The connection that carries this one; it is closed with it.</param>
    /// <param name="shared">What the loop's TLS connections share.</param>
    public TlsTransport(Transport carrier, TlsLoop shared)
        : base(carrier.Loop)
    {
        (_carrier, _shared) = (carrier, shared);
        _records = new RecordStream(Loop, carrier);
        _stream = new SslStream(_records, leaveInnerStreamOpen: true);
        _reader = new TlsReader(_stream, _records, shared);
        Place = new Waiter(Loop);
        carrier.Carries = this;
        Reset(readReady: true, writeReady: true);
    }

    /// <summary>What was agreed on, once the handshake is done.</summary>
    public SslStream Stream => _stream;

    /// <summary>The connection that carries this one.</summary>
    public Transport Carrier => _carrier;

    /// <summary>Where a handshake waits until it may begin.</summary>
    public Waiter Place { get; }

    /// <summary>Why the handshake failed; null when it did not.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>The handshake took too long.</summary>
    public bool TimedOut { get; private set; }

    public override bool CanSplice => false;

    public override KernelAddress LocalAddress() => _carrier.LocalAddress();

    // The driver tells news of kept connections first, and looks at the carrier for them.
    public override IIdleObserver? IdleObserver
    {
        get => base.IdleObserver;
        set => base.IdleObserver = _carrier.IdleObserver = value;
    }

    /// <summary>Puts in what was received from the carrier before.</summary>
    public void Begin(ReadOnlySpan<byte> received) => _records.Begin(received);

    /// <summary>Waits for the first record, before any handshake.</summary>
    /// <param name="due">When to give up, in the loop's milliseconds.</param>
    /// <returns>Its first byte, also of what is no record; -1 when none came.</returns>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<int> AwaitFirstRecord(long due)
    {
        while (!_records.IsReady())
        {
            ReadReady = false;
            if (due <= Loop.Now || await Readable(due - Loop.Now) != Wake.Ready)
                return -1;
        }

        return _records.FirstByte;
    }

    /// <summary>Shakes hands with a client.</summary>
    /// <returns>Whether the connection stands; if not, <see cref="Failure"/> says why.</returns>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<bool> Accept(ServerOptionsSelectionCallback select, object state, long due)
    {
        BeginHandshake(due);
        try
        {
            await _stream.AuthenticateAsServerAsync(select, state);
            _established = true;
        }
        catch (Exception failure)
        {
            Failure = failure;
        }

        // In 1.3 the tickets are left, which can wait for the first answer; in 1.2 the client waits for the end.
        EndHandshake(somebodyWaits: _established && _stream.SslProtocol != SslProtocols.Tls13);
        return _established;
    }

    /// <summary>Shakes hands with a server.</summary>
    /// <returns>Whether the connection stands; if not, <see cref="Failure"/> says why.</returns>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<bool> Connect(SslClientAuthenticationOptions options, long due)
    {
        BeginHandshake(due);
        try
        {
            await _stream.AuthenticateAsClientAsync(options);
            _established = true;
        }
        catch (Exception failure)
        {
            Failure = failure;
        }

        EndHandshake(somebodyWaits: false);
        return _established;
    }

    private void BeginHandshake(long due)
    {
        _handshaking = _records.Holds = true;
        _deadline = new HandshakeDeadline(this);
        Loop.Timers.Set(_deadline, due);
    }

    private void EndHandshake(bool somebodyWaits)
    {
        _handshaking = false;
        if (!_established || somebodyWaits)
            SendHeld();
        if (_deadline is not null)
            Loop.Timers.Remove(_deadline);
        _deadline = null;
        _records.Trim();

        // An abort may have come while the last step ran.
        _established &= !Aborted;
        (ReadReady, WriteReady) = (true, true);
        BytesSent = _carrier.BytesSent;
    }

    /// <summary>Goes on with a handshake that waits for bytes.</summary>
    public void ContinueHandshake()
    {
        if (_handshaking)
            _records.Continue();
    }

    /// <summary>Takes the carrier back out, before any handshake; this object is of no use any more.</summary>
    public Transport Unwrap()
    {
        Debug.Assert(!_handshaking && !_established, "The carrier speaks TLS.");
        Release();
        _carrier.Carries = null;
        return _carrier;
    }

    protected override void CarrierNotified(bool readable, bool writable, bool peerClosed, bool broken)
    {
        if (writable && (_handshaking || _saidGoodbye) && _records.HasBacklog && _records.SendBacklog() && _finishes)
            _carrier.FinishSending();
        if (_handshaking)
        {
            if (readable)
                _shared.Step(this);
            return;
        }

        // Who waits is woken by whole records only, so that bytes in drops do not move his deadline.
        if (readable && !broken && ReaderWaits)
            readable = _records.IsReady();
        Notify(readable, writable, peerClosed, broken);
    }

    public override int Receive(Span<byte> buffer)
    {
        var received = _reader.Receive(buffer, out var drained);
        ReadReady = !drained;
        return received;
    }

    public override unsafe int Send(ReadOnlySpan<byte> bytes)
    {
        var isWhole = bytes.Length <= LargestPiece;
        if (!isWhole)
            bytes = bytes[..LargestPiece];
        if (CannotSend(out var result))
            return result;
        fixed (byte* start = bytes)
            return Write(start, bytes.Length, isWhole);
    }

    // One record for both costs less than the copy.
    public override unsafe int Send(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (first.Length >= LargestPiece)
            return Send(first);
        if (CannotSend(out var result))
            return result;
        var block = Loop.Blocks.Rent();
        var isWhole = first.Length + second.Length <= Block.Size;
        second = second[..Math.Min(second.Length, Block.Size - first.Length)];
        first.CopyTo(block.Span);
        second.CopyTo(block.Span[first.Length..]);
        result = Write(block.Start, first.Length + second.Length, isWhole);
        Loop.Blocks.Return(block);
        return result;
    }

    /// <summary>Sends what waits for room. What was encrypted of these bytes before counts as sent once all of it is out.</summary>
    private bool CannotSend(out int result)
    {
        if (!_records.Holds && _records.HasBacklog && !_records.SendBacklog())
        {
            WriteReady = false;
            result = _records.SendFailed ? Errno.BrokenPipe : Errno.Again;
        }
        else if (_records.SendFailed || !_established || (_saidGoodbye && _owed == 0))
        {
            result = Errno.BrokenPipe;
        }
        else
        {
            (result, _owed) = (_owed, 0);
            BytesSent = _carrier.BytesSent;
            return result > 0;
        }

        return true;
    }

    private unsafe int Write(byte* start, int length, bool isWhole)
    {
        var isLast = _endFollows && isWhole;
        _records.Holds |= isLast;
        try
        {
            Complete(_stream.WriteAsync(_shared.Source.At(start, length)));
        }
        catch (Exception)
        {
            // OpenSSL refuses after a fault of the other end; to the user that is a connection nothing can be sent on.
            return Errno.BrokenPipe;
        }

        if (isLast)
            SayGoodbye();
        SendHeld();
        BytesSent = _carrier.BytesSent;
        if (_records.SendFailed)
            return Errno.BrokenPipe;
        if (!_records.HasBacklog)
            return length;
        WriteReady = false;
        _owed = length;
        return Errno.Again;
    }

    private static void Complete(ValueTask writing)
    {
        // Only a renegotiation lets one wait, and none is allowed: to wait here would hold the loop for ever.
        if (!writing.IsCompleted)
            throw new NotSupportedException("A write inside of TLS waits.");
        writing.GetAwaiter().GetResult();
    }

    /// <summary>Sends what was held for what would follow, and holds nothing from here on.</summary>
    public override void SendHeld()
    {
        if (!_records.Holds)
            return;
        _records.Holds = false;
        _records.SendBacklog();
    }

    public override int ConnectError() => _carrier.ConnectError();

    public override int ReceiveInto(SplicePipe pipe, int most) => throw new NotSupportedException();

    public override int SendFrom(SplicePipe pipe, bool more) => throw new NotSupportedException();

    public override void EndFollows() => _endFollows = true;

    public override void FinishSending()
    {
        SayGoodbye();
        _finishes = true;
        if (!_records.HasBacklog)
            _carrier.FinishSending();
    }

    // The mark of the whole is close_notify.
    public override bool MarksItsEnd => true;

    public override void FinishCut()
    {
        _saidGoodbye = true;
        FinishSending();
    }

    /// <summary>Sends close_notify, once.</summary>
    private void SayGoodbye()
    {
        if (!_established || _saidGoodbye || Aborted || _records.SendFailed)
            return;
        _saidGoodbye = true;
        try
        {
            var writing = _stream.ShutdownAsync();
            Debug.Assert(writing.IsCompleted, "A write never waits.");
            _ = writing.Exception;
            SendHeld();
        }
        catch (Exception)
        {
            // After a record that is not what the other end sent there is nobody to say it to, and OpenSSL refuses.
        }
    }

    public override void ResetOnClose()
    {
        _resetsOnClose = true;
        _carrier.ResetOnClose();
    }

    // Without close_notify, so that the other end takes nothing for the whole.
    protected override void ShutDown()
    {
        _carrier.Abort();
        _records.End();
        Place.Complete(Wake.Aborted);
    }

    protected override void CloseHandle()
    {
        if (!_resetsOnClose)
            SayGoodbye();
        Release();
        _carrier.Close();
    }

    private void Release()
    {
        Generation++;
        Retire();
        Loop.Timers.Remove(Place);
        _reader.Release();
        _records.Release();
        _stream.Dispose();
    }

    /// <summary>Ends a handshake that takes too long.</summary>
    private sealed class HandshakeDeadline(TlsTransport transport) : TimerEntry
    {
        protected internal override void Expire()
        {
            transport.TimedOut = true;
            transport.Abort();
        }
    }
}
