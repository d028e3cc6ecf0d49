using System.Text;

namespace Steelyard.Apps.Output;

/// <summary>Makes lines of what a worker prints.</summary>
/// <param name="handle">The pipe it comes by.</param>
/// <param name="line">Gets each line.</param>
internal sealed class LineSplitter(int handle, Action<string> line)
{
    /// <summary>Bytes after which a line is cut in two.</summary>
    internal const int LongestLine = 16 * 1024;

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The beginning of a line whose end has not come; nothing while there is none.
    private byte[] _rest = [];
    private int _length;

    public int Handle => handle;

    /// <summary>Ends when the last writer has closed the pipe.</summary>
    public Task Ended => _ended.Task;

    public void Take(ReadOnlySpan<byte> bytes)
    {
        for (int end; (end = bytes.IndexOf((byte)'\n')) >= 0; bytes = bytes[(end + 1)..])
            Finish(CutLong(bytes[..end]));
        Keep(CutLong(bytes));
    }

    public void End()
    {
        if (_length > 0)
            Finish([]);
        _ended.TrySetResult();
    }

    /// <summary>Gives out what is too long for one line.</summary>
    /// <returns>What is left, which fits.</returns>
    private ReadOnlySpan<byte> CutLong(ReadOnlySpan<byte> bytes)
    {
        while (_length + bytes.Length > LongestLine)
        {
            var fits = LongestLine - _length;
            Finish(bytes[..fits]);
            bytes = bytes[fits..];
        }

        return bytes;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        if (_length + bytes.Length > _rest.Length)
            Array.Resize(ref _rest, Math.Min(LongestLine, Math.Max(256, 2 * (_length + bytes.Length))));
        bytes.CopyTo(_rest.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Finish(ReadOnlySpan<byte> end)
    {
        ReadOnlySpan<byte> whole = end;
        if (_length > 0)
        {
            Span<byte> joined = new byte[_length + end.Length];
            _rest.AsSpan(0, _length).CopyTo(joined);
            end.CopyTo(joined[_length..]);
            whole = joined;
            (_rest, _length) = ([], 0);
        }

        line(Encoding.UTF8.GetString(whole.TrimEnd((byte)'\r')));
    }
}
