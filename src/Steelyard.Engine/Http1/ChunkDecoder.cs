namespace Steelyard.Engine.Http1;

/// <summary>
/// Takes the chunked coding off a body that arrives in any pieces (RFC 9112, 7.1). Chunk extensions and trailer fields
/// are checked and passed over. Does no I/O.
/// </summary>
/// <param name="tolerant">
/// A bare LF ends a line too, and blanks may stand behind a size, as nginx reads them. Not in an extension, which no old
/// client sends and by whose LF others are deceived.
/// </param>
internal struct ChunkDecoder(bool tolerant)
{
    // Enough for any number a long can hold; more digits are an attack on somebody's overflow.
    private const int MostSizeDigits = 15;
    private const int LongestExtension = 1024;
    private const int LongestTrailers = 8192;
    private const int MostTrailers = 100;

    private readonly bool _tolerant = tolerant;
    private State _state;
    private long _remaining;
    private int _digits;
    private int _overhead;
    private int _trailers;

    private enum State : byte
    {
        Size,
        SizeBlank,
        Extension,
        SizeLineFeed,
        Data,
        DataReturn,
        DataLineFeed,
        TrailerStart,
        TrailerName,
        TrailerValue,
        TrailerLineFeed,
        LastLineFeed,
        Done,
        Invalid,
    }

    /// <summary>The last chunk and the end of the trailers have been read.</summary>
    public readonly bool Complete => _state == State.Done;

    /// <summary>The last chunk has been read, and nothing behind it.</summary>
    public readonly bool AtTrailers => _state == State.TrailerStart && _trailers == 0;

    /// <summary>The coding is broken; nothing behind can be believed.</summary>
    public readonly bool Broken => _state == State.Invalid;

    /// <summary>
    /// Reads up to the end of the next run of data, or of the bytes. Call again while bytes are left and the body is
    /// neither complete nor broken. Stops once before the trailers.
    /// </summary>
    /// <param name="bytes">What has arrived and was not read yet.</param>
    /// <param name="data">How many of the bytes read, the last ones, are data.</param>
    /// <returns>How many bytes were read.</returns>
    public int Read(ReadOnlySpan<byte> bytes, out int data)
    {
        data = 0;
        for (var position = 0; position < bytes.Length; position++)
        {
            if (_state == State.Data)
            {
                data = (int)Math.Min(_remaining, bytes.Length - position);
                _remaining -= data;
                if (_remaining == 0)
                    _state = State.DataReturn;
                return position + data;
            }

            _state = Next(bytes[position]);
            if (_state is State.Done or State.Invalid || AtTrailers)
                return position + 1;
        }

        return bytes.Length;
    }

    private State Next(byte value)
    {
        switch (_state)
        {
            case State.Size:
                return NextOfSize(value);
            case State.SizeBlank:
                return value is (byte)' ' or (byte)'\t' ? Within(LongestExtension, State.SizeBlank)
                    : value == ';' ? Within(LongestExtension, State.Extension)
                    : _tolerant && value == '\r' ? State.SizeLineFeed
                    : EndsLine(value) ? EndOfSizeLine()
                    : State.Invalid;
            case State.Extension:
                return value == '\r' ? State.SizeLineFeed
                    : IsControl(value) ? State.Invalid
                    : Within(LongestExtension, State.Extension);
            case State.SizeLineFeed:
                return value != '\n' ? State.Invalid : EndOfSizeLine();
            case State.DataReturn:
                return value == '\r' ? State.DataLineFeed : EndsLine(value) ? StartOfSize() : State.Invalid;
            case State.DataLineFeed:
                return value == '\n' ? StartOfSize() : State.Invalid;
            case State.TrailerStart:
                return value == '\r' ? State.LastLineFeed
                    : EndsLine(value) ? State.Done
                    : HttpBytes.Token.Contains(value) && ++_trailers <= MostTrailers ? Within(LongestTrailers, State.TrailerName)
                    : State.Invalid;
            case State.TrailerName:
                return value == ':' ? Within(LongestTrailers, State.TrailerValue)
                    : HttpBytes.Token.Contains(value) ? Within(LongestTrailers, State.TrailerName)
                    : State.Invalid;
            case State.TrailerValue:
                return value == '\r' ? State.TrailerLineFeed
                    : EndsLine(value) ? State.TrailerStart
                    : IsControl(value) ? State.Invalid
                    : Within(LongestTrailers, State.TrailerValue);
            case State.TrailerLineFeed:
                return value == '\n' ? State.TrailerStart : State.Invalid;
            case State.LastLineFeed:
                return value == '\n' ? State.Done : State.Invalid;
            default:
                return State.Invalid;
        }
    }

    private State NextOfSize(byte value)
    {
        var digit = value is >= (byte)'0' and <= (byte)'9' ? value - '0'
            : (value | 0x20) is >= 'a' and <= 'f' ? (value | 0x20) - 'a' + 10
            : -1;
        if (digit >= 0)
        {
            _remaining = (_remaining << 4) | (uint)digit;
            return ++_digits <= MostSizeDigits ? State.Size : State.Invalid;
        }

        if (_digits == 0)
            return State.Invalid;
        return value switch
        {
            (byte)'\r' => State.SizeLineFeed,
            (byte)';' => State.Extension,
            (byte)' ' or (byte)'\t' => State.SizeBlank,
            _ => EndsLine(value) ? EndOfSizeLine() : State.Invalid,
        };
    }

    private State EndOfSizeLine()
    {
        _overhead = 0;
        return _remaining > 0 ? State.Data : State.TrailerStart;
    }

    private State StartOfSize()
    {
        (_remaining, _digits, _overhead) = (0, 0, 0);
        return State.Size;
    }

    private readonly bool EndsLine(byte value) => _tolerant && value == '\n';

    private State Within(int most, State next) => ++_overhead <= most ? next : State.Invalid;

    private static bool IsControl(byte value) => value is < 0x20 and not (byte)'\t' or 0x7f;
}
