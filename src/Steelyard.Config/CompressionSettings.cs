namespace Steelyard.Config;

/// <summary>Which answers are compressed on their way to clients that take them so, and how (nginx: gzip; HAProxy: compression).</summary>
public sealed record CompressionSettings
{
    /// <summary>Nothing is compressed, whatever is said around.</summary>
    public static CompressionSettings Off { get; } = new() { Codings = [] };

    /// <summary>The codings there are to choose from; none where nothing is compressed. A client gets the one that it likes best, of equals the first that it names.</summary>
    public ValueList<ContentCoding> Codings { get; init; } = [ContentCoding.Gzip];

    /// <summary>Types of content, in small letters: <c>text/css</c>, <c>text/*</c> for all that start alike, or <c>*</c> for any but those of several parts, and for none.</summary>
    public ValueList<string> Types { get; init; } =
        ["text/html", "text/css", "text/plain", "text/xml", "text/javascript", "application/javascript", "application/json", "application/xml", "application/wasm", "image/svg+xml"];

    /// <summary>Below which size answers are left as they are, where it is known before: 0 to 1 GiB. Default 1 KiB (nginx: gzip_min_length).</summary>
    public ByteSize MinSize { get; init; } = ByteSize.FromKibibytes(1);

    /// <summary>How hard it is tried: 1 (fast) to 9 (small). Default 4 (nginx: gzip_comp_level).</summary>
    public int Level { get; init; } = 4;

    /// <summary>Which statuses; none for all that have a body, but for 206. Default none.</summary>
    public ValueList<int> Statuses { get; init; }

    /// <summary>Which answers say that they go by Accept-Encoding. Default all that might be compressed (nginx: gzip_vary).</summary>
    public VaryingAnswers Vary { get; init; } = VaryingAnswers.All;

    /// <summary>What is compressed for other proxies, which say in Via that they are one. Default anything (nginx: gzip_proxied).</summary>
    public ProxiedAnswers Proxied { get; init; } = ProxiedAnswers.Any;
}

/// <summary>How an answer is compressed (RFC 9110, 8.4.1).</summary>
public enum ContentCoding
{
    /// <summary>RFC 1952.</summary>
    Gzip,

    /// <summary>RFC 1950, as the standard has it.</summary>
    Deflate,

    /// <summary>RFC 1951 under the name of the other, as some old browsers have it.</summary>
    RawDeflate,
}

/// <summary>Which answers say <c>Vary: Accept-Encoding</c>.</summary>
public enum VaryingAnswers
{
    /// <summary>All that would be compressed for somebody.</summary>
    All,

    /// <summary>Those that are compressed.</summary>
    Compressed,

    /// <summary>None.</summary>
    None,
}

/// <summary>What is compressed for other proxies.</summary>
[Flags]
public enum ProxiedAnswers
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>What has expired already.</summary>
    Expired = 1,

    /// <summary>What says no-cache.</summary>
    NoCache = 2,

    /// <summary>What says no-store.</summary>
    NoStore = 4,

    /// <summary>What says private.</summary>
    Private = 8,

    /// <summary>What has no Last-Modified.</summary>
    NoLastModified = 16,

    /// <summary>What has no ETag.</summary>
    NoTag = 32,

    /// <summary>Answers to requests with Authorization.</summary>
    Authorized = 64,

    /// <summary>Anything.</summary>
    Any = 128,
}
