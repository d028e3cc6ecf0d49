using System.Numerics;

namespace Steelyard.Balancing.Shared;

/// <summary>
/// What loops tell one reader in the background, so many changes and no more: nobody waits, and what finds no room is
/// counted and lost. Each place has a number that says whose turn it is (Vyukov's bounded queue).
/// </summary>
/// <typeparam name="T">A change.</typeparam>
public sealed class ChangeQueue<T>
    where T : struct
{
    private readonly Slot[] _slots;
    private readonly int _mask;
    private PaddedCount _written;
    private PaddedCount _lost;

    // The reader's alone.
    private long _read;

    private struct Slot
    {
        public long Turn;
        public T Change;
    }

    /// <param name="room">How many, at least 2; rounded up to a power of two.</param>
    public ChangeQueue(int room)
    {
        _slots = new Slot[(int)BitOperations.RoundUpToPowerOf2((uint)room)];
        _mask = _slots.Length - 1;
        for (var i = 0; i < _slots.Length; i++)
            _slots[i].Turn = i;
    }

    /// <summary>How many found no room.</summary>
    public long Lost => Volatile.Read(ref _lost.Value);

    /// <summary>Tells of a change. May be called from any thread.</summary>
    public void Add(in T change)
    {
        while (true)
        {
            var at = Volatile.Read(ref _written.Value);
            ref var slot = ref _slots[at & _mask];
            var turn = Volatile.Read(ref slot.Turn);
            if (turn < at)
            {
                // It still holds what was written a round ago.
                Interlocked.Increment(ref _lost.Value);
                return;
            }

            if (turn > at || Interlocked.CompareExchange(ref _written.Value, at + 1, at) != at)
                continue;
            slot.Change = change;
            Volatile.Write(ref slot.Turn, at + 1);
            return;
        }
    }

    /// <summary>Takes the first change. The one reader's.</summary>
    public bool TryTake(out T change)
    {
        ref var slot = ref _slots[_read & _mask];
        if (Volatile.Read(ref slot.Turn) != _read + 1)
        {
            change = default;
            return false;
        }

        change = slot.Change;
        Volatile.Write(ref slot.Turn, _read + _slots.Length);
        _read++;
        return true;
    }
}
