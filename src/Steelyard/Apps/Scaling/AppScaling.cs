namespace Steelyard.Apps.Scaling;

/// <summary>Lets an app have as many workers as there is work for, where its settings say so.</summary>
/// <param name="app">The app.</param>
/// <param name="load">What its pool has to do; null when nobody can say.</param>
internal sealed class AppScaling(AppSupervisor app, Func<Task<PoolLoad?>> load)
{
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_afterFailure = TimeSpan.FromSeconds(30);

    private readonly ScalePolicy _policy = new();

    /// <summary>Looks after the app until it stops.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                await Task.Delay(s_lookEvery, cancel);
                try
                {
                    await LookAsync(cancel);
                }
                catch (AppStartException error)
                {
                    await Console.Error.WriteLineAsync($"steelyard: {app.Pool} has as many workers as before: {error.Message}");
                    _policy.Reset();
                    await Task.Delay(s_afterFailure, cancel);
                }
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The app stops.
        }
    }

    private async Task LookAsync(CancellationToken cancel)
    {
        if (app.App.Scale is not { } settings)
        {
            _policy.Reset();
            return;
        }

        if (await load() is not { } now)
            return;
        var count = app.Count;
        var wanted = _policy.Decide(settings, count, now, Environment.TickCount64);
        if (wanted == count)
            return;
        Console.WriteLine($"{app.Pool} gets {wanted} {(wanted == 1 ? "worker" : "workers")} instead of {count}: {now.Active} requests in flight, {now.Waiting} wait (scale)");
        await app.ScaleAsync(wanted, cancel);
    }
}
