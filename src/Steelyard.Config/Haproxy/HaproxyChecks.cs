using System.Globalization;
using Steelyard.Config.Dialects;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Haproxy;

/// <summary>How servers are asked for their health.</summary>
internal static class HaproxyChecks
{
    private const string Back = "DBL";

    public static IEnumerable<DirectiveRow<HaproxyUse>> Rows { get; } =
    [
        DirectiveRow<HaproxyUse>.Done("option httpchk", Back, "[<method>] [<uri>] [<version>]", "Servers with `check` are asked by a request: OPTIONS / where nothing is said, and in HTTP/1.1 whatever the version. Well is 200 to 399.", ReadOption),
        DirectiveRow<HaproxyUse>.Done("no option httpchk", Back, "", "Undoes it.", use => use.Section.HttpCheck = null),
        DirectiveRow<HaproxyUse>.Done("http-check send", Back, "[meth <method>] [uri <uri>] [ver <version>] [hdr <name> <value>]*", "What is asked.", ReadSend),
        DirectiveRow<HaproxyUse>.Done("http-check expect", Back, "[!] status <codes>|string <text>|rstatus <regex>|rstring <regex>", "What a server that is well answers.", ReadExpect),
        DirectiveRow<HaproxyUse>.Done("http-check connect", Back, "[default] [port <port>] [ssl] [comment <text>]", "Each check opens a connection of its own: to this port, and over TLS with `ssl`. One line counts.", ReadConnect),
        DirectiveRow<HaproxyUse>.Harmless("http-check comment", Back, "...", "It is for people."),
        DirectiveRow<HaproxyUse>.Harmless("http-check send-state", Back, "...", "Servers are not told how they stand."),
        DirectiveRow<HaproxyUse>.Refused("http-check disable-on-404", Back, "", "`steelyard drain` takes a server out"),
        .. HaproxyTcpChecks.Rows,
    ];

    private static HealthSettings Initial => new() { Kind = ProbeKind.Http, Method = "OPTIONS", Path = "/" };

    private static void ReadOption(HaproxyUse use)
    {
        var health = use.Section.HttpCheck ?? Initial;
        health = health with { Method = "OPTIONS", Path = "/" };
        if (use.HasMore)
        {
            var word = use.Take();
            if (!use.HasMore)
                health = health with { Path = word.Text };
            else
                health = health with { Method = word.Text, Path = use.Take().Text };
        }

        // The version may bring a Host along, as in "HTTP/1.1\r\nHost: www".
        while (use.HasMore)
        {
            var word = use.Take();
            foreach (var line in word.Text.Split("\r\n").Skip(1))
            {
                if (line.Split(':', 2) is [var name, var value])
                    health = With(health, name, value.Trim(), word, use);
            }
        }

        use.Section.HttpCheck = Checked(health, use);
    }

    private static HealthSettings With(HealthSettings health, string name, string value, Word word, HaproxyUse use)
    {
        if (name.Equals("Host", StringComparison.OrdinalIgnoreCase))
            return health with { Host = value };
        if (HeaderTable.FindMistakeInName(name, orOfClient: false) is { Message: not null } mistake)
        {
            // What belongs to the connection is the check's own business.
            if (!name.Equals("Connection", StringComparison.OrdinalIgnoreCase))
                use.Problems.Error(word.Place, mistake);
            return health;
        }

        return health with { Fields = health.Fields.Append(new(name, value)).ToValueList() };
    }

    private static HealthSettings Checked(HealthSettings health, HaproxyUse use)
    {
        if (health.Path.Length == 0 || health.Path[0] != '/' || health.Path.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0)
        {
            use.Problems.Error(use.Line, $"{Shown.Quote(health.Path)} is no path to ask for", "a path such as /health");
            return Initial;
        }

        if (health.Method is not ("GET" or "HEAD" or "OPTIONS" or "POST" or "PUT" or "DELETE" or "TRACE"))
        {
            use.Problems.Error(use.Line, $"{Shown.Quote(health.Method)} is no method to ask by", "GET, HEAD or OPTIONS");
            return Initial;
        }

        return health;
    }

