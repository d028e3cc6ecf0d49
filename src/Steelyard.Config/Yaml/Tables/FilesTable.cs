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

    public static DirectiveTable<FilesSettings> Table { get; } = new(
        "'files'",
        "a folder, or a mapping with 'root', as in { root: /srv/www, index: index.html }",
        "Files are served without a server, to GET and HEAD, with `ETag`, `Last-Modified` and parts by `Range`. Paths cannot leave the folder; links in it are followed.",
        [["root"]],
        [
            new Directive<FilesSettings, string>("root", s_text, "The folder, seen from that of the configuration, to which the path is added.", files => files.Root, (files, value) => files with { Root = value }),
            new Directive<FilesSettings, string>("strip", s_text, "What is taken off the front of the path before.", files => files.Strip, (files, value) => files with { Strip = value }),
            new Directive<FilesSettings, IReadOnlyList<string>>("index", Form.ListOf("the name of a file, or a list of them", s_text, orOne: true), "The files that are looked for where a path ends in a slash.", files => [], (files, value) => files with { Index = value.ToValueList() }),
            new Directive<FilesSettings, IReadOnlyList<TextTemplate>>("try", Form.ListOf("a path such as {clean-path}, or a list of them", AnswerTable.Anywhere, orOne: true), "Paths that are tried, one after the other; one that ends in a slash means a folder.", files => [], (files, value) => files with { Try = value.ToValueList() }),
            new Directive<FilesSettings, int>("else-status", ScalarForms.Number(200, 599), "The status where none of `try` is there.", files => files.ElseStatus, (files, value) => files with { ElseStatus = value }),
            new Directive<FilesSettings, TextTemplate?>("else-path", Form.OrNull(AnswerTable.Anywhere), "Path and query that are asked for instead.", files => null, (files, value) => files with { ElsePath = value }),
            new Directive<FilesSettings, string?>("else-go-to", Form.OrNull(ScalarForms.Name), "The `internal` route that answers instead.", files => null, (files, value) => files with { ElseRoute = value }),
            new Directive<FilesSettings, IReadOnlyList<KeyValuePair<string, string>>>("types", Form.MapOf("a mapping of endings and types, as in { html: text/html }", s_text, ScalarForms.MediaType, StringComparer.Ordinal), "Types of files by the endings of their names.", files => [], (files, value) => files with { Types = value.Select(pair => new FileType(pair.Key, pair.Value)).ToValueList() }),
            new Directive<FilesSettings, string>("default-type", ScalarForms.MediaType, "The type of files of any other ending.", files => files.DefaultType, (files, value) => files with { DefaultType = value }),
            new Directive<FilesSettings, TextTemplate?>("slash", Form.OrNull(AnswerTable.Anywhere), "Where a client is sent that asks for a folder without a slash at the end; the path with one when left out.", files => null, (files, value) => files with { Slash = value }),
        ]);
}
