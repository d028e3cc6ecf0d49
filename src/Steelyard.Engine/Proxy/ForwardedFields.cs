using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// What the servers are told of the client: X-Forwarded-For, -Proto, -Host and X-Real-IP, and Forwarded (RFC 7239).
/// What is the same for every request of a connection is written once. Owned by a connection.
/// </summary>
internal sealed class ForwardedFields
{
    private const int LongestText = 45;
    private const int LongestAddress = 16;

    // First the lines, then the element of Forwarded.
    private readonly byte[] _written = new byte[240];

    // The address as text, and behind it as bytes.
    private readonly byte[] _address = new byte[LongestText + LongestAddress];
    private int _addressBytesLength;
    private byte[]? _namedBytes;
    private int _linesLength;
    private int _writtenLength;
    private int _addressLength;
    private ListenerState _listener = null!;
    private bool _trusted;
    private ClientField? _named;
    private bool _secure;
    private byte[]? _certificate;

    /// <summary>Readies the fields for a connection.</summary>
    /// <param name="peer">The address of the client.</param>
    /// <param name="listener">What the connection goes by.</param>
    /// <param name="secure">Whether it is a TLS connection.</param>
    /// <param name="certificate">The lines about the certificate of the client; null where none is asked for.</param>
    public void Reset(in KernelAddress peer, ListenerState listener, bool secure = false, byte[]? certificate = null)
    {
        (_secure, _certificate) = (secure, certificate);
        _listener = listener;
        _trusted = listener.TrustedProxies.Contains(peer);
        _named = listener.ClientField is { } field && field.From.Contains(peer) ? field : null;
        _addressLength = peer.WriteText(_address);
        _addressBytesLength = peer.WriteBytes(_address.AsSpan(LongestText));
        _writtenLength = 0;
        Append("X-Forwarded-For: "u8);
        Append(Address);
        Append("\r\nX-Real-IP: "u8);
        Append(Address);
        Append("\r\nX-Forwarded-Proto: "u8);
        Append(OwnScheme);
        Append("\r\n"u8);
        _linesLength = _writtenLength;

        // RFC 7239, 6: a colon is no token's, and IPv6 has brackets.
        var bare = !Address.Contains((byte)':');
        Append(bare ? "for="u8 : "for=\"["u8);
        Append(Address);
        Append(bare ? ";proto="u8 : "]\";proto="u8);
        Append(OwnScheme);
    }

    /// <summary>Whether the client's connection is a TLS one.</summary>
    public bool Secure => _secure;

    /// <summary>The address of the peer, or of who it says in a PROXY header to be.</summary>
    public ReadOnlySpan<byte> PeerAddress => Address;

    /// <summary>Whether the peer is one of those whose word is believed.</summary>
    public bool IsTrusted => _trusted;

    private ReadOnlySpan<byte> OwnScheme => _secure ? "https"u8 : "http"u8;

    private bool WritesXForwarded => _listener.Forwarded is ForwardedStyle.XForwarded or ForwardedStyle.Both;

    private bool WritesForwarded => _listener.Forwarded is ForwardedStyle.Rfc7239 or ForwardedStyle.Both;

