using Steelyard.Config;

namespace Steelyard.Engine.Logging;

/// <summary>
/// Every place that this engine writes access logs to, kept over reloads: a place that the configuration names no more is
/// still there for requests that began with it. Used by one thread at a time, but for what says otherwise.
/// </summary>
/// <param name="folder">The folder of the configuration, which names of files are relative to.</param>
/// <param name="loops">How many loops write.</param>
internal sealed class LogBook(string folder, int loops) : IDisposable
{
    private readonly List<((LogTarget To, string? Head) Place, LogSink Sink, FileDestination? File)> _sinks = [];

    // For who counts, from any thread.
    private volatile LogSink[] _all = [];

    /// <summary>The wall clock; tests have another.</summary>
    public Func<DateTimeOffset> Clock { get; init; } = static () => TimeProvider.System.GetUtcNow();

    /// <summary>Takes a line for standard error.</summary>
    public Action<string> Report { get; init; } = static line => Console.Error.WriteLine($"steelyard: {line}");

    /// <summary>Makes a destination of another kind, for those who have no files; null for those of the configuration.</summary>
    internal Func<AccessLogSettings, LogDestination>? Destinations { get; init; }

    /// <summary>Lines that were not written. May be read from any thread.</summary>
    public long Dropped
    {
        get
        {
            var sum = 0L;
            foreach (var sink in _all)
                sum += sink.Dropped;
            return sum;
        }
    }

    /// <summary>What writes the lines of a log.</summary>
    /// <exception cref="LogFileException">The file cannot be opened.</exception>
    public LogSink SinkFor(AccessLogSettings settings) => SinkFor(settings, new LogRotation(settings.Size?.Bytes, settings.Every, settings.Keep));

    private LogSink SinkFor(AccessLogSettings settings, LogRotation? rotation)
    {
        foreach (var (place, known, open) in _sinks)
        {
            if (place != settings.Place)
                continue;
            if (open is not null && rotation is not null)
                open.Rotation = rotation;
            return known;
        }

        FileDestination? file = null;
        if (Destinations is null && settings.To.Kind == LogTargetKind.File)
            file = Open(folder.Length == 0 ? Path.GetFullPath(settings.To.Path!) : Path.GetFullPath(settings.To.Path!, folder), rotation ?? LogRotation.Never);
        var sink = new LogSink(loops, (int)settings.Buffer.Bytes, Destinations?.Invoke(settings) ?? file ?? DestinationOf(settings), background: Destinations is null);
        _sinks.Add((settings.Place, sink, file));
        _all = [.. _all, sink];
        return sink;
    }

    /// <summary>What writes them to further places, each once, for a ring has room for one line at a time.</summary>
    /// <exception cref="LogFileException">A file cannot be opened.</exception>
    public LogSink[] CopiesFor(AccessLogSettings settings)
    {
        var first = SinkFor(settings);
        List<LogSink> sinks = [];
        foreach (var copy in settings.Also)
        {
            var sink = SinkFor(copy.Of(settings), rotation: null);
            if (sink != first && !sinks.Contains(sink))
                sinks.Add(sink);
        }

        return [.. sinks];
    }

    private FileDestination Open(string name, LogRotation rotation)
    {
        var file = new FileDestination(name, rotation, Clock, Report);
        try
        {
            file.Open();
            return file;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LogFileException($"the access log {name} cannot be written: {error.Message}");
        }
    }

    private LogDestination DestinationOf(AccessLogSettings settings) =>
        settings.To.Kind == LogTargetKind.Stdout ? new StdoutDestination() : new SyslogDestination(settings, Clock, Report);

    /// <summary>Opens all files again under their names. May be called from any thread.</summary>
    public void Reopen()
    {
        foreach (var sink in _all)
            sink.Reopen();
    }

    public void Dispose()
    {
        foreach (var sink in _all)
            sink.Dispose();
    }
}

/// <summary>An access log cannot be written; the message says which, and why.</summary>
/// <param name="message">For people.</param>
public sealed class LogFileException(string message) : Exception(message);
