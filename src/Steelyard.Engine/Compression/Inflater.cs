using System.Runtime.InteropServices;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Compression;

/// <summary>Makes the bytes again of which gzip (RFC 1952) was made, piece after piece; about 40 kB of native memory each. Owned by its loop.</summary>
internal sealed unsafe class Inflater : IDisposable
{
    private Zlib.Stream* _stream;
    private bool _ended;
    private bool _any;

    public Inflater()
    {
        _stream = (Zlib.Stream*)NativeMemory.AllocZeroed((nuint)sizeof(Zlib.Stream));
        if (Zlib.inflateInit2(_stream, Zlib.GzipWindow) == Zlib.Z_OK)
            return;
        NativeMemory.Free(_stream);
        throw new InvalidOperationException("There is no memory to unpack with.");
    }

    /// <summary>What came is no gzip, or ends too early: what was written so far is all there is.</summary>
    public bool Failed { get; private set; }

    /// <summary>Starts with a body.</summary>
    public void Begin()
    {
        Reset();
        (Failed, _any) = (false, false);
    }

    private void Reset()
    {
        _ended = false;
        if (Zlib.inflateReset2(_stream, Zlib.GzipWindow) != Zlib.Z_OK)
            throw new InvalidOperationException("zlib does not begin anew.");
    }

    /// <summary>Writes what is left of a piece.</summary>
    /// <param name="piece">The piece; what is left of it when this returns.</param>
    /// <param name="room">Where to.</param>
    /// <param name="flush">How far it has to go.</param>
    /// <param name="done">Whether all of it is through; else there is more to be had, with new room.</param>
    /// <returns>How much was written.</returns>
    public int Write(ref BlockSlice piece, Span<byte> room, Flush flush, out bool done)
    {
        var written = 0;
        done = false;
        fixed (byte* start = room)
        {
            while (!Failed && !done && written < room.Length)
            {
                // RFC 1952, 2.2: a file may be several, one behind the other.
                if (_ended && piece.Length > 0)
                    Reset();
                _any |= piece.Length > 0;
                _stream->NextIn = piece.Start;
                _stream->AvailableIn = (uint)piece.Length;
                _stream->NextOut = start + written;
                _stream->AvailableOut = (uint)(room.Length - written);
                var result = _ended ? Zlib.Z_OK : Zlib.inflate(_stream, Zlib.Z_SYNC_FLUSH);
                Failed = result is not (Zlib.Z_OK or Zlib.Z_STREAM_END or Zlib.Z_BUF_ERROR);
                _ended |= result == Zlib.Z_STREAM_END;
                written = room.Length - (int)_stream->AvailableOut;
                piece = piece.Slice(piece.Length - (int)_stream->AvailableIn, (int)_stream->AvailableIn);
                done = piece.Length == 0 && _stream->AvailableOut > 0;
            }
        }

        Failed |= done && flush == Flush.End && _any && !_ended;
        done |= Failed;
        if (Failed)
            piece = default;
        return written;
    }

    public void Dispose()
    {
        if (_stream is null)
            return;
        _ = Zlib.inflateEnd(_stream);
        NativeMemory.Free(_stream);
        _stream = null;
    }
}
