using System.Buffers.Text;
using System.IO.Hashing;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Steelyard.Config;

namespace Steelyard.Balancing.Sticky;

/// <summary>
/// What stands for each server of a pool in its cookies, and whose a cookie is. Immutable, shared by all loops; allocates
/// nothing after it was made.
/// </summary>
public sealed class StickyCookies
{
    /// <summary>The longest value, dates included.</summary>
    public const int LongestValue = 128;

    // Six bytes that name the server and sixteen that sign it, in base64url; four more for each of two dates.
    private const int TagBytes = 6;
    private const int DateBytes = 4;
    private const int SignatureBytes = 16;
    private const int DatedBytes = TagBytes + (2 * DateBytes) + SignatureBytes;
    private const int TagLength = 8;
    private const int SignedLength = 30;
    private const int DatedLength = 40;

    // HAProxy counts seconds in fours, and takes a clock that is a day ahead for wrong.
    private const int DateStep = 4;
    private const long MostAhead = 86_400;

    private readonly byte[] _key;
    private readonly byte[]?[] _values;
    private readonly byte[][] _subjects;

    // What a value begins with, sorted, and whose it is.
    private readonly byte[][] _names;
    private readonly int[] _owners;

    // What stands behind the value, and the same where the client came over TLS.
    private readonly byte[] _end;
    private readonly byte[] _secureEnd;

