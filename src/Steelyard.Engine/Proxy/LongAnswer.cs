namespace Steelyard.Engine.Proxy;

/// <summary>The body of an answer of the proxy's own that may be longer than a block.</summary>
internal abstract class LongAnswer : IDisposable
{
    /// <summary>How much of the body is still to be sent.</summary>
    public long Left { get; protected set; }

    /// <summary>Reads what comes next of it; 0 where it ends before its time.</summary>
    public abstract int Read(Span<byte> room);

    public abstract void Dispose();
}
