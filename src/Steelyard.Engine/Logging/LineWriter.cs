using System.Buffers;
using System.Buffers.Text;

namespace Steelyard.Engine.Logging;

/// <summary>How bytes are written that would break a line, or what reads it.</summary>
internal enum Escaping
{
    /// <summary>As HAProxy writes captures: <c>#XX</c>, with what separates them.</summary>
    HaProxy,

    /// <summary>As HAProxy writes everything else, where what separates captures is nothing special.</summary>
    HaProxyText,

    /// <summary>As nginx: <c>\xXX</c>.</summary>
    Nginx,

    /// <summary>As JSON; bytes beyond ASCII by the numbers of Latin 1.</summary>
    Json,

    /// <summary>As nginx's escape=json: bytes beyond ASCII stay what they are.</summary>
    NginxJson,

    /// <summary>With a backslash before quotes, backslashes and closing brackets (RFC 5424, 6.3.3); what controls something as <c>\xXX</c>.</summary>
    StructuredData,

    /// <summary>Nothing but the ends of lines and NUL, which become blanks.</summary>
    LineEnds,
}

/// <summary>Writes one line. What does not fit is left out, and there is always room for the end.</summary>
internal ref struct LineWriter(Span<byte> room)
{
    private static readonly SearchValues<byte> s_haProxy = SearchValues.Create(Special("\"#{|}"u8));
    private static readonly SearchValues<byte> s_haProxyText = SearchValues.Create(Special("\"#"u8));
    private static readonly SearchValues<byte> s_nginxJson = SearchValues.Create(Special("\"\\"u8, highest: 0));
    private static readonly SearchValues<byte> s_other = SearchValues.Create(Special("\"\\"u8));

    private static readonly SearchValues<byte> s_structuredData = SearchValues.Create(Special("\"\\]"u8));
    private static readonly SearchValues<byte> s_lineEnds = SearchValues.Create("\r\n\0"u8);

    private readonly Span<byte> _room = room[..^1];
    private int _length;

    public readonly int Length => _length;

    public void Write(scoped ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _room.Length - _length)
            bytes = bytes[..(_room.Length - _length)];
        bytes.CopyTo(_room[_length..]);
        _length += bytes.Length;
    }

    public void Write(byte value)
    {
        if (_length < _room.Length)
            _room[_length++] = value;
    }

    public void Write(long number)
    {
        if (Utf8Formatter.TryFormat(number, _room[_length..], out var length))
            _length += length;
    }

    /// <summary>Writes bytes of a stranger's.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="escaping">How those are written that would break the line.</param>
    /// <param name="most">How many bytes it may take up.</param>
    public void Write(scoped ReadOnlySpan<byte> bytes, Escaping escaping, int most = int.MaxValue)
    {
        var special = escaping switch
        {
            Escaping.HaProxy => s_haProxy,
            Escaping.HaProxyText => s_haProxyText,
            Escaping.NginxJson => s_nginxJson,
            Escaping.StructuredData => s_structuredData,
            Escaping.LineEnds => s_lineEnds,
            _ => s_other,
        };
        var limit = (int)Math.Min((long)_length + most, _room.Length);
        Span<byte> sequence = stackalloc byte[6];
        while (!bytes.IsEmpty && _length < limit)
        {
            var plain = bytes.IndexOfAny(special);
            if (plain != 0)
            {
                var run = plain < 0 ? bytes : bytes[..plain];
                if (run.Length > limit - _length)
                    run = run[..(limit - _length)];
                Write(run);
                if (plain < 0)
                    return;
                bytes = bytes[plain..];
                continue;
            }

            var escaped = sequence[..Escape(bytes[0], escaping, sequence)];
            if (escaped.Length > limit - _length)
                return;
            Write(escaped);
            bytes = bytes[1..];
        }
    }

    /// <summary>Ends the line.</summary>
    /// <param name="whole">The room it was begun with.</param>
    /// <returns>Its length.</returns>
    public readonly int End(Span<byte> whole)
    {
        whole[_length] = (byte)'\n';
        return _length + 1;
    }

    private static int Escape(byte value, Escaping escaping, Span<byte> to)
    {
        if (escaping == Escaping.LineEnds)
        {
            to[0] = (byte)' ';
            return 1;
        }

        if (escaping == Escaping.NginxJson && "\n\r\t\b\f\"\\"u8.IndexOf(value) is >= 0 and var known)
        {
            (to[0], to[1]) = ((byte)'\\', "nrtbf\"\\"u8[known]);
            return 2;
        }

        if ((escaping == Escaping.Json && value is (byte)'"' or (byte)'\\') || (escaping == Escaping.StructuredData && value is (byte)'"' or (byte)'\\' or (byte)']'))
        {
            (to[0], to[1]) = ((byte)'\\', value);
            return 2;
        }

        var start = escaping switch
        {
            Escaping.HaProxy or Escaping.HaProxyText => "#"u8,
            Escaping.Nginx or Escaping.StructuredData => "\\x"u8,
            _ => "\\u00"u8,
        };
        start.CopyTo(to);
        Utf8Formatter.TryFormat(value, to[start.Length..], out _, new StandardFormat('X', 2));
        return start.Length + 2;
    }

    private static byte[] Special(ReadOnlySpan<byte> more, int highest = 0xff)
    {
        var bytes = new List<byte>(more.ToArray());
        for (var value = 0; value < 0x20; value++)
            bytes.Add((byte)value);
        for (var value = 0x7f; value <= highest; value++)
            bytes.Add((byte)value);
        return [.. bytes];
    }
}
