using System.Diagnostics;

namespace Steelyard.Engine.Simulation;

/// <summary>One direction of a simulated connection: bytes that were sent, of which the first have been delivered.</summary>
internal sealed class SimulatedPipe(int capacity)
{
    private readonly byte[] _ring = new byte[capacity];
    private long _written;
    private long _delivered;
    private long _read;

    /// <summary>Bytes a receive would get.</summary>
    public int Readable => (int)(_delivered - _read);

    /// <summary>Bytes sent and not delivered.</summary>
    public int InFlight => (int)(_written - _delivered);

    /// <summary>The sender has finished, and that news was delivered.</summary>
    public bool Ended { get; set; }

    public int Write(ReadOnlySpan<byte> bytes)
    {
        var count = (int)Math.Min(bytes.Length, _ring.Length - (_written - _read));
        for (var done = 0; done < count;)
        {
            var at = (int)((_written + done) % _ring.Length);
            var run = Math.Min(count - done, _ring.Length - at);
            bytes.Slice(done, run).CopyTo(_ring.AsSpan(at));
            done += run;
        }

        _written += count;
        return count;
    }

    public int Read(Span<byte> buffer)
    {
        var count = Peek(buffer);
        _read += count;
        return count;
    }

    /// <summary>What <see cref="Read"/> would get, left where it is.</summary>
    public int Peek(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, Readable);
        for (var done = 0; done < count;)
        {
            var at = (int)((_read + done) % _ring.Length);
            var run = Math.Min(count - done, _ring.Length - at);
            _ring.AsSpan(at, run).CopyTo(buffer[done..]);
            done += run;
        }

        return count;
    }

    public void Deliver(int count)
    {
        Debug.Assert(count <= InFlight, "More is delivered than was sent.");
        _delivered += count;
    }
}
