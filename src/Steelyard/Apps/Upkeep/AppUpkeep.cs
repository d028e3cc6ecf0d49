using Steelyard.Config;

namespace Steelyard.Apps.Upkeep;

/// <summary>Replaces workers for their memory, on schedule, and when watched files change. Sleeps where the app has none of these.</summary>
/// <param name="app">The app.</param>
/// <param name="folder">The folder of the configuration.</param>
internal sealed class AppUpkeep(AppSupervisor app, string folder)
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
            Follow(app.App, DateTime.Now);
            while (true)
            {
                await Task.Delay(s_lookEvery, cancel);
                try
                {
                    await LookAsync(DateTime.Now, cancel);
                }
                catch (Exception error) when (error is AppStartException or IOException or UnauthorizedAccessException)
                {
                    await Console.Error.WriteLineAsync($"steelyard: {app.Pool}: {error.Message}");
                }
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The app stops.
        }
    }

    private async Task LookAsync(DateTime now, CancellationToken cancel)
    {
        Follow(app.App, now);
        if (_due <= now)
        {
            _due = _schedule!.After(now);
            Console.WriteLine($"{app.Pool} is due for new workers (schedule)");
            await app.ReplaceAsync(app.App, cancel);
        }

        if (_files?.Look() == true)
        {
            Console.WriteLine($"files of {app.Pool} have changed: it gets new workers (watch)");
            await app.ReplaceAsync(app.App, cancel);
        }

        if (app.App.MostMemory is { } most && now >= _memoryDue)
        {
            _memoryDue = now + s_memoryEvery;
            await app.ReplaceLargeAsync(most, cancel);
        }
    }

    private void Follow(AppSettings settings, DateTime now)
    {
        if (ReferenceEquals(settings, _settings))
            return;
        if (settings.Schedule != _settings?.Schedule)
            _due = settings.Schedule is not null && CronSchedule.TryParse(settings.Schedule, out _schedule, out _) ? _schedule.After(now) : null;
        if (settings.Watch != (_settings?.Watch ?? default) || settings.Folder != _settings?.Folder)
        {
            var from = settings.Folder is null ? folder : Path.GetFullPath(settings.Folder, folder);
            _files = settings.Watch.Count == 0 ? null : new([.. settings.Watch.AsEnumerable().Select(path => Path.GetFullPath(path, from))]);
        }

        _settings = settings;
    }
}
