using System.Text;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Http1;

/// <summary>
/// The protocols a client offers to change to, and the one a server takes up (RFC 9110, 7.8). Those that would carry
/// requests again are not passed on: behind the change they would get past every route and check of ours.
/// </summary>
internal static class UpgradeOffer
{
    /// <summary>Whether any protocol is offered that is passed on.</summary>
    public static bool Exists(FieldTable fields, ReadOnlySpan<byte> head)
    {
        foreach (ref readonly var field in fields.All)
        {
            var list = field.Known == KnownField.Upgrade ? field.Value(head) : default;
            while (!list.IsEmpty)
            {
                if (IsPassedOn(HttpBytes.NextMember(ref list)))
                    return true;
            }
        }

        return false;
    }

    /// <summary>Writes the offer for a server.</summary>
    public static void Write(ref BlockWriter writer, FieldTable fields, ReadOnlySpan<byte> head)
    {
        writer.Write("Connection: upgrade\r\nUpgrade: "u8);
        var separator = ""u8;
        foreach (ref readonly var field in fields.All)
        {
            var list = field.Known == KnownField.Upgrade ? field.Value(head) : default;
            while (!list.IsEmpty)
            {
                var protocol = HttpBytes.NextMember(ref list);
                if (!IsPassedOn(protocol))
                    continue;
                writer.Write(separator);
                writer.Write(protocol);
                separator = ", "u8;
            }
        }

        writer.Write("\r\n"u8);
    }

    /// <summary>Whether an answer takes up nothing but what was offered.</summary>
    public static bool IsTakenUp(FieldTable offer, ReadOnlySpan<byte> offerHead, FieldTable answer, ReadOnlySpan<byte> answerHead)
    {
        var taken = 0;
        foreach (ref readonly var field in answer.All)
        {
            var list = field.Known == KnownField.Upgrade ? field.Value(answerHead) : default;
            while (!list.IsEmpty)
            {
                var protocol = HttpBytes.NextMember(ref list);
                if (protocol.IsEmpty)
                    continue;
                if (!Contains(offer, offerHead, protocol))
                    return false;
                taken++;
            }
        }

        return taken > 0;
    }

    private static bool Contains(FieldTable offer, ReadOnlySpan<byte> head, ReadOnlySpan<byte> protocol)
    {
        foreach (ref readonly var field in offer.All)
        {
            var list = field.Known == KnownField.Upgrade ? field.Value(head) : default;
            while (!list.IsEmpty)
            {
                var offered = HttpBytes.NextMember(ref list);
                if (IsPassedOn(offered) && Ascii.EqualsIgnoreCase(NameOf(offered), NameOf(protocol)))
                    return true;
            }
        }

        return false;
    }

    private static bool IsPassedOn(ReadOnlySpan<byte> protocol)
    {
        var name = NameOf(protocol);
        var version = protocol.Length == name.Length ? "1"u8 : protocol[(name.Length + 1)..];
        return !name.IsEmpty && !version.IsEmpty && name.IndexOfAnyExcept(HttpBytes.Token) < 0 && version.IndexOfAnyExcept(HttpBytes.Token) < 0
            && !Ascii.EqualsIgnoreCase(name, "h2c"u8) && !Ascii.EqualsIgnoreCase(name, "h2"u8)
            && !Ascii.EqualsIgnoreCase(name, "http"u8) && !Ascii.EqualsIgnoreCase(name, "tls"u8);
    }

    // protocol = protocol-name [ "/" protocol-version ]
    private static ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> protocol)
    {
        var slash = protocol.IndexOf((byte)'/');
        return slash < 0 ? protocol : protocol[..slash];
    }
}
