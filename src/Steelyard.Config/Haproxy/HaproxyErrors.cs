using System.Globalization;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>What a client gets instead of an error: one of the two is set.</summary>
/// <param name="Respond">An answer.</param>
/// <param name="Redirect">Where it is sent.</param>
/// <param name="Place">Where it is said.</param>
internal sealed record HaproxyErrorPage(FixedResponse? Respond, RedirectSettings? Redirect, Place Place);

/// <summary>The lines errorfile, errorloc, http-error and errorfiles, and what they become.</summary>
internal static class HaproxyErrors
{
    /// <summary>What HAProxy says of its own answers.</summary>
    public static HeaderLine NotKept { get; } = new("Cache-Control", TextTemplate.Literal("no-cache"));

    /// <summary>What stands for the time that a section lets a client wait until it is refused.</summary>
    public static readonly TimeSpan OfTarpit = TimeSpan.Zero;

    private const string All = "DFBL";
    private const int MostBytes = 16 * 1024;

    private const string Reach = "Of errors before a backend is chosen only those of rules have it; a bad request has a page of Steelyard's own.";

    // HAProxy makes no others itself.
    private static readonly int[] s_statuses = [200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 421, 422, 425, 429, 500, 501, 502, 503, 504];

    public static IEnumerable<DirectiveRow<HaproxyUse>> Rows { get; } =
    [
        Done("errorfile", "<code> <file>", "The file is what a client gets with this status of the proxy's own: status line, fields, an empty line, body. " + Reach, ReadFile),
        Done("errorloc", "<code> <url>", "The client is sent there with 302.", use => ReadLocation(use, 302)),
        Done("errorloc302", "<code> <url>", "The client is sent there with 302.", use => ReadLocation(use, 302)),
        Done("errorloc303", "<code> <url>", "The client is sent there with 303.", use => ReadLocation(use, 303)),
        Done("http-error", "status <code> [content-type <type>] [string|lf-string|file <text>] [hdr <name> <fmt>]*", "The answer in place of this status of the proxy's own, as `errorfile`.", use =>
        {
            if (HaproxyRules.ReadAnswer(use, 200, RuleAction.Respond) is { } rule)
                Set(use, rule.Respond?.Status ?? rule.Status, new(rule.Respond ?? new(rule.Status), null, use.Line));
        }),
        Done("errorfiles", "<name> [<code>]*", "The pages of a section `http-errors`.", use =>
        {
            if (!use.TryTake("the name of a section http-errors", out var name))
                return;
            if (!use.File.ErrorSections.TryGetValue(name.Text, out var pages))
            {
                use.Error(name, $"no section 'http-errors' is called {Shown.Quote(name.Text)}", "the name of such a section");
                return;
            }

            List<int> wanted = [];
            while (use.HasMore && use.TryTakeNumber("a status", 200, 599, out var status))
                wanted.Add(status);
            foreach (var (status, page) in pages)
            {
                if (wanted.Count == 0 || wanted.Contains(status))
                    use.Section.ErrorPages[status] = page;
            }
        }),
    ];

    private static DirectiveRow<HaproxyUse> Done(string name, string arguments, string meaning, Action<HaproxyUse> read) => DirectiveRow<HaproxyUse>.Done(name, name == "errorfile" ? All + "E" : All, arguments, meaning, read);

    private static bool TryTakeStatus(HaproxyUse use, out int status)
    {
        if (!use.TryTakeNumber("a status", 200, 599, out status))
            return false;
        if (Array.IndexOf(s_statuses, status) >= 0)
            return true;
        use.Error(use.Last, $"{status} is no status of HAProxy's own", string.Join(", ", s_statuses));
        return false;
    }

    private static void Set(HaproxyUse use, int status, HaproxyErrorPage page) => use.Section.ErrorPages[status] = page;

    private static void ReadLocation(HaproxyUse use, int code)
    {
        if (TryTakeStatus(use, out var status) && use.TryTake("where to", out var url))
            Set(use, status, new(null, new(TextTemplate.Literal(url.Text), code, HaproxyRules.IsForNow(code)), use.Line));
    }

    private static void ReadFile(HaproxyUse use)
    {
        if (!TryTakeStatus(use, out var status) || !use.TryTake("a file", out var file))
            return;
        if (file.Text == "/dev/null")
        {
            use.Problems.Warn(use.Line, "a connection that is closed without an answer is not done here: the client gets a page of Steelyard's own", "'http-request silent-drop'");
            return;
        }

        if (!use.File.Source.CanReadFiles)
        {
            use.Problems.Note(file.Place, "other files are not read here: the client gets a page of Steelyard's own");
            return;
        }

        if (ReadResponse(file, use) is { } respond)
            Set(use, status, new(respond, null, use.Line));
    }