    private ReadOnlySpan<byte> Address => _address.AsSpan(0, _addressLength);

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_written.AsSpan(_writtenLength));
        _writtenLength += bytes.Length;
    }

    /// <summary>Whether a field of the client's is replaced by one of ours, or kept from the servers.</summary>
    public bool Replaces(KnownField field) => _listener.Forwarded == ForwardedStyle.AsIs ? field == KnownField.ClientCertificate && _certificate is not null : field switch
    {
        KnownField.XForwardedFor or KnownField.XForwardedHost or KnownField.XForwardedProto or KnownField.XRealIp => !_trusted || WritesXForwarded,
        KnownField.Forwarded => !_trusted || WritesForwarded,
        KnownField.ForwardedOther => !_trusted,
        KnownField.ClientCertificate => !_trusted || _certificate is not null,
        _ => false,
    };

    /// <summary>The client's address: the peer's, or the one that trusted proxies name.</summary>
    public ReadOnlySpan<byte> ClientAddress(RequestHead request, ReadOnlySpan<byte> head)
    {
        if (_named is not null)
            return _named.Find(request, head) is { IsEmpty: false } named ? named : Address;
        if (!_trusted)
            return Address;
        ReadOnlySpan<byte> client = default, realIp = default;
        foreach (ref readonly var field in request.Fields.All)
        {
            if (field.Known == KnownField.XForwardedFor && field.ValueLength > 0)
                client = FirstUntrusted(field.Value(head), client);
            else if (field.Known == KnownField.XRealIp)
                realIp = AddressText.WithoutPort(field.Value(head));
        }

        return !client.IsEmpty ? client : AddressText.Parse(realIp, stackalloc byte[LongestAddress]) > 0 ? realIp : Address;
    }

    /// <summary>
    /// The client's address in network order, 4 bytes or 16, the same however it is written.
    /// </summary>
    public ReadOnlySpan<byte> ClientAddressBytes(RequestHead request, ReadOnlySpan<byte> head)
    {
        var own = _address.AsSpan(LongestText, _addressBytesLength);
        if (!_trusted && _named is null)
            return own;
        var client = ClientAddress(request, head);
        if (client == Address)
            return own;
        _namedBytes ??= new byte[LongestAddress];
        var length = AddressText.Parse(client, _namedBytes);
        return length > 0 ? _namedBytes.AsSpan(0, length) : client;
    }

    /// <summary>The scheme the client used: the listener's, or the one that a trusted proxy names.</summary>
    public ReadOnlySpan<byte> Scheme(RequestHead request, ReadOnlySpan<byte> head) => Believed(KnownField.XForwardedProto, request, head, OwnScheme);

    /// <summary>What a trusted proxy says in a field, the last line of it; something else where it says nothing.</summary>
    private ReadOnlySpan<byte> Believed(KnownField known, RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> otherwise)
    {
        if (!_trusted)
            return otherwise;
        foreach (ref readonly var field in request.Fields.All)
        {
            if (field.Known == known && field.ValueLength > 0)
                otherwise = field.Value(head);
        }

        return otherwise;
    }

    /// <summary>Writes the fields the listener wants.</summary>
    public void Write(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> head)
    {
        if (WritesXForwarded)
            WriteXForwarded(ref writer, request, head);
        if (WritesForwarded)
            WriteForwarded(ref writer, request, head);
        if (_certificate is not null)
            writer.Write(_certificate);
    }

    private void WriteXForwarded(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> head)
    {
        if (_trusted)
        {
            WriteContinued(ref writer, KnownField.XForwardedFor, "X-Forwarded-For: "u8, request, head);
            writer.Write(Address);
            writer.Write("\r\nX-Real-IP: "u8);
            writer.Write(ClientAddress(request, head));
            writer.Write("\r\nX-Forwarded-Proto: "u8);
            writer.Write(Scheme(request, head));
            writer.Write("\r\n"u8);
        }
        else
        {
            writer.Write(_written.AsSpan(0, _linesLength));
        }

        var host = Believed(KnownField.XForwardedHost, request, head, request.Authority(head));
        if (host.IsEmpty)
            return;
        writer.Write("X-Forwarded-Host: "u8);
        writer.Write(host);
        writer.Write("\r\n"u8);
    }

    private void WriteForwarded(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> head)
    {
        WriteContinued(ref writer, KnownField.Forwarded, "Forwarded: "u8, request, head);
        if (_trusted && request.Fields.IndexOf(KnownField.Forwarded) < 0)
            WriteConverted(ref writer, request, head);
        writer.Write(_written.AsSpan(_linesLength, _writtenLength - _linesLength));
        var host = request.Authority(head);
        if (!host.IsEmpty)
        {
            var bare = host.IndexOfAnyExcept(HttpBytes.Token) < 0;
            writer.Write(bare ? ";host="u8 : ";host=\""u8);
            writer.Write(host);
            if (!bare)
                writer.Write("\""u8);
        }

        writer.Write("\r\n"u8);
    }

    /// <summary>Writes what trusted proxies have put in X-Forwarded-For as elements of Forwarded (RFC 7239, 7.4).</summary>
    private static void WriteConverted(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> head)
    {
        Span<byte> room = stackalloc byte[LongestAddress];
        foreach (ref readonly var field in request.Fields.All)
        {
            var chain = field.Known == KnownField.XForwardedFor ? field.Value(head) : default;
            while (!chain.IsEmpty)
            {
                var hop = HttpBytes.NextMember(ref chain);
                if (hop.IsEmpty)
                    continue;
                hop = AddressText.WithoutPort(hop);
                var known = AddressText.Parse(hop, room) > 0;
                var bare = !hop.Contains((byte)':');
                writer.Write(!known ? "for=unknown, "u8 : bare ? "for="u8 : "for=\"["u8);
                if (!known)
                    continue;
                writer.Write(hop);
                writer.Write(bare ? ", "u8 : "]\", "u8);
            }
        }
    }

    /// <summary>Begins a list, with what trusted proxies have put in it.</summary>
    private void WriteContinued(ref BlockWriter writer, KnownField known, ReadOnlySpan<byte> name, RequestHead request, ReadOnlySpan<byte> head)
    {
        writer.Write(name);
        if (!_trusted)
            return;
        foreach (ref readonly var field in request.Fields.All)
        {
            if (field.Known != known || field.ValueLength == 0)
                continue;
            writer.Write(field.Value(head));
            writer.Write(", "u8);
        }
    }

    /// <summary>
    /// The client of a chain is the last address no trusted proxy has; where all are trusted, the first of all.
    /// Lines are given first to last, so what a later line finds stands. What is no address ends the search, as in nginx:
    /// who stands before it, nobody knows.
    /// </summary>
    private ReadOnlySpan<byte> FirstUntrusted(ReadOnlySpan<byte> chain, ReadOnlySpan<byte> before)
    {
        ReadOnlySpan<byte> first = default;
        Span<byte> room = stackalloc byte[LongestAddress];
        while (!chain.IsEmpty)
        {
            var comma = chain.LastIndexOf((byte)',');
            var hop = AddressText.WithoutPort(HttpBytes.Trim(chain[(comma + 1)..]));
            chain = comma < 0 ? default : chain[..comma];
            if (hop.IsEmpty)
                continue;
            if (AddressText.Parse(hop, room) == 0)
                return first.IsEmpty ? Address : first;
            if (!_listener.TrustedProxies.Contains(hop))
                return hop;
            first = hop;
        }

        return before.IsEmpty ? first : before;
    }
}
