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
        DirectiveRow<HaproxyUse>.Done("option httpchk", Back, "[<method>] [<uri>] [<version>]", "Servers with `check` are asked by a request: OPTIONS / where nothing is said, and in HTTP/1.1 whatever the version. Well is 200 to 399 where nothing is expected. The lines of `http-check` count with this option alone.", ReadOption),
        DirectiveRow<HaproxyUse>.Done("no option httpchk", Back, "", "Undoes it.", use => use.Section.HttpCheck = use.Section.HttpCheck with { Option = null }),
        DirectiveRow<HaproxyUse>.Done("http-check send", Back, "[meth <method>] [uri <uri>|uri-lf <fmt>] [ver <version>] [hdr <name> <fmt>]* [body <text>|body-lf <fmt>] [comment <text>]", "What is asked, the same of every server and every time. Further requests follow `http-check connect`.", use => Add(use, ReadSend)),
        DirectiveRow<HaproxyUse>.Done("http-check expect", Back, "[!] status <codes>|string <text>|rstatus <regex>|rstring <regex>|hdr|fhdr name [-m <way>] <name> [value [-m <way>] <value>]", "What a server that is well answers, or with `!` does not. Of several all have to hold; a body counts whatever the status.", use => Add(use, ReadExpect)),
        DirectiveRow<HaproxyUse>.Done("http-check connect", Back, "[default] [addr <address>] [port <port>] [ssl] [send-proxy] [comment <text>]", "A connection is opened, and the one before closed: to this address and port, over TLS with `ssl` or where `default` leaves it to the server.", use => Add(use, HaproxyTcpChecks.Connect)),
        DirectiveRow<HaproxyUse>.Harmless("http-check comment", Back, "...", "It is for people."),
        DirectiveRow<HaproxyUse>.Harmless("http-check send-state", Back, "...", "Servers are not told how they stand."),
        DirectiveRow<HaproxyUse>.Done("http-check disable-on-404", Back, "", "A server that is up and answers 404 gets no new clients until it answers otherwise; those that belong to it go on.", use => use.Section.HttpCheck = use.Section.HttpCheck with { DrainsOn404 = true }),
        .. HaproxyTcpChecks.Rows,
    ];

    private static ProbeRequest Initial => new("OPTIONS", "/", null, default, "");

    private static void ReadOption(HaproxyUse use)
    {
        var request = Initial;
        if (use.HasMore)
        {
            var word = use.Take();
            request = use.HasMore ? request with { Method = word.Text, Path = use.Take().Text } : request with { Path = word.Text };
        }

        // The version may bring a Host along, as in "HTTP/1.1\r\nHost: www".
        while (use.HasMore)
        {
            var word = use.Take();
            foreach (var line in word.Text.Split("\r\n").Skip(1))
            {
                if (line.Split(':', 2) is [var name, var value])
                    request = With(request, name, value.Trim(), word, use);
            }
        }

        use.Section.HttpCheck = use.Section.HttpCheck.Own with { Option = Checked(request, use) ? request : Initial };
    }

    private static ProbeRequest With(ProbeRequest request, string name, string value, Word word, HaproxyUse use)
    {
        if (name.Equals("Host", StringComparison.OrdinalIgnoreCase))
            return request with { Host = value };
        if (HeaderTable.FindMistakeInName(name, orOfClient: false) is { Message: not null } mistake)
        {
            // What belongs to the connection is the check's own business.
            if (!name.Equals("Connection", StringComparison.OrdinalIgnoreCase))
                use.Problems.Error(word.Place, mistake);
            return request;
        }

        return request with { Fields = request.Fields.Append(new(name, value)).ToValueList() };
    }

    private static bool Checked(ProbeRequest request, HaproxyUse use)
    {
        if (((request.Path != "*" || request.Method != "OPTIONS") && !request.Path.StartsWith('/')) || request.Path.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0)
            use.Problems.Error(use.Line, $"{Shown.Quote(request.Path)} is no path to ask for", "a path such as /health");
        else if (request.Method is not ("GET" or "HEAD" or "OPTIONS" or "POST" or "PUT" or "DELETE" or "TRACE"))
            use.Problems.Error(use.Line, $"{Shown.Quote(request.Method)} is no method to ask by", "GET, HEAD or OPTIONS");
        else if (request.ToString() is { Length: > 4096 } text)
            use.Problems.Error(use.Line, $"a request of {text.Length} bytes", "at most 4096");
        else
            return true;
        return false;
    }

    /// <summary>Adds a step, in the places that HAProxy takes it.</summary>
    private static void Add(HaproxyUse use, Func<HaproxyUse, ProbeStep?> read)
    {
        use.Section.HttpCheck = use.Section.HttpCheck.Own;
        if (read(use) is not { } step)
            return;
        var check = use.Section.HttpCheck;
        var missing = (step.Do, check.Steps is [.., var last] ? last.Do : null as ProbeStepKind?) switch
        {
            (ProbeStepKind.Request, not (null or ProbeStepKind.Connect)) => "connect",
            (ProbeStepKind.Connect, not null) when check.Steps[0].Do != ProbeStepKind.Connect => "connect' at the beginning, and 'http-check expect",
            (ProbeStepKind.Connect, ProbeStepKind.Connect or ProbeStepKind.Request) => "expect",
            (not (ProbeStepKind.Connect or ProbeStepKind.Request), ProbeStepKind.Connect) => "send",
            _ => null,
        };
        if (missing is null)
            use.Section.HttpCheck = check with { Steps = [.. check.Steps, step] };
        else
            use.Problems.Error(use.Line, $"'{use.Directive}' without 'http-check {missing}' before it", "connect, send and expect in this order, and again from the first");
    }

    private static ProbeStep? ReadSend(HaproxyUse use)
    {
        // What the option asks is what the first of them leaves out.
        var isFirst = use.Section.HttpCheck.Steps is [] or [{ Do: ProbeStepKind.Connect }];
        var option = isFirst && use.Section.HttpCheck.Option is { } asked ? asked : Initial;
        var request = option with { Host = null, Fields = default };
        while (use.HasMore)
        {
            var word = use.Take();
            switch (word.Text)
            {
                case "meth" when use.TryTake("a method", out var method):
                    request = request with { Method = method.Text };
                    break;
                case "uri" when use.TryTake("a path", out var path):
                    request = request with { Path = path.Text };
                    break;
                case "uri-lf" when use.TryTake("a path", out var made):
                    if (HaproxyConstants.TextOf(made, use) is not { } its)
                        return null;
                    request = request with { Path = its };
                    break;
                case "ver" when use.TryTake("a version", out _):
                    break;
                case "comment" when use.TryTake("a text", out _):
                    break;
                case "body" when use.TryTake("a text", out var body):
                    request = request with { Body = body.Text };
                    break;
                case "body-lf" when use.TryTake("a text", out var text):
                    if (HaproxyConstants.TextOf(text, use) is not { } whole)
                        return null;
                    request = request with { Body = whole };
                    break;
                case "hdr" when use.TryTake("a name", out var name) && use.TryTake("a value", out var value):
                    if (HaproxyConstants.TextOf(value, use) is not { } said)
                        return null;
                    request = With(request, name.Text, said, name, use);
                    break;
                default:
                    use.Error(word, $"{Shown.Quote(word.Text)} is not done behind 'http-check send'", "meth, uri, uri-lf, ver, hdr, body, body-lf or comment");
                    return null;
            }
        }

        if (request is { Host: null, Fields.Count: 0 })
            request = request with { Host = option.Host, Fields = option.Fields };
        return Checked(request, use) ? new() { Do = ProbeStepKind.Request, Text = request.ToString() } : null;
    }

    private static ProbeStep? ReadExpect(HaproxyUse use)
    {
        var least = HaproxyTcpChecks.SkipWhatIsReported(use);
        var not = use.Take("!");
        if (!use.TryTake("status, string, rstatus, rstring, hdr or fhdr", out var kind))
            return null;
        if (kind.Text is "hdr" or "fhdr")
            return ReadField(use, isWhole: kind.Text == "fhdr") is { } pattern ? new() { Do = ProbeStepKind.ExpectHead, Text = pattern, Not = not } : null;
        if (!use.TryTake("what is expected", out var expected))
            return null;
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
                        return null;
                    }

                    ranges.Add(new(first, last));
                }

                return new() { Do = ProbeStepKind.ExpectStatus, Statuses = StatusRange.Where(status => ranges.Exists(range => range.Contains(status)) != not) };
            case "rstatus" when BytePattern.TryParse(expected.Text, ignoreCase: false, out var ofStatus, out _):
                return new() { Do = ProbeStepKind.ExpectStatus, Statuses = StatusRange.Where(status => ofStatus.IsMatch(System.Text.Encoding.ASCII.GetBytes(status.ToString(CultureInfo.InvariantCulture))) != not) };
            case "string":
                return new() { Do = ProbeStepKind.Expect, Text = expected.Text, Not = not, Least = least };
            case "rstring" when HealthTable.MistakeInPattern(expected.Text) is { } mistake:
                use.Problems.Error(expected.Place, mistake);
                return null;
            case "rstring":
                return new() { Do = ProbeStepKind.ExpectPattern, Text = expected.Text, Not = not, Least = least };
            default:
                use.Error(kind, $"{Shown.Quote(kind.Text)} cannot be expected here", "status, string, rstatus, rstring, hdr or fhdr");
                return null;
        }
    }

    /// <summary>Reads what a field is expected to be, as an expression about lines of fields.</summary>
    private static string? ReadField(HaproxyUse use, bool isWhole)
    {
        if (!use.TryTake("name", out var word) || word.Text != "name" || ReadWay(use, "[^:\\n]*", small: true) is not { } name)
        {
            if (word.Text is not null and not "name")
                use.Error(word, $"{Shown.Quote(word.Text)} is not done there", "name with the name of a field");
            return null;
        }

        if (!use.Take("value"))
            return $"(?m)^{name}:";

        // A value between commas, or all of the line.
        return ReadWay(use, isWhole ? ".*" : "[^,\\n]*", small: false) is not { } value ? null
            : isWhole ? $"(?m)^{name}: {value}$" : $"(?m)^{name}:(?:.*,)?[ \\t]*{value}[ \\t]*(?:,.*)?$";
    }

    private static string? ReadWay(HaproxyUse use, string any, bool small)
    {
        var way = "str";
        if (use.Take("-m"))
        {
            if (!use.TryTake("str, beg, end, sub or reg", out var given))
                return null;
            way = given.Text;
        }

        if (!use.TryTake("a text", out var word))
            return null;
        var literal = System.Text.RegularExpressions.Regex.Escape(small ? word.Text.ToLowerInvariant() : word.Text);
        switch (way)
        {
            case "str":
                return literal;
            case "beg":
                return literal + any;
            case "end":
                return any + literal;
            case "sub":
                return any + literal + any;
            case "reg" when HealthTable.MistakeInPattern(word.Text) is { } mistake:
                use.Problems.Error(word.Place, mistake);
                return null;
            case "reg":
                var (begins, ends) = (word.Text.StartsWith('^'), word.Text.EndsWith('$') && !word.Text.EndsWith("\\$", StringComparison.Ordinal));
                return $"{(begins ? "" : any)}(?:{word.Text[(begins ? 1 : 0)..(ends ? ^1 : ^0)]}){(ends ? "" : any)}";
            default:
                use.Error(word, $"{Shown.Quote(way)} is no way to compare that is known here", "str, beg, end, sub or reg");
                return null;
        }
    }

    private static bool TryReadStatus(string text, out int status) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out status) && status is >= 100 and <= 599;
}
