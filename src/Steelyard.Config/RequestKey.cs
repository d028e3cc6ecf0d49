using System.Diagnostics.CodeAnalysis;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config;

/// <summary>Where in a request a key is found.</summary>
public enum RequestKeyKind
{
    /// <summary>The address of the client: the peer's, or the one that a trusted proxy names. 4 bytes, or 16 for IPv6.</summary>
    Address,

    /// <summary>The path without the query, as the client wrote it.</summary>
    Path,

    /// <summary>Path and query, as the client wrote them.</summary>
    Uri,

    /// <summary>The value of a query parameter, as the client wrote it; the first of that name.</summary>
    Query,

    /// <summary>The value of a field; of several lines the first.</summary>
    Header,

    /// <summary>The value of a cookie, without quotes; the first of that name.</summary>
    Cookie,

    /// <summary>The name that a client of TLS asks for, in listeners that leave TLS to the servers.</summary>
    ServerName,

    /// <summary>A text made of the request, see <see cref="TextTemplate"/>; empty is none.</summary>
    Text,
}

/// <summary>What of a request it is known by, for hashing, counting and remembering; written <c>address</c> or <c>header:X-User</c>.</summary>
/// <param name="Kind">Where it is found.</param>
/// <param name="Name">The name of the parameter, field or cookie; null for the others.</param>
public sealed record RequestKey(RequestKeyKind Kind, string? Name = null)
{
    private const int LongestName = 128;

    /// <summary>The address of the client.</summary>
    public static RequestKey Address { get; } = new(RequestKeyKind.Address);

    /// <summary>The kinds as the configuration writes them, with a colon where a name follows.</summary>
    internal static IReadOnlyList<(string Word, RequestKeyKind Kind, string Description)> Words { get; } =
    [
        ("address", RequestKeyKind.Address, "the client's address: the peer's, or the one that a trusted proxy names"),
        ("path", RequestKeyKind.Path, "the path without the query, as the client wrote it"),
        ("uri", RequestKeyKind.Uri, "path and query, as the client wrote them"),
        ("query:", RequestKeyKind.Query, "the value of a query parameter, as the client wrote it"),
        ("header:", RequestKeyKind.Header, "the value of a field; of several lines the first"),
        ("cookie:", RequestKeyKind.Cookie, "the value of a cookie"),
        ("sni", RequestKeyKind.ServerName, "the name in the hello of a TLS client, in `mode: tcp`"),
        ("text:", RequestKeyKind.Text, "a text with variables, such as `text:{client}{host}`"),
    ];

    /// <summary>What a text has to look like.</summary>
    internal static string Accepts { get; } = "address, path, uri, query:NAME, header:NAME, cookie:NAME, sni or text:TEMPLATE";

    internal static bool TryParse(string text, [NotNullWhen(true)] out RequestKey? key, out Mistake mistake)
    {
        (key, mistake) = (null, default);
        foreach (var (word, kind, _) in Words)
        {
            if (!word.EndsWith(':'))
            {
                if (text == word)
                    key = new(kind);
            }
            else if (text.StartsWith(word, StringComparison.Ordinal))
            {
                var name = text[word.Length..];
                if (kind == RequestKeyKind.Text)
                {
                    if (TextTemplate.TryParse(name, out var template, out mistake))
                        key = new(kind, template.ToString());
                }
                else if (!IsName(kind, name))
                    mistake = new($"{Shown.Quote(name)} cannot be the name of a {word[..^1]} {(kind == RequestKeyKind.Query ? "parameter" : "")}".TrimEnd(), $"{word}NAME");
                else
                    key = new(kind, name);
            }
        }

        if (key is null && mistake.Message is null)
            mistake = new($"{Shown.Quote(text)} names nothing of a request", Accepts, Words.FirstOrDefault(word => word.Word == text + ":").Word is { } prefix ? prefix + "NAME" : null);
        return key is not null;
    }

    private static bool IsName(RequestKeyKind kind, string name) => name.Length is > 0 and <= LongestName && (kind == RequestKeyKind.Query
        ? name.AsSpan().IndexOfAnyExceptInRange('!', '~') < 0 && !name.AsSpan().ContainsAny("&=#?")
        : HeaderTable.IsToken(name));

    /// <summary>The key as the configuration writes it.</summary>
    public override string ToString() => Words.First(word => word.Kind == Kind).Word + Name;
}
