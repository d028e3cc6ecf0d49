using System.Buffers;
using System.Globalization;
using Steelyard.Config.Dialects;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml;

namespace Steelyard.Config.Compose;

/// <summary>Values as the Compose specification writes them.</summary>
internal static class ComposeValues
{
    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789.");

    private static readonly (string Unit, double Milliseconds)[] s_times = [("us", 0.001), ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

    /// <summary>The longest pause that a service may be given.</summary>
    public static readonly TimeSpan Day = TimeSpan.FromHours(24);

    /// <summary>A mapping with keys of its own; those of other programs are passed over.</summary>
    public static void ReadInto(KeyUse<ComposeService> use, KeyRows<ComposeService> rows)
    {
        if (use.Value is YamlMapping mapping)
            rows.Read(mapping, use.Target, use.Problems, key => key.StartsWith("x-", StringComparison.Ordinal));
        else
            use.Refuse("a mapping");
    }

    /// <summary>What one of some words means; the meaning of the first, and a problem, for any other.</summary>
    public static T Word<TTarget, T>(KeyUse<TTarget> use, params ReadOnlySpan<(string Word, T Value)> words)
    {
        foreach (var (word, value) in words)
        {
            if (use.Value is YamlText text && text.Value == word)
                return value;
        }

        use.Refuse(Shown.OneOf([.. words.ToArray().Select(word => word.Word)]));
        return words[0].Value;
    }

    /// <summary>One of some words; the first, and a problem, for any other.</summary>
    public static string Word<TTarget>(KeyUse<TTarget> use, params ReadOnlySpan<string> words) =>
        Word(use, Array.ConvertAll(words.ToArray(), static word => (word, word)));

    /// <summary>A duration such as 1m30s, at most so long; null, and a problem, for what is none.</summary>
    public static TimeSpan? Time<T>(KeyUse<T> use, TimeSpan most)
    {
        if (!use.TryText("a duration such as 10s or 1m30s", out var text))
            return null;
        var sum = 0.0;
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(s_digits);
            var unit = digits < 0 ? [] : rest[digits..];
            var letters = unit.IndexOfAnyExceptInRange('a', 'z');
            unit = letters < 0 ? unit : unit[..letters];
            var found = -1;
            for (var i = 0; i < s_times.Length; i++)
                found = unit.SequenceEqual(s_times[i].Unit) ? i : found;
            if (digits < 1 || found < 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
            {
                sum = double.NaN;
                break;
            }

            sum += count * s_times[found].Milliseconds;
            rest = rest[(digits + unit.Length)..];
        }

        if (text.Length == 0 || !(sum <= most.TotalMilliseconds))
        {
            use.Refuse($"a duration such as 10s or 1m30s, {DurationText.Write(most)} at most");
            return null;
        }

        return TimeSpan.FromMilliseconds(Math.Floor(sum));
    }

    /// <summary>A size such as 512M, of at least 1 MiB; null, and a problem, for what is none.</summary>
    public static ByteSize? Size<T>(KeyUse<T> use)
    {
        if (!use.TryText("a size such as 512M or 1gb", out var text))
            return null;
        var number = text.AsSpan().TrimEnd("bB");
        var factor = number.IsEmpty ? 1L : char.ToLowerInvariant(number[^1]) switch { 'k' => 1024, 'm' => 1024 * 1024, 'g' => 1024 * 1024 * 1024, _ => 1 };
        if (factor > 1)
            number = number[..^1];
        if (decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) && count * factor is >= 1024 * 1024 and <= 1L << 40)
            return ByteSize.FromKibibytes((long)(count * factor) / 1024);
        use.Refuse("a size such as 512M or 1gb, at least 1 MiB");
        return null;
    }

    /// <summary>A command: a list of words, or a text that is split as a shell does, without one.</summary>
    public static IReadOnlyList<string>? Command<T>(KeyUse<T> use)
    {
        if (use.Value is YamlText line)
        {
            if (CommandText.TrySplit(line.Value, out var words, out var mistake))
                return [.. words.AsEnumerable()];
            use.Problems.Error(line.Place, mistake);
            return null;
        }

        return use.TryList("a text, or a list of words", out var items) ? [.. items.Select(item => item.Value)] : null;
    }
}
