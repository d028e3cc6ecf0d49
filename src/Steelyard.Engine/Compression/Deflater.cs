using System.Runtime.InteropServices;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Compression;

/// <summary>How far a piece has to go.</summary>
internal enum Flush
{
    /// <summary>More follows at once: what comes of it may wait.</summary>
    None = Zlib.Z_NO_FLUSH,

    /// <summary>Nothing follows for now: whoever reads gets all of it.</summary>
    Pause = Zlib.Z_SYNC_FLUSH,

    /// <summary>It was the last one.</summary>
    End = Zlib.Z_FULL_FLUSH,
}

/// <summary>
/// Makes deflate (RFC 1951) of pieces, about 300 kB of native memory each. A body ends in a full flush, behind which
/// nothing of it is remembered, and two bytes that say so: so one deflater serves one body after the other, and zlib is
/// never set up anew. Owned by its loop.
/// </summary>
internal sealed unsafe class Deflater : IDisposable
{
    // Memory for hashes: zlib's default.
    private const int MemoryLevel = 8;

    private Zlib.Stream* _stream;

    public Deflater(int level)
    {
        Level = level;
        _stream = (Zlib.Stream*)NativeMemory.AllocZeroed((nuint)sizeof(Zlib.Stream));
        if (Zlib.deflateInit2(_stream, level, Zlib.Z_DEFLATED, Zlib.RawWindow, MemoryLevel, Zlib.Z_DEFAULT_STRATEGY) == Zlib.Z_OK)
            return;
        NativeMemory.Free(_stream);
        throw new InvalidOperationException("There is no memory to compress with.");
    }

    /// <summary>1 to 9.</summary>
    public int Level { get; }

    /// <summary>A last block with nothing in it, for what ends at a whole byte.</summary>
    public static ReadOnlySpan<byte> LastBlock => [0x03, 0x00];

    /// <summary>Compresses what is left of a piece.</summary>
    /// <param name="piece">The piece; what is left of it when this returns.</param>
    /// <param name="room">Where to.</param>
    /// <param name="flush">How far it has to go.</param>
    /// <param name="done">Whether all of it is through, and flushed; else there is more to be had, with new room.</param>
    /// <returns>How much was written.</returns>
    public int Write(ref BlockSlice piece, Span<byte> room, Flush flush, out bool done)
    {
        fixed (byte* start = room)
        {
            _stream->NextIn = piece.Start;
            _stream->AvailableIn = (uint)piece.Length;
            _stream->NextOut = start;
            _stream->AvailableOut = (uint)room.Length;

            // To flush twice is an error to zlib, and nothing at all here.
            var result = Zlib.deflate(_stream, (int)flush);
            if (result is not (Zlib.Z_OK or Zlib.Z_BUF_ERROR))
                throw new InvalidOperationException("zlib does not go on.");
            var written = room.Length - (int)_stream->AvailableOut;
            piece = piece.Slice(piece.Length - (int)_stream->AvailableIn, (int)_stream->AvailableIn);
            done = _stream->AvailableOut > 0 && piece.Length == 0;
            return written;
        }
    }

    /// <summary>The checksum of gzip, with further bytes.</summary>
    public static uint Checksum(uint crc, BlockSlice bytes) => bytes.Length == 0 ? crc : Zlib.crc32(crc, bytes.Start, bytes.Length);

    public void Dispose()
    {
        if (_stream is null)
            return;
        _ = Zlib.deflateEnd(_stream);
        NativeMemory.Free(_stream);
        _stream = null;
    }
}
