using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Network;

/// <summary>The end of a connection that there is not: a request comes from memory, and what is answered goes nowhere. Owned by its loop.</summary>
internal sealed class CopyTransport(EventLoop loop) : Transport(loop)
{
    private KernelAddress _local;

    /// <summary>What is read.</summary>
    public RequestCopy Request { get; } = new(loop.Blocks);

    /// <summary>Whether the request has come by TLS.</summary>
    public bool IsSecure { get; private set; }

    /// <summary>Readies it to be read.</summary>
    /// <param name="local">Where the request has come in.</param>
    /// <param name="isSecure">Whether it has come by TLS.</param>
    public void Open(in KernelAddress local, bool isSecure)
    {
        (_local, IsSecure) = (local, isSecure);
        Reset(readReady: true, writeReady: true);
    }

    public override bool CanSplice => false;

    public override int Receive(Span<byte> buffer) => Aborted ? 0 : Request.Read(buffer);

    public override KernelAddress LocalAddress() => _local;

    public override int Send(ReadOnlySpan<byte> bytes)
    {
        BytesSent += bytes.Length;
        return bytes.Length;
    }

    public override int Send(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => Send(first) + Send(second);

    public override int ConnectError() => 0;

    public override int ReceiveInto(SplicePipe pipe, int most) => throw new NotSupportedException();

    public override int SendFrom(SplicePipe pipe, bool more) => throw new NotSupportedException();

    public override void FinishSending()
    {
    }

    public override void ResetOnClose()
    {
    }

    protected override void ShutDown()
    {
    }

    protected override void CloseHandle()
    {
        Request.Clear();
        Generation++;
    }
}
