using System.Buffers;
using System.Buffers.Binary;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Tls;

/// <summary>
/// Finds the server name in the first message of a TLS client (RFC 8446, 4.1.2; RFC 6066, 3), the versions and the protocols
/// that it offers (RFC 8446, 4.2.1; RFC 7301, 3.1). It may be spread over records and packets. Strict: a hello that is not well formed as a whole is refused. Does no I/O.
/// </summary>
internal sealed class ClientHello : IStartReader
{
    /// <summary>The longest hello that is read, with its records: ten times what browsers send with post-quantum keys.</summary>
    public const int MostBytes = 16 * 1024;

    private const int RecordHeader = 5;
    private const int MostInRecord = 16 * 1024;
    private const int HandshakeHeader = 4;
    private const byte HandshakeRecord = 22;
    private const byte ClientHelloMessage = 1;
    private const int ServerNameExtension = 0;
    private const int ProtocolsExtension = 16;
    private const int VersionsExtension = 43;
    private const int MostOfProtocols = 255;

    private static readonly SearchValues<byte> NameBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."u8);

    private readonly byte[] _name = new byte[255];
    private int _nameLength;
    private byte[]? _protocols;
    private int _protocolsLength;
    private int _version;

    int IStartReader.MostBytes => MostBytes;

    /// <summary>The name the client asks for; empty when it names none, or does not speak TLS.</summary>
    public ReadOnlySpan<byte> ServerName => _name.AsSpan(0, _nameLength);

    /// <summary>The highest version that the client offers; empty for none that there is, or where it does not speak TLS.</summary>
    public ReadOnlySpan<byte> Version => _version switch
    {
        0x300 => "SSLv3"u8,
        0x301 => "TLSv1"u8,
        0x302 => "TLSv1.1"u8,
        0x303 => "TLSv1.2"u8,
        0x304 => "TLSv1.3"u8,
        _ => default,
    };

    /// <summary>The protocols that it offers, with commas between, as many as fit 255 bytes; empty for none.</summary>
    public ReadOnlySpan<byte> Protocols => _protocols.AsSpan(0, _protocolsLength);

    /// <summary>The one that it offers first; empty for none.</summary>
    public ReadOnlySpan<byte> FirstProtocol => Protocols.IndexOf((byte)',') is var comma and >= 0 ? Protocols[..comma] : Protocols;

    /// <summary>Whether it is TLS at all.</summary>
    public bool IsTls { get; private set; }

    /// <summary>Reads the start of a connection.</summary>
    /// <param name="bytes">All that has arrived so far; they are written over.</param>
    public HeadState Read(Span<byte> bytes)
    {
        (_nameLength, _protocolsLength, _version, IsTls) = (0, 0, 0, true);
        if ((bytes.Length > 0 && bytes[0] != HandshakeRecord) || (bytes.Length > 1 && bytes[1] != 3))
        {
            IsTls = false;
            return HeadState.Complete;
        }

        var state = Gather(bytes, out var message);
        if (state != HeadState.Complete || ReadMessage(message))
            return state;

        // The name may stand before what is wrong.
        (_nameLength, _protocolsLength, _version) = (0, 0, 0);
        return HeadState.Invalid;
    }

