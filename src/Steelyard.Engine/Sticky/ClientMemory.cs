using System.Buffers.Binary;
using System.Text;
using Steelyard.Balancing.Sticky;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Sticky;

/// <summary>The clients that pools remember, and what limits have let through, as they outlive an engine: in a file, or on the way to the next one.</summary>
/// <param name="Key">What the engine signs and hashes with that the configuration does not say; 32 bytes.</param>
/// <param name="Bytes">All of it, as it is kept.</param>
public sealed record ClientMemory(byte[] Key, ReadOnlyMemory<byte> Bytes)
{
    private const int KeyLength = 32;
    private const int ClientLength = 32;
    private const int RateLength = 16;
    private const int RoomForHead = 1024;
    private const long NanosecondsPerMillisecond = 1_000_000;

    // A file of another version is a file of strangers; but who comes from the first, which knew no rates, keeps its clients.
    private static ReadOnlySpan<byte> Start => "steelyard clients 2\n"u8;
    private static ReadOnlySpan<byte> FirstStart => "steelyard clients 1\n"u8;

    /// <summary>Reads what was kept.</summary>
    /// <returns>Null where it is something else, or not all of it.</returns>
    public static ClientMemory? Read(ReadOnlyMemory<byte> bytes) => Read(bytes.Span, [], [], 0, 0) ? new(bytes.Slice(Start.Length, KeyLength).ToArray(), bytes) : null;

    internal static ClientMemory Of(byte[] key, IReadOnlyList<(string Pool, StickTable Table)> pools, IReadOnlyList<KeptRate> rates, long now, DateTime utcNow, long least = 0)
    {
        // What others write down and read at another time is by the calendar.
        var calendar = Calendar(utcNow);
        var stream = new MemoryStream();
        stream.Write(Start);
        stream.Write(key);
        Span<byte> bytes = stackalloc byte[ClientLength];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, calendar);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], pools.Count);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], rates.Count);
        stream.Write(bytes[..16]);
        foreach (var (pool, table) in pools)
        {
            var entries = table.Entries(now);
            WriteHead(stream, pool, table.Seed, entries.Count);
            foreach (var entry in entries)
            {
                BinaryPrimitives.WriteUInt128LittleEndian(bytes, entry.Key);
                BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], entry.Server);
                BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], entry.Until + calendar - now);
                stream.Write(bytes);
            }
        }

        // Of millions a stream that grows would leave as much behind as it holds.
        var kept = new List<(ulong Key, long Excess)>[rates.Count];
        var length = stream.Length;
        for (var i = 0; i < kept.Length; i++)
        {
            kept[i] = rates[i].Table.Entries(now, least);
            length += ((long)kept[i].Count * RateLength) + RoomForHead;
        }

        stream.Capacity = (int)Math.Max(stream.Capacity, Math.Min(length, Array.MaxLength));
        for (var i = 0; i < kept.Length; i++)
        {
            WriteHead(stream, rates[i].Name, (ulong)rates[i].Seed, kept[i].Count);
            foreach (var (hash, excess) in kept[i])
            {
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, hash);
                BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], excess);
                stream.Write(bytes[..RateLength]);
            }
        }

        return new(key, stream.GetBuffer().AsMemory(0, (int)stream.Length));
    }

    private static void WriteHead(MemoryStream stream, string text, ulong seed, int count)
    {
        Span<byte> bytes = stackalloc byte[12];
        var name = Encoding.UTF8.GetBytes(text);
        BinaryPrimitives.WriteInt32LittleEndian(bytes, name.Length);
        stream.Write(bytes[..4]);
        stream.Write(name);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, seed);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], count);
        stream.Write(bytes);
    }

    internal void Into(IReadOnlyList<(string Pool, StickTable Table)> pools, IReadOnlyList<KeptRate> rates, long now, DateTime utcNow) => Read(Bytes.Span, pools, rates, now, Calendar(utcNow));

    private static bool Read(ReadOnlySpan<byte> rest, IReadOnlyList<(string Pool, StickTable Table)> pools, IReadOnlyList<KeptRate> rates, long now, long calendar)
    {
        var isFirst = rest.StartsWith(FirstStart);
        if (rest.Length < Start.Length + KeyLength + (isFirst ? 0 : 16) || !(isFirst || rest.StartsWith(Start)))
            return false;
        rest = rest[(Start.Length + KeyLength)..];
        var (kept, ofPools, ofRates) = (0L, int.MaxValue, 0);
        if (!isFirst)
        {
            kept = BinaryPrimitives.ReadInt64LittleEndian(rest);
            (ofPools, ofRates) = (BinaryPrimitives.ReadInt32LittleEndian(rest[8..]), BinaryPrimitives.ReadInt32LittleEndian(rest[12..]));
            rest = rest[16..];
        }

        for (var i = 0; i < ofPools && !(isFirst && rest.IsEmpty); i++)
        {
            if (!TryReadPart(ref rest, ClientLength, out var name, out var seed, out var entries))
                return false;
            foreach (var (pool, table) in pools)
            {
                // By another seed they are other clients.
                if (pool == name && table.Seed == seed)
                    Into(table, entries, now, calendar - now);
            }
        }

        for (var i = 0; i < ofRates; i++)
        {
            if (!TryReadPart(ref rest, RateLength, out var name, out var seed, out var entries))
                return false;
            foreach (var rate in rates)
            {
                if (rate.Name == name && (ulong)rate.Seed == seed)
                    Into(rate, entries, now, Math.Max(0, calendar - kept));
            }
        }

        return ofPools >= 0 && ofRates >= 0 && rest.IsEmpty;
    }

    private static void Into(StickTable table, ReadOnlySpan<byte> entries, long now, long toCalendar)
    {
        for (; !entries.IsEmpty; entries = entries[ClientLength..])
        {
            // Nobody is remembered for longer than if it were seen now, whatever the calendar was set to meanwhile.
            var until = Math.Min(BinaryPrimitives.ReadInt64LittleEndian(entries[24..]) - toCalendar, now + table.Expire);
            if (until > now)
                table.Merge(new(BinaryPrimitives.ReadUInt128LittleEndian(entries), BinaryPrimitives.ReadUInt64LittleEndian(entries[16..]), until));
        }
    }

    private static void Into(KeptRate rate, ReadOnlySpan<byte> entries, long now, long elapsed)
    {
        for (; !entries.IsEmpty; entries = entries[RateLength..])
            rate.Table.Raise(BinaryPrimitives.ReadUInt64LittleEndian(entries), BinaryPrimitives.ReadInt64LittleEndian(entries[8..]) - (elapsed * NanosecondsPerMillisecond), now);
    }

    private static bool TryReadPart(ref ReadOnlySpan<byte> rest, int entryLength, out string name, out ulong seed, out ReadOnlySpan<byte> entries)
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
        if (count < 0 || (long)count * entryLength > rest.Length)
            return false;
        entries = rest[..(count * entryLength)];
        rest = rest[(count * entryLength)..];
        return true;
    }

    private static long Calendar(DateTime utcNow) => (utcNow.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond;
}
