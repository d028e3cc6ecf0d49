using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>What a section says of compressing answers.</summary>
/// <param name="Codings">How; the last one of the file first, as HAProxy looks through them.</param>
/// <param name="Types">What types of content begin with; none for any.</param>
/// <param name="Offloads">Where it is said that servers are not asked for anything compressed; null for nowhere.</param>
internal sealed record HaproxyCompression(ValueList<ContentCoding> Codings, ValueList<string> Types, Place? Offloads)
{
    private const string All = "DFBL";

    private static readonly HaproxyCompression s_none = new([], [], null);

    // HAProxy compresses no others, and with tune.comp.maxlevel at 1.
    private static readonly int[] s_statuses = [200, 201, 202, 203];

    public static IEnumerable<DirectiveRow<HaproxyUse>> Rows { get; } =
    [
        DirectiveRow<HaproxyUse>.Done("compression algo", All, "gzip|deflate|raw-deflate|identity ...", "How answers of servers are compressed for clients of HTTP/1.1 that take them so: those with 200 to 203 that are not compressed already, and whose length or end is known. What a backend says goes before what its frontend says.", ReadAlgorithms),
        DirectiveRow<HaproxyUse>.Done("compression type", All, "<type> ...", "Which types, each with all that begin alike; any but multipart where nothing is said.", ReadTypes),
        DirectiveRow<HaproxyUse>.Done("compression offload", All, "", "Servers are not asked for anything compressed. Without effect in `defaults`, as in HAProxy.", use =>
        {
            if (use.Section.Kind == 'D')
                use.Problems.Warn(use.Line, "'compression offload' has no effect in 'defaults'", "it in each proxy");
            else
                use.Section.Compression = (use.Section.Compression ?? s_none) with { Offloads = use.Line };
        }),
    ];

    private static void ReadAlgorithms(HaproxyUse use)
    {
        if (!use.HasMore)
            use.TryTake("an algorithm", out _);
        while (use.HasMore)
        {
            var word = use.Take();
            ContentCoding? coding = word.Text switch
            {
                "gzip" => ContentCoding.Gzip,
                "deflate" => ContentCoding.Deflate,
                "raw-deflate" => ContentCoding.RawDeflate,
                _ => null,
            };
            var section = use.Section;
            if (coding is { } one)
                section.Compression = (section.Compression ?? s_none) with { Codings = (section.Compression ?? s_none).Codings.Where(known => known != one).Prepend(one).ToValueList() };
            else if (word.Text == "identity")
                use.Problems.Note(word.Place, "'identity' changes nothing in what is sent");
            else
                use.Error(word, $"{Shown.Quote(word.Text)} is not a supported algorithm", "gzip, deflate, raw-deflate or identity");
        }
    }

    private static void ReadTypes(HaproxyUse use)
    {
        if (!use.HasMore)
            use.TryTake("a type", out _);
        while (use.HasMore)
        {
            var type = use.Take().Text.ToLowerInvariant();
            use.Section.Compression = (use.Section.Compression ?? s_none) with { Types = [.. (use.Section.Compression ?? s_none).Types, type.TrimEnd('*') + "*"] };
        }
    }

    /// <summary>A route from a frontend to a backend, with what both say.</summary>
    public static RouteDraft Apply(RouteDraft route, HaproxySection front, HaproxySection back)
    {
        var (first, second) = (back.Compression ?? s_none, back == front ? s_none : front.Compression ?? s_none);
        var codings = first.Codings.Count > 0 ? first.Codings : second.Codings;
        if (codings.Count == 0)
            return route;
        var types = first.Types.Count > 0 ? first.Types : second.Types;
        return route with
        {
            Compress = new()
            {
                Codings = codings,
                Types = types.Count > 0 ? types : ["*"],
                MinSize = new(0),
                Level = 1,
                Statuses = s_statuses.ToValueList(),
                Vary = VaryingAnswers.Compressed,
            },
            RequestHeaders = (first.Offloads ?? second.Offloads) is { } place ? new(new() { Remove = ["Accept-Encoding"] }, place) : route.RequestHeaders,
        };
    }
}
