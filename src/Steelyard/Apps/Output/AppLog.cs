using Steelyard.Config;

namespace Steelyard.Apps.Output;

/// <summary>A line that a worker printed.</summary>
/// <param name="Time">When it came.</param>
/// <param name="Pool">The pool of the worker.</param>
/// <param name="Number">Its number there.</param>
/// <param name="Process">Its process.</param>
/// <param name="Error">Whether it was on standard error.</param>
/// <param name="Text">The line.</param>
internal sealed record LogLine(DateTimeOffset Time, string Pool, int Number, int Process, bool Error, string Text)
{
    public string Worker => $"{Pool}/{Number}";
}

/// <summary>What the workers of one app print: the last of it, the terminal, and files. Any thread may add to it.</summary>
internal sealed class AppLog(string pool, string folder)
{
    private const int MostLines = 500;
    private const int MostCharacters = 64 * 1024;

    private readonly Queue<LogLine> _last = new();
    private readonly bool _coloured = Steelyard.Apps.Output.Colours.Wanted;
    private LogFiles? _files;
    private int _characters;
    private volatile bool _terminal = true;

    private readonly List<Action<LogLine>> _readers = [];

    public string Pool => pool;

    /// <summary>Goes by these settings from the next line on.</summary>
    public void Follow(LogSettings settings)
    {
        lock (_last)
        {
            _terminal = settings.Terminal;
            if (_files?.Settings == settings)
                return;
            _files = LogFiles.AreWanted(settings) ? new(settings, folder) : null;
        }
    }

    public void Add(LogLine line)
    {
        lock (_last)
        {
            _last.Enqueue(line);
            _characters += line.Text.Length;
            while (_last.Count > MostLines || _characters > MostCharacters)
                _characters -= _last.Dequeue().Text.Length;
            _files?.Add(line);
            foreach (var reader in _readers)
                reader(line);
        }

        if (_terminal)
            Console.Write(_coloured ? $"{Colours.Of(line.Number)}{line.Pool}/{line.Number} |{Colours.End} {line.Text}\n" : $"{line.Pool}/{line.Number} | {line.Text}\n");
    }

    /// <summary>The last lines, and every line from then on; none is missing and none comes twice.</summary>
    /// <param name="most">How many of the last at most.</param>
    /// <param name="number">Of which worker; null for all.</param>
    /// <param name="reader">Gets those to come, of all workers; it must not wait.</param>
    public IReadOnlyList<LogLine> Follow(int most, int? number, Action<LogLine> reader)
    {
        lock (_last)
        {
            _readers.Add(reader);
            return Last(most, number);
        }
    }

    public void Unfollow(Action<LogLine> reader)
    {
        lock (_last)
            _readers.Remove(reader);
    }

    /// <summary>The last lines, oldest first.</summary>
    /// <param name="most">How many at most.</param>
    /// <param name="number">Of which worker; null for all.</param>
    public IReadOnlyList<LogLine> Last(int most, int? number)
    {
        lock (_last)
            return [.. _last.Where(line => number is null || line.Number == number).TakeLast(most)];
    }

    /// <summary>Opens files again under their names, as after somebody has moved them away.</summary>
    public void Reopen()
    {
        lock (_last)
            _files?.Reopen();
    }
}
