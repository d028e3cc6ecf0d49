using Steelyard.Engine.Network;

namespace Steelyard.Engine.Logging;

/// <summary>
/// The wall clock of one loop's lines: read at most once a second, and carried on by the loop's own clock. Written in local
/// time, as HAProxy and nginx do, and anew only where the second is another one. Owned by its loop.
/// </summary>
internal sealed class LogClock(NetworkDriver network)
{
    // 28/Nov/2026:17:43:38, with the zone behind it.
    private const int SecondLength = 20;
    private const int ZoneLength = 5;

    private static readonly string[] s_months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

    private readonly byte[] _text = new byte[SecondLength + ZoneLength];
    private long _second = -1;
    private DateTime _base;
    private long _readAt = long.MinValue / 2;

    /// <summary>The time in UTC at a moment of the loop's clock.</summary>
    /// <param name="moment">The moment, in the loop's milliseconds; not after now.</param>
    /// <param name="now">The loop's clock.</param>
    public DateTime At(long moment, long now)
    {
        if (now - _readAt >= 1000)
        {
            // The loop's clock is as old as what woke it.
            (_base, _readAt) = (network.UtcNow.AddMilliseconds(now - network.Milliseconds), now);
        }

        return _base.AddMilliseconds(moment - _readAt);
    }

    /// <summary>Writes a time as <c>28/Nov/2026:17:43:38.123</c>.</summary>
    public void WriteWithMilliseconds(ref LineWriter writer, DateTime time)
    {
        Prepare(time);
        writer.Write(_text.AsSpan(0, SecondLength));
        writer.Write((byte)'.');
        WriteDigits(ref writer, time.Millisecond, 3);
    }

    /// <summary>Writes a time as <c>28/Nov/2026:17:43:38 +0100</c>.</summary>
    public void WriteWithZone(ref LineWriter writer, DateTime time)
    {
        Prepare(time);
        writer.Write(_text.AsSpan(0, SecondLength));
        writer.Write((byte)' ');
        writer.Write(_text.AsSpan(SecondLength, ZoneLength));
    }

    /// <summary>Writes a time as <c>2026-11-28T16:43:38.123Z</c>.</summary>
    public static void WriteUtc(ref LineWriter writer, DateTime time)
    {
        WriteIso(ref writer, time);
        writer.Write((byte)'.');
        WriteDigits(ref writer, time.Millisecond, 3);
        writer.Write((byte)'Z');
    }

    /// <summary>Writes a time as <c>2026-11-28T17:43:38+01:00</c>.</summary>
    public static void WriteIsoWithZone(ref LineWriter writer, DateTime time)
    {
        var offset = TimeZoneInfo.Local.GetUtcOffset(time);
        WriteIso(ref writer, time + offset);
        WriteOffset(ref writer, offset, ":"u8);
    }

    /// <summary>Writes a time as <c>28/Nov/2026:16:43:38 +0000</c>.</summary>
    public static void WriteUtcWithZone(ref LineWriter writer, DateTime time)
    {
        WriteDate(ref writer, time);
        writer.Write((byte)' ');
        WriteOffset(ref writer, TimeSpan.Zero, default);
    }

    /// <summary>The name of a month, in three letters.</summary>
    public static string MonthOf(DateTime time) => s_months[time.Month - 1];

    private void Prepare(DateTime time)
    {
        var second = time.Ticks / TimeSpan.TicksPerSecond;
        if (second == _second)
            return;
        _second = second;
        var offset = TimeZoneInfo.Local.GetUtcOffset(time);
        Span<byte> room = stackalloc byte[_text.Length + 1];
        var writer = new LineWriter(room);
        WriteDate(ref writer, time + offset);
        WriteOffset(ref writer, offset, default);
        room[..writer.Length].CopyTo(_text);
    }

    private static void WriteDate(ref LineWriter writer, DateTime time)
    {
        WriteDigits(ref writer, time.Day, 2);
        writer.Write((byte)'/');
        foreach (var letter in MonthOf(time))
            writer.Write((byte)letter);
        writer.Write((byte)'/');
        WriteDigits(ref writer, time.Year, 4);
        writer.Write((byte)':');
        WriteTime(ref writer, time);
    }

    private static void WriteIso(ref LineWriter writer, DateTime time)
    {
        WriteDigits(ref writer, time.Year, 4);
        writer.Write((byte)'-');
        WriteDigits(ref writer, time.Month, 2);
        writer.Write((byte)'-');
        WriteDigits(ref writer, time.Day, 2);
        writer.Write((byte)'T');
        WriteTime(ref writer, time);
    }

    private static void WriteOffset(ref LineWriter writer, TimeSpan offset, scoped ReadOnlySpan<byte> between)
    {
        writer.Write(offset < TimeSpan.Zero ? (byte)'-' : (byte)'+');
        WriteDigits(ref writer, Math.Abs(offset.Hours), 2);
        writer.Write(between);
        WriteDigits(ref writer, Math.Abs(offset.Minutes), 2);
    }

    private static void WriteTime(ref LineWriter writer, DateTime time)
    {
        WriteDigits(ref writer, time.Hour, 2);
        writer.Write((byte)':');
        WriteDigits(ref writer, time.Minute, 2);
        writer.Write((byte)':');
        WriteDigits(ref writer, time.Second, 2);
    }

    /// <summary>Writes a number with zeros before it: 2, 3 or 4 digits.</summary>
    public static void WriteDigits(ref LineWriter writer, int number, int digits)
    {
        var power = digits switch { 2 => 10, 3 => 100, _ => 1000 };
        for (; power > 0; power /= 10)
            writer.Write((byte)('0' + (number / power % 10)));
    }
}
