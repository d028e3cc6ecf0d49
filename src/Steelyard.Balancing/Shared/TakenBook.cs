namespace Steelyard.Balancing.Shared;

/// <summary>A request that was let through by a limit that others count too.</summary>
/// <param name="Key">Whose, hashed.</param>
/// <param name="Interval">Nanoseconds between two requests at its rate.</param>
/// <param name="Burst">How many more may come at once.</param>
public readonly record struct Taking(ulong Key, long Interval, int Burst);

/// <summary>What has become of a key since it was told of last.</summary>
/// <param name="Taken">Nanoseconds that its requests have taken.</param>
/// <param name="Excess">Nanoseconds until it has all its requests again, as it is known here.</param>
/// <param name="Most">The longest that anybody is believed, in nanoseconds.</param>
public readonly record struct KeyDue(long Taken, long Excess, long Most);

/// <summary>
/// What was let through here and not told yet, by key. The account of a key is kept elsewhere, for all balancers: it grows by
/// what each has taken, and each goes by the larger of the account and what it knows itself. So whatever is let through
/// while nobody knew of the others is paid for after, and on average a rate is held exactly. Used by one thread.
/// </summary>
/// <param name="table">What counts here.</param>
/// <param name="changes">What it tells of.</param>
public sealed class TakenBook(RateTable table, ChangeQueue<Taking> changes)
{
    // As many balancers may let a whole burst through before they hear of each other; beyond that some clock was set, or
    // what is kept there is not ours.
    private const int MostBalancers = 16;
    private const long Second = 1_000_000_000;

    private readonly Dictionary<ulong, KeyDue> _due = [];

    /// <summary>Takes what has been let through since the last time.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <returns>The keys, with what is due; good until the next call.</returns>
    public IReadOnlyDictionary<ulong, KeyDue> Collect(long now)
    {
        _due.Clear();
        while (changes.TryTake(out var taking))
        {
            var before = _due.GetValueOrDefault(taking.Key);
            _due[taking.Key] = new(before.Taken + taking.Interval, table.ExcessOf(taking.Key, now), Math.Max(before.Most, (MostBalancers * (taking.Burst + 1) * taking.Interval) + Second));
        }

        return _due;
    }

    /// <summary>Takes the account of a key, as it was when it was asked for.</summary>
    /// <param name="key">The key.</param>
    /// <param name="excess">Nanoseconds until it has all its requests again, all balancers together.</param>
    /// <param name="asked">When it was asked, in monotonic milliseconds.</param>
    public void Settle(ulong key, long excess, long asked) => table.Raise(key, _due.TryGetValue(key, out var due) ? Math.Min(excess, due.Most) : excess, asked);

    /// <summary>Forgets what nobody can be told of: it is not made up for later.</summary>
    public void Forget()
    {
        while (changes.TryTake(out _))
        {
        }
    }
}
