namespace Steelyard.Engine.Http1;

/// <summary>How far the reading of a head has come.</summary>
internal enum HeadState : byte
{
    /// <summary>More bytes are needed.</summary>
    Incomplete,

    /// <summary>The head is there and right.</summary>
    Complete,

    /// <summary>The head is wrong, whatever may follow.</summary>
    Invalid,
}

/// <summary>
/// Reads a head line by line from bytes that arrive in any pieces; the result depends on the bytes alone, never on
/// how they were split. Strict: RFC 9112 without its liberties, unless it is told to be tolerant. Does no I/O.
/// </summary>
internal abstract class HeadReader
{
    private int _lineStart;
    private int _scanned;
    private bool _startLineDone;

    /// <summary>The field lines read so far.</summary>
    public FieldTable Fields { get; } = new();

    /// <summary>
    /// A bare LF ends a line too, any number of empty lines may come first, and a request line may have more blanks
    /// than it needs, as nginx reads them (RFC 9112, 2.2 and 3). Stays set for the heads that follow.
    /// </summary>
    public bool Tolerant { get; set; }

    /// <summary>What is wrong, when the state is <see cref="HeadState.Invalid"/>.</summary>
    public HeadError Error { get; protected set; }

    /// <summary>Length of the head in bytes, its empty line included, when it is complete.</summary>
    public int Length { get; private set; }

    /// <summary>Where the first field line starts.</summary>
    public int FieldsStart { get; private set; }

    public virtual void Clear()
    {
        (_lineStart, _scanned, _startLineDone, Length, Error) = (0, 0, false, 0, HeadError.None);
        Fields.Clear();
    }

    /// <summary>Reads on.</summary>
    /// <param name="head">Everything that has arrived, from the first byte of the head; what was there at the last call is the same.</param>
    /// <param name="mostBytes">The limit of the whole head.</param>
    /// <param name="mostFields">The limit of its field lines.</param>
    public HeadState Read(ReadOnlySpan<byte> head, int mostBytes, int mostFields)
    {
        // Bytes beyond the limit play no part, or the result would depend on how many came at once.
        var window = head[..Math.Min(head.Length, mostBytes)];
        while (true)
        {
            var offset = window[_scanned..].IndexOfAny(HttpBytes.FieldControls);
            var end = offset < 0 ? window.Length : _scanned + offset;
            if (!_startLineDone && !IsStartLinePrefix(window[_lineStart..end]))
                return HeadState.Invalid;
            if (end == window.Length || (window[end] == '\r' && end + 1 == window.Length))
            {
                _scanned = end;
                return head.Length < mostBytes ? HeadState.Incomplete
                    : Fail(_startLineDone ? HeadError.TooLarge : HeadError.TargetTooLong);
            }

            var bare = window[end] == '\n' && Tolerant;
            if (!bare && (window[end] != '\r' || window[end + 1] != '\n'))
                return Fail(ControlError(window[end]));

            var line = (Start: _lineStart, End: end);
            _lineStart = _scanned = end + (bare ? 1 : 2);
            Fields.HasBareLineEnds |= bare;
            if (!_startLineDone)
            {
                // RFC 9112, 2.2: one empty line before a request is forgiven.
                if (line.End == line.Start && (line.Start == 0 || Tolerant) && ForgivesEmptyLine)
                    continue;
                if (!ReadStartLine(head, line.Start, line.End))
                    return Fail(Error);
                _startLineDone = true;
                FieldsStart = _lineStart;
            }
            else if (line.End == line.Start)
            {
                Length = _lineStart;
                Error = Fields.Complete(head);
                return Error == HeadError.None && CheckWhole(head) ? HeadState.Complete : HeadState.Invalid;
            }
            else
            {
                Error = Fields.Add(head, line.Start, line.End, _lineStart, mostFields);
                if (Error != HeadError.None)
                    return HeadState.Invalid;
            }
        }
    }

    private HeadError ControlError(byte control) =>
        control is (byte)'\r' or (byte)'\n' || !_startLineDone ? HeadError.LineEnding : HeadError.FieldValue;

    private HeadState Fail(HeadError error)
    {
        Error = error;
        return HeadState.Invalid;
    }

    /// <summary>Whether an empty line may come first.</summary>
    private protected abstract bool ForgivesEmptyLine { get; }

    /// <summary>Whether what has come of the first line can still become one; sets <see cref="Error"/> where not.</summary>
    private protected abstract bool IsStartLinePrefix(ReadOnlySpan<byte> prefix);

    /// <summary>Reads the first line; sets <see cref="Error"/> where it is wrong.</summary>
    private protected abstract bool ReadStartLine(ReadOnlySpan<byte> head, int start, int end);

    /// <summary>Checks what only the whole head shows; sets <see cref="Error"/> where it is wrong.</summary>
    private protected abstract bool CheckWhole(ReadOnlySpan<byte> head);
}
