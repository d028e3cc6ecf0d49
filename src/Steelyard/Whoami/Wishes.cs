using System.Globalization;
using Steelyard.Config;
using Steelyard.Config.Text;

namespace Steelyard.Whoami;

/// <summary>How the answer shall be, asked for in the query: <c>?delay=200ms&amp;status=503&amp;size=100KiB&amp;close=1&amp;chunked=1</c>.</summary>
internal sealed record Wishes
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromHours(1);
    private static readonly ByteSize LargestSize = ByteSize.FromKibibytes(1L << 30);

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
            Delay = Value<TimeSpan>("delay", TryReadDelay, $"at most {DurationText.Write(LongestDelay)}, {DurationText.Example}"),
            Status = Value<int?>("status", TryReadStatus, "a status from 200 to 599") ?? StatusCodes.Status200OK,
            Size = Value<ByteSize?>("size", TryReadSize, $"at most {LargestSize}, such as 100KiB"),
            Close = Value<bool>("close", TryReadSwitch, "0 or 1"),
            Chunked = Value<bool>("chunked", TryReadSwitch, "0 or 1"),
        };
        return problems;

        T? Value<T>(string name, TryRead<T> read, string expected)
        {
            if (!query.TryGetValue(name, out var text))
                return default;
            if (text.Count == 1 && read(text[0]!, out var value))
                return value;
            problems.Add($"{name}={text}: expected {expected}");
            return default;
        }
    }

    private delegate bool TryRead<T>(string text, out T value);

    private static bool TryReadDelay(string text, out TimeSpan delay) =>
        DurationText.TryParse(text, out delay, out _) && delay <= LongestDelay;

    private static bool TryReadStatus(string text, out int? status)
    {
        status = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        return status is >= 200 and <= 599;
    }

    private static bool TryReadSize(string text, out ByteSize? size)
    {
        var read = ByteSize.TryParse(text, out var bytes, out string? _);
        size = bytes;
        return read && bytes <= LargestSize;
    }

    private static bool TryReadSwitch(string text, out bool on)
    {
        on = text == "1";
        return text is "0" or "1";
    }
}
