using Steelyard.Balancing.Shared;

namespace Steelyard.Balancing;

/// <summary>What one client may do: so many requests on average, so many more at once.</summary>
/// <param name="Interval">Nanoseconds between two requests at the rate, at least 1.</param>
/// <param name="Burst">How many more may come at once.</param>
/// <param name="Delay">How many of the burst pass without waiting.</param>
public readonly record struct RateRule(long Interval, int Burst, int Delay);

/// <summary>What becomes of a request that is counted.</summary>
/// <param name="Passes">Whether it may pass.</param>
/// <param name="Milliseconds">How long it has to wait before it passes, or until another would pass.</param>
public readonly record struct RateVerdict(bool Passes, long Milliseconds);

/// <summary>
/// When each key will have all its requests again: a token bucket (GCRA), whose excess is nginx's limit_req. Of fixed size: eight keys to a
/// set, and in a full set the one is forgotten that is closest to having all. All loops use it at once; a set is held for
/// some tens of nanoseconds, so that no key gets one request more than its rule allows, however many loops count it.
/// </summary>
public sealed class RateTable
{
    private const int Ways = 8;
    private const long NanosecondsPerMillisecond = 1_000_000;

    private readonly ulong[] _keys;
    private readonly long[] _full;
    private readonly BriefLock[] _locks;
    private readonly ulong _mask;
    private long _forgotten;

    /// <param name="keys">How many keys are remembered at least, at least 1.</param>
    public RateTable(int keys)
    {
        var sets = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)((keys + Ways - 1) / Ways));
        (_keys, _full, _locks, _mask) = (new ulong[sets * Ways], new long[sets * Ways], new BriefLock[sets], (ulong)sets - 1);
    }

    /// <summary>Tells others of what is let through; null where nobody else counts. Set before the first request is counted.</summary>
    public ChangeQueue<Taking>? Taken { get; init; }

    /// <summary>Nanoseconds that it takes at most until a key has all its requests again, by the rules that were named.</summary>
    public long Longest { get; private set; }

    /// <summary>Names a rule by which keys are going to be counted. From the thread that makes the plan.</summary>
    /// <param name="rule">It.</param>
    public void Expect(in RateRule rule) => Longest = Math.Max(Longest, (long)Int128.Min(long.MaxValue, (Int128)rule.Interval * (rule.Burst + 1L)));

    /// <summary>How many keys were forgotten before they had all their requests again.</summary>
    public long Forgotten => Volatile.Read(ref _forgotten);

    /// <summary>Counts a request of a key.</summary>
    /// <param name="key">A keyed hash of it: who can guess the key chooses whom to be counted with.</param>
    /// <param name="rule">What it may do.</param>
    /// <param name="now">Monotonic milliseconds, at least 1.</param>
    public RateVerdict Take(ulong key, in RateRule rule, long now) => Look(key, rule, now, counts: true);

    /// <summary>Says what would become of a request of a key, without counting it.</summary>
    public RateVerdict Peek(ulong key, in RateRule rule, long now) => Look(key, rule, now, counts: false);

    private RateVerdict Look(ulong key, in RateRule rule, long now, bool counts)
    {
        var (set, at) = ((int)(key & _mask), now * NanosecondsPerMillisecond);
        ref var gate = ref _locks[set];
        gate.Enter();
        var place = Find(set * Ways, key, at);
        var excess = Math.Max(0, _full[place] - at);
        var passes = excess <= rule.Burst * rule.Interval;
        if (passes && counts)
            _full[place] = at + excess + rule.Interval;
        gate.Leave();
        if (passes && counts && Taken is { } taken)
            taken.Add(new(key, rule.Interval, rule.Burst));
        var wait = excess - ((passes ? rule.Delay : rule.Burst) * rule.Interval);
        return new(passes, wait <= 0 ? 0 : (wait + NanosecondsPerMillisecond - 1) / NanosecondsPerMillisecond);
    }

    /// <summary>Nanoseconds until a key has all its requests again.</summary>
    /// <param name="key">The key, hashed.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    public long ExcessOf(ulong key, long now)
    {
        var set = (int)(key & _mask);
        var excess = 0L;
        ref var gate = ref _locks[set];
        gate.Enter();
        for (var place = set * Ways; place < (set + 1) * Ways; place++)
        {
            if (_keys[place] == key)
                excess = Math.Max(0, _full[place] - (now * NanosecondsPerMillisecond));
        }

        gate.Leave();
        return excess;
    }

    /// <summary>Lets a key have all its requests again no sooner than others say. Order and repetition change nothing.</summary>
    /// <param name="key">The key, hashed.</param>
    /// <param name="excess">Nanoseconds until it has them.</param>
    /// <param name="now">Monotonic milliseconds, when that was so.</param>
    public void Raise(ulong key, long excess, long now)
    {
        var (set, at) = ((int)(key & _mask), now * NanosecondsPerMillisecond);
        if (excess <= 0)
            return;
        ref var gate = ref _locks[set];
        gate.Enter();
        var place = Find(set * Ways, key, at);
        _full[place] = Math.Max(_full[place], at + excess);
        gate.Leave();
    }

    /// <summary>Another number after each change, but for one in very many; of the keys that <see cref="Entries"/> has.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <param name="least">Nanoseconds.</param>
    public ulong Version(long now, long least = 0)
    {
        var (sum, at) = (0UL, (now * NanosecondsPerMillisecond) + least);
        for (var place = 0; place < _full.Length; place++)
        {
            if (Volatile.Read(ref _full[place]) is var full && full > at)
                sum += (ulong)full * (_keys[place] | 1);
        }

        return sum;
    }

    /// <summary>The keys that have not all their requests again, each with the nanoseconds until it has, as it was at some moment of the call.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <param name="least">Nanoseconds; keys that have them within that are left out.</param>
    public List<(ulong Key, long Excess)> Entries(long now, long least = 0)
    {
        // Of millions a list that grows would leave as much behind as it holds.
        var at = now * NanosecondsPerMillisecond;
        var entries = new List<(ulong, long)>(Count(at + least));
        Span<(ulong Key, long Excess)> found = stackalloc (ulong, long)[Ways];
        for (var set = 0; set < _locks.Length; set++)
        {
            // Nothing that may take time, as a list that grows, is done while loops wait.
            var count = 0;
            ref var gate = ref _locks[set];
            gate.Enter();
            for (var place = set * Ways; place < (set + 1) * Ways; place++)
            {
                if (_full[place] > at + least)
                    found[count++] = (_keys[place], _full[place] - at);
            }

            gate.Leave();
            entries.AddRange(found[..count]);
        }

        return entries;
    }

    private int Count(long after)
    {
        var count = 0;
        foreach (ref readonly var full in _full.AsSpan())
            count += Volatile.Read(in full) > after ? 1 : 0;
        return count;
    }

    /// <summary>The key's place, or one that is made its own.</summary>
    private int Find(int first, ulong key, long at)
    {
        var least = first;
        for (var place = first; place < first + Ways; place++)
        {
            if (_keys[place] == key)
                return place;
            if (_full[place] < _full[least])
                least = place;
        }

        if (_full[least] > at)
            _forgotten++;
        (_keys[least], _full[least]) = (key, 0);
        return least;
    }
}
