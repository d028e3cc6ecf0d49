using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace Steelyard.Engine.Interop;

/// <summary>A sockaddr(3type) as the kernel reads and writes it: IPv4, IPv6 or Unix.</summary>
internal struct KernelAddress
{
    /// <summary>sizeof(struct sockaddr_un), the largest of the three.</summary>
    public const int MaximumLength = 110;

    private Storage _bytes;

    /// <summary>How many of the bytes are the address.</summary>
    public int Length;

    [InlineArray(MaximumLength)]
    private struct Storage
    {
        private byte _first;
    }

    /// <summary>The raw bytes, all of them; the kernel fills them on accept4(2).</summary>
    [UnscopedRef]
    public Span<byte> Bytes => _bytes;

    /// <summary>AF_INET, AF_INET6 or AF_UNIX, in the machine's byte order.</summary>
    public readonly int Family => BinaryPrimitives.ReadUInt16LittleEndian(_bytes);

    /// <summary>Whether both name the same place.</summary>
    public readonly bool SameAs(in KernelAddress other) =>
        Length == other.Length && ((ReadOnlySpan<byte>)_bytes)[..Length].SequenceEqual(((ReadOnlySpan<byte>)other._bytes)[..Length]);

    /// <summary>The address of a host and port.</summary>
    public static KernelAddress For(IPAddress address, int port)
    {
        var result = new KernelAddress();
        var bytes = result.Bytes;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)port);
        if (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes, Linux.AF_INET);
            address.TryWriteBytes(bytes[4..], out _);
            result.Length = 16;
        }
        else
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes, Linux.AF_INET6);
            address.TryWriteBytes(bytes[8..], out _);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], (uint)address.ScopeId);
            result.Length = 28;
        }

        return result;
    }

    /// <summary>The address of 4 or 16 bytes, in network order.</summary>
    public static KernelAddress For(ReadOnlySpan<byte> address, int port)
    {
        var result = new KernelAddress();
        var bytes = result.Bytes;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, address.Length == 4 ? (ushort)Linux.AF_INET : (ushort)Linux.AF_INET6);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)port);
        address.CopyTo(bytes[(address.Length == 4 ? 4 : 8)..]);
        result.Length = address.Length == 4 ? 16 : 28;
        return result;
    }

    /// <summary>The address of a Unix socket; the path has at most 107 bytes.</summary>
    public static KernelAddress ForUnix(string path)
    {
        var result = new KernelAddress();
        var bytes = result.Bytes;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, Linux.AF_UNIX);
        result.Length = 2 + Encoding.UTF8.GetBytes(path, bytes[2..^1]) + 1;
        return result;
    }

    /// <summary>The port in host order; 0 for a Unix socket.</summary>
    public readonly int Port => Family == Linux.AF_UNIX ? 0 : BinaryPrimitives.ReadUInt16BigEndian(((ReadOnlySpan<byte>)_bytes)[2..]);

    /// <summary>The same host at another port.</summary>
    public readonly KernelAddress WithPort(int port)
    {
        var result = this;
        BinaryPrimitives.WriteUInt16BigEndian(result.Bytes[2..], (ushort)port);
        return result;
    }

    /// <summary>The IP address, an IPv4 address mapped into IPv6 as IPv4; null for a Unix socket.</summary>
    public readonly IPAddress? Address()
    {
        ReadOnlySpan<byte> bytes = _bytes;
        if (Family == Linux.AF_INET)
            return new IPAddress(bytes.Slice(4, 4));
        if (Family != Linux.AF_INET6)
            return null;
        var address = new IPAddress(bytes.Slice(8, 16));
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    /// <summary>Writes the IP address in 16 bytes, IPv4 mapped into IPv6.</summary>
    /// <returns>Whether there is one; not for a Unix socket.</returns>
    public readonly bool WriteIPv6(Span<byte> address)
    {
        ReadOnlySpan<byte> bytes = _bytes;
        if (Family == Linux.AF_INET6)
        {
            bytes.Slice(8, 16).CopyTo(address);
            return true;
        }

        if (Family != Linux.AF_INET)
            return false;
        ReadOnlySpan<byte> mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
        mapped.CopyTo(address);
        bytes.Slice(4, 4).CopyTo(address[12..]);
        return true;
    }

    /// <summary>
    /// What connections of one client are counted by: an IPv4 address, or the first 64 bits of an IPv6 address, for a
    /// single customer is given that many addresses at least (RFC 6177). Null for a Unix socket.
    /// </summary>
    public readonly UInt128? ClientKey()
    {
        ReadOnlySpan<byte> bytes = _bytes;
        ReadOnlySpan<byte> mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
        if (Family == Linux.AF_INET)
            return BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        if (Family != Linux.AF_INET6)
            return null;
        return bytes.Slice(8, 12).SequenceEqual(mapped)
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes[20..])
            : new UInt128(BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), 0);
    }

    /// <summary>
    /// Writes the IP address as text without allocating for IPv4, the common case; 127.0.0.1 for a Unix socket,
    /// whose peer is this machine.
    /// </summary>
    /// <returns>The number of bytes written; <paramref name="text"/> must have room for 45.</returns>
    public readonly int WriteText(Span<byte> text)
    {
        ReadOnlySpan<byte> bytes = _bytes;
        ReadOnlySpan<byte> mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
        if (Family == Linux.AF_INET)
            return WriteIPv4(bytes.Slice(4, 4), text);
        if (Family == Linux.AF_INET6 && bytes.Slice(8, 12).SequenceEqual(mapped))
            return WriteIPv4(bytes.Slice(20, 4), text);
        if (Family == Linux.AF_INET6 && Address()!.TryFormat(text, out var written))
            return written;
        "127.0.0.1"u8.CopyTo(text);
        return 9;
    }

    /// <summary>Writes the address alone in network order: 4 bytes, or 16 for IPv6; one on a Unix socket counts as 127.0.0.1.</summary>
    /// <param name="address">Room for 16 bytes.</param>
    /// <returns>How many were written.</returns>
    public readonly int WriteBytes(Span<byte> address)
    {
        ReadOnlySpan<byte> bytes = _bytes;
        ReadOnlySpan<byte> mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
        ReadOnlySpan<byte> its = Family == Linux.AF_INET ? bytes.Slice(4, 4)
            : Family != Linux.AF_INET6 ? [127, 0, 0, 1]
            : bytes.Slice(8, 12).SequenceEqual(mapped) ? bytes.Slice(20, 4)
            : bytes.Slice(8, 16);
        its.CopyTo(address);
        return its.Length;
    }

    private static int WriteIPv4(ReadOnlySpan<byte> octets, Span<byte> text)
    {
        var length = 0;
        foreach (var octet in octets)
        {
            octet.TryFormat(text[length..], out var digits, provider: System.Globalization.CultureInfo.InvariantCulture);
            length += digits;
            text[length++] = (byte)'.';
        }

        return length - 1;
    }
}
