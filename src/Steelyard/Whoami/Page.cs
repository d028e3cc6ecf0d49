using System.Net;

namespace Steelyard.Whoami;

/// <summary>The report as a page for a browser; complete in itself, so that it needs no second request through the balancer.</summary>
internal static class Page
{
    private static readonly string Template = ReadTemplate();

    public static string Render(Report report) => Template
        .Replace("{{name}}", WebUtility.HtmlEncode(report.Name))
        .Replace("{{pid}}", report.Pid.ToString())
        .Replace("{{address}}", WebUtility.HtmlEncode(report.Address))
        .Replace("{{requests}}", report.Requests.ToString())
        .Replace("{{hue}}", report.Hue.ToString())
        // Last, for what a client sent may look like a placeholder.
        .Replace("{{request}}", WebUtility.HtmlEncode(TextOf(report)));

    private static string TextOf(Report report)
    {
        var text = report.ToText();
        return text[(text.IndexOf("\n\n", StringComparison.Ordinal) + 2)..];
    }

    private static string ReadTemplate()
    {
        using var stream = typeof(Page).Assembly.GetManifestResourceStream("whoami.html")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
