using System.Buffers;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>request-headers</c> and <c>response-headers</c>, and the forms of field names and values.</summary>
internal static class HeaderTable
{
    private static readonly SearchValues<char> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // What frames a message or belongs to one connection is the proxy's; what speaks of the client has settings of its own.
    private static readonly Dictionary<string, string> Kept = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Connection"] = "belongs to one connection and is never passed on",
        ["Content-Length"] = "frames the message",
        ["Expect"] = "decides how the body is sent",
        ["Keep-Alive"] = "belongs to one connection and is never passed on",
        ["Proxy-Connection"] = "belongs to one connection and is never passed on",
        ["TE"] = "belongs to one connection and is never passed on",
        ["Trailer"] = "belongs to one connection and is never passed on",
        ["Transfer-Encoding"] = "frames the message",
        ["Upgrade"] = "belongs to one connection and is never passed on",
        ["X-Forwarded-For"] = "is written by the listener, see 'forwarded'",
        ["X-Forwarded-Host"] = "is written by the listener, see 'forwarded'",
        ["X-Forwarded-Proto"] = "is written by the listener, see 'forwarded'",
        ["X-Real-IP"] = "is written by the listener, see 'forwarded'",
        ["Forwarded"] = "is written by the listener, see 'forwarded'",
    };

    /// <summary>A name to match by.</summary>
    public static Form<string> FieldName { get; } = Form.OfText<string>("the name of a field, such as X-Api-Version", ParseName);

    private static readonly Form<string> EditableName = Editable(orHost: false);

    // Whether the listener writes it is checked where both are known.
    private static readonly Form<string> s_changedName = Editable(orHost: false, orOfClient: true);

    /// <summary>A field of a request of our own making, which has its Host and its framing already.</summary>
    public static Form<string> ProbeFieldName => EditableName;

    /// <summary>What is wrong with the name of a field that is to be changed.</summary>
    /// <param name="name">The name.</param>
    /// <param name="orOfClient">Whether what speaks of the client may be.</param>
    public static Mistake FindMistakeInName(string name, bool orOfClient)
    {
        if (!ParseName(name, out _, out var mistake))
            return mistake;
        return Kept.TryGetValue(name, out var why) && !(orOfClient && IsOfClient(name)) ? new($"the field {Shown.Quote(name)} cannot be changed here: it {why}", "another field") : default;
    }

    /// <summary>Whether a field speaks of the client, and is the listener's where it writes any.</summary>
    public static bool IsOfClient(string name) => Kept.TryGetValue(name, out var why) && why.StartsWith("is written by", StringComparison.Ordinal);

    /// <summary>What is wrong with the name of a field that this program writes itself.</summary>
    public static Mistake FindMistake(string name) =>
        !ParseName(name, out _, out var mistake) ? mistake
        : Kept.TryGetValue(name, out var why) ? new($"the field {Shown.Quote(name)} cannot be used here: it {why}", "another field")
        : name.Equals("Host", StringComparison.OrdinalIgnoreCase) ? new("Host says for whom a request is", "another field")
        : default;

    /// <summary>Whether a text is a token (RFC 9110, 5.6.2).</summary>
    public static bool IsToken(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExcept(Token);

    private static Form<string> Editable(bool orHost, bool orOfClient = false) => Form.OfText(
        "the name of a field, such as X-Api-Version",
        (string text, out string name, out Mistake mistake) =>
        {
            if (ParseName(text, out name, out mistake) && Kept.TryGetValue(text, out var why) && !(orOfClient && IsOfClient(text)))
                mistake = new($"the field {Shown.Quote(text)} cannot be changed here: it {why}", "another field");
            else if (!orHost && text.Equals("Host", StringComparison.OrdinalIgnoreCase))
                mistake = new("a request has exactly one Host (RFC 9112, 3.2)", "'set' in 'request-headers', for another value of it");
            return mistake.Message is null;
        });

    public static DirectiveTable<HeaderEdits> Requests { get; } = Table("'request-headers'", Template("a value, with variables such as {client}", server: false), Editable(orHost: true, orOfClient: true));

    public static DirectiveTable<HeaderEdits> Responses { get; } = Table("'response-headers'", Template("a value, with variables such as {server}", server: true), s_changedName);

    /// <summary>A text with variables.</summary>
    public static Form<TextTemplate> Template(string accepts, bool server) => TemplateForms.WarnOfNginx(Form.OfText(
        accepts,
        (string text, out TextTemplate template, out Mistake mistake) =>
        {
            if (TextTemplate.TryParse(text, out template, out mistake) && !server && template.Uses(TemplateVariable.Server))
                mistake = new("no server has answered yet, so {server} says nothing here", "{server} in 'response-headers' only");
            return mistake.Message is null;
        },
        template => template.ToString()));

    private static DirectiveTable<HeaderEdits> Table(string title, Form<TextTemplate> value, Form<string> settable)
    {
        const string Accepts = "a mapping of names and values, as in { X-Stage: test }";
        var set = Form.MapOf(Accepts, settable, value, StringComparer.OrdinalIgnoreCase);
        var add = Form.MapOf(Accepts, s_changedName, Form.ListOf($"{value.Accepts}, or a list of them for several lines", value, orOne: true), StringComparer.OrdinalIgnoreCase);
        var names = Form.ListOf("a name, or a list of names, such as [ Server, X-Powered-By ]", s_changedName, orOne: true);
        return new(
            title,
            "a mapping with 'set', 'add' or 'remove', as in { set: { X-Stage: test } }",
            "Changes of the fields of a head: first what is removed, then what is set, then what is added. A line whose value comes out empty is left out.",
            [["set", "add", "remove"]],
            [
                new Directive<HeaderEdits, IReadOnlyList<KeyValuePair<string, TextTemplate>>>(
                    "set",
                    set,
                    "Fields that get this one line instead of what they had.",
                    edits => [],
                    (edits, read) => edits with { Set = AsLines(read) }),
                new Directive<HeaderEdits, IReadOnlyList<KeyValuePair<string, IReadOnlyList<TextTemplate>>>>(
                    "add",
                    add,
                    "Lines that are put in beside what is there; a list of values for several lines of a name.",
                    edits => [],
                    (edits, read) => edits with { Add = read.SelectMany(pair => pair.Value.Select(value => new HeaderLine(pair.Key, value))).ToValueList() }),
                new Directive<HeaderEdits, IReadOnlyList<string>>(
                    "remove",
                    names,
                    "Fields that are taken out, all lines of each.",
                    edits => [],
                    (edits, read) => edits with { Remove = read.ToValueList() }),
            ]);
    }

    private static ValueList<HeaderLine> AsLines(IReadOnlyList<KeyValuePair<string, TextTemplate>> read) =>
        read.Select(pair => new HeaderLine(pair.Key, pair.Value)).ToValueList();

    private static bool ParseName(string text, out string name, out Mistake mistake)
    {
        name = text;
        mistake = text.Length is 0 or > 64 || text.AsSpan().ContainsAnyExcept(Token)
            ? new($"{Shown.Quote(text)} cannot be the name of a field", "1 to 64 letters, digits and - _ (RFC 9110, 5.1)")
            : default;
        return mistake.Message is null;
    }
}
