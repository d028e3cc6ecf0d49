using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Fuzz.Targets;

/// <summary>A network where nothing happens and a clock that stands until it is set.</summary>
internal sealed class StillNetwork : NetworkDriver
{
    public long Time { get; set; }

    public override long Milliseconds => Time;

    public override DateTime UtcNow => DateTime.UnixEpoch.AddMilliseconds(Time);

    public override ulong NextSeed() => 1;

    public override void Wait(int milliseconds) => Loop.ReadClock();

    public override void Wake()
    {
    }

    public override Transport? Connect(in KernelAddress address, out int error, bool brief = false, KernelAddress? from = null) => throw new NotSupportedException();

    public override void Listen(int handle, Acceptor acceptor) => throw new NotSupportedException();

    public override void StopListening(int handle)
    {
    }

    public override void StopListening()
    {
    }

    public override void FinishListening(Action finished) => finished();

    public override void ResumeListening()
    {
    }

    public override Transport Adopt(in AcceptedConnection connection) => throw new NotSupportedException();

    public override void Dispose()
    {
    }
}

/// <summary>A connection on which given bytes arrive in given pieces; then the other end closes.</summary>
internal sealed class ScriptedTransport : Transport
{
    private readonly byte[] _bytes;
    private Splits _splits;

    public ScriptedTransport(EventLoop loop, byte[] bytes, uint seed)
        : base(loop)
    {
        (_bytes, _splits) = (bytes, new Splits(seed));
        Reset(readReady: true, writeReady: true);
    }

    /// <summary>How many bytes have arrived.</summary>
    public int Arrived { get; private set; }

    /// <summary>Lets the same bytes arrive once more.</summary>
    public void Rewind() => Arrived = 0;

    public override bool CanSplice => false;

    public override int Receive(Span<byte> buffer)
    {
        var count = Math.Min(Math.Min(buffer.Length, _bytes.Length - Arrived), _splits.Next());
        _bytes.AsSpan(Arrived, count).CopyTo(buffer);
        Arrived += count;
        return count;
    }

    public override int Send(ReadOnlySpan<byte> bytes) => bytes.Length;

    public override int Send(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => first.Length + second.Length;

    public override int ConnectError() => 0;

    public override int ReceiveInto(SplicePipe pipe, int most) => throw new NotSupportedException();

    public override int SendFrom(SplicePipe pipe, bool more) => throw new NotSupportedException();

    public override void FinishSending()
    {
    }

    public override void ResetOnClose()
    {
    }

    protected override void CloseHandle()
    {
    }

    protected override void ShutDown()
    {
    }
}
