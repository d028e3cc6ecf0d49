using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>What becomes of cookies that servers set: proxy_cookie_domain, proxy_cookie_path, proxy_cookie_flags.</summary>
/// <param name="scope">What variables stand for.</param>
/// <param name="rules">Where the changes go.</param>
internal sealed class NginxCookies(NginxScope scope, List<Located<RuleSettings>> rules)
{
    private const string Field = "Set-Cookie";

    // Stands before a cookie for which one of several lines has been found, until all have been asked: no other fits it then.
    private const string Done = ";;";

    // Up to the value of an attribute, which stands behind the pair and other attributes.
    private const string Behind = @"(\s*(?:;.*)?)$";

    private static readonly (string Word, string Name, string Written)[] s_flags =
    [
        ("secure", "secure", "Secure"),
        ("nosecure", "secure", ""),
        ("httponly", "httponly", "HttpOnly"),
        ("nohttponly", "httponly", ""),
        ("samesite=strict", "samesite", "SameSite=Strict"),
        ("samesite=lax", "samesite", "SameSite=Lax"),
        ("samesite=none", "samesite", "SameSite=None"),
        ("nosamesite", "samesite", ""),
    ];

    private ProblemList Problems => scope.File.Problems;

    /// <summary>Reads what counts in a location.</summary>
    public static void Read(NginxLevel level, NginxScope scope, List<Located<RuleSettings>> rules)
    {
        var cookies = new NginxCookies(scope, rules);
        foreach (var (directive, attribute) in ((string, string)[])[("proxy_cookie_domain", "domain"), ("proxy_cookie_path", "path")])
        {
            List<NginxDirective> lines = [.. level.All(directive).Where(line => line is not { Count: 1 })];
            foreach (var line in lines)
                cookies.ReadAttribute(line, attribute, isOnly: lines.Count == 1);
            if (lines.Count > 1)
                cookies.Replace(lines[^1], $"^{Done}(.*)$", [new("\\1")], lines[^1].Place);
        }

        foreach (var line in level.All("proxy_cookie_flags"))
        {
            if (line.Count > 1)
                cookies.ReadFlags(line);
        }
    }

    /// <summary>Reports what is wrong with a line alone: off, and nothing else, may stand by itself.</summary>
    public static void Check(NginxUse use)
    {
        if (use.Directive.Count == 1 && use.Directive[1] != "off")
            use.Invalid(1, use.Directive.Name == "proxy_cookie_flags" ? "a cookie and its flags, or off" : "what becomes what, or off");
    }

    private void ReadAttribute(NginxDirective line, string attribute, bool isOnly)
    {
        var (from, isDomain) = (line[1], attribute == "domain");
        var isPattern = from.StartsWith('~');
        var anyCase = isDomain || from.StartsWith("~*", StringComparison.Ordinal);
        var pattern = isPattern ? from[(from.StartsWith("~*", StringComparison.Ordinal) ? 2 : 1)..] : Quote(isDomain ? from.TrimStart('.') : from);
        if (!isPattern && from.Contains('$', StringComparison.Ordinal))
        {
            Problems.Error(line.Words[1].Place, $"variables in the first word of \"{line.Name}\" are not done here", "a text, or an expression that begins with ~");
            return;
        }

        if (!BytePattern.TryParse(pattern, anyCase, out var parsed, out var mistake))
        {
            Problems.Error(line.Words[1].Place, mistake);
            return;
        }

        // The whole value gives way where an expression matches in it; of a path the start alone.
        var before = $@"^({(isOnly ? "[^;]*" : "[^;]+")}(?:;[^;]*)*;\s*{AnyCase(attribute)}\s*=\s*{(isDomain && !isPattern ? @"\.?" : "")})";
        var starts = isPattern && pattern.StartsWith('^') ? pattern[1..] : isPattern ? "[^;]*?" + pattern : pattern;
        var (whole, last) = !isPattern ? (isDomain ? pattern + Behind : pattern + "(.*)$", 2)
            : ((starts.EndsWith('$') ? starts[..^1] : starts + "[^;]*?") + Behind, parsed.Groups + 2);
        if (anyCase)
            whole = "(?i:" + (whole.EndsWith(Behind, StringComparison.Ordinal) ? whole[..^Behind.Length] + ")" + Behind : whole + ")");
        Replace(line, before + whole, [new(isOnly ? "\\1" : Done + "\\1"), .. PartsOf(isDomain ? line[2].TrimStart('.') : line[2], line.Words[2].Place), new($"\\{last}")], line.Words[1].Place);
    }

