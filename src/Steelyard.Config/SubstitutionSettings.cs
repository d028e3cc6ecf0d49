namespace Steelyard.Config;

/// <summary>What is put in the place of texts in answers (nginx: ngx_http_sub_module).</summary>
public sealed record SubstitutionSettings
{
    /// <summary>The most bytes that a text may have: so many may have to wait for what is still to come.</summary>
    public const int LongestText = 1024;

    /// <summary>The most texts of a route.</summary>
    public const int MostTexts = 64;

    /// <summary>The texts, found in any case of ASCII letters; where several begin, the first one counts.</summary>
    public ValueList<Substitute> Texts { get; init; }

    /// <summary>Types of content, in small letters, or <c>*</c> for any. Default text/html (nginx: sub_filter_types).</summary>
    public ValueList<string> Types { get; init; } = ["text/html"];

    /// <summary>Whether each text is replaced once, and not wherever it is. Default it is (nginx: sub_filter_once).</summary>
    public bool Once { get; init; } = true;

    /// <summary>Whether answers keep Last-Modified, and their ETag as a weak one. Default both are taken out (nginx: sub_filter_last_modified).</summary>
    public bool KeepsDate { get; init; }
}

/// <summary>A text, and what takes its place.</summary>
public sealed record Substitute
{
    /// <summary>The text, of 1 to <see cref="SubstitutionSettings.LongestText"/> bytes.</summary>
    public required string Text { get; init; }

    /// <summary>What is put there.</summary>
    public required TextTemplate By { get; init; }
}
