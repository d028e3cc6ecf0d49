using System.Diagnostics;
using System.Numerics;

namespace Steelyard.Engine.Loops;

/// <summary>
/// Something with a deadline. Most deadlines are moved or cancelled long before they come, so both only write
/// <see cref="Due"/>; the wheel looks at it when the entry's slot comes up, and moves the entry on.
/// </summary>
internal abstract class TimerEntry
{
    /// <summary>No deadline.</summary>
    public const long Never = long.MaxValue;

    internal TimerEntry? Next;
    internal TimerEntry? Previous;

    /// <summary>The tick whose slot holds the entry; -1 when it is in none.</summary>
    internal long Tick = -1;

    /// <summary>The slot that holds the entry.</summary>
    internal int Slot;

    /// <summary>When to expire, in the loop's milliseconds.</summary>
    public long Due { get; internal set; } = Never;

    /// <summary>Forgets the deadline. Costs a write.</summary>
    public void Cancel() => Due = Never;

    /// <summary>Called on the loop once the deadline has passed; <see cref="Due"/> is <see cref="Never"/> again.</summary>
    protected internal abstract void Expire();
}

/// <summary>The deadlines of one loop: two wheels of 256 slots, 8 ms and 2 s wide. Owned by its loop.</summary>
internal sealed class TimerWheel
{
    /// <summary>How late an entry may expire at most, beside the loop's own delays.</summary>
    public const int TickMilliseconds = 1 << TickBits;

    private const int TickBits = 3;
    private const int SlotBits = 8;
    private const int Slots = 1 << SlotBits;
    private const long SlotMask = Slots - 1;

    private readonly TimerEntry?[] _slots = new TimerEntry?[2 * Slots];
    private readonly ulong[] _occupied = new ulong[2 * Slots / 64];
    private long _tick;

    public TimerWheel(long now) => _tick = now >> TickBits;

    /// <summary>How many entries are linked, those with a forgotten deadline included.</summary>
    public int Count { get; private set; }

    /// <summary>Sets or moves a deadline.</summary>
    public void Set(TimerEntry entry, long due)
    {
        entry.Due = due;
        if (due == TimerEntry.Never)
            return;

        // Rounded up: never early.
        var tick = Math.Max((due + TickMilliseconds - 1) >> TickBits, _tick + 1);
        if (entry.Tick >= 0)
        {
            if (entry.Tick <= tick)
                return;
            Unlink(entry);
        }

        Link(entry, tick);
    }

    /// <summary>
    /// Takes an entry out that is not used again. A cancelled one would stay until its slot comes up, and who comes and
    /// goes a thousand times a second would leave a minute's worth of them.
    /// </summary>
    public void Remove(TimerEntry entry)
    {
        entry.Due = TimerEntry.Never;
        if (entry.Tick >= 0)
            Unlink(entry);
    }

    /// <summary>Milliseconds until <see cref="Advance"/> has work, 0 for at once, -1 for never.</summary>
    public int Delay(long now)
    {
        var tick = NextOccupied();
        return tick < 0 ? -1 : (int)Math.Clamp((tick << TickBits) - now, 0, int.MaxValue);
    }

    /// <summary>Expires everything that is due.</summary>
    public void Advance(long now)
    {
        var target = now >> TickBits;
        while (_tick < target)
        {
            var next = NextOccupied();
            if (next < 0 || next > target)
            {
                _tick = target;
                return;
            }

            _tick = next;
            if ((next & SlotMask) == 0)
                Drain(Slots + (int)((next >> SlotBits) & SlotMask), now);
            Drain((int)(next & SlotMask), now);
        }
    }

    private void Drain(int slot, long now)
    {
        var entry = _slots[slot];
        while (entry is not null)
        {
            Unlink(entry);
            if (entry.Due <= now)
            {
                entry.Due = TimerEntry.Never;
                entry.Expire();
            }
            else if (entry.Due != TimerEntry.Never)
            {
                // A cascade from the wide wheel may put an entry into the slot of this very tick, which is drained next.
                Link(entry, Math.Max((entry.Due + TickMilliseconds - 1) >> TickBits, slot >= Slots ? _tick : _tick + 1));
            }

            entry = _slots[slot];
        }
    }

    private void Link(TimerEntry entry, long tick)
    {
        int slot;
        if (tick - _tick < Slots)
        {
            slot = (int)(tick & SlotMask);
        }
        else
        {
            // Beyond the wide wheel the entry waits in its last slot and is moved on from there.
            var wide = Math.Min(tick >> SlotBits, (_tick >> SlotBits) + Slots - 1);
            tick = wide << SlotBits;
            slot = Slots + (int)(wide & SlotMask);
        }

        entry.Tick = tick;
        entry.Slot = slot;
        entry.Previous = null;
        entry.Next = _slots[slot];
        if (entry.Next is not null)
            entry.Next.Previous = entry;
        _slots[slot] = entry;
        _occupied[slot >> 6] |= 1UL << (slot & 63);
        Count++;
    }

    private void Unlink(TimerEntry entry)
    {
        Debug.Assert(entry.Tick >= 0, "The entry is in no slot.");
        if (entry.Previous is not null)
            entry.Previous.Next = entry.Next;
        else
            _slots[entry.Slot] = entry.Next;
        if (entry.Next is not null)
            entry.Next.Previous = entry.Previous;
        if (_slots[entry.Slot] is null)
            _occupied[entry.Slot >> 6] &= ~(1UL << (entry.Slot & 63));
        entry.Next = entry.Previous = null;
        entry.Tick = -1;
        Count--;
    }

    /// <summary>The next tick with anything to drain: a narrow slot, or the cascade of a wide one; -1 for none.</summary>
    private long NextOccupied()
    {
        if (Count == 0)
            return -1;
        var narrow = Distance(0, (int)((_tick + 1) & SlotMask));
        var wide = Distance(Slots, (int)(((_tick >> SlotBits) + 1) & SlotMask));
        var narrowTick = narrow < 0 ? long.MaxValue : _tick + 1 + narrow;
        var wideTick = wide < 0 ? long.MaxValue : ((_tick >> SlotBits) + 1 + wide) << SlotBits;
        return Math.Min(narrowTick, wideTick);
    }

    /// <summary>How many slots lie between <paramref name="from"/> and the next occupied one of a wheel, around its end; -1 for none.</summary>
    private int Distance(int wheel, int from)
    {
        var words = _occupied.AsSpan(wheel >> 6, Slots / 64);
        for (var step = 0; step <= words.Length; step++)
        {
            var index = ((from >> 6) + step) % words.Length;
            var word = words[index];
            if (step == 0)
                word &= ulong.MaxValue << (from & 63);
            else if (step == words.Length)
                word &= ~(ulong.MaxValue << (from & 63));
            if (word != 0)
                return ((index << 6) + BitOperations.TrailingZeroCount(word) - from) & (int)SlotMask;
        }

        return -1;
    }
}
