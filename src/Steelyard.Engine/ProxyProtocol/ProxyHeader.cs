using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.ProxyProtocol;

/// <summary>
/// Reads the header by which a proxy says whose connection it passes on, text (version 1) or binary (version 2), as
/// https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt has it. Does no I/O.
/// </summary>
internal sealed class ProxyHeader : IStartReader
{
    /// <summary>The longest header that is read: the addresses of version 2, and room for what a proxy adds behind them (nginx allows as much).</summary>
    public const int MostBytes = 4096;

    private const int LongestLine = 107;
    private const int FixedLength = 16;
    private const int ChecksumType = 3;

    private static readonly SearchValues<byte> IPv6Bytes = SearchValues.Create("0123456789abcdefABCDEF:."u8);

    private static ReadOnlySpan<byte> LineStart => "PROXY "u8;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    private KernelAddress _source;
    private KernelAddress _destination;

    /// <summary>Bytes of the header; what comes behind is the client's.</summary>
    public int Length { get; private set; }

    /// <summary>Whether it says who the client is. Where it does not, the connection is the proxy's own, or comes from elsewhere than a network.</summary>
    public bool NamesClient { get; private set; }

    /// <summary>The client's address, when <see cref="NamesClient"/>.</summary>
    public ref readonly KernelAddress Source => ref _source;

    /// <summary>The address the client connected to, when <see cref="NamesClient"/>.</summary>
    public ref readonly KernelAddress Destination => ref _destination;

    int IStartReader.MostBytes => MostBytes;

    HeadState IStartReader.Read(Span<byte> bytes) => Read(bytes);

    /// <summary>Reads the start of a connection.</summary>
    /// <param name="bytes">All that has arrived so far.</param>
    public HeadState Read(ReadOnlySpan<byte> bytes)
    {
        (Length, NamesClient) = (0, false);
        if (StartsAlike(bytes, LineStart))
            return ReadLine(bytes);
        if (StartsAlike(bytes, Signature))
            return ReadBinary(bytes);
        return HeadState.Invalid;
    }

    private static bool StartsAlike(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> start)
    {
        var length = Math.Min(bytes.Length, start.Length);
        return bytes[..length].SequenceEqual(start[..length]);
    }

    private HeadState ReadLine(ReadOnlySpan<byte> bytes)
    {
        // A line that goes on beyond its longest is refused before its end comes, if it ever does.
        var line = bytes[..Math.Min(bytes.Length, LongestLine)];
        var end = line.IndexOfAnyExceptInRange((byte)' ', (byte)'~');
        if (end < 0)
            return line.Length < LongestLine ? HeadState.Incomplete : HeadState.Invalid;
        if (line[end] != '\r')
            return HeadState.Invalid;
        if (end + 1 == line.Length)
            return line.Length < LongestLine ? HeadState.Incomplete : HeadState.Invalid;
        if (line[end + 1] != '\n' || !ReadWords(line[LineStart.Length..end]))
            return HeadState.Invalid;
        Length = end + 2;
        return HeadState.Complete;
    }

    private bool ReadWords(ReadOnlySpan<byte> words)
    {
        var family = NextWord(ref words);

        // Whatever follows an unknown protocol is to be ignored.
        if (family.SequenceEqual("UNKNOWN"u8))
            return true;
        var size = family.SequenceEqual("TCP4"u8) ? 4 : family.SequenceEqual("TCP6"u8) ? 16 : 0;
        Span<byte> source = stackalloc byte[16], destination = stackalloc byte[16];
        if (size == 0 || !ReadAddress(NextWord(ref words), source[..size]) || !ReadAddress(NextWord(ref words), destination[..size]))
            return false;
        if (!ReadPort(NextWord(ref words), out var sourcePort) || !ReadPort(NextWord(ref words), out var destinationPort) || words.Length != 0)
            return false;
        (_source, _destination, NamesClient) = (KernelAddress.For(source[..size], sourcePort), KernelAddress.For(destination[..size], destinationPort), true);
        return true;
    }

    /// <summary>The next word and the one blank behind it; a line that ends in a blank leaves it over.</summary>
    private static ReadOnlySpan<byte> NextWord(ref ReadOnlySpan<byte> words)
    {
        var blank = words.IndexOf((byte)' ');
        var word = blank < 0 ? words : words[..blank];
        words = blank < 0 ? default : blank == words.Length - 1 ? words[blank..] : words[(blank + 1)..];
        return word;
    }

