using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Steelyard.Config.Expressions;

namespace Steelyard.Tests.Expressions;

/// <summary>Regular expressions over bytes do what those of .NET do, in bounded time.</summary>
public sealed class BytePatterns
{
    [Theory]
    [InlineData("abc", "xabcx")]
    [InlineData("^abc$", "abc")]
    [InlineData("^abc$", "xabc")]
    [InlineData("a|b|cd", "xcd")]
    [InlineData("(a|ab)(c|bcd)(d*)", "abcd")]
    [InlineData("(a+)(b?)", "xaab")]
    [InlineData("(a+?)(a*)", "aaa")]
    [InlineData("(?:a(b))?c", "c")]
    [InlineData("(?:a(b))?c", "abc")]
    [InlineData("([a-c]+)-([^x]*)x", "abc-dex")]
    [InlineData("\\d{2,3}", "a1234")]
    [InlineData("\\d{2}", "a1")]
    [InlineData("a{2}b{1,}c{0,1}", "aabbb")]
    [InlineData("^/(\\w+)/?(.*)$", "/user/1?x=y")]
    [InlineData("\\bfoo\\b", "a foo b")]
    [InlineData("\\bfoo\\b", "afoo b")]
    [InlineData("[]a]+", "]a]")]
    [InlineData("[\\w.-]+@[\\w.-]+", "to a.b@c-d.e now")]
    [InlineData("x*", "y")]
    [InlineData("(?i)AbC", "xaBcX")]
    [InlineData("(?:(a)|b)*", "ab")]
    [InlineData("^(?:GET|POST)$", "POST")]
    [InlineData("a.c", "a\nc")]
    [InlineData("[[:alpha:]]+", "12ab3")]
    [InlineData("{a}", "{a}")]
    [InlineData("/\\.(?!well-known/)", "/.well-known/x")]
    [InlineData("/\\.(?!well-known/)", "/.well-knowing/x")]
    [InlineData("/\\.(?!well-known/)", "/.well-known/.git")]
    [InlineData("^(?!.*\\.php).*$", "/a/b.html")]
    [InlineData("^(?!.*\\.php).*$", "/a/b.php")]
    [InlineData("^(?!/a)(?!.*x$)(.*)", "/bx")]
    [InlineData("^(?!/a)(?!.*x$)(.*)", "/by")]
    [InlineData("a(?=b|cd)(.)", "ac ab")]
    [InlineData("a(?=b|cd)(.)", "ac acd")]
    [InlineData("(?i)(?!Foo)[a-z]+", "fOO")]
    [InlineData("(?<!a)b", "abcb")]
    [InlineData("(?<=x|yz)b", "ab yb yzb")]
    [InlineData("(?<!^)b", "bb")]
    [InlineData("(?:a(?!b))+", "aaab")]
    [InlineData("^(docker/1\\.(3|4|5(?!\\.[0-9]-dev))|Go ).*$", "docker/1.5.1-dev")]
    [InlineData("^(docker/1\\.(3|4|5(?!\\.[0-9]-dev))|Go ).*$", "docker/1.5.1")]
    [InlineData("a(?!\\b)(?=.{2,3}$)", "abc")]
    public void A_match_is_where_dotnet_finds_it(string pattern, string text)
    {
        // .NET has no POSIX classes.
        var expected = new Regex(pattern.Replace("[[:alpha:]]", "[a-zA-Z]", StringComparison.Ordinal), RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5)).Match(text);

