namespace Steelyard.Config;

/// <summary>Something in a configuration that a person has to mend, with its place.</summary>
/// <param name="Severity">Whether the configuration can be used all the same.</param>
/// <param name="File">The file as it was named by the caller.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in UTF-16 units, a tab being one, as editors count. One past the end of the line for what is missing there.</param>
/// <param name="Length">How many UTF-16 units of the line are wrong, at least 1; what the caret underlines.</param>
/// <param name="Message">What was found, in one sentence without a final stop.</param>
/// <param name="Expected">What would be accepted there; null where the message says it.</param>
/// <param name="Suggestion">The word that was probably meant; null when none is near.</param>
public sealed record Problem(
    Severity Severity,
    string File,
    int Line,
    int Column,
    int Length,
    string Message,
    string? Expected = null,
    string? Suggestion = null);

/// <summary>How much a <see cref="Problem"/> weighs.</summary>
public enum Severity
{
    /// <summary>Something that another program would do has no effect here, and need not have.</summary>
    Notice,

    /// <summary>The configuration works, but probably not as meant.</summary>
    Warning,

    /// <summary>The configuration cannot be used.</summary>
    Error,
}
