using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>What is said of a template that another program would read otherwise.</summary>
internal static class TemplateForms
{
    // nginx's variables, and what says the same here; nothing where nothing does.
    private static readonly Dictionary<string, string> s_ofNginx = new(StringComparer.Ordinal)
    {
        ["args"] = "{query}",
        ["binary_remote_addr"] = "{client}",
        ["document_uri"] = "{path}",
        ["host"] = "{host}",
        ["hostname"] = "",
        ["http_host"] = "{authority}",
        ["is_args"] = "",
        ["proxy_add_x_forwarded_for"] = "",
        ["query_string"] = "{query}",
        ["remote_addr"] = "{client}",
        ["request_method"] = "{method}",
        ["request_uri"] = "{uri}",
        ["scheme"] = "{scheme}",
        ["server_name"] = "{host}",
        ["upstream_addr"] = "{server}",
        ["uri"] = "{path}",
    };

    /// <summary>Warns where a variable of nginx stands in the text, for it passes as it is written.</summary>
    public static Form<TextTemplate> WarnOfNginx(Form<TextTemplate> form) => form with
    {
        Read = (ProblemList problems, YamlNode node, out TextTemplate value) =>
        {
            if (!form.Read(problems, node, out value))
                return false;
            if (node is YamlText text && FindVariable(text.Value) is { } name)
                problems.Warn(node.Place, $"{Shown.Quote("$" + name)} is text here, and passes as it is written", s_ofNginx[name] is { Length: > 0 } same ? $"{same}, where nginx's variable is meant" : "a text without it, or one of the variables in braces");
            return true;
        },
    };

    private static string? FindVariable(string text)
    {
        for (var dollar = text.IndexOf('$', StringComparison.Ordinal); dollar >= 0; dollar = text.IndexOf('$', dollar + 1))
        {
            var name = string.Concat(text.Skip(dollar + 1).TakeWhile(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_'));
            if (s_ofNginx.ContainsKey(name))
                return name;
        }

        return null;
    }
}
