using System.Buffers;
using System.Buffers.Text;

namespace Steelyard.Engine.Tracing;

/// <summary>
/// Makes names that nobody else makes, 64 bits at a time (splitmix64): the seeds are chance, so two programs do not meet.
/// Good for telling requests apart, and for nothing secret. Owned by its loop.
/// </summary>
/// <param name="seed">64 bits of chance.</param>
/// <param name="other">64 more.</param>
internal sealed class IdentitySource(ulong seed, ulong other)
{
    public const int HalfDigits = 16;

    private ulong _first = seed;
    private ulong _second = other;

    /// <summary>Writes 32 hexadecimal digits, not all of them 0.</summary>
    public void Write(Span<byte> digits)
    {
        WriteHex(Mix(ref _first) | 1, digits);
        WriteHex(Mix(ref _second), digits[HalfDigits..]);
    }

    /// <summary>Writes 16 hexadecimal digits, not all of them 0.</summary>
    public void WriteHalf(Span<byte> digits) => WriteHex(Mix(ref _second) | 1, digits);

    private static void WriteHex(ulong bits, Span<byte> digits) => Utf8Formatter.TryFormat(bits, digits, out _, new StandardFormat('x', HalfDigits));

    private static ulong Mix(ref ulong state)
    {
        var bits = state += 0x9E3779B97F4A7C15;
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        return bits ^ (bits >> 31);
    }
}
