namespace Steelyard.Docker;

/// <summary>The lines of a stream that does not end, each of which is one event. A line without an end is refused, not gathered.</summary>
internal sealed class EventLines(Stream stream) : IDisposable
{
    // An event has the labels of what it is about, which are seldom more than some kB.
    private const int Most = 1 << 20;

    private byte[] _bytes = new byte[4096];
    private int _begin;
    private int _end;

    /// <summary>The next line that is not empty; null at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">It is too long.</exception>
    public async Task<byte[]?> NextAsync(CancellationToken cancel)
    {
        var looked = _begin;
        while (true)
        {
            var at = Array.IndexOf(_bytes, (byte)'\n', looked, _end - looked);
            if (at >= 0)
            {
                var line = _bytes.AsSpan(_begin, at - _begin).TrimEnd((byte)'\r').ToArray();
                looked = _begin = at + 1;
                if (line.Length > 0)
                    return line;
                continue;
            }

            _bytes.AsSpan(_begin, _end - _begin).CopyTo(_bytes);
            (_begin, _end) = (0, _end - _begin);
            looked = _end;
            if (_end == _bytes.Length)
                Array.Resize(ref _bytes, _end < Most ? _end * 2 : throw new InvalidDataException($"an event of more than {Most} bytes"));
            var read = await stream.ReadAsync(_bytes.AsMemory(_end), cancel);
            if (read == 0)
                return null;
            _end += read;
        }
    }

    public void Dispose() => stream.Dispose();
}
