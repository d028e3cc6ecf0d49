namespace Steelyard.Serving;

/// <summary>Who wants a reload: a signal, or the file that changed. Requests that come while one waits are one.</summary>
internal sealed class ReloadRequests(string file, bool watch) : IDisposable
{
    private readonly SemaphoreSlim _wanted = new(0, 1);
    private FileStamp _seen = FileStamp.Of(file);
    private FileStamp _lastLook = FileStamp.Of(file);

    private readonly record struct FileStamp(DateTime Written, long Length)
    {
        /// <summary>What a file is now; nothing where there is none, as for a moment while an editor replaces it.</summary>
        public static FileStamp Of(string file)
        {
            var info = new FileInfo(file);
            return info.Exists ? new(info.LastWriteTimeUtc, info.Length) : default;
        }
    }

    /// <summary>Asks for one. May be called from any thread.</summary>
    public void Request()
    {
        try
        {
            _wanted.Release();
        }
        catch (Exception needless) when (needless is SemaphoreFullException or ObjectDisposedException)
        {
            // One is asked for already, or the run is over.
        }
    }

    /// <summary>Looks at the file, where it is watched: a change counts once it has stayed for two looks.</summary>
    public void Look()
    {
        if (!watch)
            return;
        var now = FileStamp.Of(file);
        if (now != _seen && now == _lastLook && now != default)
        {
            _seen = now;
            Request();
        }

        _lastLook = now;
    }

    public void Dispose() => _wanted.Dispose();

    /// <summary>Waits until one is asked for, or for so long; whether one is.</summary>
    public Task<bool> WaitAsync(TimeSpan longest, CancellationToken cancel) => _wanted.WaitAsync(longest, cancel);
}
