using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>An answer of the proxy's own whose body may be longer than a block.</summary>
internal abstract class LongAnswer : IDisposable
{
    /// <summary>The status of an answer that is what was asked for.</summary>
    public const int Ok = 200;

    /// <summary>Its status, unless the client is told another one.</summary>
    public virtual int Status => Ok;

    /// <summary>Room that is ample for a chunk with its framing, and for what a flush of a deflater writes.</summary>
    public const int LeastRoom = 256;

    /// <summary>How much of the body is still to be sent.</summary>
    public long Left { get; protected set; }

    /// <summary>Writes the head.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="told">The status that the client is told; 0 for that of the answer.</param>
    /// <param name="edits">What is changed of the head; null for nothing.</param>
    /// <param name="scope">What the variables of the changes stand for.</param>
    /// <param name="connection">How the connection goes on.</param>
    /// <param name="date">The present second.</param>
    public abstract void WriteHead(ref BlockWriter writer, int told, FieldEdits? edits, in TemplateScope scope, ConnectionOption connection, ReadOnlySpan<byte> date);

    /// <summary>Reads what comes next of it; 0 where it ends before its time.</summary>
    /// <param name="room">Where to, from its start; at least <see cref="LeastRoom"/>.</param>
    public abstract int Read(BlockSlice room);

    /// <summary>What a piece costs in bytes that are only moved.</summary>
    /// <param name="length">How long it is.</param>
    public virtual int CostOf(int length) => length;

    public abstract void Dispose();
}
