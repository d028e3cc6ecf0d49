using System.Text;
using System.Text.RegularExpressions;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>The pages that may lead somewhere (nginx: valid_referers), of one block.</summary>
/// <param name="Lines">The lines that count there.</param>
/// <param name="ServerNames">The names of the server.</param>
internal sealed record NginxReferers(IReadOnlyList<NginxDirective> Lines, IReadOnlyList<string> ServerNames)
{
    private const string Scheme = "^https?://";

    /// <summary>What counts in a block; null for nothing.</summary>
    public static NginxReferers? Of(NginxLevel level, NginxServer server) => level.All("valid_referers") is { Count: > 0 } lines ? new(lines, [.. server.Hosts.Select(host => host.Value)]) : null;

    /// <summary>Whether a line can be read.</summary>
    public static void Check(NginxUse use)
    {
        foreach (var word in use.Directive.Words.Skip(1))
        {
            if (word.Text.StartsWith('~') && !BytePattern.TryParse(word.Text[1..], ignoreCase: true, out _, out var mistake))
                use.Problems.Error(word.Place, mistake);
            else if (word.Text.Contains("://", StringComparison.Ordinal) && !word.Text.StartsWith('~'))
                use.Problems.Error(word.Place, $"invalid server name or wildcard \"{word.Text}\"", "a name without a scheme");
        }
    }

    /// <summary>1 for a page that may not lead here, else nothing.</summary>
    public Expression Judgement
    {
        get
        {
            List<MapCase> cases = [new(TestKind.Is, false, "", Verdict(Has("none")))];
            foreach (var word in Words)
            {
                if (word == "server_names")
                    cases.AddRange(ServerNames.Where(name => !name.StartsWith('~')).Select(name => Allow(PatternOf(name))));
                else if (word.StartsWith('~'))
                    cases.Add(Allow($"(?:{word[1..]})", anywhere: true));
                else if (word is not ("none" or "blocked"))
                    cases.Add(Allow(PatternOf(word)));
            }

            // What has no scheme has been made unreadable on the way.
            cases.Add(new(TestKind.Matches, true, Scheme, Verdict(false)));
            return new MapExpression(NginxVariables.OrEmpty(new FetchExpression(FetchKind.Header, "Referer")), [.. cases], Verdict(Has("blocked")));
        }
    }

    private IEnumerable<string> Words => Lines.SelectMany(line => line.Words.Skip(1)).Select(word => word.Text);

    private bool Has(string word) => Words.Contains(word);

    private static TextTemplate Verdict(bool isAllowed) => isAllowed ? TextTemplate.Empty : TextTemplate.Literal("1");

    private static MapCase Allow(string pattern, bool anywhere = false) => new(TestKind.Matches, true, Scheme + (anywhere ? ".*" : "") + pattern, Verdict(true));

    /// <summary>An expression for what stands behind the scheme: a name with asterisks at its ends, and perhaps the beginning of a path.</summary>
    private static string PatternOf(string name)
    {
        const string label = "[^/:]+";
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var (host, uri) = slash < 0 ? (name, null) : (name[..slash], name[slash..]);
        var pattern = new StringBuilder();
        if (host.StartsWith("*.", StringComparison.Ordinal))
            (host, _) = (host[2..], pattern.Append(label).Append("\\."));
        else if (host.StartsWith('.'))
            (host, _) = (host[1..], pattern.Append("(?:").Append(label).Append("\\.)?"));
        var open = host.EndsWith(".*", StringComparison.Ordinal);
        pattern.Append(Regex.Escape(open ? host[..^1] : host));
        if (open)
            pattern.Append(label);
        return pattern.Append("(?::[0-9]*)?").Append(uri is null ? "(?:/|$)" : Regex.Escape(uri)).ToString();
    }
}
