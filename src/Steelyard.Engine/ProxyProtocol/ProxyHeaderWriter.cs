using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Steelyard.Config;
using Steelyard.Engine.Interop;

namespace Steelyard.Engine.ProxyProtocol;

/// <summary>Writes the header that tells a server whose connection it gets.</summary>
internal static class ProxyHeaderWriter
{
    /// <summary>The longest header that is written: a line of version 1.</summary>
    public const int MostBytes = 107;

    /// <summary>Writes the header.</summary>
    /// <param name="room">Where to; at least <see cref="MostBytes"/>.</param>
    /// <param name="version">Its form.</param>
    /// <param name="source">The client's address. One that is not of a network is told as unknown.</param>
    /// <param name="destination">The address the client connected to.</param>
    /// <returns>The number of bytes.</returns>
    public static int Write(Span<byte> room, ProxyProtocolVersion version, in KernelAddress source, in KernelAddress destination)
    {
        Span<byte> addresses = stackalloc byte[32];
        var size = AddressBytes(source, destination, addresses);
        return version == ProxyProtocolVersion.V1
            ? WriteLine(room, addresses[..(2 * size)], source.Port, destination.Port)
            : WriteBinary(room, addresses[..(2 * size)], source.Port, destination.Port);
    }

    /// <summary>Both addresses in one family: IPv4 where both are, mapped into IPv6 where one is.</summary>
    /// <returns>The size of each; 0 where one is none.</returns>
    private static int AddressBytes(in KernelAddress source, in KernelAddress destination, Span<byte> addresses)
    {
        if (!source.WriteIPv6(addresses[..16]) || !destination.WriteIPv6(addresses[16..]))
            return 0;
        ReadOnlySpan<byte> mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
        if (!addresses.StartsWith(mapped) || !addresses[16..].StartsWith(mapped))
            return 16;
        addresses.Slice(12, 4).CopyTo(addresses);
        addresses.Slice(28, 4).CopyTo(addresses[4..]);
        return 4;
    }

    private static int WriteLine(Span<byte> room, ReadOnlySpan<byte> addresses, int sourcePort, int destinationPort)
    {
        if (addresses.IsEmpty)
        {
            "PROXY UNKNOWN\r\n"u8.CopyTo(room);
            return 15;
        }

        var size = addresses.Length / 2;
        var length = 0;
        Append(room, ref length, size == 4 ? "PROXY TCP4 "u8 : "PROXY TCP6 "u8);
        AppendAddress(room, ref length, addresses[..size]);
        AppendAddress(room, ref length, addresses[size..]);
        AppendNumber(room, ref length, sourcePort);
        Append(room, ref length, " "u8);
        AppendNumber(room, ref length, destinationPort);
        Append(room, ref length, "\r\n"u8);
        return length;
    }

    private static void AppendAddress(Span<byte> room, ref int length, ReadOnlySpan<byte> address)
    {
        new IPAddress(address).TryFormat(room[length..], out var written);
        length += written;
        Append(room, ref length, " "u8);
    }

    private static void AppendNumber(Span<byte> room, ref int length, int number)
    {
        number.TryFormat(room[length..], out var written, provider: CultureInfo.InvariantCulture);
        length += written;
    }

    private static void Append(Span<byte> room, ref int length, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(room[length..]);
        length += bytes.Length;
    }

    private static int WriteBinary(Span<byte> room, ReadOnlySpan<byte> addresses, int sourcePort, int destinationPort)
    {
        "\r\n\r\n\0\r\nQUIT\n"u8.CopyTo(room);
        room[12] = 0x21;
        room[13] = addresses.Length switch { 8 => 0x11, 32 => 0x21, _ => 0 };
        var length = addresses.IsEmpty ? 0 : addresses.Length + 4;
        BinaryPrimitives.WriteUInt16BigEndian(room[14..], (ushort)length);
        if (addresses.IsEmpty)
            return 16;
        addresses.CopyTo(room[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(room[(16 + addresses.Length)..], (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(room[(18 + addresses.Length)..], (ushort)destinationPort);
        return 16 + length;
    }
}
