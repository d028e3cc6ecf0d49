using Steelyard.Engine.Lists;

namespace Steelyard.Haproxy;

/// <summary>Lines out of what is read piece by piece, whatever their bytes are.</summary>
/// <param name="longest">How many bytes a line has at most, its end included.</param>
internal sealed class LineBuffer(int longest)
{
    private readonly byte[] _bytes = new byte[longest];
    private int _start;
    private int _end;
    private bool _isOver;

    /// <summary>Where the next piece goes.</summary>
    public Memory<byte> Free
    {
        get
        {
            _bytes.AsSpan(_start, _end - _start).CopyTo(_bytes);
            (_start, _end) = (0, _end - _start);
            return _bytes.AsMemory(_end);
        }
    }

    /// <summary>Whether a line is longer than it may be.</summary>
    public bool IsFull => _end - _start == _bytes.Length;

    /// <summary>Takes what has been read into <see cref="Free"/>.</summary>
    /// <param name="length">How many bytes; 0 at the end, where the last line may lack its own.</param>
    public void Take(int length) => (_end, _isOver) = (_end + length, length == 0);

    /// <summary>The next line without its end.</summary>
    /// <returns>Whether there is one.</returns>
    public bool TryTake(out string line)
    {
        line = "";
        ReadOnlySpan<byte> pending = _bytes.AsSpan(_start, _end - _start);
        var length = pending.IndexOf((byte)'\n');
        if (length < 0 && (!_isOver || pending.IsEmpty))
            return false;
        _start += length < 0 ? pending.Length : length + 1;
        line = BytesText.Decode(length < 0 ? pending : pending[..length]).TrimEnd('\r');
        return true;
    }
}
