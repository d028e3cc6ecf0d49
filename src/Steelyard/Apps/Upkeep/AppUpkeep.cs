using Steelyard.Config;

namespace Steelyard.Apps.Upkeep;

/// <summary>Replaces workers for their memory, on schedule, and when watched files change. Sleeps where the app has none of these.</summary>
/// <param name="pool">The pool of the app.</param>
/// <param name="settings">Its settings, as they are now.</param>
/// <param name="folder">The folder of the configuration.</param>
/// <param name="replace">Replaces all workers.</param>
/// <param name="replaceLarge">Replaces those that hold more than that.</param>
internal sealed class AppUpkeep(string pool, Func<AppSettings> settings, string folder, Func<CancellationToken, Task> replace, Func<ByteSize, CancellationToken, Task> replaceLarge)
{
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_memoryEvery = TimeSpan.FromSeconds(5);

    private AppSettings? _settings;
    private CronSchedule? _schedule;
    private DateTime? _due;
    private WatchedFiles? _files;
    private DateTime _memoryDue;

    /// <summary>Looks after the app until it stops.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            Follow(settings(), DateTime.Now);
            while (true)
            {
                await Task.Delay(s_lookEvery, cancel);
                try
                {
                    await LookAsync(DateTime.Now, cancel);
                }
                catch (Exception error) when (error is AppStartException or IOException or UnauthorizedAccessException)
                {
                    await Console.Error.WriteLineAsync($"steelyard: {pool}: {error.Message}");
                }
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The app stops.
        }
    }

    /// <summary>Looks once, and does what is due.</summary>
    /// <param name="now">The local time.</param>
    /// <param name="cancel">Calls it off.</param>
    /// <exception cref="AppStartException">A new worker has failed.</exception>
    internal async Task LookAsync(DateTime now, CancellationToken cancel)
    {
        var present = settings();
        Follow(present, now);
        if (_due <= now)
        {
            _due = _schedule!.After(now);
            Console.WriteLine($"{pool} is due for new workers (schedule)");
            await replace(cancel);
        }

        if (_files?.Look() == true)
        {
            Console.WriteLine($"files of {pool} have changed: it gets new workers (watch)");
            await replace(cancel);
        }

        if (present.MostMemory is { } most && now >= _memoryDue)
        {
            _memoryDue = now + s_memoryEvery;
            await replaceLarge(most, cancel);
        }
    }

    private void Follow(AppSettings present, DateTime now)
    {
        if (ReferenceEquals(present, _settings))
            return;
        if (present.Schedule != _settings?.Schedule)
            _due = present.Schedule is not null && CronSchedule.TryParse(present.Schedule, out _schedule, out _) ? _schedule.After(now) : null;
        if (present.Watch != (_settings?.Watch ?? default) || present.IgnoreWatch != (_settings?.IgnoreWatch ?? default) || present.Folder != _settings?.Folder)
        {
            var from = present.Folder is null ? folder : Path.GetFullPath(present.Folder, folder);
            _files = present.Watch.Count == 0 ? null : new(
                [.. present.Watch.AsEnumerable().Select(path => Path.GetFullPath(path, from))],
                [.. present.IgnoreWatch.AsEnumerable().Select(path => path.Contains('/', StringComparison.Ordinal) ? Path.GetFullPath(path, from) : path)]);
            foreach (var path in _files?.Missing ?? [])
                Console.Error.WriteLine($"steelyard: {pool}: there is nothing at {path} yet that could be watched (watch)");
        }

        _settings = present;
    }
}
