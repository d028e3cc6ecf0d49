using System.Buffers.Text;
using System.Text;

namespace Steelyard.Balancing;

/// <summary>What an agent said of its server, as HAProxy's agent-check has it. What it did not speak of stays as it was.</summary>
/// <param name="Weight">The weight; null where it said none.</param>
/// <param name="IsPercent">Whether <paramref name="Weight"/> is percent of the configured weight.</param>
/// <param name="Wanted">What it wants of the server; null where it said nothing.</param>
/// <param name="Up">Whether the server is up; null where it said nothing.</param>
/// <param name="Limit">How many requests it may have to do at once, 0 for any number; null where it said nothing.</param>
public readonly record struct AgentReply(int? Weight, bool IsPercent, ServerState? Wanted, bool? Up, int? Limit)
{
    private const int MostPercent = 25_600;
    private const int MostOfReason = 128;

    /// <summary>Why, in its own words behind <c>#</c>, up to the end of the line: 128 bytes at most, and nothing that a terminal would obey. Null where it said none.</summary>
    public string? Reason { get; init; }

    /// <summary>Reads an answer: words apart by blanks, tabs and commas, up to the end of the line. Case does not matter, and words that mean nothing are passed over, as HAProxy does.</summary>
    public static AgentReply Read(ReadOnlySpan<byte> text)
    {
        var reply = default(AgentReply);
        var end = text.IndexOfAny((byte)'\r', (byte)'\n');
        var rest = end < 0 ? text : text[..end];
        while (!rest.IsEmpty)
        {
            var length = rest.IndexOfAny(" \t,"u8);
            var word = length < 0 ? rest : rest[..length];
            rest = length < 0 ? default : rest[(length + 1)..];
            reply = reply.With(word);

            // Behind it stands why, in words of its own.
            if (word.Contains((byte)'#'))
                break;
        }

        return reply with { Reason = ReasonIn(end < 0 ? text : text[..end]) };
    }

    private static string? ReasonIn(ReadOnlySpan<byte> line)
    {
        if (line.IndexOf((byte)'#') is var mark && mark < 0)
            return null;
        var words = line[(mark + 1)..].Trim(" \t"u8);
        Span<char> text = stackalloc char[Math.Min(words.Length, MostOfReason)];
        for (var i = 0; i < text.Length; i++)
            text[i] = words[i] is >= (byte)' ' and < 0x7F and var plain ? (char)plain : '?';
        return text.IsEmpty ? null : new(text);
    }

    private AgentReply With(ReadOnlySpan<byte> word)
    {
        if (word.IndexOf((byte)'#') is >= 0 and var reason)
            word = word[..reason];
        if (Is(word, "up"u8))
            return this with { Up = true };
        if (Is(word, "down"u8) || Is(word, "fail"u8) || Is(word, "stopped"u8))
            return this with { Up = false };
        if (Is(word, "ready"u8))
            return this with { Wanted = ServerState.Ready };
        if (Is(word, "drain"u8))
            return this with { Wanted = ServerState.Drain };
        if (Is(word, "maint"u8))
            return this with { Wanted = ServerState.Maintenance };
        if (word.Length > 8 && Is(word[..8], "maxconn:"u8))
            return Number(word[8..], 1_000_000) is { } limit ? this with { Limit = limit } : this;
        if (word.Length > 7 && Is(word[..7], "weight:"u8))
            word = word[7..];
        else if (!word.EndsWith((byte)'%'))
            return this;
        var percent = word.EndsWith((byte)'%');
        var digits = percent ? word[..^1] : word;
        return Number(digits, percent ? MostPercent : 256) is { } number ? this with { Weight = number, IsPercent = percent } : this;
    }

    private static int? Number(ReadOnlySpan<byte> digits, int most) =>
        Utf8Parser.TryParse(digits, out int number, out var read) && read == digits.Length && number >= 0 && number <= most ? number : null;

    private static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(word, name);
}
