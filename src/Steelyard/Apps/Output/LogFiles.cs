using System.Globalization;
using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Logging;

namespace Steelyard.Apps.Output;

/// <summary>The log file of an app, or one for each worker. Whoever adds a line does not wait for the disk.</summary>
internal sealed class LogFiles(LogSettings settings, string folder)
{
    private readonly Dictionary<string, LogFile> _files = [];
    private readonly Dictionary<int, LogFile> _ofWorkers = [];

    public LogSettings Settings => settings;

    public void Add(LogLine line)
    {
        if (!_ofWorkers.TryGetValue(line.Number, out var file))
            _ofWorkers.Add(line.Number, file = FileOf(line.Number));
        LogWriter.Add(file, line.Time, Format(settings.Format, line));
    }

    private LogFile FileOf(int number)
    {
        var name = Path.GetFullPath(CommandTemplate.Fill(settings.File!, number, socket: null, port: null), folder);
        if (!_files.TryGetValue(name, out var file))
            _files.Add(name, file = new(name, settings));
        return file;
    }

    public void Reopen()
    {
        foreach (var file in _files.Values)
            LogWriter.Reopen(file);
    }

    internal static string Format(LogFormat format, LogLine line)
    {
        var time = line.Time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        return format switch
        {
            LogFormat.Text => $"{time} {line.Worker} {line.Text}\n",
            LogFormat.Raw => line.Text + "\n",
            _ => $$"""{"time":"{{time}}","worker":"{{PlainText.Of(line.Worker)}}","stream":"{{(line.Error ? "stderr" : "stdout")}}","pid":{{line.Process}},"message":"{{PlainText.Of(line.Text)}}"}""" + "\n",
        };
    }
}

/// <summary>One file, with those before it. Used by the writer's thread alone.</summary>
internal sealed class LogFile(string name, LogSettings settings) : IDisposable
{
    private readonly RotatingFile _file = new(name, new(settings.Size?.Bytes, settings.Every, settings.Keep));
    private bool _failed;

    public void Write(DateTimeOffset time, string text)
    {
        try
        {
            _file.Write(Encoding.UTF8.GetBytes(text), time);
            if (_failed)
                Console.Error.WriteLine($"steelyard: {name} is written again");
            _failed = false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Said once; what is printed meanwhile is lost to the file, and the worker does not notice.
            if (!_failed)
                Console.Error.WriteLine($"steelyard: lines are missing in {name}: {error.Message}");
            _failed = true;
        }
    }

    public void Close() => _file.Close();

    public void Dispose() => _file.Dispose();
}
