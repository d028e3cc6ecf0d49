using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Expressions;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// What of a request says where a connection to a server goes, or which name it asks for: it serves requests of the same aim
/// alone. Of the servers for which requests say nothing there is none.
/// </summary>
/// <param name="settings">The server.</param>
/// <param name="tls">How TLS is spoken to it; null for a plain connection.</param>
internal sealed class ConnectionAim(ServerSettings settings, ServerTls? tls)
{
    // Names are no longer (RFC 1035, 2.3.4).
    private const int LongestName = 253;
    private const int PortLength = 2;

    private static readonly SearchValues<byte> s_nameBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"u8);

    private readonly TemplateBytes? _name = tls?.NameOfRequest is { } made ? new(made) : null;

    /// <summary>How many bytes an aim has at most.</summary>
    public const int Longest = PortLength + LongestName;

    /// <summary>What requests say of a server; null for nothing.</summary>
    public static ConnectionAim? Of(ServerSettings settings, ServerTls? tls) => settings.ClientPort is null && tls?.NameOfRequest is null ? null : new(settings, tls);

    /// <summary>Writes the aim of a request.</summary>
    /// <param name="scope">The request.</param>
    /// <param name="port">The port that its client came to.</param>
    /// <param name="room">Room for <see cref="Longest"/> bytes.</param>
    /// <returns>How many there are.</returns>
    public int Write(scoped in TemplateScope scope, int port, Span<byte> room)
    {
        // What is no port becomes 0, where nobody listens.
        BinaryPrimitives.WriteUInt16BigEndian(room, settings.ClientPort is { } offset && port + offset is var own and > 0 and <= ushort.MaxValue ? (ushort)own : (ushort)0);
        if (_name is null)
            return PortLength;
        ExpressionRoom.OfThread.Clear();
        if (!_name.TryMake(scope, out var name))
            return PortLength;

        // Fields such as Host have a port behind the name, which none in a hello has (RFC 6066, 3).
        name = AddressText.WithoutPort(name);
        if (name.Length > LongestName || name.ContainsAnyExcept(s_nameBytes))
            return PortLength;
        name.CopyTo(room[PortLength..]);
        return PortLength + name.Length;
    }

    /// <summary>The port of an aim.</summary>
    public static int PortOf(ReadOnlySpan<byte> aim) => BinaryPrimitives.ReadUInt16BigEndian(aim);

    /// <summary>The name of an aim; empty for none.</summary>
    public static string NameOf(ReadOnlySpan<byte> aim) => Encoding.ASCII.GetString(aim[PortLength..]);
}
