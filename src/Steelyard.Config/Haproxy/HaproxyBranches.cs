using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>The lines of a haproxy.cfg that begin with a dot (its manual, 2.4): which parts of the file count, and messages.</summary>
internal sealed class HaproxyBranches(HaproxyFile file, ProblemList problems)
{
    private const int MostNested = 100;

    // What `feature` asks for; Steelyard has what these stand for.
    private static readonly string[] s_features = ["OPENSSL", "THREAD", "EPOLL", "GETADDRINFO", "LINUX_SPLICE", "TFO", "NS", "PCRE2", "PCRE2_JIT", "PCRE", "ACCEPT4", "PRCTL", "THREAD_DUMP"];

    private readonly Stack<Branch> _open = new();

    /// <summary>The version of HAProxy whose files are read.</summary>
    private static Version Version { get; } = new(2, 6, 0);

    private sealed class Branch(Place place, bool taken, bool counts)
    {
        public Place Place => place;

        public bool Taken { get; set; } = taken;

        public bool Counts { get; set; } = counts;

        public bool HasElse { get; set; }
    }

    /// <summary>Whether lines count here.</summary>
    public bool Counts => _open.Count == 0 || _open.Peek().Counts;

    /// <summary>Does what a line says, if it is such a line.</summary>
    public bool Take(IReadOnlyList<Word> words)
    {
        var first = words[0];
        if (first.Quoted || first.Text is not (".if" or ".elif" or ".else" or ".endif" or ".notice" or ".warning" or ".alert" or ".diag"))
            return false;
        var (outside, rest) = (_open.Count == 0 || !_open.TryPeek(out var top) || top.Counts, string.Join(' ', words.Skip(1).Select(word => word.Text)));
        switch (first.Text)
        {
            case ".if":
                if (_open.Count == MostNested)
                    problems.Error(first.Place, $"more than {MostNested} '.if' in each other");
                var holds = outside && Holds(rest, words);
                _open.Push(new(first.Place, holds || !outside, holds));
                break;
            case ".elif" or ".else" when _open.Count == 0 || _open.Peek().HasElse:
                problems.Error(first.Place, $"'{first.Text}' without '.if'", "'.if' before it");
                break;
            case ".elif":
                var branch = _open.Peek();
                branch.Counts = !branch.Taken && Holds(rest, words);
                branch.Taken |= branch.Counts;
                break;
            case ".else":
                var last = _open.Peek();
                (last.Counts, last.HasElse) = (!last.Taken, true);
                break;
            case ".endif" when _open.Count == 0:
                problems.Error(first.Place, "'.endif' without '.if'", "'.if' before it");
                break;
            case ".endif":
                _open.Pop();
                break;
            case ".alert" when outside:
                problems.Error(first.Place, rest);
                break;
            case ".warning" when outside:
                problems.Warn(first.Place, rest);
                break;
            case ".notice" or ".diag" when outside:
                problems.Note(first.Place, rest);
                break;
        }

        return true;
    }

    /// <summary>The text has ended.</summary>
    public void End()
    {
        if (_open.TryPop(out var open))
            problems.Error(open.Place, "'.if' is never ended", "'.endif' behind it");
        _open.Clear();
    }

    private bool Holds(string text, IReadOnlyList<Word> words)
    {
        var at = 0;
        var holds = Either(text, ref at, words);
        if (at < text.Length)
            Refuse(words, text[at..]);
        return holds;
    }

    private bool Either(string text, ref int at, IReadOnlyList<Word> words)
    {
        var holds = Both(text, ref at, words);
        while (Skip(text, ref at, "||"))
            holds |= Both(text, ref at, words);
        return holds;
    }

    private bool Both(string text, ref int at, IReadOnlyList<Word> words)
    {
        var holds = One(text, ref at, words);
        while (Skip(text, ref at, "&&"))
            holds &= One(text, ref at, words);
        return holds;
    }

    private bool One(string text, ref int at, IReadOnlyList<Word> words)
    {
        if (Skip(text, ref at, "!"))
            return !One(text, ref at, words);
        if (Skip(text, ref at, "("))
        {
            var inner = Either(text, ref at, words);
            if (!Skip(text, ref at, ")"))
                Refuse(words, text[Math.Min(at, text.Length)..]);
            return inner;
        }

        var start = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_'))
            at++;
        var name = text[start..at];
        if (name.Length == 0 || name.All(char.IsAsciiDigit))
            return name.Any(digit => digit != '0');
        List<string> arguments = [];
        if (at < text.Length && text[at] == '(')
        {
            var end = text.IndexOf(')', at);
            end = end < 0 ? text.Length : end;
            arguments = [.. text[(at + 1)..end].Split(',').Select(argument => argument.Trim())];
            at = Math.Min(end + 1, text.Length);
        }

        switch (name)
        {
            case "defined" when arguments is [var variable]:
                return file.Environment.ContainsKey(variable);
            case "feature" when arguments is [var feature]:
                return s_features.Contains(feature);
            case "streq" when arguments is [var one, var other]:
                return one == other;
            case "strneq" when arguments is [var one, var other]:
                return one != other;
            case "strstr" when arguments is [var whole, var part]:
                return whole.Contains(part, StringComparison.Ordinal);
            case "version_atleast" when arguments is [var least]:
                return VersionOf(least) <= Version;
            case "version_before" when arguments is [var before]:
                return Version < VersionOf(before);
            case "openssl_version_atleast" or "enabled":
                return true;
            case "openssl_version_before":
                return false;
            default:
                Refuse(words, name);
                return false;
        }
    }

    private static Version VersionOf(string text)
    {
        var digits = new string([.. text.TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.')]).Trim('.');
        return System.Version.TryParse(digits.Contains('.', StringComparison.Ordinal) ? digits : digits + ".0", out var version) ? new(version.Major, version.Minor, Math.Max(version.Build, 0)) : new(0, 0, 0);
    }

    private static bool Skip(string text, ref int at, string sign)
    {
        while (at < text.Length && text[at] == ' ')
            at++;
        if (string.CompareOrdinal(text, at, sign, 0, sign.Length) != 0)
            return false;
        at += sign.Length;
        while (at < text.Length && text[at] == ' ')
            at++;
        return true;
    }

    private void Refuse(IReadOnlyList<Word> words, string found) =>
        problems.Error(words[^1].Place, $"{Shown.Quote(found)} is not understood behind '{words[0].Text}'", "defined(NAME), feature(NAME), streq(A,B), strneq(A,B), version_atleast(V), version_before(V), with ! && || and parentheses");
}
