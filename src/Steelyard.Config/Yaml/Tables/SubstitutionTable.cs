using System.Text;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>substitute</c> of a route.</summary>
internal static class SubstitutionTable
{
    private static readonly Form<string> s_text = Form.OfText(
        $"a text of 1 to {SubstitutionSettings.LongestText} bytes",
        (string text, out string read, out Mistake mistake) =>
        {
            read = text;
            mistake = IsText(text) ? default : new($"{Shown.Quote(text)} cannot be looked for", $"a text of 1 to {SubstitutionSettings.LongestText} bytes");
            return mistake.Message is null;
        });

    private static readonly DirectiveTable<Substitute> s_one = new(
        "a text to replace",
        "a mapping with 'text' and 'by'",
        "A text, and what takes its place.",
        [["text"], ["by"]],
        [
            new Directive<Substitute, string>("text", s_text, "The text, found in any case of ASCII letters.", one => "", (one, value) => one with { Text = value }),
            new Directive<Substitute, TextTemplate>("by", AnswerTable.Text, "What takes its place; variables are what they are when the answer begins.", one => TextTemplate.Empty, (one, value) => one with { By = value }),
        ]);

    public static DirectiveTable<SubstitutionSettings> Table { get; } = new(
        "'substitute'",
        "a mapping such as { texts: [{ text: http://inner, by: https://outer }] }",
        "Texts in answers of servers and files are replaced on their way to clients of HTTP/1.1. Left as they are: what is compressed, parts of something (206), and answers of the proxy's own. What is changed has no `Content-Length`, no ranges, no `Last-Modified` and no `ETag`, and is not compressed.",
        [["texts"]],
        [
            new Directive<SubstitutionSettings, IReadOnlyList<Substitute>>(
                "texts",
                Form.ListOf($"a list of at most {SubstitutionSettings.MostTexts} texts, each as in '- {{ text: http://inner, by: https://outer }}'", Form.Mapping(s_one, _ => new Substitute { Text = "", By = TextTemplate.Empty }), orOne: true),
                "The texts; where several begin the first one counts.",
                settings => [],
                (settings, value) => settings with { Texts = value.Take(SubstitutionSettings.MostTexts).ToValueList() }),
            new Directive<SubstitutionSettings, IReadOnlyList<string>>(
                "types",
                Form.ListOf("a type such as text/css, or a list of them", CompressionTable.Type, orOne: true),
                "Types of content, `\"*\"` for any; `text/html` when left out.",
                settings => [],
                (settings, value) => settings with { Types = value.Distinct().ToValueList() }),
            new Directive<SubstitutionSettings, bool>("once", ScalarForms.Switch, "Whether each text is replaced once, and not wherever it is.", settings => settings.Once, (settings, value) => settings with { Once = value }),
            new Directive<SubstitutionSettings, bool>("keep-date", ScalarForms.Switch, "Whether answers keep `Last-Modified`, and their `ETag` as a weak one.", settings => settings.KeepsDate, (settings, value) => settings with { KeepsDate = value }),
        ]);

    /// <summary>Whether a text can be looked for.</summary>
    public static bool IsText(string text) => text.Length > 0 && Encoding.UTF8.GetByteCount(text) <= SubstitutionSettings.LongestText;
}
