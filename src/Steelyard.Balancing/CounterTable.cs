using System.IO.Hashing;
using System.Text;
using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>A key of a table, as it was at some moment.</summary>
/// <param name="Key">The key.</param>
/// <param name="Open">How many connections or requests are tracked by it now.</param>
/// <param name="Left">How long it is kept, in milliseconds; null for as long as there is room.</param>
/// <param name="Values">What the table stores of it, in the order of its settings.</param>
public sealed record CounterEntry(string Key, int Open, long? Left, long[] Values);

/// <summary>
/// What keys have done (HAProxy: stick-table with store). Of fixed size: eight keys to a set, and in a full set the one is
/// forgotten that was seen first and is not tracked now. All loops use it at once; a set is held for some tens of
/// nanoseconds. Rates are HAProxy's: the present period, and of the one before what is still within the time. All times are
/// monotonic milliseconds.
/// </summary>
public sealed class CounterTable
{
    private const int Ways = 8;

    private readonly Slot[] _slots;
    private readonly byte[] _texts;
    private readonly long[] _values;
    private readonly BriefLock[] _locks;
    private readonly int[] _offsets = new int[CounterWords.All.Count];
    private readonly long[] _periods = new long[CounterWords.All.Count];
    private readonly int _stride;
    private readonly long _expire;
    private readonly ulong _mask;
    private readonly ulong _seed;

    private struct Slot
    {
        public UInt128 Key;
        public long Until;
        public int Open;
        public int Length;
    }

