namespace Steelyard.Apps.Node;

/// <summary>
/// Splits what a worker sends into lines. A line that is longer than it may be is passed over to its end, so that no
/// worker makes us keep more than that.
/// </summary>
/// <param name="longest">The most bytes of a line, its end not counted.</param>
internal sealed class LineSplitter(int longest)
{
    private byte[] _bytes = new byte[4096];
    private int _start;
    private int _end;
    private bool _passingOver;

    // Up to here no line ends.
    private int _searched;

    /// <summary>Lines that were too long so far.</summary>
    public long PassedOver { get; private set; }

    /// <summary>Takes bytes as they came.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_start > 0)
        {
            _bytes.AsSpan(_start, _end - _start).CopyTo(_bytes);
            (_start, _end, _searched) = (0, _end - _start, _searched - _start);
        }

        if (_end + bytes.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _end + bytes.Length));
        bytes.CopyTo(_bytes.AsSpan(_end));
        _end += bytes.Length;
    }

    /// <summary>Takes out the next whole line.</summary>
    /// <param name="line">Without its end; valid until the next <see cref="Append"/>.</param>
    public bool TryTake(out ReadOnlyMemory<byte> line)
    {
        while (_bytes.AsSpan(_searched, _end - _searched).IndexOf((byte)'\n') is >= 0 and var found)
        {
            line = _bytes.AsMemory(_start, _searched + found - _start);
            _start = _searched = _searched + found + 1;
            if (!_passingOver && line.Length <= longest)
                return true;
            PassedOver += _passingOver ? 0 : 1;
            _passingOver = false;
        }

        _searched = _end;
        if (_end - _start > longest || _passingOver)
        {
            PassedOver += _passingOver ? 0 : 1;
            (_passingOver, _start, _end, _searched) = (true, 0, 0, 0);
        }

        if (_start == _end && _bytes.Length > 64 * 1024)
            (_bytes, _start, _end, _searched) = (new byte[4096], 0, 0, 0);
        line = default;
        return false;
    }
}
