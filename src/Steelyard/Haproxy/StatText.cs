using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Steelyard.Haproxy;

/// <summary>Lines of <see cref="StatTable"/> as programs read them.</summary>
internal static class StatText
{
    /// <summary>With commas between, as <c>show stat</c>.</summary>
    public static string Csv(IEnumerable<StatTable.Row> rows)
    {
        var text = new StringBuilder("# ").AppendJoin(',', StatTable.Columns).Append(",\n");
        foreach (var row in rows)
        {
            foreach (var column in StatTable.Columns)
                text.Append(column == "-" ? "-" : Quoted(row.Values.GetValueOrDefault(column, ""))).Append(',');
            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>One value in a line, with its kind, as <c>show stat typed</c>.</summary>
    public static string Typed(IEnumerable<StatTable.Row> rows)
    {
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            foreach (var (place, column, value) in Values(row))
                text.Append(CultureInfo.InvariantCulture, $"{row.Kind}.{row.Proxy}.{row.Server}.{place}.{column}.1:{StatTag.Of(column, row.Kind).Letters}:{StatTag.Of(column, row.Kind).Type}:{value}\n");
        }

        return text.ToString();
    }

    /// <summary>What is known of the process, a line for each with where it comes from, as <c>show info typed</c>.</summary>
    public static string TypedInfo(IReadOnlyDictionary<string, string> values) =>
        string.Concat(StatTag.Info.Select(one => $"{one.Place}.{one.Name}.1:{one.Tag.Letters}:{one.Tag.Type}:{values.GetValueOrDefault(one.Name, "0")}\n"));

    /// <summary>The same as JSON, as <c>show info json</c>.</summary>
    public static string JsonInfo(IReadOnlyDictionary<string, string> values)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory))
        {
            json.WriteStartArray();
            foreach (var (place, name, tag) in StatTag.Info)
            {
                json.WriteStartObject();
                WriteValue(json, place, name, tag, values.GetValueOrDefault(name, "0"));
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(memory.ToArray()) + "\n";
    }

    /// <summary>The same as JSON, as <c>show stat json</c>.</summary>
    public static string Json(IEnumerable<StatTable.Row> rows)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory))
        {
            json.WriteStartArray();
            foreach (var row in rows)
            {
                json.WriteStartArray();
                foreach (var (place, column, value) in Values(row))
                    WriteValue(json, row, place, column, value);
                json.WriteEndArray();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(memory.ToArray()) + "\n";
    }

    private static void WriteValue(Utf8JsonWriter json, StatTable.Row row, int place, string column, string value)
    {
        json.WriteStartObject();
        json.WriteString("objType", row.Kind switch { 'F' => "Frontend", 'B' => "Backend", _ => "Server" });
        json.WriteNumber("proxyId", row.Proxy);
        json.WriteNumber("id", row.Server);
        WriteValue(json, place, column, StatTag.Of(column, row.Kind), value);
        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, int place, string name, StatTag tag, string value)
    {
        json.WriteStartObject("field");
        json.WriteNumber("pos", place);
        json.WriteString("name", name);
        json.WriteEndObject();
        json.WriteNumber("processNum", 1);
        json.WriteStartObject("tags");
        json.WriteString("origin", tag.Origin);
        json.WriteString("nature", tag.Nature);
        json.WriteString("scope", tag.Scope);
        json.WriteEndObject();
        json.WriteStartObject("value");
        json.WriteString("type", tag.Type);
        if (tag.Type != "str" && long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            json.WriteNumber("value", number);
        else
            json.WriteString("value", value);
        json.WriteEndObject();
    }

    private static IEnumerable<(int Place, string Column, string Value)> Values(StatTable.Row row)
    {
        // The dash between what HAProxy counts and what its modules do has no place.
        var place = 0;
        foreach (var column in StatTable.Columns)
        {
            if (column == "-")
                continue;
            if (row.Values.TryGetValue(column, out var value) && value.Length > 0)
                yield return (place, column, value);
            place++;
        }
    }

    private static string Quoted(string value) => value.AsSpan().ContainsAny("\",\n") ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : value;
}
