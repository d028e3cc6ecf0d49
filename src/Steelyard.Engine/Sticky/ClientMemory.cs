using System.Buffers.Binary;
using System.Text;
using Steelyard.Balancing.Sticky;

namespace Steelyard.Engine.Sticky;

/// <summary>The clients that pools remember, as they outlive an engine: in a file, or on the way to the next one.</summary>
/// <param name="Key">What the engine signs and hashes with that the configuration does not say; 32 bytes.</param>
/// <param name="Bytes">All of it, as it is kept.</param>
public sealed record ClientMemory(byte[] Key, ReadOnlyMemory<byte> Bytes)
{
    private const int KeyLength = 32;
    private const int EntryLength = 32;

    // A file of another version is a file of strangers.
    private static ReadOnlySpan<byte> Start => "steelyard clients 1\n"u8;

    /// <summary>Reads what was kept.</summary>
    /// <returns>Null where it is something else, or not all of it.</returns>
    public static ClientMemory? Read(ReadOnlyMemory<byte> bytes)
    {
        var rest = bytes.Span;
        if (rest.Length < Start.Length + KeyLength || !rest.StartsWith(Start))
            return null;
        var key = rest.Slice(Start.Length, KeyLength).ToArray();
        rest = rest[(Start.Length + KeyLength)..];
        while (!rest.IsEmpty)
        {
            if (!TryReadPool(ref rest, out _, out _, out _))
                return null;
        }

        return new(key, bytes);
    }

    internal static ClientMemory Of(byte[] key, IReadOnlyList<(string Pool, StickTable Table)> pools, long now, DateTime utcNow)
    {
        // What others write down and read at another time is by the calendar.
        var toCalendar = Calendar(utcNow) - now;
        var stream = new MemoryStream();
        stream.Write(Start);
        stream.Write(key);
        Span<byte> bytes = stackalloc byte[EntryLength];
        foreach (var (pool, table) in pools)
        {
            var (name, entries) = (Encoding.UTF8.GetBytes(pool), table.Entries(now));
            BinaryPrimitives.WriteInt32LittleEndian(bytes, name.Length);
            stream.Write(bytes[..4]);
            stream.Write(name);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, table.Seed);
            BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], entries.Count);
            stream.Write(bytes[..12]);
            foreach (var entry in entries)
            {
                BinaryPrimitives.WriteUInt128LittleEndian(bytes, entry.Key);
                BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], entry.Server);
                BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], entry.Until + toCalendar);
                stream.Write(bytes);
            }
        }

        return new(key, stream.GetBuffer().AsMemory(0, (int)stream.Length));
    }

    internal void Into(IReadOnlyList<(string Pool, StickTable Table)> pools, long now, DateTime utcNow)
    {
        var toCalendar = Calendar(utcNow) - now;
        var rest = Bytes.Span[(Start.Length + KeyLength)..];
        while (!rest.IsEmpty && TryReadPool(ref rest, out var name, out var seed, out var entries))
        {
            foreach (var (pool, table) in pools)
            {
                // By another seed they are other clients.
                if (pool == name && table.Seed == seed)
                    Into(table, entries, now, toCalendar);
            }
        }
    }

    private static void Into(StickTable table, ReadOnlySpan<byte> entries, long now, long toCalendar)
    {
        for (; !entries.IsEmpty; entries = entries[EntryLength..])
        {
            // Nobody is remembered for longer than if it were seen now, whatever the calendar was set to meanwhile.
            var until = Math.Min(BinaryPrimitives.ReadInt64LittleEndian(entries[24..]) - toCalendar, now + table.Expire);
            if (until > now)
                table.Merge(new(BinaryPrimitives.ReadUInt128LittleEndian(entries), BinaryPrimitives.ReadUInt64LittleEndian(entries[16..]), until));
        }
    }

    private static bool TryReadPool(ref ReadOnlySpan<byte> rest, out string name, out ulong seed, out ReadOnlySpan<byte> entries)
    {
        (name, seed) = ("", 0);
        entries = default;
        var length = rest.Length < 4 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(rest);
        if (length < 0 || length > rest.Length - 16)
            return false;
        name = Encoding.UTF8.GetString(rest.Slice(4, length));
        seed = BinaryPrimitives.ReadUInt64LittleEndian(rest[(4 + length)..]);
        var count = BinaryPrimitives.ReadInt32LittleEndian(rest[(12 + length)..]);
        rest = rest[(16 + length)..];
        if (count < 0 || (long)count * EntryLength > rest.Length)
            return false;
        entries = rest[..(count * EntryLength)];
        rest = rest[(count * EntryLength)..];
        return true;
    }

    private static long Calendar(DateTime utcNow) => (utcNow.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond;
}
