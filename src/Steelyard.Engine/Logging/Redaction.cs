using System.Text;

namespace Steelyard.Engine.Logging;

/// <summary>What of a request is not written down: the values of some parameters, wherever a query is. Immutable.</summary>
internal sealed class Redaction
{
    private readonly byte[][] _parameters;

    public Redaction(IReadOnlyList<string> parameters)
    {
        _parameters = new byte[parameters.Count][];
        for (var i = 0; i < _parameters.Length; i++)
            _parameters[i] = Encoding.ASCII.GetBytes(parameters[i]);
    }

    /// <summary>What stands for a value that is not written.</summary>
    public static ReadOnlySpan<byte> Hidden => "***"u8;

    /// <summary>Writes a target or a URL.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="url">The target.</param>
    /// <param name="escaping">How bytes are written that would break the line.</param>
    /// <param name="most">How many bytes of it are written.</param>
    /// <param name="fromStart">Whether the query begins at once, without a question mark.</param>
    public void Write(ref LineWriter writer, scoped ReadOnlySpan<byte> url, Escaping escaping, int most, bool fromStart = false)
    {
        var question = fromStart ? -1 : url.IndexOf((byte)'?');
        if (_parameters.Length == 0 || (question < 0 && !fromStart))
        {
            writer.Write(url, escaping, most);
            return;
        }

        var limit = (int)Math.Min((long)writer.Length + most, int.MaxValue);
        writer.Write(url[..(question + 1)], escaping, most);
        var rest = url[(question + 1)..];
        while (!rest.IsEmpty && writer.Length < limit)
        {
            // Behind a blank stands the version of a request line, or what no URL has.
            var end = rest.IndexOfAny((byte)'&', (byte)' ');
            var parameter = end < 0 ? rest : rest[..end];
            var equals = parameter.IndexOf((byte)'=');
            if (equals >= 0 && IsHidden(parameter[..equals]))
            {
                writer.Write(parameter[..(equals + 1)], escaping, limit - writer.Length);
                writer.Write(Hidden, escaping, limit - writer.Length);
            }
            else
            {
                writer.Write(parameter, escaping, limit - writer.Length);
            }

            if (end >= 0)
                writer.Write(rest.Slice(end, 1), escaping, limit - writer.Length);
            rest = end < 0 ? default : rest[(end + 1)..];
        }
    }

    private bool IsHidden(ReadOnlySpan<byte> name)
    {
        foreach (var parameter in _parameters)
        {
            if (IsSame(name, parameter))
                return true;
        }

        return false;
    }

    // A name means the same however much of it is encoded.
    private static bool IsSame(ReadOnlySpan<byte> written, ReadOnlySpan<byte> name)
    {
        var at = 0;
        foreach (var wanted in name)
        {
            if (at >= written.Length)
                return false;
            var value = written[at];
            if (value == '%' && at + 2 < written.Length && Hex(written[at + 1]) is >= 0 and var high && Hex(written[at + 2]) is >= 0 and var low)
            {
                value = (byte)((high << 4) | low);
                at += 2;
            }

            if (value != wanted)
                return false;
            at++;
        }

        return at == written.Length;
    }

    private static int Hex(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };
}
