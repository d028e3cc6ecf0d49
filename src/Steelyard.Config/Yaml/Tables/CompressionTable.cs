using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>compress</c> of a listener or a route.</summary>
internal static class CompressionTable
{
    /// <summary>A type of content.</summary>
    public static Form<string> Type => s_type;

    private static readonly Form<string> s_type = Form.OfText(
        "a type such as text/css, the start of one and * such as text/*, or \"*\"",
        (string text, out string type, out Mistake mistake) =>
        {
            type = text.ToLowerInvariant();
            mistake = text.Length is 0 or > 200 || text.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0 || (text.IndexOf('*') is var star && star >= 0 && star < text.Length - 1)
                ? new($"{Shown.Quote(text)} is not a type of content", "a type such as text/css, the start of one and * such as text/*, or \"*\"")
                : default;
            return mistake.Message is null;
        });

    private static readonly Form<ContentCoding> s_coding = ScalarForms.OneOf([("gzip", ContentCoding.Gzip, ""), ("deflate", ContentCoding.Deflate, ""), ("raw-deflate", ContentCoding.RawDeflate, "")]);

    /// <summary>What a coding is called.</summary>
    public static string WordOf(ContentCoding coding) => s_coding.Write!(coding);

    public static DirectiveTable<CompressionSettings> Table { get; } = new(
        "'compress'",
        "true, false, or a mapping such as { types: [text/html, application/json] }",
        "Answers of servers and files are compressed on their way to clients of HTTP/1.1 that take them so (`Accept-Encoding`). Left as they are: what is compressed already, what says `Cache-Control: no-transform`, parts of something (206), what has no body, and answers of the proxy's own. What is compressed has no `Content-Length` and no ranges, and its `ETag` is a weak one. `true` stands for all of the defaults.",
        [],
        [
            new Directive<CompressionSettings, IReadOnlyList<ContentCoding>>(
                "codings",
                Form.ListOf("gzip, deflate or raw-deflate, or a list of them", s_coding, orOne: true),
                "The codings there are: a client gets the one that it likes best, of equals the first that it names. `gzip` when left out; `raw-deflate` is `deflate` as some old browsers have it.",
                compression => [],
                (compression, value) => compression with { Codings = value.Distinct().ToValueList() }),
            new Directive<CompressionSettings, IReadOnlyList<string>>(
                "types",
                Form.ListOf("a type such as text/css, or a list of them", s_type, orOne: true),
                $"Types of content: `text/*` for all that start alike, `\"*\"` for any but those of several parts. When left out {string.Join(", ", new CompressionSettings().Types.Select(type => $"`{type}`"))}.",
                compression => [],
                (compression, value) => compression with { Types = value.Distinct().ToValueList() }),
            new Directive<CompressionSettings, ByteSize>(
                "min-size",
                ScalarForms.Size(new(0), ByteSize.FromKibibytes(1024L * 1024)),
                "Below which size answers are left as they are, where it is known before.",
                compression => compression.MinSize,
                (compression, value) => compression with { MinSize = value }),
            new Directive<CompressionSettings, int>(
                "level",
                ScalarForms.Number(1, 9),
                "How hard it is tried: 1 is fast, 9 is small.",
                compression => compression.Level,
                (compression, value) => compression with { Level = value }),
            new Directive<CompressionSettings, IReadOnlyList<int>>(
                "statuses",
                Form.ListOf("a status from 200 to 599, or a list of them", ScalarForms.Number(200, 599), orOne: true),
                "The statuses. All that have a body when left out, but for 206.",
                compression => [],
                (compression, value) => compression with { Statuses = value.Distinct().ToValueList() }),
            new Directive<CompressionSettings, VaryingAnswers>(
                "vary",
                ScalarForms.OneOf([("all", VaryingAnswers.All, ""), ("compressed", VaryingAnswers.Compressed, ""), ("none", VaryingAnswers.None, "")]),
                "Which answers say `Vary: Accept-Encoding`, without which a cache would give one client's coding to another: all that would be compressed for somebody, those that are, or none. It is said whatever `response-headers` take out of what the server has said.",
                compression => compression.Vary,
                (compression, value) => compression with { Vary = value }),
            new Directive<CompressionSettings, ProxiedAnswers>(
                "proxied",
                ScalarForms.FlagsOf(
                    "any, or a list such as [expired, no-cache, no-store, private, no-last-modified, no-etag, auth]",
                    [
                        ("any", ProxiedAnswers.Any, ""),
                        ("expired", ProxiedAnswers.Expired, ""),
                        ("no-cache", ProxiedAnswers.NoCache, ""),
                        ("no-store", ProxiedAnswers.NoStore, ""),
                        ("private", ProxiedAnswers.Private, ""),
                        ("no-last-modified", ProxiedAnswers.NoLastModified, ""),
                        ("no-etag", ProxiedAnswers.NoTag, ""),
                        ("auth", ProxiedAnswers.Authorized, ""),
                    ],
                    static (all, one) => all | one,
                    static (all, one) => (all & one) == one),
                "What is compressed for other proxies, which say in `Via` that they are one, as nginx's `gzip_proxied` has it.",
                compression => compression.Proxied,
                (compression, value) => compression with { Proxied = value }),
        ]);

    /// <summary>A switch, or a mapping.</summary>
    public static Form<CompressionSettings?> Setting { get; } = MakeForm();

    private static Form<CompressionSettings?> MakeForm()
    {
        var mapping = Form.Mapping(Table, _ => new CompressionSettings());
        return new(
            Table.Accepts,
            (Drafts.ProblemList problems, YamlNode node, out CompressionSettings? value) =>
            {
                value = node is YamlText { Value: "false" } ? CompressionSettings.Off : new();
                if (node is YamlText { Value: "true" or "false" })
                    return true;
                var read = mapping.Read(problems, node, out var plain);
                value = plain;
                return read;
            });
    }
}
