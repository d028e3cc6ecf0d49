namespace Steelyard.Config.Dialects;

/// <summary>The line by which a file shows its language.</summary>
internal static class FirstLine
{
    /// <summary>The first line that is neither blank nor a comment, without blanks around it; empty where there is none.</summary>
    public static ReadOnlySpan<char> Of(string text)
    {
        foreach (var one in text.AsSpan().Split('\n'))
        {
            var line = text.AsSpan(one).Trim();
            if (!line.IsEmpty && line[0] != '#')
                return line;
        }

        return default;
    }
}
