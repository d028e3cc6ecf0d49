using System.Runtime.InteropServices;

namespace Steelyard.Engine.Interop;

/// <summary>
/// zlib(3) as the runtime carries it along, linked into the native program: what System.IO.Compression calls, without its
/// streams, which cannot be used again.
/// </summary>
internal static unsafe partial class Zlib
{
    public const int Z_NO_FLUSH = 0;
    public const int Z_SYNC_FLUSH = 2;
    public const int Z_FULL_FLUSH = 3;

    public const int Z_OK = 0;
    public const int Z_STREAM_END = 1;
    public const int Z_BUF_ERROR = -5;

    public const int Z_DEFLATED = 8;
    public const int Z_DEFAULT_STRATEGY = 0;

    /// <summary>Deflate alone, with a window of 32 KiB and neither head nor end.</summary>
    public const int RawWindow = -15;

    /// <summary>A body of gzip with a window of at most 32 KiB, its head and its sum.</summary>
    public const int GzipWindow = 31;

    private const string Library = "libSystem.IO.Compression.Native";

    [LibraryImport(Library, EntryPoint = "CompressionNative_DeflateInit2_")] public static partial int deflateInit2(Stream* stream, int level, int method, int windowBits, int memLevel, int strategy);
    [LibraryImport(Library, EntryPoint = "CompressionNative_Deflate")] public static partial int deflate(Stream* stream, int flush);
    [LibraryImport(Library, EntryPoint = "CompressionNative_DeflateEnd")] public static partial int deflateEnd(Stream* stream);
    [LibraryImport(Library, EntryPoint = "CompressionNative_InflateInit2_")] public static partial int inflateInit2(Stream* stream, int windowBits);
    [LibraryImport(Library, EntryPoint = "CompressionNative_Inflate")] public static partial int inflate(Stream* stream, int flush);
    [LibraryImport(Library, EntryPoint = "CompressionNative_InflateEnd")] public static partial int inflateEnd(Stream* stream);
    [LibraryImport(Library, EntryPoint = "CompressionNative_InflateReset2_")] public static partial int inflateReset2(Stream* stream, int windowBits);
    [LibraryImport(Library, EntryPoint = "CompressionNative_Crc32")] public static partial uint crc32(uint crc, byte* bytes, int length);

    /// <summary>PAL_ZStream of the runtime.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Stream
    {
        public byte* NextIn;
        public byte* NextOut;
        public byte* Message;
        public void* State;
        public uint AvailableIn;
        public uint AvailableOut;
    }
}
