using System.Buffers;
using System.Text;
using Steelyard.Config;
using Steelyard.Config.Expressions;

namespace Steelyard.Engine.Http1;

/// <summary>
/// The field lines of one head, and what they say about framing and connection. Used again and again; does no I/O.
/// </summary>
internal sealed class FieldTable
{
    /// <summary>The most that <see cref="Config.Limits.HeaderCount"/> may ask for.</summary>
    public const int Capacity = 128;

    // Whoever has a longer name keeps it.
    private const int LongestMatched = 256;

    private readonly Field[] _fields = new Field[Capacity];
    private int _contentLengths;
    private int _transferEncodings;
    private int _options;

    // A bit for each length that names have, those of 64 and more with others.
    private ulong _lengths;

    private static readonly SearchValues<byte> s_hyphens = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"u8);
    private static readonly SearchValues<byte> s_underscores = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"u8);

    // A browser sends one or two.
    private const int MostOptions = 64;

    public int Count { get; private set; }

    public ReadOnlySpan<Field> All => _fields.AsSpan(0, Count);

    /// <summary>The value of Content-Length; -1 without one.</summary>
    public long ContentLength { get; private set; }

    /// <summary>Content-Length has zeros in front, which somebody might take for octal; it is written anew.</summary>
    public bool LengthIsPadded { get; private set; }

    /// <summary>Transfer-Encoding says chunked, and nothing else.</summary>
    public bool Chunked { get; private set; }

    /// <summary>Connection says close.</summary>
    public bool Close { get; private set; }

    /// <summary>Connection says keep-alive.</summary>
    public bool KeepAlive { get; private set; }

    /// <summary>Connection names Upgrade.</summary>
    public bool NamesUpgrade { get; private set; }

    /// <summary>Connection names fields, which then speak of this connection only.</summary>
    public bool Nominates { get; private set; }

    /// <summary>TE says trailers: whoever sent it has a use for them (RFC 9110, 6.5.1).</summary>
    public bool AcceptsTrailers { get; private set; }

    /// <summary>A line of the head ends in a bare LF; then no line is passed on as it is.</summary>
    public bool HasBareLineEnds { get; set; }

    /// <summary>Which names are taken; lines of others are passed over.</summary>
    public FieldNames Names { get; set; }

    /// <summary>Whether a name of a length may be there: most that are asked for are not, and need not be looked for.</summary>
    public bool MayHave(int nameLength) => (_lengths & (1UL << nameLength)) != 0;

    public void Clear()
    {
        _lengths = 0;
        (Count, ContentLength, _contentLengths, _transferEncodings, _options) = (0, -1, 0, 0, 0);
        (Chunked, Close, KeepAlive, NamesUpgrade, LengthIsPadded) = (false, false, false, false, false);
        (Nominates, AcceptsTrailers, HasBareLineEnds, Edited) = (false, false, false, false);
    }

    /// <summary>Lines were added, taken out or changed; then no line is passed on as it is.</summary>
    public bool Edited { get; private set; }

    /// <summary>Takes out all lines of a name, and of those that cannot be told from it.</summary>
    public void RemoveAlike(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        var kept = 0;
        for (var i = 0; i < Count; i++)
        {
            if (!Field.IsAlike(_fields[i].Name(head), name))
                _fields[kept++] = _fields[i];
        }

        (Edited, Count) = (true, kept);
    }

    /// <summary>Takes out all lines of a name.</summary>
    public void RemoveAll(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        var kept = 0;
        for (var i = 0; i < Count; i++)
        {
            if (_fields[i].NameLength != name.Length || !Ascii.EqualsIgnoreCase(_fields[i].Name(head), name))
                _fields[kept++] = _fields[i];
        }

        (Edited, Count) = (true, kept);
    }

    /// <summary>Takes out all lines whose names, in small letters, a pattern matches, but for those that say how the message is framed.</summary>
    public void RemoveMatching(ReadOnlySpan<byte> head, BytePattern pattern)
    {
        Span<byte> small = stackalloc byte[LongestMatched];
        var kept = 0;
        for (var i = 0; i < Count; i++)
        {
            var name = _fields[i].Name(head);
            if (_fields[i].HopByHop || _fields[i].Known == KnownField.ContentLength || Ascii.ToLower(name, small, out var length) != System.Buffers.OperationStatus.Done || !pattern.IsMatch(small[..length]))
                _fields[kept++] = _fields[i];
        }

        (Edited, Count) = (true, kept);
    }

