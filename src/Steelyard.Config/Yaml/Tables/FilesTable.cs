using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>files</c> in a route.</summary>
internal static class FilesTable
{
    private static readonly Form<string> s_text = Form.OfText("a text", (string text, out string value, out Mistake mistake) =>
    {
        (value, mistake) = (text, text.Contains('\0', StringComparison.Ordinal) ? new("a path has no NUL", "a path") : default);
        return mistake.Message is null;
    });

    public static DirectiveTable<PackedFiles> PackedFiles { get; } = new(
        "'packed'",
        "a mapping, such as {} or { vary: true }",
        "When the compressed file beside another is sent in its place.",
        [],
        [
            new Directive<PackedFiles, bool>("always", ScalarForms.Switch, "Whether to everybody, and not only to who takes gzip.", packed => packed.Always, (packed, value) => packed with { Always = value }),
            new Directive<PackedFiles, bool>("vary", ScalarForms.Switch, "Whether answers say `Vary: Accept-Encoding`.", packed => packed.Vary, (packed, value) => packed with { Vary = value }),
            new Directive<PackedFiles, bool>("proxied", ScalarForms.Switch, "Whether to other proxies too, which say so in `Via`.", packed => packed.Proxied, (packed, value) => packed with { Proxied = value }),
        ]);

    public static DirectiveTable<ListingSettings> Listing { get; } = new(
        "'listing'",
        "a mapping, such as {} or { json: true }",
        "What the page about a folder looks like.",
        [],
        [
            new Directive<ListingSettings, bool>("json", ScalarForms.Switch, "Whether it is JSON, and not HTML.", listing => listing.Json, (listing, value) => listing with { Json = value }),
            new Directive<ListingSettings, bool>("xml", ScalarForms.Switch, "Whether it is XML, and not HTML.", listing => listing.Xml, (listing, value) => listing with { Xml = value }),
            new Directive<ListingSettings, bool>("exact-size", ScalarForms.Switch, "Whether sizes are in bytes, and not in K, M and G.", listing => listing.ExactSize, (listing, value) => listing with { ExactSize = value }),
            new Directive<ListingSettings, bool>("local-time", ScalarForms.Switch, "Whether times are those of this machine's zone, and not UTC.", listing => listing.LocalTime, (listing, value) => listing with { LocalTime = value }),
            new Directive<ListingSettings, string>("charset", s_text, "The charset that the page is said to have.", listing => listing.Charset, (listing, value) => listing with { Charset = value }),
        ]);

    public static DirectiveTable<FilesSettings> Table { get; } = new(
        "'files'",
        "a folder, or a mapping with 'root', as in { root: /srv/www, index: index.html }",
        "Files are served without a server, to GET and HEAD, with `ETag`, `Last-Modified` and parts by `Range`. Paths cannot leave the folder; links in it are followed.",
        [["root"]],
        [
            new Directive<FilesSettings, string>("root", s_text, "The folder, seen from that of the configuration, to which the path is added.", files => files.Root, (files, value) => files with { Root = value }),
            new Directive<FilesSettings, TextTemplate?>("made-root", Form.OrNull(AnswerTable.Anywhere), "The folder, made of the request, in the place of `root`; paths that climb are 404.", files => null, (files, value) => files with { MadeRoot = value }),
            new Directive<FilesSettings, bool>("whole", ScalarForms.Switch, "Whether the folder is the file already, and no path is added but those of `try`.", files => files.Whole, (files, value) => files with { Whole = value }),
            new Directive<FilesSettings, string>("strip", s_text, "What is taken off the front of the path before.", files => files.Strip, (files, value) => files with { Strip = value }),
            new Directive<FilesSettings, IReadOnlyList<string>>("index", Form.ListOf("the name of a file, or a list of them", s_text, orOne: true), "The files that are looked for where a path ends in a slash.", files => [], (files, value) => files with { Index = value.ToValueList() }),
            new Directive<FilesSettings, IReadOnlyList<TextTemplate>>("try", Form.ListOf("a path such as {clean-path}, or a list of them", AnswerTable.Anywhere, orOne: true), "Paths that are tried, one after the other; one that ends in a slash means a folder.", files => [], (files, value) => files with { Try = value.ToValueList() }),
            new Directive<FilesSettings, int>("else-status", ScalarForms.Number(200, 599), "The status where none of `try` is there.", files => files.ElseStatus, (files, value) => files with { ElseStatus = value }),
            new Directive<FilesSettings, TextTemplate?>("else-path", Form.OrNull(AnswerTable.Anywhere), "Path and query that are asked for instead.", files => null, (files, value) => files with { ElsePath = value }),
            new Directive<FilesSettings, string?>("else-go-to", Form.OrNull(ScalarForms.Name), "The `internal` route that answers instead.", files => null, (files, value) => files with { ElseRoute = value }),
            new Directive<FilesSettings, IReadOnlyList<KeyValuePair<string, string>>>("types", Form.MapOf("a mapping of endings and types, as in { html: text/html }", s_text, ScalarForms.MediaType, StringComparer.Ordinal), "Types of files by the endings of their names.", files => [], (files, value) => files with { Types = value.Select(pair => new FileType(pair.Key, pair.Value)).ToValueList() }),
            new Directive<FilesSettings, string>("default-type", ScalarForms.MediaType, "The type of files of any other ending.", files => files.DefaultType, (files, value) => files with { DefaultType = value }),
            new Directive<FilesSettings, TextTemplate?>("slash", Form.OrNull(AnswerTable.Anywhere), "Where a client is sent that asks for a folder without a slash at the end; the path with one when left out.", files => null, (files, value) => files with { Slash = value }),
            new Directive<FilesSettings, bool>("by-lot", ScalarForms.Switch, "Whether a path that ends in a slash is answered by any file of the folder, by lot, before an index is looked for.", files => files.ByLot, (files, value) => files with { ByLot = value }),
            new Directive<FilesSettings, bool>("etag", ScalarForms.Switch, "Whether answers have an ETag.", files => files.Tagged, (files, value) => files with { Tagged = value }),
            new Directive<FilesSettings, ModifiedSince>("modified-since", ScalarForms.OneOf([("exact", ModifiedSince.Exact, "That of the last change."), ("before", ModifiedSince.Before, "That, and every later one."), ("off", ModifiedSince.Off, "None.")]), "Which dates of If-Modified-Since mean that a client has the file.", files => files.Since, (files, value) => files with { Since = value }),
            new Directive<FilesSettings, int?>("ranges", ScalarForms.OrWord(ScalarForms.Number(0, 1_000_000), "any"), "How many ranges of a file may be asked for at once; beyond that all of it is sent.", files => files.MostRanges, (files, value) => files with { MostRanges = value }),
            new Directive<FilesSettings, PackedFiles?>("packed", Form.OrNull(Form.Mapping(PackedFiles, _ => new PackedFiles())), "When the file with `.gz` behind its name is sent in the place of one.", files => files.Packed, (files, value) => files with { Packed = value }),
            new Directive<FilesSettings, ListingSettings?>("listing", Form.OrNull(Form.Mapping(Listing, _ => new ListingSettings())), "What a folder without an index looks like; 403 when left out.", files => files.Listing, (files, value) => files with { Listing = value }),
        ]);
}
