using System.Buffers;
using System.Security.Cryptography;

namespace Steelyard.Whoami;

/// <summary>The length and SHA-256 of a body, taken as it passes: a body of any size costs one buffer.</summary>
internal static class BodyDigest
{
    public static async Task<(long Length, string Sha256)> ReadAsync(Stream body, CancellationToken aborted)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            long length = 0;
            int read;
            while ((read = await body.ReadAsync(buffer, aborted)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                length += read;
            }
            return (length, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