    private static bool ReadAddress(ReadOnlySpan<byte> text, Span<byte> address)
    {
        if (address.Length == 4)
            return ReadIPv4(text, address);
        return text.IndexOfAnyExcept(IPv6Bytes) < 0 && IPAddress.TryParse(text, out var parsed)
            && parsed.AddressFamily == AddressFamily.InterNetworkV6 && parsed.TryWriteBytes(address, out _);
    }

    private static bool ReadIPv4(ReadOnlySpan<byte> text, Span<byte> octets)
    {
        for (var i = 0; i < 4; i++)
        {
            var dot = i < 3 ? text.IndexOf((byte)'.') : text.Length;
            if (dot < 0 || !ReadNumber(text[..dot], byte.MaxValue, out var octet))
                return false;
            octets[i] = (byte)octet;
            text = i < 3 ? text[(dot + 1)..] : default;
        }

        return true;
    }

    private static bool ReadPort(ReadOnlySpan<byte> text, out int port) => ReadNumber(text, ushort.MaxValue, out port);

    /// <summary>Plain decimal digits, without zeros before.</summary>
    private static bool ReadNumber(ReadOnlySpan<byte> text, int most, out int number)
    {
        number = 0;
        if (text.Length is 0 or > 5 || (text.Length > 1 && text[0] == '0'))
            return false;
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit((char)digit))
                return false;
            number = (number * 10) + digit - '0';
        }

        return number <= most;
    }

    private HeadState ReadBinary(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 12 && bytes[12] is not (0x20 or 0x21))
            return HeadState.Invalid;
        if (bytes.Length > 13 && ((bytes[13] >> 4) > 3 || (bytes[13] & 15) > 2))
            return HeadState.Invalid;
        if (bytes.Length < FixedLength)
            return HeadState.Incomplete;
        var length = FixedLength + BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        var (family, stream) = (bytes[13] >> 4, (bytes[13] & 15) == 1);
        var addresses = family switch { 1 => 12, 2 => 36, 3 => 216, _ => 0 };

        // The proxy's own connections say nothing of addresses that must be believed, or be there.
        var local = bytes[12] == 0x20;
        if (length > MostBytes || (!local && length < FixedLength + addresses))
            return HeadState.Invalid;
        if (bytes.Length < length)
            return HeadState.Incomplete;
        var header = bytes[..length];
        if (!local && !CheckExtras(header, FixedLength + addresses))
            return HeadState.Invalid;

        // A socket of the proxy's machine is no address here.
        if (!local && stream && family is 1 or 2)
            TakeAddresses(header.Slice(FixedLength, addresses));
        Length = length;
        return HeadState.Complete;
    }

    private void TakeAddresses(ReadOnlySpan<byte> addresses)
    {
        NamesClient = true;
        var size = (addresses.Length - 4) / 2;
        var ports = addresses[(2 * size)..];
        _source = KernelAddress.For(addresses[..size], BinaryPrimitives.ReadUInt16BigEndian(ports));
        _destination = KernelAddress.For(addresses.Slice(size, size), BinaryPrimitives.ReadUInt16BigEndian(ports[2..]));
    }

    /// <summary>What stands behind the addresses is a list of types with lengths that fills the header; a checksum among them must be right.</summary>
    private static bool CheckExtras(ReadOnlySpan<byte> header, int start)
    {
        for (var at = start; at < header.Length;)
        {
            if (header.Length - at < 3)
                return false;
            var length = BinaryPrimitives.ReadUInt16BigEndian(header[(at + 1)..]);
            if (length > header.Length - at - 3)
                return false;
            if (header[at] == ChecksumType && (length != 4 || !ChecksumIsRight(header, at + 3)))
                return false;
            at += 3 + length;
        }

        return true;
    }

    /// <summary>CRC32c over the header, with zeros where the checksum stands.</summary>
    private static bool ChecksumIsRight(ReadOnlySpan<byte> header, int position)
    {
        var crc = uint.MaxValue;
        for (var i = 0; i < header.Length; i++)
            crc = BitOperations.Crc32C(crc, i - position is >= 0 and < 4 ? (byte)0 : header[i]);
        return ~crc == BinaryPrimitives.ReadUInt32BigEndian(header[position..]);
    }
}
