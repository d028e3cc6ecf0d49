using System.Buffers;

namespace Steelyard.Engine.Tracing;

/// <summary>The field traceparent of W3C Trace Context: version, trace, parent and flags in hexadecimal digits with hyphens between.</summary>
internal static class TraceParent
{
    /// <summary>The length of version 00, which later ones begin with.</summary>
    public const int Length = 55;

    private const int TraceStart = 3;
    private const int ParentStart = 36;
    private const int FlagsStart = 53;

    private static readonly SearchValues<byte> s_digits = SearchValues.Create("0123456789abcdef"u8);

    /// <summary>Whether a value is valid (section 3.2.2): a later version may go on behind a hyphen, version ff is none.</summary>
    public static bool IsValid(ReadOnlySpan<byte> value)
    {
        if (value.Length < Length || value[2] != '-' || value[ParentStart - 1] != '-' || value[FlagsStart - 1] != '-')
            return false;
        var version = value[..2];
        if (!IsHex(version) || version.SequenceEqual("ff"u8) || !IsHex(value[FlagsStart..Length]))
            return false;
        if (version.SequenceEqual("00"u8) ? value.Length > Length : value.Length > Length && value[Length] != '-')
            return false;
        return IsIdentity(TraceOf(value)) && IsIdentity(value[ParentStart..(FlagsStart - 1)]);
    }

    /// <summary>The trace of a valid value: 32 digits.</summary>
    public static ReadOnlySpan<byte> TraceOf(ReadOnlySpan<byte> value) => value[TraceStart..(ParentStart - 1)];

    /// <summary>Begins a trace.</summary>
    public static void Write(Span<byte> to, IdentitySource source, bool sampled)
    {
        "00-"u8.CopyTo(to);
        source.Write(to[TraceStart..]);
        to[ParentStart - 1] = (byte)'-';
        source.WriteHalf(to[ParentStart..]);
        (sampled ? "-01"u8 : "-00"u8).CopyTo(to[(FlagsStart - 1)..]);
    }

    private static bool IsHex(ReadOnlySpan<byte> digits) => digits.IndexOfAnyExcept(s_digits) < 0;

    private static bool IsIdentity(ReadOnlySpan<byte> digits) => IsHex(digits) && digits.IndexOfAnyExcept((byte)'0') >= 0;
}
