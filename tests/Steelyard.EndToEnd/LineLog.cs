namespace Steelyard.EndToEnd;

/// <summary>The lines of a stream as they come, to be waited for.</summary>
internal sealed class LineLog
{
    private readonly List<string> _lines = [];
    private TaskCompletionSource _changed = New();
    private bool _ended;

    public string Text
    {
        get
        {
            lock (_lines)
                return string.Concat(_lines.Select(line => line + "\n"));
        }
    }

    public async Task FillAsync(StreamReader stream)
    {
        while (await stream.ReadLineAsync() is { } line)
            Change(() => _lines.Add(line));
        Change(() => _ended = true);
    }

    /// <summary>The first line that contains a text, now or later; not inside of a word, for what is "already in use" is not "ready".</summary>
    /// <exception cref="EndOfStreamException">The stream ended without one.</exception>
    public async Task<string> LineAsync(string containing)
    {
        while (true)
        {
            Task changed;
            lock (_lines)
            {
                if (_lines.Find(line => HasWord(line, containing)) is { } found)
                    return found;
                if (_ended)
                    throw new EndOfStreamException();
                changed = _changed.Task;
            }
            await changed;
        }
    }

    private static bool HasWord(string line, string text)
    {
        var at = line.IndexOf(text, StringComparison.Ordinal);
        while (at > 0 && char.IsLetter(text[0]) && char.IsLetter(line[at - 1]))
            at = line.IndexOf(text, at + 1, StringComparison.Ordinal);
        return at >= 0;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Change(Action change)
    {
        TaskCompletionSource changed;
        lock (_lines)
        {
            change();
            (changed, _changed) = (_changed, New());
        }
        changed.SetResult();
    }
}
