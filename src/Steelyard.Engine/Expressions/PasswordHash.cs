using System.Security.Cryptography;
using Steelyard.Engine.Interop;

namespace Steelyard.Engine.Expressions;

/// <summary>What htpasswd makes of passwords.</summary>
internal static class PasswordHash
{
    private const int Rounds = 1000;
    private const int LongestApacheSalt = 8;

    private static ReadOnlySpan<byte> Alphabet => "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8;

    /// <summary>Whether a password is the one that a hash was made of.</summary>
    public static bool Is(ReadOnlySpan<byte> password, ReadOnlySpan<byte> hash)
    {
        if (hash.StartsWith("$apr1$"u8))
            return CryptographicOperations.FixedTimeEquals(Apache(password, SaltOf(hash)), hash);
        if (hash.StartsWith("{PLAIN}"u8))
            return CryptographicOperations.FixedTimeEquals(password, hash[7..]);
        if (hash.StartsWith("{SHA}"u8))
            return IsSha(password, hash[5..]);
        if (hash.StartsWith("{SSHA}"u8))
            return IsSha(password, hash[6..]);
        return Crypt.TryHash(password, hash, out var made) && CryptographicOperations.FixedTimeEquals(made, hash);
    }

    /// <summary>Whether it takes the system's crypt to know.</summary>
    public static bool NeedsCrypt(ReadOnlySpan<byte> hash) => !hash.StartsWith("$apr1$"u8) && !hash.StartsWith("{PLAIN}"u8) && !hash.StartsWith("{SHA}"u8) && !hash.StartsWith("{SSHA}"u8);

    // The digest, and what was put behind the password; nothing for SHA.
    private static bool IsSha(ReadOnlySpan<byte> password, ReadOnlySpan<byte> base64)
    {
        Span<byte> decoded = stackalloc byte[256];
        if (base64.Length > 256 || System.Buffers.Text.Base64.DecodeFromUtf8(base64, decoded, out _, out var length) != System.Buffers.OperationStatus.Done || length < SHA1.HashSizeInBytes)
            return false;
        byte[] salted = [.. password, .. decoded[SHA1.HashSizeInBytes..length]];
#pragma warning disable CA5350 // What htpasswd -s has written, and nobody chooses here.
        return CryptographicOperations.FixedTimeEquals(SHA1.HashData(salted), decoded[..SHA1.HashSizeInBytes]);
#pragma warning restore CA5350
    }

    private static ReadOnlySpan<byte> SaltOf(ReadOnlySpan<byte> hash)
    {
        var salt = hash[6..];
        var end = salt.IndexOf((byte)'$');
        salt = end < 0 ? salt : salt[..end];
        return salt.Length > LongestApacheSalt ? salt[..LongestApacheSalt] : salt;
    }

    /// <summary>Apache's form of the MD5 of crypt: a thousand rounds (apr_md5_encode).</summary>
    private static byte[] Apache(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt)
    {
#pragma warning disable CA5351 // What htpasswd -m has written, and nobody chooses here.
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351
        Span<byte> digest = stackalloc byte[16];
        Append(md5, password, salt, password);
        md5.GetHashAndReset(digest);
        Append(md5, password, "$apr1$"u8, salt);
        for (var left = password.Length; left > 0; left -= 16)
            md5.AppendData(digest[..Math.Min(left, 16)]);
        for (var bits = password.Length; bits > 0; bits >>= 1)
            md5.AppendData((bits & 1) != 0 ? "\0"u8 : password[..1]);
        md5.GetHashAndReset(digest);
        for (var round = 0; round < Rounds; round++)
        {
            md5.AppendData(round % 2 != 0 ? password : digest);
            if (round % 3 != 0)
                md5.AppendData(salt);
            if (round % 7 != 0)
                md5.AppendData(password);
            md5.AppendData(round % 2 != 0 ? digest : password);
            md5.GetHashAndReset(digest);
        }

        List<byte> text = [.. "$apr1$"u8, .. salt, (byte)'$'];
        foreach (var (one, two, three) in ((int, int, int)[])[(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)])
            AddDigits(text, (digest[one] << 16) | (digest[two] << 8) | digest[three], 4);
        AddDigits(text, digest[11], 2);
        return [.. text];
    }

    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> one, ReadOnlySpan<byte> two, ReadOnlySpan<byte> three)
    {
        hash.AppendData(one);
        hash.AppendData(two);
        hash.AppendData(three);
    }

    private static void AddDigits(List<byte> text, int value, int count)
    {
        for (; count > 0; count--, value >>= 6)
            text.Add(Alphabet[value & 0x3F]);
    }
}
