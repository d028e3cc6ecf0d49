using System.Globalization;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>A line of a haproxy.cfg, read word after word.</summary>
/// <param name="file">What the whole file says.</param>
/// <param name="section">What its section says.</param>
/// <param name="words">The words.</param>
/// <param name="name">How many of them are the directive's name.</param>
internal sealed class HaproxyUse(HaproxyFile file, HaproxySection section, IReadOnlyList<Word> words, int name)
{
    private static readonly (string Unit, double Milliseconds)[] s_units = [("us", 0.001), ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

    private readonly int _first = name;
    private int _next = name;

    public HaproxyFile File { get; } = file;

    public ProblemList Problems => File.Problems;

    public HaproxySection Section { get; } = section;

    /// <summary>The directive, as the line writes it.</summary>
    public string Directive { get; } = string.Join(' ', words.Take(name).Select(word => word.Text));

    /// <summary>Where the directive stands.</summary>
    public Place Place { get; } = words[0].Place with { End = words[name - 1].Place.End };

    /// <summary>The whole line.</summary>
    public Place Line { get; } = words[0].Place with { End = words[^1].Place.End };

    public bool HasMore => _next < words.Count;

    /// <summary>The word that was taken last, or the directive.</summary>
    public Word Last => words[Math.Max(0, _next - 1)];

    /// <summary>The next word, left where it is; empty at the end.</summary>
    public string Peek => HasMore ? words[_next].Text : "";

    /// <summary>The next word.</summary>
    public Word Take() => words[_next++];

    /// <summary>Goes back by a word.</summary>
    public void Back() => _next--;

    /// <summary>Goes back to the first word behind the directive.</summary>
    public void Rewind() => _next = _first;

    /// <summary>Takes a word, if it is the next.</summary>
    public bool Take(string word)
    {
        if (Peek != word || !HasMore)
            return false;
        _next++;
        return true;
    }

    /// <summary>Takes the next word, which has to be there.</summary>
    public bool TryTake(string what, out Word word)
    {
        word = default;
        if (!HasMore)
        {
            Problems.Error(Line with { Start = Line.End }, $"'{Directive}' without {what}", what);
            return false;
        }

        word = Take();
        return true;
    }

    public bool TryTakeNumber(string what, int least, int most, out int number)
    {
        number = 0;
        if (!TryTake(what, out var word))
            return false;
        if (int.TryParse(word.Text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least && number <= most)
            return true;
        Problems.Error(word.Place, $"{Shown.Quote(word.Text)} is not {what}", $"a whole number from {least} to {most}");
        return false;
    }

    /// <summary>A time: a number of milliseconds, or with one of the units us, ms, s, m, h and d.</summary>
    public bool TryTakeTime(string what, out TimeSpan time)
    {
        time = default;
        if (!TryTake(what, out var word))
            return false;
        if (TryReadTime(word.Text, out time))
            return true;
        Problems.Error(word.Place, $"{Shown.Quote(word.Text)} is not a time", "a number of milliseconds, or one with us, ms, s, m, h or d, such as 5s; at most 24d");
        return false;
    }

    /// <summary>Reads a time as <see cref="TryTakeTime"/> does.</summary>
    public static bool TryReadTime(string text, out TimeSpan time)
    {
        time = default;
        var digits = DecimalText.LeadingDigits(text);
        var unit = digits == text.Length ? "ms" : text[digits..];
        foreach (var (name, milliseconds) in s_units)
        {
            if (name != unit || digits is 0 or > 12)
                continue;
            var total = long.Parse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture) * milliseconds;
            if (total <= int.MaxValue)
            {
                time = TimeSpan.FromMilliseconds(Math.Ceiling(total));
                return true;
            }
        }

        return false;
    }

    /// <summary>A number, with k, m or g for a thousand and so on in steps of 1,024.</summary>
    public bool TryTakeSize(string what, out long size)
    {
        size = 0;
        if (!TryTake(what, out var word))
            return false;
        var digits = DecimalText.LeadingDigits(word.Text);
        var factor = word.Text[digits..].ToLowerInvariant() switch { "" => 1L, "k" => 1L << 10, "m" => 1L << 20, "g" => 1L << 30, _ => 0 };
        if (digits is > 0 and < 10 && factor > 0)
        {
            size = long.Parse(word.Text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture) * factor;
            return true;
        }

        Problems.Error(word.Place, $"{Shown.Quote(word.Text)} is not {what}", "a number, or one with k, m or g");
        return false;
    }

    /// <summary>What is left over is an error.</summary>
    public void End()
    {
        if (HasMore)
            Problems.Error(words[_next].Place, $"{Shown.Quote(words[_next].Text)} is left over behind '{Directive}'", "the end of the line");
    }

    public void Error(Word word, string message, string? expected = null) => Problems.Error(word.Place, message, expected);

    /// <summary>Reads <c>if CONDITION</c> or <c>unless CONDITION</c> to the end of the line; null where there is none.</summary>
    /// <returns>Whether it was right.</returns>
    public bool TryReadCondition(out Condition? condition)
    {
        condition = null;
        if (!HasMore)
            return true;
        var word = Take();
        if (word.Text is not ("if" or "unless"))
        {
            Error(word, $"{Shown.Quote(word.Text)} is not known behind '{Directive}'", "'if' or 'unless' with a condition, or the end of the line");
            return false;
        }

        List<Word> rest = [];
        while (HasMore)
            rest.Add(Take());
        condition = HaproxyConditions.Read(rest, word, this);
        if (condition is not null && word.Text == "unless")
            condition = new NotCondition(condition);
        return condition is not null;
    }
}
