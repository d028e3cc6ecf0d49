using Steelyard.Docker;

namespace Steelyard.Discovery;

/// <summary>
/// How often to ask a manager while it changes something: as often as it takes to see that a task is to end before it
/// does, and by and by more seldom where nothing comes of the change. Times are monotonic milliseconds. Not for several threads.
/// </summary>
/// <param name="most">How long the pauses become.</param>
internal sealed class ChangePace(TimeSpan most)
{
    // A manager ends a task some 100 ms after it has decided to.
    private static readonly TimeSpan s_often = TimeSpan.FromMilliseconds(40);

    private const long ChangeMilliseconds = 3_000;

    // A new task has so long to be pulled, started and healthy before the change counts as stuck.
    private const long PatienceMilliseconds = 30_000;
    private const long SlowsDownBy = 50;
    private const long NanosecondsPerMillisecond = 1_000_000;

    private string _seen = "";
    private long? _toldAt;
    private long _movedAt;

    /// <summary>Something was told that may be the beginning of a change.</summary>
    public void Told(long now) => (_toldAt, _movedAt) = (now, now);

    /// <summary>Takes what there is.</summary>
    /// <param name="tasks">All of it that a change changes.</param>
    /// <param name="now">The time.</param>
    public void Saw(string tasks, long now)
    {
        if (tasks == _seen)
            return;
        (_seen, _movedAt) = (tasks, now);
    }

    /// <summary>When to look again; null where nothing changes.</summary>
    /// <param name="changing">The services whose tasks are being replaced.</param>
    /// <param name="now">The time.</param>
    public TimeSpan? Next(IReadOnlyList<ServiceSpec?> changing, long now)
    {
        if (now - _toldAt < ChangeMilliseconds)
            return s_often;
        if (changing.Count == 0)
            return null;
        var stuck = now - _movedAt - PatienceMilliseconds - changing.Max(RestOf);
        return stuck <= 0 ? s_often : TimeSpan.FromMilliseconds(Math.Min(s_often.TotalMilliseconds + (stuck / SlowsDownBy), most.TotalMilliseconds));
    }

    // Between one task and the next nothing happens for so long.
    private static long RestOf(ServiceSpec? service) => Math.Max(RestOf(service?.UpdateConfig), RestOf(service?.RollbackConfig));

    private static long RestOf(UpdateConfig? config) => config is null ? 0 : Math.Max(0, (config.Delay / NanosecondsPerMillisecond) + (config.Monitor / NanosecondsPerMillisecond));
}
