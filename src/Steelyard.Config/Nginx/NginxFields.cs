using System.Globalization;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Nginx;

/// <summary>What is changed of heads: proxy_set_header, add_header, proxy_hide_header, expires.</summary>
internal static class NginxHeaders
{
    // What Steelyard writes itself, as each connection needs it.
    private static readonly string[] s_ofConnections = ["Connection", "Upgrade", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Content-Length", "Expect"];

    // Files say them where they answer a preflight request by themselves.
    private static readonly string[] s_framing = ["Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive"];

    private static readonly string[] s_hidden = ["Server", "X-Pad", "X-Accel-Expires", "X-Accel-Redirect", "X-Accel-Limit-Rate", "X-Accel-Buffering", "X-Accel-Charset"];

    private static readonly string[] s_statuses = ["200", "201", "204", "206", "301", "302", "303", "304", "307", "308"];

    /// <summary>What servers are sent.</summary>
    public static HeaderEdits OfRequest(NginxLevel level, NginxScope scope, ProblemList problems)
    {
        List<HeaderLine> set = [];
        foreach (var line in level.All("proxy_set_header"))
        {
            var (name, value) = (line.Words[1], line.Words[2]);
            if (Array.Exists(s_ofConnections, known => known.Equals(name.Text, StringComparison.OrdinalIgnoreCase)))
                continue;
            if (HeaderTable.FindMistakeInName(name.Text, orOfClient: true) is { Message: not null } mistake)
            {
                problems.Error(name.Place, mistake);
                continue;
            }

            if (!NginxVariables.TryRead(value.Text, scope, value.Place, out var template))
                continue;

            // The last line of a name counts.
            set.RemoveAll(other => other.Name.Equals(name.Text, StringComparison.OrdinalIgnoreCase));
            set.Add(new(name.Text, template));
        }

        if (!set.Exists(line => line.Name.Equals("Host", StringComparison.OrdinalIgnoreCase) && line.Value.Parts.Count > 0))
        {
            set.RemoveAll(line => line.Name.Equals("Host", StringComparison.OrdinalIgnoreCase));
            set.Insert(0, new("Host", scope.ProxyHost is { } host && NginxVariables.TryRead(host, scope, level.Place, out var template) ? template : TextTemplate.Empty));
        }

        var empty = set.Where(line => line.Value.Parts.Count == 0).Select(line => line.Name).ToValueList();
        return new() { Remove = empty, Set = set.Where(line => line.Value.Parts.Count > 0).ToValueList() };
    }

    /// <summary>What clients are sent.</summary>
    public static HeaderEdits OfResponse(NginxLevel level, NginxScope scope, bool isProxied, ProblemList problems)
    {
        List<HeaderLine> add = [];
        var response = scope with { OfResponse = true, OfSent = true };
        foreach (var line in level.AllBy("add_header"))
        {
            var name = line.Words[1];
            if (line.Count == 3 && line[3] != "always")
            {
                problems.Error(line.Words[3].Place, $"invalid parameter \"{line[3]}\"", "always");
                continue;
            }

            if (Array.Exists(s_framing, known => known.Equals(name.Text, StringComparison.OrdinalIgnoreCase)))
            {
                problems.Note(name.Place, $"\"add_header {name.Text}\" has no effect here: the field frames the answer, and is written as it is needed");
                continue;
            }

            if (HeaderTable.FindMistakeInName(name.Text, orOfClient: true) is { Message: not null } mistake)
            {
                problems.Error(name.Place, mistake);
                continue;
            }

            if (!NginxVariables.TryRead(line[2], response, line.Words[2].Place, out var value))
                continue;
            // nginx: a field without a value is none.
            if (line[2].Length > 0)
                add.Add(new(name.Text, line.Count == 3 ? value : OnlyFor(value)));
        }

        if (NginxExpiry.Of(level, response) is { } expiry)
            add.InsertRange(0, [new("Expires", OnlyFor(expiry.Date)), new("Cache-Control", OnlyFor(expiry.Control))]);
        add.AddRange(NginxUserId.FieldsOf(level));
        HashSet<string> remove = isProxied ? new(s_hidden, StringComparer.OrdinalIgnoreCase) : new(StringComparer.OrdinalIgnoreCase);
        if (isProxied)
        {
            foreach (var line in level.All("proxy_hide_header"))
            {
                if (HeaderTable.FindMistakeInName(line[1], orOfClient: true) is { Message: not null } mistake)
                    problems.Error(line.Words[1].Place, mistake);
                else
                    remove.Add(line[1]);
            }

            foreach (var line in level.All("proxy_pass_header"))
                remove.Remove(line[1]);
        }

        return new() { Remove = remove.ToValueList(), Add = add.ToValueList() };
    }

    /// <summary>The variable that says that the server's own steps answer, and not a location.</summary>
    public const string OfServer = "server.answers";

    /// <summary>The fields of a location, and in the answers of the server's own steps those of the server.</summary>
    public static ValueList<HeaderLine> Either(ValueList<HeaderLine> ofLocation, ValueList<HeaderLine> ofServer)
    {
        var answers = new FetchExpression(FetchKind.Variable, OfServer);
        return [.. ofLocation.Select(line => line with { Value = In(TextTemplate.Empty, line.Value) }), .. ofServer.Select(line => line with { Value = In(line.Value, TextTemplate.Empty) })];

        TextTemplate In(TextTemplate there, TextTemplate elsewhere) => TextTemplate.Of(new MapExpression(answers, [new(TestKind.Is, false, "1", there)], elsewhere));
    }

    /// <summary>Whether an answer has a status whose fields are added to.</summary>
    public static Condition HasStatus => new TestCondition(new FetchExpression(FetchKind.Status), TestKind.Is, s_statuses.ToValueList());

    private static TextTemplate OnlyFor(TextTemplate value) => TextTemplate.Of(new MapExpression(
        new FetchExpression(FetchKind.Status), s_statuses.Select(status => new MapCase(TestKind.Is, false, status, value)).ToValueList(), null));
}

/// <summary>What is answered instead of errors: error_page.</summary>
internal static class NginxErrors
{
    /// <summary>Whether a status has a page.</summary>
    public static bool HasPage(NginxLevel level, int status) =>
        level.All("error_page").Any(line => line.Words.Skip(1).Any(word => word.Text == status.ToString(CultureInfo.InvariantCulture)));

