namespace Steelyard.Config.Text;

/// <summary>How messages name things.</summary>
internal static class Shown
{
    private const int MostCharacters = 60;

    /// <summary>A text from a file in quotes, cut when it is long. Control characters are made safe by the printer.</summary>
    public static string Quote(string text) => $"'{Cut(text)}'";

    public static string Cut(string text) => text.Length <= MostCharacters ? text : text[..MostCharacters] + "...";

    public static string OneOf(IReadOnlyCollection<string> names) => names.Count == 1 ? names.First() : $"one of {List(names)}";

    public static string List(IEnumerable<string> names) => string.Join(", ", names);
}
