using System.Buffers.Binary;
using System.Text;

namespace Steelyard.Engine.Http1;

/// <summary>The fields the proxy acts on; every other name is carried along unread.</summary>
internal enum KnownField : byte
{
    Other,
    Accept,
    Authorization,

    /// <summary>A field that speaks of the client's certificate: Client-Cert and its kin.</summary>
    ClientCertificate,
    Connection,
    ContentLength,
    Date,
    Expect,

    Forwarded,

    /// <summary>Another field that speaks of the client: X-Forwarded-Port and its kin.</summary>
    ForwardedOther,
    Host,
    KeepAlive,

    /// <summary>What CGI makes HTTP_PROXY of, by which a server's own requests would go where a client wants them (httpoxy).</summary>
    Proxy,
    ProxyConnection,

    /// <summary>Asks how a server is chosen, and answers that: between a client and this proxy, never passed on.</summary>
    SteelyardExplain,
    Te,
    TraceParent,
    TraceState,
    Trailer,
    TransferEncoding,
    Upgrade,
    XForwardedFor,
    XForwardedHost,
    XForwardedProto,
    XRealIp,
}

/// <summary>One field line of a head: where it stands, counted from the first byte of the head.</summary>
internal struct Field
{
    public int Start;
    public int NameLength;
    public int ValueStart;
    public int ValueLength;

    /// <summary>Behind the line's CRLF.</summary>
    public int End;

    public KnownField Known;

    /// <summary>The field speaks of one connection only and is not forwarded (RFC 9110, 7.6.1).</summary>
    public bool HopByHop;

    public readonly ReadOnlySpan<byte> Name(ReadOnlySpan<byte> head) => head.Slice(Start, NameLength);

    public readonly ReadOnlySpan<byte> Value(ReadOnlySpan<byte> head) => head.Slice(ValueStart, ValueLength);

    /// <summary>Finds out which field a name is.</summary>
    public static KnownField Recognize(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 => Match(name, "te"u8, KnownField.Te),
        4 => (name[0] | 0x20) == 'h' ? Match(name, "host"u8, KnownField.Host) : Match(name, "date"u8, KnownField.Date),
        5 => Match(name, "proxy"u8, KnownField.Proxy),
        6 => (name[0] | 0x20) == 'a' ? Match(name, "accept"u8, KnownField.Accept) : Match(name, "expect"u8, KnownField.Expect),
        7 => (name[0] | 0x20) == 'u' ? Match(name, "upgrade"u8, KnownField.Upgrade) : Match(name, "trailer"u8, KnownField.Trailer),
        9 => (name[0] | 0x20) == 'f' ? Match(name, "forwarded"u8, KnownField.Forwarded) : Match(name, "x-real-ip"u8, KnownField.XRealIp),
        10 => (name[0] | 0x20) == 'c' ? Match(name, "connection"u8, KnownField.Connection)
            : (name[0] | 0x20) == 't' ? Match(name, "tracestate"u8, KnownField.TraceState)
            : Match(name, "keep-alive"u8, KnownField.KeepAlive),
        11 => Match(name, "traceparent"u8, KnownField.TraceParent),
        13 => Match(name, "authorization"u8, KnownField.Authorization),
        14 => Match(name, "content-length"u8, KnownField.ContentLength),
        15 => Match(name, "x-forwarded-for"u8, KnownField.XForwardedFor),
        16 => (name[0] | 0x20) == 'x' ? Match(name, "x-forwarded-host"u8, KnownField.XForwardedHost) : Match(name, "proxy-connection"u8, KnownField.ProxyConnection),
        17 => (name[0] | 0x20) == 't' ? Match(name, "transfer-encoding"u8, KnownField.TransferEncoding)
            : (name[0] | 0x20) == 'x' ? Match(name, "x-forwarded-proto"u8, KnownField.XForwardedProto)
            : Match(name, "steelyard-explain"u8, KnownField.SteelyardExplain),
        _ => KnownField.Other,
    };

