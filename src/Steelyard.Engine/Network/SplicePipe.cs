using Steelyard.Engine.Interop;

namespace Steelyard.Engine.Network;

/// <summary>A pipe(2) that large bodies pass through in the kernel, never in this process. Owned by its loop.</summary>
internal sealed unsafe class SplicePipe
{
    /// <summary>What a pipe holds by default, and what one transfer moves at most.</summary>
    public const int Capacity = 64 * 1024;

    private const int MostKept = 128;

    private SplicePipe(int readEnd, int writeEnd) => (ReadEnd, WriteEnd) = (readEnd, writeEnd);

    public int ReadEnd { get; }

    public int WriteEnd { get; }

    /// <summary>Bytes in the pipe.</summary>
    public int Held { get; set; }

    /// <summary>Takes a pipe from those a loop keeps, or makes one; null when the kernel gives none.</summary>
    public static SplicePipe? Rent(Stack<SplicePipe> kept)
    {
        if (kept.TryPop(out var pipe))
            return pipe;
        var ends = stackalloc int[2];
        return Linux.Check(Linux.pipe2(ends, Linux.O_CLOEXEC | Linux.O_NONBLOCK)) < 0 ? null : new SplicePipe(ends[0], ends[1]);
    }

    /// <summary>Gives the pipe back. One that still holds bytes of a broken exchange is closed.</summary>
    public void Return(Stack<SplicePipe> kept)
    {
        if (Held == 0 && kept.Count < MostKept)
            kept.Push(this);
        else
            Close();
    }

    public void Close()
    {
        _ = Linux.close(ReadEnd);
        _ = Linux.close(WriteEnd);
    }
}
