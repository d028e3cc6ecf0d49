using System.Threading.Channels;

namespace Steelyard.Keeper;

/// <summary>What the keeper is asked for while it serves.</summary>
internal enum KeeperRequestKind
{
    /// <summary>Take up what the file says.</summary>
    Reload,

    /// <summary>Put another engine in place.</summary>
    Upgrade,

    /// <summary>Let an app have more or fewer workers: its name, <c>=</c>, <c>+</c> or <c>-</c> and a number.</summary>
    Scale,

    /// <summary>Replace the workers of an app, or of all.</summary>
    Restart,

    /// <summary>Say what workers have printed: of which, how many lines, and whether to go on.</summary>
    Logs,

    /// <summary>End, when what is in flight has; with <c>now</c> at once.</summary>
    Stop,

    /// <summary>Change what is served beside its file: the words of <see cref="LiveSettings.With"/>, with tabs between.</summary>
    Adjust,

    /// <summary>Say how the keeper and the workers do: <see cref="KeeperState"/>.</summary>
    State,

    /// <summary>Ask the workers of a pool, of a Node cluster, for what they count: as prom-client's AggregatorRegistry does.</summary>
    Metrics,
}

/// <summary>Something asked for, and whoever waits for what becomes of it.</summary>
/// <param name="Kind">What.</param>
/// <param name="Argument">More of it; may be empty.</param>
/// <param name="Told">Gets every line that is said about it; null where nobody waits.</param>
internal sealed record KeeperRequest(KeeperRequestKind Kind, string Argument, Report? Told);

/// <summary>What is said about a request, to the keeper's own outputs and to whoever asked.</summary>
internal sealed class Report
{
    private readonly List<(bool Error, string Line)> _lines = [];
    private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The lines; complete when <see cref="Done"/> has ended.</summary>
    public IReadOnlyList<(bool Error, string Line)> Lines => _lines;

    /// <summary>Whether it succeeded.</summary>
    public Task<bool> Done => _done.Task;

    public void Say(string line) => Add(error: false, line);

    public void Warn(string line) => Add(error: true, line);

    /// <summary>Tells who has asked what this program's own output has said already.</summary>
    public void Repeat(string line) => _lines.Add((true, line));

    public void End(bool success) => _done.TrySetResult(success);

    private void Add(bool error, string text)
    {
        foreach (var line in text.TrimEnd('\n').Split('\n'))
        {
            (error ? Console.Error : Console.Out).WriteLine(line);
            _lines.Add((error, line));
        }
    }
}

/// <summary>Requests in their order. Reloads that nobody waits for, and that come while one is to be done, are one.</summary>
/// <param name="files">The configuration, and the files that it was read from besides.</param>
/// <param name="watch">Whether a change of one of them is a reason to reload.</param>
internal sealed class KeeperRequests(IReadOnlyList<string> files, bool watch)
{
    private readonly Channel<KeeperRequest> _channel = Channel.CreateUnbounded<KeeperRequest>();
    private FileStamp _seen = FileStamp.Of(files);
    private FileStamp _lastLook = FileStamp.Of(files);
    private int _reloadWaits;
    private Task<bool>? _more;

    private readonly record struct FileStamp(DateTime Written, long Length, int Others)
    {
        /// <summary>What the files are now; nothing where the first is not there, as for a moment while an editor replaces it.</summary>
        public static FileStamp Of(IReadOnlyList<string> files)
        {
            var info = new FileInfo(files[0]);
            if (!info.Exists)
                return default;
            var others = new HashCode();
            foreach (var file in files.Skip(1).Select(name => new FileInfo(name)))
                others.Add(file.Exists ? (file.LastWriteTimeUtc, file.Length) : default);
            return new(info.LastWriteTimeUtc, info.Length, others.ToHashCode());
        }
    }

    /// <summary>Asks for a reload. May be called from any thread.</summary>
    public void Reload()
    {
        if (Interlocked.Exchange(ref _reloadWaits, 1) == 0)
            _channel.Writer.TryWrite(new(KeeperRequestKind.Reload, "", null));
    }

    /// <summary>Asks for something and waits for it. May be called from any thread.</summary>
    public void Ask(KeeperRequestKind kind, string argument, Report? told) => _channel.Writer.TryWrite(new(kind, argument, told));

    /// <summary>The next request; null when none has come for so long.</summary>
    /// <exception cref="OperationCanceledException">The wait was called off.</exception>
    public async Task<KeeperRequest?> NextAsync(TimeSpan longest, CancellationToken cancel)
    {
        // An exception for each time that nothing comes would keep 2 MB in memory: what it takes to throw one.
        var more = _more ??= _channel.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
        if (!more.IsCompleted)
            await Task.WhenAny(more, Task.Delay(longest, cancel));
        cancel.ThrowIfCancellationRequested();
        if (!more.IsCompleted)
            return null;

        _more = null;
        if (!_channel.Reader.TryRead(out var next))
            return null;
        if (next.Kind == KeeperRequestKind.Reload)
        {
            if (next.Told is null)
                Volatile.Write(ref _reloadWaits, 0);

            // What the files say from here on is read by this reload.
            _seen = _lastLook = FileStamp.Of(files);
        }

        return next;
    }

    /// <summary>Looks at the files, where they are watched: a change counts once it has stayed for two looks.</summary>
    public void Look()
    {
        if (!watch)
            return;
        var now = FileStamp.Of(files);
        if (now != _seen && now == _lastLook && now != default)
            Reload();
        _lastLook = now;
    }
}
