using System.Text.Encodings.Web;
using System.Text.Json;

namespace Steelyard;

/// <summary>
/// JSON that a person can read, too: apostrophes, angle brackets and letters of all languages as they are, where .NET by
/// itself writes <c>\u0027</c> for the sake of HTML around it. All of ours stands alone, with a content type that says so.
/// Control characters and what Unicode does not define stay escaped.
/// </summary>
internal static class PlainText
{
    /// <summary>How strings are written.</summary>
    public static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>The same for a writer.</summary>
    public static JsonWriterOptions Writer => new() { Encoder = Encoder };

    /// <summary>Options that were generated, with it.</summary>
    public static JsonSerializerOptions Json(JsonSerializerOptions generated) => new(generated) { Encoder = Encoder };

    /// <summary>A string between the quotes of JSON.</summary>
    public static JsonEncodedText Of(string text) => JsonEncodedText.Encode(text, Encoder);
}
