using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;

namespace Steelyard.Engine.Expressions;

/// <summary>Finds a value in a text of JSON by a path such as <c>$.user.roles[0]</c>, as HAProxy's <c>json_query</c>.</summary>
internal static class JsonPath
{
    // HAProxy takes what a double holds exactly.
    private const long MostExact = 9_007_199_254_740_991;

    /// <summary>Finds a value: a text without its quotes, a number, or 1 or 0 for true and false.</summary>
    /// <param name="text">The text of JSON.</param>
    /// <param name="path">The path.</param>
    /// <param name="asNumber">Whether only whole numbers count.</param>
    /// <param name="room">Where it is made.</param>
    /// <param name="value">The value.</param>
    public static bool TryFind(ReadOnlySpan<byte> text, ReadOnlySpan<byte> path, bool asNumber, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (path.IsEmpty || path[0] != '$')
            return false;
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Disallow });
        try
        {
            return reader.Read() && TryGo(ref reader, path[1..]) && TryTake(ref reader, asNumber, room, out value);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // What is no JSON, or no UTF-8, has no value.
            return false;
        }
    }

    private static bool TryGo(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> path)
    {
        while (!path.IsEmpty)
        {
            if (path[0] == '.')
            {
                var end = path[1..].IndexOfAny((byte)'.', (byte)'[');
                var name = end < 0 ? path[1..] : path.Slice(1, end);
                path = path[(1 + name.Length)..];
                if (reader.TokenType != JsonTokenType.StartObject || !TryEnter(ref reader, name))
                    return false;
            }
            else if (path[0] == '[' && Utf8Parser.TryParse(path[1..], out int index, out var digits) && index >= 0 && path[1..].Length > digits && path[1 + digits] == ']')
            {
                path = path[(digits + 2)..];
                if (reader.TokenType != JsonTokenType.StartArray || !TryEnter(ref reader, index))
                    return false;
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryEnter(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(name);
            if (!reader.Read())
                return false;
            if (found)
                return true;
            reader.Skip();
        }

        return false;
    }

    private static bool TryEnter(scoped ref Utf8JsonReader reader, int index)
    {
        for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index--)
        {
            if (index == 0)
                return true;
            reader.Skip();
        }

        return false;
    }

    private static bool TryTake(scoped ref Utf8JsonReader reader, bool asNumber, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        switch (reader.TokenType)
        {
            case JsonTokenType.String when !asNumber:
                if (!room.TryTake(reader.ValueSpan.Length, out var written))
                    return false;
                value = written[..reader.CopyString(written)];
                return true;
            case JsonTokenType.Number when asNumber:
                return reader.GetDouble() is var number && number is >= -MostExact and <= MostExact && room.TryWrite((long)number, out value);
            case JsonTokenType.Number:
                return TryWriteShort(reader.GetDouble(), room, out value);
            case JsonTokenType.True or JsonTokenType.False:
                value = reader.TokenType == JsonTokenType.True ? "1"u8 : "0"u8;
                return true;
            default:
                // HAProxy 2.6 gives nothing of lists and objects.
                return false;
        }
    }

    // printf's %g: six digits that count.
    private static bool TryWriteShort(double number, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!number.TryFormat(room.Rest, out var length, "G6", CultureInfo.InvariantCulture))
            return false;
        var written = room.Rest[..length];
        var exponent = written.IndexOf((byte)'E');
        if (exponent >= 0)
            written[exponent] = (byte)'e';
        room.Used += length;
        value = written;
        return true;
    }
}
