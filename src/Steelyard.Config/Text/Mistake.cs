namespace Steelyard.Config.Text;

/// <summary>Why a text is not what it should be; becomes a <see cref="Problem"/> once a place is known.</summary>
internal readonly record struct Mistake(string Message, string? Expected = null, string? Suggestion = null);

/// <summary>Reads a value from a text, or says why it is none.</summary>
internal delegate bool ParseText<T>(string text, out T value, out Mistake mistake);
