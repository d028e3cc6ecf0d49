using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Steelyard.Engine.Expressions;

/// <summary>Lets a dictionary with keys of bytes be asked with a span.</summary>
internal sealed class BytesComparer(bool ignoreCase) : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly BytesComparer Exact = new(ignoreCase: false);
    public static readonly BytesComparer IgnoreCase = new(ignoreCase: true);

    public bool Equals(byte[]? x, byte[]? y) => x is not null && y is not null && Equals(x.AsSpan(), y);

    public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) =>
        ignoreCase ? Ascii.EqualsIgnoreCase(alternate, other) : alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        if (!ignoreCase)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        Span<byte> lower = stackalloc byte[256];
        var length = Math.Min(alternate.Length, lower.Length);
        Ascii.ToLower(alternate[..length], lower, out _);
        var folded = new HashCode();
        folded.AddBytes(lower[..length]);
        return folded.ToHashCode();
    }

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
