using System.IO.Hashing;
using Steelyard.Balancing.Shared;

namespace Steelyard.Balancing.Sticky;

/// <summary>One client that is remembered: a value that can be copied to another table, here or elsewhere.</summary>
/// <param name="Key">What the client is known by, hashed.</param>
/// <param name="Server">The <see cref="Balancing.Server.Id"/> of its server.</param>
/// <param name="Until">When it is forgotten, in monotonic milliseconds.</param>
public readonly record struct StickEntry(UInt128 Key, ulong Server, long Until);

/// <summary>
/// Which server each client had: so many clients and no more, each until it was not seen for a time. All loops read and
/// write at once: a reader never waits, a writer only for one of the same few entries. Room is taken at once, and nothing
/// is allocated after; who is forgotten is overwritten, so nobody has to look for the dead.
/// </summary>
public sealed class StickTable
{
    // A key has its place among these few. With half as much room again as clients one in a hundred is forgotten before
    // its time when the table is full.
    private const int Ways = 16;
    private const int MostTries = 100;

    // A date is written again only when this part of the time has gone by, so that who only reads shares its cache lines.
    private const int RefreshPart = 16;

    private readonly Slot[] _slots;
    private readonly int[] _versions;
    private readonly long _expire;
    private readonly ulong _seed;
    private ChangeQueue<StickEntry>? _changes;

    private struct Slot
    {
        public UInt128 Key;
        public ulong Server;
        public long Until;
    }

    /// <param name="size">How many clients.</param>
    /// <param name="expire">How long each is remembered after it was seen last.</param>
    /// <param name="seed">What keys are hashed with: a client that does not know it cannot aim at another's place.</param>
    public StickTable(int size, TimeSpan expire, ulong seed)
    {
        var buckets = (int)(((long)size * 3 / 2 / Ways) + 1);
        (_slots, _versions) = (new Slot[buckets * Ways], new int[buckets]);
        (_expire, _seed, Size) = ((long)expire.TotalMilliseconds, seed, size);
    }

    /// <summary>What keys are hashed with: two tables with the same know a client by the same key.</summary>
    public ulong Seed => _seed;

    /// <summary>How long each is remembered after it was seen last, in milliseconds.</summary>
    public long Expire => _expire;

    /// <summary>Tells others of what is learned here; null where nobody else wants to know. May be set while it is used.</summary>
    public ChangeQueue<StickEntry>? Changes
    {
        get => Volatile.Read(ref _changes);
        set => Volatile.Write(ref _changes, value);
    }

    /// <summary>A number that is another one after each change.</summary>
    public long Version
    {
        get
        {
            var sum = 0L;
            foreach (ref readonly var version in _versions.AsSpan())
                sum += Volatile.Read(in version);
            return sum;
        }
    }

    /// <summary>How many clients it is for.</summary>
    public int Size { get; }

    /// <summary>What a client is known by, hashed.</summary>
    public UInt128 KeyOf(ReadOnlySpan<byte> text) => XxHash128.HashToUInt128(text, (long)_seed);

    /// <summary>The server of a client; 0 for none.</summary>
    /// <param name="key">What it is known by.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <param name="touch">Whether it was seen, and so is remembered for longer.</param>
    public ulong Find(UInt128 key, long now, bool touch = true)
    {
        var bucket = BucketOf(key);
        for (var attempt = 0; attempt < MostTries; attempt++)
        {
            var version = Volatile.Read(ref _versions[bucket]);
            var found = default(Slot);
            foreach (ref readonly var slot in SlotsOf(bucket))
            {
                if (slot.Key == key)
                    found = slot;
            }

            Volatile.ReadBarrier();
            if ((version & 1) != 0 || Volatile.Read(ref _versions[bucket]) != version)
            {
                Thread.SpinWait(1);
                continue;
            }

            if (found.Until <= now)
                return 0;
            if (touch && found.Until - now < _expire - (_expire / RefreshPart))
                See(new(key, found.Server, now + _expire));
            return found.Server;
        }

        return 0;
    }