        Compare(expected, pattern, text);
    }

    [Fact]
    public void Any_expression_matches_where_dotnet_finds_it()
    {
        var atom = Gen.OneOf(Gen.OneOf("a", "b", "c", ".", "[ab]", "[^a]", "(a|b)", "(?:ab|c)", "(?!ab)", "(?=a|bc)", "(?<!b)", "(?<=a|bc)", "(b*)", "(?:(a)(b)?)"));
        var piece = Gen.Select(atom, Gen.OneOf("", "", "*", "+", "?", "{1,2}", "*?", "+?"), (one, sign) => one.StartsWith("(?", StringComparison.Ordinal) && one[2] is not ':' ? one : one + sign);
        var pattern = Gen.Select(piece.Array[1, 4], piece.Array[0, 3], Gen.Bool, (first, second, anchored) => (anchored ? "^" : "") + string.Concat(first) + (second.Length > 0 ? "|" + string.Concat(second) : ""));
        Gen.Select(pattern, Gen.Char["abc"].Array[0, 8].Select(letters => new string(letters))).Sample(
            (expression, text) => Overlaps(expression) || CompareBounds(new Regex(expression, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5)).Match(text), expression, text));

        // What a group inside of a repetition that can be empty has captured differs between engines.
        static bool Overlaps(string expression) => expression.Contains("(b*)*", StringComparison.Ordinal) || expression.Contains("(b*)+", StringComparison.Ordinal) || expression.Contains("(b*){", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(a+)+$")]
    [InlineData("^(a|a)*$")]
    [InlineData("(.*)(.*)(.*)(.*)x")]
    [InlineData("^(?!.*c)(?=.*b).*c")]
    [InlineData("(?:a(?=a{100}))*x")]
    public void No_expression_takes_longer_than_its_length_allows(string pattern)
    {
        var compiled = BytePattern.Parse(pattern, ignoreCase: false);
        var text = Encoding.ASCII.GetBytes(new string('a', 16_000) + "b");
        var begun = Stopwatch.GetTimestamp();

        Assert.False(compiled.IsMatch(text));

        // Backtracking would take longer than the universe has.
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData("(a", "a '(' without its other half")]
    [InlineData("a)", "a ')' without its other half")]
    [InlineData("[a", "a '[' without its other half")]
    [InlineData("*a", "nothing before it")]
    [InlineData("(a)\\1", "back-references")]
    [InlineData("a(?=.*b)", "look-ahead")]
    [InlineData("(?:/|^)(?!.*b)", "look-ahead")]
    [InlineData("(?<!a*)b", "look-behind")]
    [InlineData("(?=a(?!b))", "look-around within")]
    [InlineData("(?=(a))", "groups in a look-around")]
    [InlineData("(?=a", "a '(' without its other half")]
    [InlineData("(?>a)", "not known here")]
    [InlineData("a\\", "a '\\' at the end")]
    [InlineData("[z-a]", "ends before it begins")]
    [InlineData("a{5,2}", "ends before it begins")]
    [InlineData("((((a{100}){100}){100}){100})", "too large")]
    [InlineData("a**", "a '*'")]
    public void What_is_not_done_is_said(string pattern, string message)
    {
        var read = BytePattern.TryParse(pattern, ignoreCase: false, out _, out var mistake);

        Assert.False(read && pattern != "a**");
        if (!read)
            Assert.Contains(message, mistake.Message, StringComparison.Ordinal);
    }

    /// <summary>Wherever in an expression the room ends, it is said and nothing else happens.</summary>
    [Theory]
    [InlineData("a{0,3}")]
    [InlineData("a*?")]
    [InlineData("(?:b|c|d)")]
    [InlineData("(x)(?=y)z+")]
    [InlineData("(?:(?:a|b){2,4}|c*)")]
    public void An_expression_may_be_too_large_in_any_place(string end)
    {
        for (var before = 180; before <= 200; before++)
        {
            var read = BytePattern.TryParse($"(?:a{{1000}}){{8}}{new string('x', before)}{end}", ignoreCase: false, out _, out var mistake);
            Assert.True(read || mistake.Message.Contains("too large", StringComparison.Ordinal), mistake.Message);
        }
    }

    [Fact]
    public void Named_groups_have_their_names() =>
        Assert.Equal(["user", null], BytePattern.Parse("^(?<user>\\w+)/(\\d+)", ignoreCase: false).GroupNames);

    private static void Compare(Match expected, string pattern, string text) => Assert.True(CompareBounds(expected, pattern, text), $"{pattern} in {text}");

    private static bool CompareBounds(Match expected, string pattern, string text)
    {
        var compiled = BytePattern.Parse(pattern, ignoreCase: false);
        Span<int> captures = stackalloc int[(compiled.Groups + 1) * 2];
        var found = compiled.TryMatch(Encoding.ASCII.GetBytes(text), 0, captures);
        if (found != expected.Success || found != compiled.IsMatch(Encoding.ASCII.GetBytes(text)))
            return false;
        for (var i = 0; found && i <= compiled.Groups; i++)
        {
            var group = expected.Groups[i];
            if ((captures[i * 2], captures[(i * 2) + 1]) != (group.Success ? (group.Index, group.Index + group.Length) : (-1, -1)))
                return false;
        }

        return true;
    }
}