    /// <param name="settings">What it counts.</param>
    /// <param name="seed">What keys are hashed with: who does not know it cannot aim at another's place.</param>
    public CounterTable(CounterTableSettings settings, ulong seed)
    {
        Settings = settings;
        Array.Fill(_offsets, -1);
        foreach (var (kind, period) in settings.Store)
        {
            _offsets[(int)kind] = _stride;
            _periods[(int)kind] = (long)period.TotalMilliseconds;
            _stride += CounterWords.IsRate(kind) ? 3 : 1;
        }

        var sets = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)((settings.Size + Ways - 1) / Ways));
        (_slots, _locks, _mask, _seed) = (new Slot[sets * Ways], new BriefLock[sets], (ulong)sets - 1, seed);
        (_texts, _values) = (new byte[(long)sets * Ways * settings.KeyLength], new long[(long)sets * Ways * Math.Max(_stride, 1)]);
        _expire = settings.Expire is { } expire ? (long)expire.TotalMilliseconds : long.MaxValue / 2;
    }

    /// <summary>What it counts.</summary>
    public CounterTableSettings Settings { get; }

    /// <summary>A key as it is looked for. What is beyond <see cref="CounterTableSettings.KeyLength"/> does not count.</summary>
    public UInt128 KeyOf(ReadOnlySpan<byte> text) => XxHash128.HashToUInt128(Cut(text), (long)_seed);

    /// <summary>Whether it counts something.</summary>
    public bool Stores(CounterKind kind) => kind == CounterKind.Open || _offsets[(int)kind] >= 0;

    /// <summary>A connection or a request is tracked by a key from now on, and counted.</summary>
    /// <returns>Whether there was room for it.</returns>
    public bool Enter(UInt128 key, ReadOnlySpan<byte> text, long now)
    {
        var set = SetOf(key);
        ref var gate = ref _locks[set];
        gate.Enter();
        var place = FindOrMake(set, key, text, now);
        if (place >= 0)
        {
            _slots[place].Open++;
            Touch(place, now);
            Add(place, CounterKind.Connections, 1, now);
        }

        gate.Leave();
        return place >= 0;
    }

    /// <summary>It is not tracked any more.</summary>
    public void Leave(UInt128 key, long now)
    {
        var set = SetOf(key);
        ref var gate = ref _locks[set];
        gate.Enter();
        var place = Find(set, key, now);
        if (place >= 0 && _slots[place].Open > 0)
        {
            _slots[place].Open--;
            Touch(place, now);
        }

        gate.Leave();
    }

    /// <summary>Counts events of a key that is there, and their rate.</summary>
    public void Count(UInt128 key, CounterKind kind, long events, long now)
    {
        var set = SetOf(key);
        ref var gate = ref _locks[set];
        gate.Enter();
        var place = Find(set, key, now);
        if (place >= 0)
        {
            Add(place, kind, events, now);
            Touch(place, now);
        }

        gate.Leave();
    }

    /// <summary>Whether a key is there.</summary>
    public bool Has(UInt128 key, long now)
    {
        var set = SetOf(key);
        ref var gate = ref _locks[set];
        gate.Enter();
        var place = Find(set, key, now);
        gate.Leave();
        return place >= 0;
    }

    /// <summary>Asks for a counter, or changes it.</summary>
    /// <param name="key">The key.</param>
    /// <param name="text">Its text, for one that is made by being changed; empty to make none.</param>
    /// <param name="asked">The counter and what is done with it.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <param name="value">The counter; 0 of a key that is not there.</param>
    /// <returns>Whether the table stores it.</returns>
    public bool TryAsk(UInt128 key, ReadOnlySpan<byte> text, in AskedCounter asked, long now, out long value)
    {
        value = 0;
        if (!Stores(asked.Kind))
            return false;
        var set = SetOf(key);
        ref var gate = ref _locks[set];
        gate.Enter();
        var place = asked.Operation == CounterOperation.Read || text.IsEmpty ? Find(set, key, now) : FindOrMake(set, key, text, now);
        if (place >= 0)
        {
            switch (asked.Operation)
            {
                case CounterOperation.Increment:
                    Add(place, asked.Kind, 1, now);
                    value = Read(place, asked.Kind, now);
                    Touch(place, now);
                    break;
                case CounterOperation.Clear:
                    value = Read(place, asked.Kind, now);
                    At(place, asked.Kind) = 0;
                    Touch(place, now);
                    break;
                case CounterOperation.Set when CounterWords.IsRate(asked.Kind):
                    // HAProxy: as if so many had come now.
                    value = asked.Number;
                    var rate = RateAt(place, asked.Kind);
                    (rate[0], rate[1], rate[2]) = (now, value, 0);
                    Touch(place, now);
                    break;
                case CounterOperation.Set:
                    At(place, asked.Kind) = value = asked.Number;
                    Touch(place, now);
                    break;
                default:
                    value = Read(place, asked.Kind, now);
                    break;
            }
        }

        gate.Leave();
        return true;
    }

    /// <summary>Forgets a key that is not tracked now.</summary>
    /// <returns>Whether it is forgotten.</returns>
    public bool Remove(UInt128 key, long now)
    {
        var set = SetOf(key);
        ref var gate = ref _locks[set];
        gate.Enter();
        var place = Find(set, key, now);
        var removes = place >= 0 && _slots[place].Open == 0;
        if (removes)
            _slots[place] = default;
        gate.Leave();
        return removes;
    }

    /// <summary>All keys, each as it was at some moment of the call.</summary>
    public List<CounterEntry> Entries(long now)
    {
        var entries = new List<CounterEntry>();
        for (var set = 0; set < _locks.Length; set++)
        {
            for (var place = set * Ways; place < (set + 1) * Ways; place++)
            {
                // Empty ones are passed without a lock: most of a large table.
                if (Volatile.Read(ref _slots[place].Length) == 0)
                    continue;
                var values = new long[Settings.Store.Count];
                _locks[set].Enter();
                var slot = _slots[place];
                for (var i = 0; i < values.Length; i++)
                    values[i] = Read(place, Settings.Store[i].Kind, now);
                var text = Encoding.UTF8.GetString(TextOf(place, slot.Length));
                _locks[set].Leave();
                if (IsThere(slot, now))
                    entries.Add(new(text, slot.Open, Settings.Expire is null ? null : Math.Max(0, slot.Until - now), values));
            }
        }

        return entries;
    }

    private ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> text) => text.Length > Settings.KeyLength ? text[..Settings.KeyLength] : text;

    private int SetOf(UInt128 key) => (int)((ulong)key & _mask);

    private Span<byte> TextOf(int place, int length) => _texts.AsSpan(place * Settings.KeyLength, length);

    private static bool IsThere(in Slot slot, long now) => slot.Length > 0 && (slot.Open > 0 || slot.Until > now);

    private void Touch(int place, long now) => _slots[place].Until = now + _expire;

    private int Find(int set, UInt128 key, long now)
    {
        for (var place = set * Ways; place < (set + 1) * Ways; place++)
        {
            if (_slots[place].Key == key && IsThere(_slots[place], now))
                return place;
        }

        return -1;
    }

    private int FindOrMake(int set, UInt128 key, ReadOnlySpan<byte> text, long now)
    {
        var found = Find(set, key, now);
        text = Cut(text);
        if (found >= 0 || text.IsEmpty)
            return found;
        for (var place = set * Ways; place < (set + 1) * Ways; place++)
        {
            ref readonly var slot = ref _slots[place];
            if (slot.Open == 0 && (found < 0 || slot.Until < _slots[found].Until))
                found = place;
        }

        if (found < 0 || (!Settings.Evict && IsThere(_slots[found], now)))
            return -1;
        text.CopyTo(TextOf(found, text.Length));
        _values.AsSpan(found * _stride, _stride).Clear();
        _slots[found] = new() { Key = key, Length = text.Length, Until = now + _expire };
        return found;
    }

    private ref long At(int place, CounterKind kind) => ref _values[(place * _stride) + _offsets[(int)kind]];

    private void Add(int place, CounterKind kind, long events, long now)
    {
        if (_offsets[(int)kind] >= 0)
            At(place, kind) += events;
        if (CounterWords.RateOf(kind) is not { } rate || _offsets[(int)rate] < 0)
            return;
        var counted = RateAt(place, rate);
        Turn(counted, _periods[(int)rate], now);
        counted[1] += events;
    }

    private long Read(int place, CounterKind kind, long now)
    {
        if (kind == CounterKind.Open)
            return _slots[place].Open;
        return CounterWords.IsRate(kind) ? ReadRate(RateAt(place, kind), _periods[(int)kind], now) : At(place, kind);
    }

    // When the period began, its events, those of the period before.
    private Span<long> RateAt(int place, CounterKind kind) => _values.AsSpan((place * _stride) + _offsets[(int)kind], 3);

    private static void Turn(Span<long> rate, long period, long now)
    {
        var age = now - rate[0];
        if (age < period)
            return;
        rate[2] = age < period * 2 ? rate[1] : 0;
        rate[1] = 0;
        rate[0] = age < period * 2 ? rate[0] + period : now;
    }

    private static long ReadRate(ReadOnlySpan<long> rate, long period, long now)
    {
        var (begun, present, before) = (rate[0], rate[1], rate[2]);
        var age = now - begun;
        if (age >= period)
        {
            (before, present) = (age < period * 2 ? present : 0, 0);
            age -= period;
        }

        // HAProxy: a very low rate is told as it was, so that it does not flap.
        if (present == 0 && before <= 1)
            return before;
        return (long)(((UInt128)(ulong)before * (ulong)Math.Max(period - age, 0) / (ulong)period) + (ulong)present);
    }
}
