using Steelyard.Config;

namespace Steelyard.Apps;

/// <summary>One replacement of all workers of an app, a few at a time, and what is done when a new one fails.</summary>
/// <param name="settings">In which order, and so on.</param>
/// <param name="replace">Replaces the worker of a place by one of other settings, which it watches for some time.</param>
/// <param name="pause">Waits for some time.</param>
internal sealed class Rollout(RollingSettings settings, Func<WorkerSlot, AppSettings, TimeSpan, Task> replace, Func<TimeSpan, CancellationToken, Task> pause)
{
    /// <exception cref="AppStartException">A new one has failed.</exception>
    public async Task RunAsync(IReadOnlyList<WorkerSlot> slots, AppSettings next, AppSettings before, CancellationToken cancel)
    {
        var (done, failures) = (new List<WorkerSlot>(), new List<AppStartException>());
        foreach (var some in slots.Chunk(settings.Parallel))
        {
            if (some[0] != slots[0])
                await pause(settings.Delay, cancel);
            var results = await Task.WhenAll(some.Select(slot => TryAsync(slot, next, settings.Monitor)));
            done.AddRange(some.Where((_, i) => results[i] is null));
            failures.AddRange(results.OfType<AppStartException>());
            if (failures.Count == 0 || settings.OnFailure == RollingFailure.Continue)
                continue;
            if (settings.OnFailure == RollingFailure.Rollback)
            {
                throw Failed(failures, await RollBackAsync(done, before));
            }

            throw Failed(failures, $"\n{done.Count} of {slots.Count} are replaced and stay so (rolling: on-failure)");
        }

        if (failures.Count > 0)
            throw Failed(failures, $"\n{done.Count} of {slots.Count} are replaced (rolling: on-failure)");
    }

    /// <summary>Puts old ones in the place of new ones again.</summary>
    /// <returns>What there is to say of it.</returns>
    private async Task<string> RollBackAsync(List<WorkerSlot> done, AppSettings before)
    {
        // One that fails keeps no other from its way back.
        var failures = new List<AppStartException>();
        foreach (var slot in done)
        {
            if (await TryAsync(slot, before, TimeSpan.Zero) is { } failure)
                failures.Add(failure);
        }

        return done.Count == 0 ? ""
            : failures.Count == 0 ? $"\nthe {done.Count} before it are replaced by old ones again"
            : $"\n{done.Count - failures.Count} of the {done.Count} before it are replaced by old ones again, the others stay: {failures[0].Message}";
    }

    private async Task<AppStartException?> TryAsync(WorkerSlot slot, AppSettings next, TimeSpan monitor)
    {
        try
        {
            await replace(slot, next, monitor);
            return null;
        }
        catch (AppStartException error)
        {
            return error;
        }
    }

    private static AppStartException Failed(List<AppStartException> failures, string more) => new(failures[0].Message + more);
}