    /// <param name="settings">What the configuration says of them.</param>
    /// <param name="pool">The name of the pool, which signed values are good for.</param>
    /// <param name="servers">Its servers in their order.</param>
    /// <param name="key">The key where the configuration has none.</param>
    public StickyCookies(StickySettings settings, string pool, IReadOnlyList<ServerSettings> servers, ReadOnlySpan<byte> key)
    {
        Settings = settings;
        Name = Encoding.ASCII.GetBytes(settings.Cookie);
        Variable = settings.Variable is { } variable ? Encoding.ASCII.GetBytes(variable) : null;
        _key = settings.Secret is null ? key.ToArray() : Encoding.UTF8.GetBytes(settings.Secret);
        (_values, _subjects) = (new byte[]?[servers.Count], new byte[servers.Count][]);
        var (names, owners) = (new List<byte[]>(), new List<int>());
        for (var i = 0; i < servers.Count; i++)
        {
            _subjects[i] = Encoding.UTF8.GetBytes($"{pool}\0{servers[i].Address}\0");
            if ((_values[i] = ValueOf(servers[i], i)) is not { } value)
                continue;
            names.Add(IsSigned ? value[..TagLength] : value);
            owners.Add(i);
        }

        (_names, _owners) = ([.. names], [.. owners]);

        // By name, and then by place: of two that are called alike the first is meant, as with HAProxy.
        Array.Sort(_names, _owners, Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b)));
        for (var i = 1; i < _names.Length; i++)
        {
            if (_names[i].AsSpan().SequenceEqual(_names[i - 1]))
                _owners[i] = _owners[i - 1] = Math.Min(_owners[i], _owners[i - 1]);
        }

        LineStart = Encoding.ASCII.GetBytes($"Set-Cookie: {settings.Cookie}=");
        (_end, _secureEnd) = (LineEndOf(secure: false), LineEndOf(secure: true));
    }

    private bool IsSigned => Settings.Value == StickyValue.Signed;

    /// <summary>What the configuration says of them.</summary>
    public StickySettings Settings { get; }

    /// <summary>The name of the cookie.</summary>
    public ReadOnlyMemory<byte> Name { get; }

    /// <summary>The variable by which rules say what a cookie counts; null for none.</summary>
    public byte[]? Variable { get; }

    /// <summary>The field that sets the cookie, before the value.</summary>
    public ReadOnlyMemory<byte> LineStart { get; }

    /// <summary>The same behind the value, with the end of the line.</summary>
    /// <param name="secure">Whether the client came over TLS.</param>
    public ReadOnlySpan<byte> LineEnd(bool secure) => secure ? _secureEnd : _end;

    /// <summary>What stands for a server; empty for one that keeps no clients. Without dates.</summary>
    /// <param name="server">Its index.</param>
    public ReadOnlySpan<byte> Value(int server) => _values[server];

    /// <summary>Finds out whose a cookie is.</summary>
    /// <param name="value">Its value.</param>
    /// <param name="now">Seconds of Unix; matters only where cookies are dated.</param>
    public StickyCookie Read(ReadOnlySpan<byte> value, long now)
    {
        var cookie = IsSigned ? ReadSigned(value) : ReadPlain(value);
        if (cookie.State != StickyCookieState.Valid)
            return cookie;
        if (cookie.FirstSeen != 0 && Settings.MaxLife is { } life && IsBeyond(cookie.FirstSeen, life, now))
            return new(StickyCookieState.Old, -1, 0, 0);
        if (cookie.LastSeen != 0 && Settings.MaxIdle is { } idle && IsBeyond(cookie.LastSeen, idle, now))
            return new(StickyCookieState.Idle, -1, 0, 0);
        return cookie;
    }

    /// <summary>Whether the dates of a cookie that named its server are not what they should be (HAProxy's rule).</summary>
    public bool IsToBeDatedAnew(in StickyCookie cookie, long now) => Settings.IsDated
        ? cookie.LastSeen < now || (Settings.MaxLife is null) != (cookie.FirstSeen == 0)
        : cookie.LastSeen + cookie.FirstSeen != 0;

    /// <summary>Writes what a cookie is to say of a server.</summary>
    /// <param name="server">Its index; it has a value.</param>
    /// <param name="firstSeen">When the cookie was set first; 0 for now.</param>
    /// <param name="now">Seconds of Unix.</param>
    /// <param name="to">Room for <see cref="LongestValue"/> bytes.</param>
    /// <returns>How many were written.</returns>
    public int Write(int server, long firstSeen, long now, Span<byte> to)
    {
        var plain = _values[server]!;
        if (!Settings.IsDated)
        {
            plain.CopyTo(to);
            return plain.Length;
        }

        // Rounded up, so that it is not dated anew by the next request.
        var last = (now + DateStep - 1) / DateStep;
        var first = Settings.MaxLife is null ? 0 : firstSeen == 0 ? last : firstSeen / DateStep;
        if (!IsSigned)
            return WritePlain(plain, last, first, to);
        Span<byte> bytes = stackalloc byte[DatedBytes];
        Base64Url.DecodeFromUtf8(plain.AsSpan(0, TagLength), bytes, out _, out _);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes[TagBytes..], (uint)last);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes[(TagBytes + DateBytes)..], (uint)first);
        Sign(server, bytes.Slice(TagBytes, 2 * DateBytes), bytes[^SignatureBytes..]);
        return Base64Url.EncodeToUtf8(bytes, to);
    }

    private StickyCookie ReadSigned(ReadOnlySpan<byte> value)
    {
        if (value.Length is not (SignedLength or DatedLength) || OwnerOf(value[..TagLength]) is not (>= 0 and var server))
            return new(StickyCookieState.Invalid, -1, 0, 0);
        if (value.Length == SignedLength)
            return CryptographicOperations.FixedTimeEquals(value, _values[server]) ? new(StickyCookieState.Valid, server, 0, 0) : new(StickyCookieState.Invalid, -1, 0, 0);

        Span<byte> bytes = stackalloc byte[DatedBytes];
        Span<byte> signature = stackalloc byte[SignatureBytes];
        if (!Base64Url.IsValid(value) || Base64Url.DecodeFromUtf8(value, bytes) != DatedBytes)
            return new(StickyCookieState.Invalid, -1, 0, 0);
        Sign(server, bytes.Slice(TagBytes, 2 * DateBytes), signature);
        if (!CryptographicOperations.FixedTimeEquals(signature, bytes[^SignatureBytes..]))
            return new(StickyCookieState.Invalid, -1, 0, 0);
        var last = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes[TagBytes..]);
        var first = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes[(TagBytes + DateBytes)..]);
        return new(StickyCookieState.Valid, server, (long)first * DateStep, (long)last * DateStep);
    }

    private StickyCookie ReadPlain(ReadOnlySpan<byte> value)
    {
        var (first, last) = (0L, 0L);
        var bar = Settings.Kind != StickyKind.Prefix ? value.IndexOf((byte)'|') : -1;
        var name = bar < 0 ? value : value[..bar];
        if (bar >= 0)
        {
            var rest = value[(bar + 1)..];
            last = HaProxyDate.Read(rest) * DateStep;
            var second = rest.IndexOf((byte)'|');
            if (second >= 0)
                first = HaProxyDate.Read(rest[(second + 1)..]) * DateStep;
        }

        var server = OwnerOf(name);
        return server < 0 ? new(StickyCookieState.Invalid, -1, 0, 0) : new(StickyCookieState.Valid, server, first, last);
    }

    private static int WritePlain(ReadOnlySpan<byte> plain, long last, long first, Span<byte> to)
    {
        plain.CopyTo(to);
        var length = plain.Length;
        to[length++] = (byte)'|';
        HaProxyDate.Write(last, to[length..]);
        length += HaProxyDate.Length;
        if (first == 0)
            return length;
        to[length++] = (byte)'|';
        HaProxyDate.Write(first, to[length..]);
        return length + HaProxyDate.Length;
    }

    private int OwnerOf(ReadOnlySpan<byte> name)
    {
        var (low, high) = (0, _names.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = _names[middle].AsSpan().SequenceCompareTo(name);
            if (order == 0)
                return _owners[middle];
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return -1;
    }

    private byte[]? ValueOf(ServerSettings server, int index)
    {
        if (Settings.Value == StickyValue.Server)
            return server.Cookie is { } given ? Encoding.ASCII.GetBytes(given) : null;
        if (Settings.Value == StickyValue.Dynamic)
            return Dynamic(server.Address);
        Span<byte> bytes = stackalloc byte[TagBytes + SignatureBytes];
        Sign(index, "server"u8, bytes[..TagBytes]);
        Sign(index, default, bytes[TagBytes..]);
        return Encoding.ASCII.GetBytes(Base64Url.EncodeToString(bytes));
    }

    // Key, address, and the port as an int in network order, as HAProxy hashes them.
    private byte[] Dynamic(NetworkAddress address)
    {
        var ip = IPAddress.Parse(address.Host).GetAddressBytes();
        var port = new byte[sizeof(int)];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(port, address.Port);
        return Encoding.ASCII.GetBytes(XxHash64.HashToUInt64([.. _key, .. ip, .. port]).ToString("x16", System.Globalization.CultureInfo.InvariantCulture));
    }

    private void Sign(int server, ReadOnlySpan<byte> said, Span<byte> signature)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var subject = _subjects[server];
        Span<byte> text = subject.Length + said.Length <= 512 ? stackalloc byte[subject.Length + said.Length] : new byte[subject.Length + said.Length];
        subject.CopyTo(text);
        said.CopyTo(text[subject.Length..]);
        HMACSHA256.HashData(_key, text, whole);
        whole[..signature.Length].CopyTo(signature);
    }

    private static bool IsBeyond(long date, TimeSpan most, long now) => now - date > (long)most.TotalSeconds || date - now > MostAhead;

    private byte[] LineEndOf(bool secure)
    {
        var text = new StringBuilder("; path=").Append(Settings.Path);
        foreach (var domain in Settings.Domains)
            text.Append("; domain=").Append(domain);
        if (Settings.MaxAge is { } age)
            text.Append("; Max-Age=").Append((long)age.TotalSeconds);
        if (Settings.HttpOnly)
            text.Append("; HttpOnly");
        if (Settings.Secure == StickySecure.Always || (secure && Settings.Secure == StickySecure.Auto))
            text.Append("; Secure");
        if (Settings.SameSite != StickySameSite.Unsaid)
            text.Append("; SameSite=").Append(Settings.SameSite);
        foreach (var attribute in Settings.Attributes)
            text.Append("; ").Append(attribute);
        return Encoding.ASCII.GetBytes(text.Append("\r\n").ToString());
    }
}
