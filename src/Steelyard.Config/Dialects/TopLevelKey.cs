namespace Steelyard.Config.Dialects;

/// <summary>Whether a text has a key, as dialects are told apart: without reading it, for it may be broken.</summary>
internal static class TopLevelKey
{
    /// <param name="text">The text.</param>
    /// <param name="key">The key, before a colon and perhaps in quotes.</param>
    /// <param name="anywhere">Whether it may stand elsewhere than at the beginning of a line.</param>
    public static bool IsThere(string text, string key, bool anywhere = false)
    {
        for (var at = text.IndexOf(key, StringComparison.Ordinal); at >= 0; at = text.IndexOf(key, at + 1, StringComparison.Ordinal))
        {
            var before = text.AsSpan(0, at).TrimEnd("'\"");
            var rest = text.AsSpan(at + key.Length).TrimStart("'\" \t");
            if (rest.StartsWith(':') && (before.IsEmpty || (anywhere ? !char.IsLetterOrDigit(before[^1]) : before[^1] == '\n')))
                return true;
        }

        return false;
    }
}
