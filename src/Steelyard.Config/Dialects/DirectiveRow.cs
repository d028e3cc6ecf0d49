using System.Diagnostics.CodeAnalysis;
using System.Text;
using Steelyard.Config.Drafts;

namespace Steelyard.Config.Dialects;

/// <summary>A word of a file, with quotes and escapes taken off.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Place">Where it stands, with its quotes.</param>
/// <param name="Quoted">Whether it has any.</param>
internal readonly record struct Word(string Text, Place Place, bool Quoted = false)
{
    /// <summary>What <see cref="Bytes"/> is where escapes have made bytes that the text alone does not tell from letters; null elsewhere.</summary>
    public string? Escaped { get; init; }

    /// <summary>The same byte by byte, each as a character: UTF-8, as the file has it.</summary>
    public string Bytes => Escaped ?? Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(Text));
}

/// <summary>How far a directive is supported.</summary>
internal enum DirectiveSupport
{
    /// <summary>It does what it does in the original, or what its row says.</summary>
    Done,

    /// <summary>It is accepted and has no effect, which a notice says: nothing that a client or a server sees depends on it.</summary>
    Harmless,

    /// <summary>It is an error, which says what to do instead.</summary>
    Refused,
}

/// <summary>
/// A directive of a dialect that is written line by line: the reader and the reference page of the dialect live from it.
/// </summary>
/// <typeparam name="TUse">What a use of a directive is told: its words, and what it sets.</typeparam>
/// <param name="Name">The word, or the first words, of the line.</param>
/// <param name="Contexts">Where it may stand, in the letters that the dialect has for its contexts.</param>
/// <param name="Arguments">What follows, as the manual of the original writes it.</param>
/// <param name="Meaning">One sentence: what it sets here, why it is harmless, or what to do instead.</param>
/// <param name="Support">How far it is supported.</param>
/// <param name="Read">What is done with it; null for one that sets nothing.</param>
internal sealed record DirectiveRow<TUse>(string Name, string Contexts, string Arguments, string Meaning, DirectiveSupport Support, Action<TUse>? Read = null)
{
    /// <summary>One that sets something.</summary>
    public static DirectiveRow<TUse> Done(string name, string contexts, string arguments, string meaning, Action<TUse> read) => new(name, contexts, arguments, meaning, DirectiveSupport.Done, read);

    /// <summary>One that is accepted, and changes nothing.</summary>
    public static DirectiveRow<TUse> Harmless(string name, string contexts, string arguments, string why) => new(name, contexts, arguments, why, DirectiveSupport.Harmless);

    /// <summary>One that is not done here.</summary>
    public static DirectiveRow<TUse> Refused(string name, string contexts, string arguments, string instead) => new(name, contexts, arguments, instead, DirectiveSupport.Refused);
}

/// <summary>The directives of a dialect, found by the first words of a line: the row with the most words counts.</summary>
internal sealed class DirectiveRows<TUse>
{
    private const int MostWords = 3;

    private readonly Dictionary<string, DirectiveRow<TUse>> _byName = new(StringComparer.Ordinal);

    public DirectiveRows(IReadOnlyList<DirectiveRow<TUse>> rows)
    {
        Rows = rows;
        foreach (var row in rows)
            _byName.Add(row.Name, row);
    }

    /// <summary>The rows, in the order of the reference page.</summary>
    public IReadOnlyList<DirectiveRow<TUse>> Rows { get; }

    /// <summary>Finds the row of a line.</summary>
    /// <param name="words">The words of the line.</param>
    /// <param name="row">The row.</param>
    /// <param name="count">How many words its name has.</param>
    public bool TryFind(IReadOnlyList<Word> words, [NotNullWhen(true)] out DirectiveRow<TUse>? row, out int count)
    {
        for (count = Math.Min(MostWords, words.Count); count > 0; count--)
        {
            if (_byName.TryGetValue(string.Join(' ', words.Take(count).Select(word => word.Text)), out row))
                return true;
        }

        // A row whose name ends in an asterisk stands for all that begin alike.
        count = 1;
        var dot = words.Count == 0 ? -1 : words[0].Text.IndexOf('.', StringComparison.Ordinal);
        return _byName.TryGetValue(dot < 0 ? "" : words[0].Text[..(dot + 1)] + "*", out row);
    }

    /// <summary>The name that was probably meant; null when none is near.</summary>
    /// <param name="words">The words of the line.</param>
    /// <param name="problems">Who compares names.</param>
    public string? Nearest(IReadOnlyList<Word> words, ProblemList problems)
    {
        for (var count = Math.Min(MostWords, words.Count); count > 0; count--)
        {
            var name = string.Join(' ', words.Take(count).Select(word => word.Text));
            var known = count > 1 ? name[..^words[count - 1].Text.Length] : "";

            // Where the first words are right, it is the last one that was meant otherwise.
            var lasts = count > 1 ? Rows.Where(row => row.Support != DirectiveSupport.Refused && row.Name.StartsWith(known, StringComparison.Ordinal)).Select(row => row.Name[known.Length..]).Where(last => !last.Contains(' ', StringComparison.Ordinal)).ToList() : [];
            if (lasts.Count > 0)
                return problems.Names.Nearest(words[count - 1].Text, lasts) is { } last ? known + last : null;
            if (problems.Names.Nearest(name, Rows.Where(row => row.Support != DirectiveSupport.Refused).Select(row => row.Name).Where(candidate => candidate.Count(letter => letter == ' ') == count - 1)) is { } near)
                return near;
        }

        return null;
    }
}
