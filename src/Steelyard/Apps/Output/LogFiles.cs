using System.Globalization;
using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Logging;

namespace Steelyard.Apps.Output;

/// <summary>The log files of an app, or those of each worker. Whoever adds a line does not wait for the disk.</summary>
internal sealed class LogFiles(LogSettings settings, string folder)
{
    private readonly TimePattern? _time = settings.Time is null ? null : new(settings.Time);
    private readonly Dictionary<string, LogFile> _files = [];
    private readonly Dictionary<(int Worker, bool Error), LogFile[]> _ofOutputs = [];

    public LogSettings Settings => settings;

    public static bool AreWanted(LogSettings settings) => (settings.File ?? settings.OutputFile ?? settings.ErrorFile) is not null;

    public void Add(LogLine line)
    {
        if (!_ofOutputs.TryGetValue((line.Number, line.Error), out var files))
            _ofOutputs.Add((line.Number, line.Error), files = FilesOf(line));
        if (files.Length == 0)
            return;
        var text = Format(settings.Format, _time, line);
        foreach (var file in files)
            LogWriter.Add(file, line.Time, text);
    }

    private LogFile[] FilesOf(LogLine line)
    {
        HashSet<LogFile> files = [];
        foreach (var path in (ReadOnlySpan<string?>)[settings.File, line.Error ? settings.ErrorFile : settings.OutputFile])
        {
            if (path is not null)
                files.Add(FileOf(path, line.Number));
        }

        return [.. files];
    }

    private LogFile FileOf(string path, int number)
    {
        var name = Path.GetFullPath(CommandTemplate.Fill(path, number, socket: null, port: null), folder);
        if (!_files.TryGetValue(name, out var file))
            _files.Add(name, file = new(name, settings));
        return file;
    }

    public void Reopen()
    {
        foreach (var file in _files.Values)
            LogWriter.Reopen(file);
    }

    internal static string Format(LogFormat format, TimePattern? pattern, LogLine line)
    {
        var time = pattern?.Format(line.Time.ToLocalTime()) ?? line.Time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        return format switch
        {
            LogFormat.Text => $"{time} {line.Worker} {line.Text}\n",
            LogFormat.Raw => pattern is null ? line.Text + "\n" : $"{time}: {line.Text}\n",
            _ => $$"""{"time":"{{PlainText.Of(time)}}","worker":"{{PlainText.Of(line.Worker)}}","stream":"{{(line.Error ? "stderr" : "stdout")}}","pid":{{line.Process}},"message":"{{PlainText.Of(line.Text)}}"}""" + "\n",
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