    /// <summary>
    /// Finds out what else of a name the servers might believe: another field about the client, or one of the known ones
    /// spelt with underscores, which CGI and its heirs cannot tell from hyphens.
    /// </summary>
    public static KnownField RecognizeDisguised(ReadOnlySpan<byte> name)
    {
        var first = (byte)(name[0] | 0x20);
        if (first is not ((byte)'x' or (byte)'f' or (byte)'c' or (byte)'t' or (byte)'k' or (byte)'p') || name.Length is < 9 or > 32)
            return KnownField.Other;

        // Without underscores only those are meant that begin with x- or client-; Content-Type is in every answer.
        if (first != 'x' && !(first == 'c' && (name[1] | 0x20) == 'l') && !name.Contains((byte)'_'))
            return KnownField.Other;
        Span<byte> plain = stackalloc byte[32];
        name.Replace(plain, (byte)'_', (byte)'-');
        plain = plain[..name.Length];
        var known = Recognize(plain);
        return known != KnownField.Other ? KnownField.ForwardedOther
            : Ascii.EqualsIgnoreCase(plain[..Math.Min(12, plain.Length)], "x-forwarded-"u8) ? KnownField.ForwardedOther
            : Ascii.EqualsIgnoreCase(plain[..Math.Min(11, plain.Length)], "client-cert"u8) || Ascii.EqualsIgnoreCase(plain[..Math.Min(13, plain.Length)], "x-client-cert"u8) ? KnownField.ClientCertificate
            : KnownField.Other;
    }

    /// <summary>Whether two names are one to CGI and its heirs, which take underscores for hyphens.</summary>
    public static bool IsAlike(ReadOnlySpan<byte> name, ReadOnlySpan<byte> other)
    {
        if (name.Length != other.Length)
            return false;
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] != other[i] && Folded(name[i]) != Folded(other[i]))
                return false;
        }

        return true;
    }

    private static byte Folded(byte letter) => letter == '_' ? (byte)'-' : letter is >= (byte)'A' and <= (byte)'Z' ? (byte)(letter | 0x20) : letter;

    // Of the characters of a token only letters change by this bit, but for ^ and _, which become what no name here has.
    private const ulong SmallLetters = 0x2020_2020_2020_2020;

    private static KnownField Match(ReadOnlySpan<byte> name, ReadOnlySpan<byte> lowerCase, KnownField known)
    {
        if (name.Length < sizeof(ulong))
            return Ascii.EqualsIgnoreCase(name, lowerCase) ? known : KnownField.Other;
        for (var at = 0; at < name.Length - sizeof(ulong); at += sizeof(ulong))
        {
            if (!AreSame(name[at..], lowerCase[at..]))
                return KnownField.Other;
        }

        return AreSame(name[^sizeof(ulong)..], lowerCase[^sizeof(ulong)..]) ? known : KnownField.Other;
    }

    private static bool AreSame(ReadOnlySpan<byte> name, ReadOnlySpan<byte> lowerCase) =>
        (BinaryPrimitives.ReadUInt64LittleEndian(name) | SmallLetters) == BinaryPrimitives.ReadUInt64LittleEndian(lowerCase);

    /// <summary>
    /// Whether a field that is not known here must reach the server even when Connection names it (RFC 9110, 7.6.1):
    /// what says who asks, and what describes the content.
    /// </summary>
    public static bool IsForAllRecipients(ReadOnlySpan<byte> name) =>
        Ascii.EqualsIgnoreCase(name, "authorization"u8) || Ascii.EqualsIgnoreCase(name, "proxy-authorization"u8)
        || Ascii.EqualsIgnoreCase(name, "cookie"u8) || Ascii.EqualsIgnoreCase(name, "origin"u8) || Ascii.EqualsIgnoreCase(name, "cache-control"u8)
        || (name.Length > 8 && Ascii.EqualsIgnoreCase(name[..8], "content-"u8));

    /// <summary>Whether the field is one connection's by its name alone.</summary>
    public static bool IsHopByHop(KnownField known) => known is
        KnownField.Connection or KnownField.KeepAlive or KnownField.Proxy or KnownField.ProxyConnection or KnownField.SteelyardExplain or KnownField.Te
        or KnownField.Trailer or KnownField.TransferEncoding or KnownField.Upgrade;
}
