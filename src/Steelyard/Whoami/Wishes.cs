using System.Globalization;
using Steelyard.Config;

namespace Steelyard.Whoami;

/// <summary>How the answer shall be, asked for in the query: <c>?delay=200ms&amp;status=503&amp;size=100KiB&amp;close=1&amp;chunked=1</c>.</summary>
internal sealed record Wishes
{
    public TimeSpan Delay { get; private init; }

    public int Status { get; private init; } = 200;

    /// <summary>Null for an answer that describes the request.</summary>
    public ByteSize? Size { get; private init; }

    public bool Close { get; private init; }

    public bool Chunked { get; private init; }

    /// <summary>Reads the query; other names than ours belong to the application that is being imitated and are left alone.</summary>
    /// <param name="query">The query of the request.</param>
    /// <param name="wishes">What was asked for; the defaults where it could not be read.</param>
    /// <returns>What was wrong, a line each; empty when all could be read.</returns>
    public static IReadOnlyList<string> Read(IQueryCollection query, out Wishes wishes)
    {
        var problems = new List<string>();
        wishes = new Wishes
        {
            Delay = Value("delay", TryReadDelay, "a time from 0 to 1h, such as 200ms, 2s or 1m", TimeSpan.Zero),
            Status = Value("status", TryReadStatus, "a status from 200 to 599", 200),
            Size = Value<ByteSize?>("size", TryReadSize, "a size from 0 to 1TiB, such as 100, 100KiB or 1MiB", null),
            Close = Value("close", TryReadSwitch, "0 or 1", fallback: false),
            Chunked = Value("chunked", TryReadSwitch, "0 or 1", fallback: false),
        };
        return problems;

        T Value<T>(string name, TryRead<T> read, string expected, T fallback)
        {
            if (!query.TryGetValue(name, out var text))
                return fallback;
            if (text.Count == 1 && read(text[0]!, out var value))
                return value;
            problems.Add($"{name}={text}: expected {expected}");
            return fallback;
        }
    }

    private delegate bool TryRead<T>(string text, out T value);

    private static bool TryReadStatus(string text, out int status) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out status) && status is >= 200 and <= 599;

    private static bool TryReadSwitch(string text, out bool on)
    {
        on = text == "1";
        return text is "0" or "1";
    }

    private static bool TryReadDelay(string text, out TimeSpan delay)
    {
        (string Unit, double Milliseconds)[] units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
        delay = default;
        foreach (var (unit, milliseconds) in units)
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal) || !TryReadCount(text[..^unit.Length], out var count))
                continue;
            delay = TimeSpan.FromMilliseconds(Math.Min(count, int.MaxValue) * milliseconds);
            return delay <= TimeSpan.FromHours(1);
        }
        return false;
    }

    private static bool TryReadSize(string text, out ByteSize? size)
    {
        (string Unit, int Shift)[] units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40), ("B", 0), ("", 0)];
        size = null;
        foreach (var (unit, shift) in units)
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal) || !TryReadCount(text[..^unit.Length], out var count))
                continue;
            if (count > 1L << (40 - shift))
                return false;
            size = new ByteSize(count << shift);
            return true;
        }
        return false;
    }

    private static bool TryReadCount(string text, out long count) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count);
}