    /// <summary>Puts the message together, record by record, at the front of the bytes.</summary>
    private static HeadState Gather(Span<byte> bytes, out ReadOnlySpan<byte> message)
    {
        var gathered = 0;
        message = default;
        for (var at = 0; bytes.Length - at >= RecordHeader;)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 3)..]);
            if (bytes[at] != HandshakeRecord || bytes[at + 1] != 3 || length is 0 or > MostInRecord)
                return HeadState.Invalid;
            at += RecordHeader;
            var arrived = Math.Min(length, bytes.Length - at);
            bytes.Slice(at, arrived).CopyTo(bytes[gathered..]);
            gathered += arrived;
            if (bytes[0] != ClientHelloMessage && gathered > 0)
                return HeadState.Invalid;
            if (gathered >= HandshakeHeader)
            {
                var whole = HandshakeHeader + ((bytes[1] << 16) | (bytes[2] << 8) | bytes[3]);

                // Nothing may follow a hello before its answer, in its last record least of all.
                if (whole > MostBytes || gathered > whole || (gathered == whole && arrived < length))
                    return HeadState.Invalid;
                if (gathered == whole)
                {
                    message = bytes[HandshakeHeader..whole];
                    return HeadState.Complete;
                }
            }

            at += arrived;
        }

        return HeadState.Incomplete;
    }

    private bool ReadMessage(ReadOnlySpan<byte> message)
    {
        // legacy_version and random
        if (message.Length < 34 || message[0] != 3)
            return false;
        _version = BinaryPrimitives.ReadUInt16BigEndian(message);
        message = message[34..];
        if (!TryTake(ref message, lengthBytes: 1, out var session) || session.Length > 32)
            return false;
        if (!TryTake(ref message, lengthBytes: 2, out var ciphers) || ciphers.Length < 2 || ciphers.Length % 2 != 0)
            return false;
        if (!TryTake(ref message, lengthBytes: 1, out var compressions) || compressions.IsEmpty)
            return false;

        // Before TLS 1.3 there need be none.
        if (message.IsEmpty)
            return true;
        return TryTake(ref message, lengthBytes: 2, out var extensions) && message.IsEmpty && ReadExtensions(extensions);
    }

    private bool ReadExtensions(ReadOnlySpan<byte> extensions)
    {
        var named = false;
        while (!extensions.IsEmpty)
        {
            if (extensions.Length < 2)
                return false;
            var type = BinaryPrimitives.ReadUInt16BigEndian(extensions);
            extensions = extensions[2..];
            if (!TryTake(ref extensions, lengthBytes: 2, out var content))
                return false;
            switch (type)
            {
                case ServerNameExtension when named || !ReadName(content):
                    return false;
                case ServerNameExtension:
                    named = true;
                    break;
                case VersionsExtension:
                    ReadVersions(content);
                    break;
                case ProtocolsExtension:
                    ReadProtocols(content);
                    break;
            }
        }

        return true;
    }

    // Whoever routes by neither need not know that one of them is wrong: it is left out.
    private void ReadVersions(ReadOnlySpan<byte> content)
    {
        if (!TryTake(ref content, lengthBytes: 1, out var versions))
            return;

        // Others than 3.x are there to be passed over (RFC 8701).
        for (; versions.Length > 1; versions = versions[2..])
        {
            if (versions[0] == 3)
                _version = Math.Max(_version, BinaryPrimitives.ReadUInt16BigEndian(versions));
        }
    }

    private void ReadProtocols(ReadOnlySpan<byte> content)
    {
        if (!TryTake(ref content, lengthBytes: 2, out var list))
            return;
        _protocols ??= new byte[MostOfProtocols];
        var written = 0;
        while (TryTake(ref list, lengthBytes: 1, out var protocol))
        {
            var comma = written > 0 ? 1 : 0;
            if (written + comma + protocol.Length > MostOfProtocols)
                continue;
            if (comma > 0)
                _protocols[written++] = (byte)',';
            protocol.CopyTo(_protocols.AsSpan(written));
            written += protocol.Length;
        }

        _protocolsLength = written;
    }

    /// <summary>A list with one name of the one kind there is.</summary>
    private bool ReadName(ReadOnlySpan<byte> content)
    {
        if (!TryTake(ref content, lengthBytes: 2, out var list) || !content.IsEmpty || list.IsEmpty || list[0] != 0)
            return false;
        list = list[1..];
        if (!TryTake(ref list, lengthBytes: 2, out var name) || !list.IsEmpty || name.Length is 0 or > 255 || name.IndexOfAnyExcept(NameBytes) >= 0)
            return false;
        name.CopyTo(_name);
        _nameLength = name.Length;
        return true;
    }

    /// <summary>Takes a vector with its length before it.</summary>
    private static bool TryTake(ref ReadOnlySpan<byte> bytes, int lengthBytes, out ReadOnlySpan<byte> vector)
    {
        vector = default;
        if (bytes.Length < lengthBytes)
            return false;
        var length = lengthBytes == 1 ? bytes[0] : BinaryPrimitives.ReadUInt16BigEndian(bytes);
        if (length > bytes.Length - lengthBytes)
            return false;
        vector = bytes.Slice(lengthBytes, length);
        bytes = bytes[(lengthBytes + length)..];
        return true;
    }
}