    private static void ReadSend(HaproxyUse use)
    {
        var health = use.Section.HttpCheck ?? Initial;
        while (use.HasMore)
        {
            var word = use.Take();
            switch (word.Text)
            {
                case "meth" when use.TryTake("a method", out var method):
                    health = health with { Method = method.Text };
                    break;
                case "uri" when use.TryTake("a path", out var path):
                    health = health with { Path = path.Text };
                    break;
                case "ver" when use.TryTake("a version", out _):
                    break;
                case "hdr" when use.TryTake("a name", out var name) && use.TryTake("a value", out var value):
                    health = With(health, name.Text, value.Text, name, use);
                    break;
                default:
                    use.Error(word, $"{Shown.Quote(word.Text)} is not done behind 'http-check send'", "meth, uri, ver or hdr");
                    return;
            }
        }

        use.Section.HttpCheck = Checked(health, use);
    }

    private static void ReadConnect(HaproxyUse use)
    {
        if (HaproxyTcpChecks.Connect(use) is not { } step)
            return;
        if (step.ProxyProtocol == true)
            use.Problems.Warn(use.Line, "checks begin with a PROXY header where requests do", "'send-proxy' of the server");
        var health = use.Section.HttpCheck ?? Initial;
        use.Section.HttpCheck = health with { Port = step.Port ?? health.Port, Tls = step.Tls == true ? true : health.Tls };
    }

    private static void ReadExpect(HaproxyUse use)
    {
        var health = use.Section.HttpCheck ?? Initial;
        while (use.Peek is "min-recv" or "comment" or "ok-status" or "error-status" or "tout-status" or "on-success" or "on-error" or "status-code")
        {
            use.Take();
            if (use.HasMore)
                use.Take();
        }

        var not = use.Take("!");
        if (not && use.Peek is not ("status" or "rstatus"))
        {
            use.Error(use.Last, "what the body of a server must not have cannot be said here", "what it has to have, or '! status' with what it must not be");
            return;
        }

        if (!use.TryTake("status, string, rstatus or rstring", out var kind) || !use.TryTake("what is expected", out var expected))
            return;
        switch (kind.Text)
        {
            case "status":
                List<StatusRange> ranges = [];
                foreach (var part in expected.Text.Split(','))
                {
                    var ends = part.Split('-');
                    if (ends.Length > 2 || !TryReadStatus(ends[0], out var first) || !TryReadStatus(ends[^1], out var last) || last < first)
                    {
                        use.Error(expected, $"{Shown.Quote(part)} is not a status", "such as 200, 200-399 or 200,204");
                        return;
                    }

                    ranges.Add(new(first, last));
                }

                use.Section.HttpCheck = health with { Statuses = Ranges(status => ranges.Exists(range => range.Contains(status)) != not) };
                break;
            case "rstatus" when BytePattern.TryParse(expected.Text, ignoreCase: false, out var pattern, out _):
                use.Section.HttpCheck = health with { Statuses = Ranges(status => pattern.IsMatch(System.Text.Encoding.ASCII.GetBytes(status.ToString(CultureInfo.InvariantCulture))) != not) };
                break;
            case "string":
                use.Section.HttpCheck = health with { Body = expected.Text, BodyPattern = null };
                break;
            case "rstring":
                if (!BytePattern.TryParse(expected.Text, ignoreCase: false, out _, out var mistake))
                    use.Problems.Error(expected.Place, mistake);
                else
                    use.Section.HttpCheck = health with { BodyPattern = expected.Text, Body = null };
                break;
            default:
                use.Error(kind, $"{Shown.Quote(kind.Text)} cannot be expected here", "status, string, rstatus or rstring");
                break;
        }
    }

    private static bool TryReadStatus(string text, out int status) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out status) && status is >= 100 and <= 599;

    private static ValueList<StatusRange> Ranges(Func<int, bool> isWell)
    {
        List<StatusRange> ranges = [];
        for (var status = 100; status <= 599; status++)
        {
            if (!isWell(status))
                continue;
            if (ranges is [.., var last] && last.Last == status - 1)
                ranges[^1] = last with { Last = status };
            else
                ranges.Add(new(status, status));
        }

        return ranges.ToValueList();
    }
}