    /// <summary>Adds a line, whose parts stand anywhere in the head.</summary>
    /// <returns>Whether there was room.</returns>
    public bool TryAppend(ReadOnlySpan<byte> head, int nameStart, int nameLength, int valueStart, int valueLength)
    {
        Edited = true;
        if (Count == Capacity)
            return false;
        _lengths |= 1UL << nameLength;
        var name = head.Slice(nameStart, nameLength);
        var known = Field.Recognize(name);
        if (known == KnownField.Other)
            known = Field.RecognizeDisguised(name);
        _fields[Count++] = new Field { Start = nameStart, NameLength = nameLength, ValueStart = valueStart, ValueLength = valueLength, End = valueStart + valueLength, Known = known, HopByHop = Field.IsHopByHop(known) };
        return true;
    }

    /// <summary>Gives a line another value, which stands anywhere in the head.</summary>
    public void SetValue(int index, int start, int length)
    {
        Edited = true;
        (_fields[index].ValueStart, _fields[index].ValueLength) = (start, length);
    }

    /// <summary>Reads one complete line, which ends before the CRLF.</summary>
    /// <param name="head">The head from its first byte.</param>
    /// <param name="start">Where the line starts.</param>
    /// <param name="end">Where its CRLF stands.</param>
    /// <param name="next">Where the next line starts.</param>
    /// <param name="limit">The most fields allowed.</param>
    public HeadError Add(ReadOnlySpan<byte> head, int start, int end, int next, int limit)
    {
        var line = head[start..end];
        var colon = line.IndexOfAnyExcept(HttpBytes.Token);
        if (colon <= 0 || line[colon] != ':')
            return line[0] is (byte)' ' or (byte)'\t' ? HeadError.FieldValue : HeadError.FieldName;
        if (Names != FieldNames.Any && !IsTaken(line[..colon]))
        {
            Edited = true;
            return HeadError.None;
        }

        if (Count >= limit)
            return HeadError.TooManyFields;

        _lengths |= 1UL << colon;
        var valueStart = colon + 1;
        var valueEnd = line.Length;
        while (valueStart < valueEnd && line[valueStart] is (byte)' ' or (byte)'\t')
            valueStart++;
        while (valueEnd > valueStart && line[valueEnd - 1] is (byte)' ' or (byte)'\t')
            valueEnd--;

        var known = Field.Recognize(line[..colon]);
        if (known == KnownField.Other)
            known = Field.RecognizeDisguised(line[..colon]);
        _fields[Count++] = new Field
        {
            Start = start,
            NameLength = colon,
            ValueStart = start + valueStart,
            ValueLength = valueEnd - valueStart,
            End = next,
            Known = known,
            HopByHop = Field.IsHopByHop(known),
        };
        return known == KnownField.Other ? HeadError.None : Interpret(known, line[valueStart..valueEnd]);
    }

    private bool IsTaken(ReadOnlySpan<byte> name) =>
        name.IndexOfAnyExcept(s_hyphens) is var other && (other < 0 || (Names == FieldNames.Underscores && !name[other..].ContainsAnyExcept(s_underscores)));

    private HeadError Interpret(KnownField known, ReadOnlySpan<byte> value)
    {
        switch (known)
        {
            case KnownField.ContentLength:
                if (++_contentLengths > 1 || !HttpBytes.TryParseLength(value, out var length))
                    return HeadError.ContentLength;
                (ContentLength, LengthIsPadded) = (length, value.Length > 1 && value[0] == '0');
                break;
            case KnownField.TransferEncoding:
                Chunked = Ascii.EqualsIgnoreCase(value, "chunked"u8);
                if (++_transferEncodings > 1)
                    return HeadError.TransferEncoding;
                if (!Chunked)
                    return CodingError(value);
                break;
            case KnownField.Connection:
                return ReadConnection(value);
            case KnownField.Te:
                while (!value.IsEmpty)
                    AcceptsTrailers |= Ascii.EqualsIgnoreCase(HttpBytes.NextMember(ref value), "trailers"u8);
                break;
        }

        return HeadError.None;
    }

