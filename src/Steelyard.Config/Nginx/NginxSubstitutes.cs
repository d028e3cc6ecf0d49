using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Nginx;

/// <summary>What is put in the place of texts in answers: sub_filter and its kin (nginx: ngx_http_sub_module).</summary>
internal static class NginxSubstitutes
{
    /// <summary>Checks the text of sub_filter.</summary>
    public static void Check(NginxUse use)
    {
        if (use.Directive[1].Contains('$', StringComparison.Ordinal))
            use.Error(1, "a text that goes by the request is not looked for here", "a text without variables");
        else if (!SubstitutionTable.IsText(use.Directive[1]))
            use.Invalid(1, $"a text of 1 to {SubstitutionSettings.LongestText} bytes");
        else if (use.Level.Own("sub_filter").Count == SubstitutionSettings.MostTexts)
            use.Problems.Error(use.Directive.Place, "there are too many texts to look for", $"{SubstitutionSettings.MostTexts} at most");
    }

    /// <summary>What a block says; null for nothing.</summary>
    /// <param name="level">The block.</param>
    /// <param name="scope">What variables stand for in its answers.</param>
    public static SubstitutionSettings? Of(NginxLevel level, NginxScope scope)
    {
        List<Substitute> texts = [];
        foreach (var line in level.All("sub_filter"))
        {
            if (NginxVariables.TryRead(line[2], scope, line.Words[2].Place, out var by, isBody: true))
                texts.Add(new() { Text = line[1], By = NginxVariables.WithEmpty(by) });
        }

        if (texts.Count == 0)
            return null;
        var types = level.Find("sub_filter_types")?.Words.Skip(1).Select(word => word.Text.ToLowerInvariant()) ?? [];
        return new()
        {
            Texts = texts.ToValueList(),
            Types = types.Contains("*") ? ["*"] : types.Prepend("text/html").Distinct().ToValueList(),
            Once = level.IsOn("sub_filter_once", otherwise: true),
            KeepsDate = level.IsOn("sub_filter_last_modified"),
        };
    }
}
