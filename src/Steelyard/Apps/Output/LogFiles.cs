using System.Globalization;
using System.Text;
using System.Text.Json;
using Steelyard.Config;

namespace Steelyard.Apps.Output;

/// <summary>The log file of an app, or one for each worker. Whoever adds a line does not wait for the disk.</summary>
internal sealed class LogFiles(LogSettings settings, string folder)
{
    private readonly Dictionary<string, LogFile> _files = [];

    public LogSettings Settings => settings;

    public void Add(LogLine line)
    {
        var name = Path.GetFullPath(settings.File!.Replace("{instance}", line.Number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal), folder);
        if (!_files.TryGetValue(name, out var file))
            _files.Add(name, file = new(name, settings));
        LogWriter.Add(file, line.Time, Format(settings.Format, line));
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
            _ => $$"""{"time":"{{time}}","worker":"{{JsonEncodedText.Encode(line.Worker)}}","stream":"{{(line.Error ? "stderr" : "stdout")}}","pid":{{line.Process}},"message":"{{JsonEncodedText.Encode(line.Text, s_encoder)}}"}""" + "\n",
        };
    }

    private static readonly System.Text.Encodings.Web.JavaScriptEncoder s_encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
}

/// <summary>One file, with those before it. Used by the writer's thread alone.</summary>
internal sealed class LogFile(string name, LogSettings settings)
{
    private FileStream? _stream;
    private DateTimeOffset _begun;
    private bool _failed;

    public void Write(DateTimeOffset time, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        try
        {
            _stream ??= Open(time);
            if (LogRotation.IsDue(settings, _stream.Length, bytes.Length, _begun, time))
            {
                Close();
                LogRotation.Rotate(name, settings.Keep);
                _stream = Open(time);
                _begun = time;
            }

            _stream.Write(bytes);
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
            Close();
        }
    }

    public void Close()
    {
        var stream = _stream;
        _stream = null;
        stream?.Dispose();
    }

    private FileStream Open(DateTimeOffset time)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(name)!);
        var stream = new FileStream(name, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        _begun = stream.Length == 0 ? time : new DateTimeOffset(File.GetLastWriteTimeUtc(name));
        return stream;
    }
}