    /// <summary>A list that repeats chunked is a lie about framing; another coding is merely not ours.</summary>
    private static HeadError CodingError(ReadOnlySpan<byte> value)
    {
        var chunked = 0;
        do
        {
            var coding = HttpBytes.NextMember(ref value);
            if (coding.IsEmpty || coding.IndexOfAnyExcept(HttpBytes.Token) == 0)
                return HeadError.TransferEncoding;
            if (Ascii.EqualsIgnoreCase(coding, "chunked"u8))
                chunked++;
        }
        while (!value.IsEmpty);

        return chunked > 1 ? HeadError.TransferEncoding : HeadError.UnknownCoding;
    }

    private HeadError ReadConnection(ReadOnlySpan<byte> list)
    {
        while (!list.IsEmpty)
        {
            // Each is looked for among the fields.
            if (++_options > MostOptions)
                return HeadError.TooManyFields;
            var option = HttpBytes.NextMember(ref list);
            if (Ascii.EqualsIgnoreCase(option, "close"u8))
                Close = true;
            else if (Ascii.EqualsIgnoreCase(option, "keep-alive"u8))
                KeepAlive = true;
            else if (Ascii.EqualsIgnoreCase(option, "upgrade"u8))
                NamesUpgrade = true;
            else
                Nominates |= !option.IsEmpty && !Ascii.EqualsIgnoreCase(option, "te"u8);
        }

        return HeadError.None;
    }

    /// <summary>
    /// Checks what only the whole head shows, and marks the fields that Connection names as this connection's own.
    /// </summary>
    public HeadError Complete(ReadOnlySpan<byte> head)
    {
        if (_transferEncodings > 0 && _contentLengths > 0)
            return HeadError.TransferEncoding;
        if (Nominates)
            MarkNominated(head);
        return HeadError.None;
    }

    // Names the proxy or the servers rely on cannot be nominated away: a client could strip what the server trusts.
    private void MarkNominated(ReadOnlySpan<byte> head)
    {
        for (var i = 0; i < Count; i++)
        {
            if (_fields[i].Known != KnownField.Connection)
                continue;
            var list = _fields[i].Value(head);
            while (!list.IsEmpty)
            {
                var option = HttpBytes.NextMember(ref list);
                for (var j = 0; j < Count; j++)
                {
                    if (_fields[j].Known == KnownField.Other && Ascii.EqualsIgnoreCase(_fields[j].Name(head), option) && !Field.IsForAllRecipients(option))
                        _fields[j].HopByHop = true;
                }
            }
        }
    }

    /// <summary>Whether a protocol is among the members of the Upgrade fields (RFC 9110, 7.8).</summary>
    public bool Upgrades(ReadOnlySpan<byte> head, ReadOnlySpan<byte> protocol)
    {
        foreach (ref readonly var field in All)
        {
            var list = field.Known == KnownField.Upgrade ? field.Value(head) : default;
            while (!list.IsEmpty)
            {
                if (Ascii.EqualsIgnoreCase(HttpBytes.NextMember(ref list), protocol))
                    return true;
            }
        }

        return false;
    }

    /// <summary>Whether a version of HTTP is among the members of the Upgrade fields, by whatever name.</summary>
    public bool UpgradesToRequests(ReadOnlySpan<byte> head)
    {
        foreach (ref readonly var field in All)
        {
            var list = field.Known == KnownField.Upgrade ? field.Value(head) : default;
            while (!list.IsEmpty)
            {
                var name = HttpBytes.NextMember(ref list);
                name = name.IndexOf((byte)'/') is >= 0 and var slash ? name[..slash] : name;
                if (Ascii.EqualsIgnoreCase(name, "h2c"u8) || Ascii.EqualsIgnoreCase(name, "h2"u8) || Ascii.EqualsIgnoreCase(name, "http"u8))
                    return true;
            }
        }

        return false;
    }

    /// <summary>The first field of a kind; -1 for none.</summary>
    public int IndexOf(KnownField known)
    {
        for (var i = 0; i < Count; i++)
        {
            if (_fields[i].Known == known)
                return i;
        }

        return -1;
    }
}
