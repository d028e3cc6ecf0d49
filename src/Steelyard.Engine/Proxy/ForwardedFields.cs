using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// What the servers are told of the client: X-Forwarded-For, -Proto, -Host and X-Real-IP. Lines that are the same for
/// every request of a connection are written once. Owned by a connection.
/// </summary>
internal sealed class ForwardedFields
{
    private readonly byte[] _lines = new byte[160];
    private readonly byte[] _address = new byte[45];
    private int _linesLength;
    private int _addressLength;
    private ListenerState _listener = null!;
    private bool _trusted;

    /// <summary>Readies the fields for a connection.</summary>
    public void Reset(in KernelAddress peer, ListenerState listener)
    {
        _listener = listener;
        _trusted = listener.TrustedProxies.Contains(peer);
        _addressLength = peer.WriteText(_address);
        _linesLength = 0;
        if (_trusted)
            return;
        Append("X-Forwarded-For: "u8);
        Append(Address);
        Append("\r\nX-Real-IP: "u8);
        Append(Address);
        Append("\r\nX-Forwarded-Proto: http\r\n"u8);
    }

    private ReadOnlySpan<byte> Address => _address.AsSpan(0, _addressLength);

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_lines.AsSpan(_linesLength));
        _linesLength += bytes.Length;
    }

    /// <summary>Whether a field of the client's is replaced by one of ours, or kept from the servers.</summary>
    public bool Replaces(KnownField field) => field is
        KnownField.XForwardedFor or KnownField.XForwardedHost or KnownField.XForwardedProto or KnownField.XRealIp
        || (field == KnownField.ForwardedOther && !_trusted);

    /// <summary>Writes the four fields.</summary>
    public void Write(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> head)
    {
        if (_trusted)
        {
            WriteTrusted(ref writer, request, head);
            return;
        }

        writer.Write(_lines.AsSpan(0, _linesLength));
        WriteHost(ref writer, request.Authority(head));
    }

    private static void WriteHost(ref BlockWriter writer, ReadOnlySpan<byte> host)
    {
        if (host.IsEmpty)
            return;
        writer.Write("X-Forwarded-Host: "u8);
        writer.Write(host);
        writer.Write("\r\n"u8);
    }

    /// <summary>Continues what a trusted proxy said.</summary>
    private void WriteTrusted(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> head)
    {
        writer.Write("X-Forwarded-For: "u8);
        ReadOnlySpan<byte> client = default;
        ReadOnlySpan<byte> realIp = default, proto = "http"u8, host = request.Authority(head);
        foreach (ref readonly var field in request.Fields.All)
        {
            var value = field.Value(head);
            switch (field.Known)
            {
                case KnownField.XForwardedFor when !value.IsEmpty:
                    writer.Write(value);
                    writer.Write(", "u8);
                    client = FirstUntrusted(value, client);
                    break;
                case KnownField.XRealIp:
                    realIp = value;
                    break;
                case KnownField.XForwardedProto when !value.IsEmpty:
                    proto = value;
                    break;
                case KnownField.XForwardedHost when !value.IsEmpty:
                    host = value;
                    break;
            }
        }

        writer.Write(Address);
        writer.Write("\r\nX-Real-IP: "u8);
        writer.Write(!client.IsEmpty ? client : !realIp.IsEmpty ? realIp : Address);
        writer.Write("\r\nX-Forwarded-Proto: "u8);
        writer.Write(proto);
        writer.Write("\r\n"u8);
        WriteHost(ref writer, host);
    }

    /// <summary>
    /// The client of a chain is the last address no trusted proxy has; where all are trusted, the first of all.
    /// Lines are given first to last, so what a later line finds stands.
    /// </summary>
    private ReadOnlySpan<byte> FirstUntrusted(ReadOnlySpan<byte> chain, ReadOnlySpan<byte> before)
    {
        ReadOnlySpan<byte> first = default;
        while (!chain.IsEmpty)
        {
            var comma = chain.LastIndexOf((byte)',');
            var hop = HttpBytes.Trim(chain[(comma + 1)..]);
            chain = comma < 0 ? default : chain[..comma];
            if (hop.IsEmpty)
                continue;
            if (!_listener.TrustedProxies.Contains(hop))
                return hop;
            first = hop;
        }

        return before.IsEmpty ? first : before;
    }
}
