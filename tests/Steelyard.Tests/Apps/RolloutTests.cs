using Steelyard.Apps;
using Steelyard.Config;

namespace Steelyard.Tests.Apps;

/// <summary>In which order workers are replaced, and what is done when a new one fails; without processes and without waiting.</summary>
public sealed class RolloutTests
{
    private static readonly AppSettings s_before = new() { Command = ["before"] };
    private static readonly AppSettings s_next = new() { Command = ["next"] };

    // What happened, in its order: each replacement, and each pause.
    private readonly List<string> _events = [];
    private readonly Dictionary<int, TimeSpan> _monitored = [];

    // Replacements that have begun and wait for each other.
    private readonly List<TaskCompletionSource> _begun = [];

    [Fact]
    public async Task All_are_replaced_one_after_the_other_and_watched()
    {
        await RunAsync(new() { Monitor = TimeSpan.FromSeconds(7) }, 3);

        Assert.Equal(["next 1", "pause 0", "next 2", "pause 0", "next 3"], _events);
        Assert.All(_monitored.Values, time => Assert.Equal(TimeSpan.FromSeconds(7), time));
    }

    [Fact]
    public async Task Some_at_a_time_with_a_pause_between()
    {
        await RunAsync(new() { Parallel = 2, Delay = TimeSpan.FromSeconds(30) }, 5);

        Assert.Equal(["next 1", "next 2", "pause 30", "next 3", "next 4", "pause 30", "next 5"], _events);
    }

    [Fact]
    public async Task By_default_the_old_ones_come_back_when_a_new_one_fails()
    {
        var error = await Assert.ThrowsAsync<AppStartException>(() => RunAsync(new() { Parallel = 2 }, 4, failing: "next 3"));

        Assert.Equal(["next 1", "next 2", "pause 0", "next 3", "next 4", "before 1", "before 2", "before 4"], _events);
        Assert.Equal("next 3 fails\nthe 3 before it are replaced by old ones again", error.Message);
        Assert.Equal(TimeSpan.Zero, _monitored[4]);
    }

    [Fact]
    public async Task The_first_reason_is_told_where_an_old_one_does_not_come_back_and_the_others_do()
    {
        var error = await Assert.ThrowsAsync<AppStartException>(() => RunAsync(new(), 3, "next 3", "before 1"));

        Assert.Equal(["next 1", "pause 0", "next 2", "pause 0", "next 3", "before 1", "before 2"], _events);
        Assert.Equal("next 3 fails\n1 of the 2 before it are replaced by old ones again, the others stay: before 1 fails", error.Message);
    }

    [Fact]
    public async Task With_pause_what_has_been_replaced_stays_so_and_the_others_as_they_were()
    {
        var error = await Assert.ThrowsAsync<AppStartException>(() => RunAsync(new() { OnFailure = RollingFailure.Pause }, 4, failing: "next 2"));

        Assert.Equal(["next 1", "pause 0", "next 2"], _events);
        Assert.Equal("next 2 fails\n1 of 4 are replaced and stay so (rolling: on-failure)", error.Message);
    }

    [Fact]
    public async Task With_continue_all_others_are_replaced_and_the_failure_is_told()
    {
        var error = await Assert.ThrowsAsync<AppStartException>(() => RunAsync(new() { OnFailure = RollingFailure.Continue }, 3, "next 1", "next 3"));

        Assert.Equal(["next 1", "pause 0", "next 2", "pause 0", "next 3"], _events);
        Assert.Equal("next 1 fails\n1 of 3 are replaced (rolling: on-failure)", error.Message);
    }

    private Task RunAsync(RollingSettings settings, int count, params string[] failing) => new Rollout(
        settings,
        async (slot, app, monitored) =>
        {
            var what = $"{app.Command[0]} {slot.Number}";
            _events.Add(what);
            _monitored[slot.Number] = monitored;
            await TogetherAsync(app == s_before ? 1 : Math.Min(settings.Parallel, count - ((slot.Number - 1) / settings.Parallel * settings.Parallel)));
            if (failing.Contains(what))
                throw new AppStartException($"{what} fails");
        },
        (time, _) =>
        {
            _events.Add($"pause {time.TotalSeconds}");
            return Task.CompletedTask;
        }).RunAsync([.. Enumerable.Range(1, count).Select(number => new WorkerSlot(number))], s_next, s_before, CancellationToken.None);

    /// <summary>Ends when so many have begun.</summary>
    private Task TogetherAsync(int count)
    {
        var one = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _begun.Add(one);
        if (_begun.Count == count)
        {
            foreach (var begun in _begun)
                begun.SetResult();
            _begun.Clear();
        }

        return one.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }
}
