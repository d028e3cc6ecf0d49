using Steelyard.Config;

namespace Steelyard.Apps;

/// <summary>One replacement of all workers of an app, a few at a time, and what is done when a new one fails.</summary>
/// <param name="settings">In which order, and so on.</param>
/// <param name="replace">Replaces the worker of a place by one of other settings, which it watches for some time.</param>
internal sealed class Rollout(RollingSettings settings, Func<WorkerSlot, AppSettings, TimeSpan, Task> replace)
{
    /// <exception cref="AppStartException">A new one has failed.</exception>
    public async Task RunAsync(IReadOnlyList<WorkerSlot> slots, AppSettings next, AppSettings before, CancellationToken cancel)
    {
        var (done, failures) = (new List<WorkerSlot>(), new List<AppStartException>());
        foreach (var some in slots.Chunk(settings.Parallel))
        {
            if (some[0] != slots[0])
                await Task.Delay(settings.Delay, cancel);
            var results = await Task.WhenAll(some.Select(slot => TryAsync(slot, next)));
            done.AddRange(some.Where((_, i) => results[i] is null));
            failures.AddRange(results.OfType<AppStartException>());
            if (failures.Count == 0 || settings.OnFailure == RollingFailure.Continue)
                continue;
            if (settings.OnFailure == RollingFailure.Rollback)
            {
                foreach (var slot in done)
                    await replace(slot, before, TimeSpan.Zero);
                throw Failed(failures, done.Count == 0 ? "" : $"\nthe {done.Count} before it are replaced by old ones again");
            }

            throw Failed(failures, $"\n{done.Count} of {slots.Count} are replaced and stay so (rolling: on-failure)");
        }

        if (failures.Count > 0)
            throw Failed(failures, $"\n{done.Count} of {slots.Count} are replaced (rolling: on-failure)");
    }

    private async Task<AppStartException?> TryAsync(WorkerSlot slot, AppSettings next)
    {
        try
        {
            await replace(slot, next, settings.Monitor);
            return null;
        }
        catch (AppStartException error)
        {
            return error;
        }
    }

    private static AppStartException Failed(List<AppStartException> failures, string more) => new(failures[0].Message + more);
}
