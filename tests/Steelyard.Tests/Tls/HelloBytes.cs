using System.Buffers.Binary;
using System.Text;

namespace Steelyard.Tests.Tls;

/// <summary>Writes TLS hellos, right ones and others.</summary>
internal static class HelloBytes
{
    public static byte[] Vector(int lengthBytes, params byte[] content) =>
        lengthBytes == 1 ? [(byte)content.Length, .. content] : [(byte)(content.Length >> 8), (byte)content.Length, .. content];

    public static byte[] Extension(int type, params byte[] content) => [(byte)(type >> 8), (byte)type, .. Vector(2, content)];

    public static byte[] ServerName(string name) => Extension(0, Vector(2, [0, .. Vector(2, Encoding.Latin1.GetBytes(name))]));

    /// <summary>A whole handshake message; without extensions where they are null.</summary>
    public static byte[] Message(byte[]? extensions, byte[]? session = null, byte[]? ciphers = null, byte[]? compressions = null)
    {
        byte[] body =
        [
            3, 3, .. new byte[32],
            .. Vector(1, session ?? new byte[32]),
            .. Vector(2, ciphers ?? [0x13, 0x01, 0x13, 0x02]),
            .. Vector(1, compressions ?? [0]),
            .. extensions is null ? [] : Vector(2, extensions),
        ];
        var header = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(header, body.Length);
        header[0] = 1;
        return [.. header, .. body];
    }

    /// <summary>Records of at most so many bytes.</summary>
    public static byte[] Records(byte[] message, int most = 16 * 1024)
    {
        var records = new List<byte>();
        foreach (var piece in message.Chunk(most))
            records.AddRange([22, 3, 1, .. Vector(2, piece)]);
        return [.. records];
    }

    public static byte[] For(string name) => Records(Message([.. Extension(10, 0, 2, 0, 29), .. ServerName(name), .. Extension(21, new byte[100])]));
}
