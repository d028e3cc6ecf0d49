using System.Text;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Tls;
using static Steelyard.Fuzz.Targets.FuzzTargets;

namespace Steelyard.Fuzz.Targets;

/// <summary>
/// A byte of options, then the start of a connection. A TLS hello is judged alike however much of what follows has
/// arrived, and its server name is the one a plain second parser finds.
/// </summary>
internal static class ClientHelloTarget
{
    [ThreadStatic]
    private static ClientHello? s_hello;

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length >= 1)
            Run(input[1..], seed: input[0] + 1u);
    }

    public static void Run(ReadOnlySpan<byte> bytes, uint seed)
    {
        var hello = s_hello ??= new ClientHello();
        bytes = bytes[..Math.Min(bytes.Length, ClientHello.MostBytes)];
        var state = hello.Read(bytes.ToArray());
        var (tls, name) = (hello.IsTls, Encoding.Latin1.GetString(hello.ServerName));
        Require(state == HeadState.Complete || name.Length == 0, "only a hello that is right names anybody");

        var splits = new Splits(seed);
        for (var arrived = 1; arrived < bytes.Length; arrived += Math.Min(splits.Next(), bytes.Length - arrived))
        {
            var early = hello.Read(bytes[..arrived].ToArray());
            Require(early == HeadState.Incomplete || early == state, "what is judged stays judged");
            Require(early != HeadState.Complete || (hello.IsTls == tls && Encoding.Latin1.GetString(hello.ServerName) == name), "what was found stays found");
        }

        if (state != HeadState.Complete || !tls)
            return;
        Require(ReferenceName(bytes.ToArray()) == name, $"another parser finds '{ReferenceName(bytes.ToArray())}', not '{name}'");
    }

    /// <summary>The server name of a hello that is known to be well formed.</summary>
    private static string ReferenceName(byte[] bytes)
    {
        var message = new MemoryStream();
        for (var at = 0; at + 5 <= bytes.Length && (message.Length < 4 || message.Length < 4 + MessageLength(message.GetBuffer()));)
        {
            var length = (bytes[at + 3] << 8) | bytes[at + 4];
            message.Write(bytes, at + 5, Math.Min(length, bytes.Length - at - 5));
            at += 5 + length;
        }

        var reader = new BinaryReader(new MemoryStream(message.ToArray()));
        reader.ReadBytes(4 + 2 + 32);
        reader.ReadBytes(reader.ReadByte());
        reader.ReadBytes(Sixteen(reader));
        reader.ReadBytes(reader.ReadByte());
        if (reader.BaseStream.Position == reader.BaseStream.Length)
            return "";
        for (var left = Sixteen(reader); left > 0;)
        {
            var (type, content) = (Sixteen(reader), reader.ReadBytes(Sixteen(reader)));
            left -= 4 + content.Length;
            if (type == 0)
                return Encoding.Latin1.GetString(content, 5, content.Length - 5);
        }

        return "";
    }

    private static int MessageLength(byte[] message) => (message[1] << 16) | (message[2] << 8) | message[3];

    private static int Sixteen(BinaryReader reader) => (reader.ReadByte() << 8) | reader.ReadByte();
}