    /// <summary>A file that is a whole response; null where it is none, which was reported.</summary>
    public static FixedResponse? ReadResponse(Word file, HaproxyUse use)
    {
        if (use.File.Source.ReadFile(file.Text, file.Place, use.Problems) is not { } source)
            return null;
        var read = Parse(source.Text);
        if (read is null)
            use.Error(file, "the file is no HTTP response of at most 16 KiB", "a status line, fields, an empty line, and the body");
        return read;
    }

    /// <summary>The answer that a section http-errors has for a status; null for none.</summary>
    public static bool TryFind(Word name, int status, HaproxyUse use, out FixedResponse? respond)
    {
        respond = null;
        if (!use.File.ErrorSections.TryGetValue(name.Text, out var pages))
        {
            use.Error(name, $"no section 'http-errors' is called {Shown.Quote(name.Text)}", "the name of such a section");
            return false;
        }

        respond = pages.GetValueOrDefault(status)?.Respond;
        return true;
    }

    /// <summary>A whole response of HTTP as an answer; null where it is none.</summary>
    internal static FixedResponse? Parse(string text)
    {
        var (end, body) = EndOfHead(text);
        var lines = text[..end].TrimEnd('\r', '\n').Split('\n').Select(line => line.TrimEnd('\r')).ToArray();
        var words = lines[0].Split(' ', 3);
        if (words.Length < 2 || !words[0].StartsWith("HTTP/", StringComparison.Ordinal) || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var status) || status is < 200 or > 599)
            return null;
        var (type, fields) = ("text/html", new List<HeaderLine>());
        foreach (var line in lines.Skip(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
                return null;
            var (name, value) = (line[..colon].Trim(), line[(colon + 1)..].Trim());
            if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
                type = value;
            else if (name.ToLowerInvariant() is not ("content-length" or "connection" or "keep-alive" or "transfer-encoding" or "date"))
                fields.Add(new(name, TextTemplate.Literal(value)));
        }

        if (status is 204 or 304)
            body = "";
        return System.Text.Encoding.UTF8.GetByteCount(body) > MostBytes ? null : new(status, body, type) { Headers = fields.ToValueList() };
    }

    // Lines end as they like; of the body every byte counts.
    private static (int End, string Body) EndOfHead(string text)
    {
        for (var line = text.IndexOf('\n', StringComparison.Ordinal); line >= 0; line = text.IndexOf('\n', line + 1))
        {
            var next = line + 1 < text.Length && text[line + 1] == '\r' ? line + 2 : line + 1;
            if (next < text.Length && text[next] == '\n')
                return (line, text[(next + 1)..]);
        }

        return (text.Length, "");
    }

    /// <summary>The pages of a backend, and those of the frontend where it has none.</summary>
    public static SortedDictionary<int, HaproxyErrorPage> Of(HaproxySection front, HaproxySection? back)
    {
        var pages = new SortedDictionary<int, HaproxyErrorPage>();
        foreach (var (status, page) in (back?.ErrorPages ?? []).Concat(front.ErrorPages))
            pages.TryAdd(status, page);
        return pages;
    }

    /// <summary>The refusals of rules with the pages and the times of their section.</summary>
    public static IEnumerable<Located<RuleSettings>> Apply(IEnumerable<Located<RuleSettings>> rules, HaproxySection section)
    {
        foreach (var rule in rules)
            yield return rule with { Value = WithPage(rule.Value.Delay == OfTarpit ? rule.Value with { Delay = HaproxyTimeouts.Of(section, "tarpit") ?? HaproxyTimeouts.Of(section, "connect") } : rule.Value, section) };
    }

    private static RuleSettings WithPage(RuleSettings rule, HaproxySection section) =>
        rule.Action != RuleAction.Deny || !section.ErrorPages.TryGetValue(rule.Status == 0 ? 403 : rule.Status, out var page) ? rule
            : page.Respond is { } respond ? rule with { Action = RuleAction.Respond, Status = 0, Respond = respond with { Refuses = true } }
            : rule with { Action = RuleAction.Redirect, Status = 0, Redirect = page.Redirect };
}