    public static IReadOnlyList<Located<ErrorPageSettings>> Of(NginxLevel level, NginxServer server, NginxScope scope, ProblemList problems)
    {
        List<Located<ErrorPageSettings>> pages = [];

        // nginx: what is wrong with TLS is found before a location is, and 400 to clients.
        foreach (var (line, isOfTls) in level.All("error_page").Select(line => (line, false)).Concat(server.Level.All("error_page").Select(line => (line, true))))
        {
            List<int> statuses = [];
            int? shown = null;
            foreach (var word in line.Words.Skip(1).SkipLast(1))
            {
                if (word.Text.StartsWith('=') && (word.Text.Length == 1 || (int.TryParse(word.Text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var told) && told is >= 200 and <= 599)))
                    shown = word.Text.Length == 1 ? 0 : int.Parse(word.Text.AsSpan(1), CultureInfo.InvariantCulture);
                else if (int.TryParse(word.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 300 and <= 599)
                    statuses.Add(status);
                else
                    problems.Error(word.Place, $"invalid value \"{word.Text}\"", "a status from 300 to 599, = or =<status>");
            }

            if (statuses.Count == 0)
            {
                problems.Error(line.Place, "\"error_page\" without a status");
                continue;
            }

            statuses.RemoveAll(status => (status is >= 495 and <= 497) != isOfTls);
            if (statuses.Count == 0)
                continue;
            if (isOfTls)
                shown ??= 400;
            var (to, place) = (line[line.Count], line.Words[^1].Place);
            var page = new ErrorPageSettings { Statuses = statuses.ToValueList(), As = shown };
            if (to.StartsWith('@'))
                page = page with { Route = server.InternalName(to) };
            else if (!NginxVariables.TryRead(to, scope, place, out var template))
                continue;
            else if (NginxSteps.IsAbsolute(to) || NginxProxy.IsUrl(to, level, scope.File) || to[0] is not ('/' or '$'))
                page = page with { As = null, Redirect = new(template, shown is 301 or 302 or 303 or 307 or 308 ? shown.Value : 302) };
            else
                page = page with { Path = NginxPaths.WithQuery(template) };
            pages.Add(new(page, line.Place));
        }

        return pages;
    }
}