    /// <summary>A replacement, in which a group of the line's own expression is one further.</summary>
    private List<TemplatePart> PartsOf(string text, Place place)
    {
        List<TemplatePart> parts = [];
        foreach (var (literal, name) in NginxVariables.Split(text))
        {
            if (literal is not null)
                parts.Add(new(literal.Replace("\\", "\\\\", StringComparison.Ordinal)));
            else if (name.Length == 1 && char.IsAsciiDigit(name[0]))
                parts.Add(new($"\\{name[0] - '0' + 1}"));
            else if (name.Length > 0 && NginxVariables.Find(name, scope, place) is { } value)
                parts.Add(new(null, default, value));
        }

        return parts;
    }

    private void ReadFlags(NginxDirective line)
    {
        var cookie = line[1];
        var isPattern = cookie.StartsWith('~');
        var name = isPattern ? cookie[(cookie.StartsWith("~*", StringComparison.Ordinal) ? 2 : 1)..] : AnyCase(cookie);
        if (cookie.Contains('$', StringComparison.Ordinal) && !isPattern)
        {
            Problems.Error(line.Words[1].Place, "variables in the first word of \"proxy_cookie_flags\" are not done here", "the name of a cookie, or an expression that begins with ~");
            return;
        }

        // The expression is asked of the name alone.
        var pair = !isPattern ? $@"\s*{name}\s*=[^;]*" : name.Length == 0 ? "[^;]*" : $@"(?:{(name.StartsWith('^') ? name[1..] : "[^=;]*?" + name)}{(name.EndsWith('$') ? "" : "[^=;]*?")})=[^;]*".Replace("$)", ")", StringComparison.Ordinal);
        foreach (var word in line.Words.Skip(2))
        {
            var flag = Array.Find(s_flags, known => known.Word.Equals(word.Text, StringComparison.OrdinalIgnoreCase));
            if (flag.Word is null)
            {
                Problems.Error(word.Place, $"invalid value \"{word.Text}\" in \"proxy_cookie_flags\" directive", Text.Shown.OneOf([.. s_flags.Select(known => known.Word)]));
                continue;
            }

            // Without it first, so that it is there once.
            Replace(line, $@"^({pair}(?:;[^;]*)*?);\s*{AnyCase(flag.Name)}(?:\s*=[^;]*|\s*)((?:;.*)?)$", [new("\\1\\2")], word.Place);
            if (flag.Written.Length > 0)
                Replace(line, $"^({pair}(?:;.*)?)$", [new($"\\1; {flag.Written}")], word.Place);
        }
    }

    private void Replace(NginxDirective line, string pattern, List<TemplatePart> with, Place place)
    {
        if (BytePattern.TryParse(pattern, ignoreCase: false, out _, out var mistake))
            rules.Add(new(new() { Action = RuleAction.ReplaceHeader, Name = Field, Pattern = pattern, Value = TextTemplate.Of(with) }, line.Place));
        else
            Problems.Error(place, mistake);
    }

    private static string Quote(string text) => string.Concat(text.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '/' or '_' or '-' ? $"{letter}" : $"\\{letter}"));

    private static string AnyCase(string text) => string.Concat(text.Select(letter => char.IsAsciiLetter(letter) ? $"[{char.ToUpperInvariant(letter)}{char.ToLowerInvariant(letter)}]" : Quote($"{letter}")));
}
