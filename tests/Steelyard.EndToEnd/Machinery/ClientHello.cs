using System.Text;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>Writes the first message of a TLS client.</summary>
internal static class ClientHello
{
    /// <summary>A hello in one record; an empty name is none.</summary>
    /// <param name="name">The name that is asked for.</param>
    /// <param name="protocols">What is offered (ALPN); none for nothing.</param>
    public static byte[] For(string name, params string[] protocols)
    {
        byte[] extensions =
        [
            .. Extension(10, [0, 2, 0, 29]),
            .. name.Length == 0 ? [] : Extension(0, Vector([0, .. Vector(Encoding.ASCII.GetBytes(name))])),
            .. protocols.Length == 0 ? [] : Extension(16, Vector([.. protocols.SelectMany(protocol => (byte[])[(byte)protocol.Length, .. Encoding.ASCII.GetBytes(protocol)])])),
            .. Extension(21, new byte[60]),
        ];
        byte[] body = [3, 3, .. new byte[32], 0, .. Vector([0x13, 1]), 1, 0, .. Vector(extensions)];
        return [22, 3, 1, .. Vector([1, 0, .. Vector(body)])];
    }

    private static byte[] Vector(byte[] content) => [(byte)(content.Length >> 8), (byte)content.Length, .. content];

    private static byte[] Extension(byte type, byte[] content) => [0, type, .. Vector(content)];
}
