using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Engine.Tracking;

/// <summary>What one request, or one connection, is counted by. Used again and again; owned by its loop.</summary>
internal sealed class TrackedKeys
{
    private readonly CounterTable?[] _tables = new CounterTable?[TrackSettings.Slots];
    private readonly UInt128[] _keys = new UInt128[TrackSettings.Slots];
    private readonly int[] _lengths = new int[TrackSettings.Slots];
    private readonly byte[]?[] _texts = new byte[]?[TrackSettings.Slots];

    /// <summary>The table that counts by a slot; null where none does.</summary>
    public CounterTable? TableOf(int slot) => _tables[slot];

    /// <summary>The key of a slot, hashed.</summary>
    public UInt128 KeyOf(int slot) => _keys[slot];

    /// <summary>The key of a slot.</summary>
    public ReadOnlySpan<byte> TextOf(int slot) => _texts[slot].AsSpan(0, _lengths[slot]);

    /// <summary>Counts by a key from now on; a slot that is taken stays as it is.</summary>
    /// <returns>Whether it counts now and did not before.</returns>
    public bool Enter(int slot, CounterTable table, ReadOnlySpan<byte> text, long now)
    {
        if (_tables[slot] is not null || text.IsEmpty)
            return false;
        var key = table.KeyOf(text);
        if (!table.Enter(key, text, now))
            return false;
        if (_texts[slot] is not { } kept || kept.Length < table.Settings.KeyLength)
            _texts[slot] = kept = new byte[table.Settings.KeyLength];
        var length = Math.Min(text.Length, table.Settings.KeyLength);
        text[..length].CopyTo(kept);
        (_tables[slot], _keys[slot], _lengths[slot]) = (table, key, length);
        return true;
    }

    /// <summary>Counts something by every slot.</summary>
    public void Count(CounterKind kind, long events, long now)
    {
        if (events == 0)
            return;
        for (var slot = 0; slot < _tables.Length; slot++)
            _tables[slot]?.Count(_keys[slot], kind, events, now);
    }

    /// <summary>Counts no more.</summary>
    public void Leave(long now)
    {
        for (var slot = 0; slot < _tables.Length; slot++)
        {
            _tables[slot]?.Leave(_keys[slot], now);
            _tables[slot] = null;
        }
    }
}