    /// <summary>Remembers the server of a client.</summary>
    /// <param name="key">What it is known by.</param>
    /// <param name="server">The <see cref="Balancing.Server.Id"/> of the server.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    public void Set(UInt128 key, ulong server, long now)
    {
        var entry = new StickEntry(key, server, now + _expire);
        Put(entry);
        Changes?.Add(entry);
    }

    private void See(in StickEntry entry)
    {
        Prolong(entry);
        Changes?.Add(entry);
    }

    /// <summary>Takes an entry as it is. Whoever has the same place and would be forgotten first makes room.</summary>
    public void Put(in StickEntry entry) => Put(entry, onlyIfLater: false);

    /// <summary>
    /// Takes what somebody else remembers, unless the client was seen here later. Whatever the order in which two tables get
    /// each other's entries, they hold the same in the end.
    /// </summary>
    public void Merge(in StickEntry entry) => Put(entry, onlyIfLater: true);

    private void Put(in StickEntry entry, bool onlyIfLater)
    {
        var bucket = BucketOf(entry.Key);
        for (var attempt = 0; attempt < MostTries; attempt++)
        {
            var version = Volatile.Read(ref _versions[bucket]);
            if ((version & 1) != 0 || Interlocked.CompareExchange(ref _versions[bucket], version + 1, version) != version)
            {
                Thread.SpinWait(1);
                continue;
            }

            ref var place = ref PlaceFor(entry.Key, SlotsOf(bucket));
            if (!onlyIfLater || place.Until <= entry.Until)
                (place.Key, place.Server, place.Until) = (entry.Key, entry.Server, entry.Until);
            Volatile.Write(ref _versions[bucket], version + 2);
            return;
        }
    }

    /// <summary>Writes a later date, unless the client is another server's meanwhile, or has been overwritten.</summary>
    internal void Prolong(in StickEntry seen)
    {
        var bucket = BucketOf(seen.Key);
        var version = Volatile.Read(ref _versions[bucket]);

        // Who finds the place taken leaves it: the next request of the client writes the date.
        if ((version & 1) != 0 || Interlocked.CompareExchange(ref _versions[bucket], version + 1, version) != version)
            return;
        foreach (ref var slot in SlotsOf(bucket))
        {
            if (slot.Key == seen.Key && slot.Server == seen.Server && slot.Until < seen.Until)
                slot.Until = seen.Until;
        }

        Volatile.Write(ref _versions[bucket], version + 2);
    }

    private static ref Slot PlaceFor(UInt128 key, Span<Slot> slots)
    {
        ref var oldest = ref slots[0];
        foreach (ref var slot in slots)
        {
            if (slot.Key == key)
                return ref slot;
            if (slot.Until < oldest.Until)
                oldest = ref slot;
        }

        return ref oldest;
    }

    /// <summary>All who are remembered, each as it was at some moment of the call.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    public List<StickEntry> Entries(long now)
    {
        var entries = new List<StickEntry>();
        for (var bucket = 0; bucket < _versions.Length; bucket++)
        {
            int version;
            var count = entries.Count;
            do
            {
                entries.RemoveRange(count, entries.Count - count);
                version = Volatile.Read(ref _versions[bucket]);
                foreach (ref readonly var slot in SlotsOf(bucket))
                {
                    if (slot.Until > now)
                        entries.Add(new(slot.Key, slot.Server, slot.Until));
                }

                Volatile.ReadBarrier();
            }
            while ((version & 1) != 0 || Volatile.Read(ref _versions[bucket]) != version);
        }

        return entries;
    }

    private Span<Slot> SlotsOf(int bucket) => _slots.AsSpan(bucket * Ways, Ways);

    private int BucketOf(UInt128 key) => (int)Math.BigMul((ulong)(key >> 64), (ulong)_versions.Length, out _);
}
