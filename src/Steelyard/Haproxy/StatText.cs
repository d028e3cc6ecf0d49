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
                text.Append(CultureInfo.InvariantCulture, $"{row.Kind}.{row.Proxy}.{row.Server}.{place}.{column}.1:{(IsNumber(value) ? "MGP:u64" : "KNS:str")}:{value}\n");
        }

        return text.ToString();
    }

    /// <summary>What is known of the process, a line for each with where it comes from, as <c>show info typed</c>.</summary>
    public static string TypedInfo(IReadOnlyList<(string Name, string Value)> all) =>
        string.Concat(all.Select((one, place) => string.Create(CultureInfo.InvariantCulture, $"{place}.{one.Name}.1:{(IsNumber(one.Value) ? "MGP:u64" : "POS:str")}:{one.Value}\n")));

    /// <summary>The same as JSON, as <c>show info json</c>.</summary>
    public static string JsonInfo(IReadOnlyList<(string Name, string Value)> all)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory))
        {
            json.WriteStartArray();
            for (var i = 0; i < all.Count; i++)
            {
                var (name, value) = all[i];
                json.WriteStartObject();
                json.WriteStartObject("field");
                json.WriteNumber("pos", i);
                json.WriteString("name", name);
                json.WriteEndObject();
                json.WriteNumber("processNum", 1);
                json.WriteStartObject("value");
                json.WriteString("type", IsNumber(value) ? "u64" : "str");
                if (IsNumber(value))
                    json.WriteNumber("value", long.Parse(value, CultureInfo.InvariantCulture));
                else
                    json.WriteString("value", value);
                json.WriteEndObject();
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
        var isNumber = IsNumber(value);
        json.WriteStartObject();
        json.WriteString("objType", row.Kind switch { 'F' => "Frontend", 'B' => "Backend", _ => "Server" });
        json.WriteNumber("proxyId", row.Proxy);
        json.WriteNumber("id", row.Server);
        json.WriteStartObject("field");
        json.WriteNumber("pos", place);
        json.WriteString("name", column);
        json.WriteEndObject();
        json.WriteNumber("processNum", 1);
        json.WriteStartObject("tags");
        json.WriteString("origin", isNumber ? "Metric" : "Key");
        json.WriteString("nature", isNumber ? "Gauge" : "Name");
        json.WriteString("scope", isNumber ? "Process" : "Service");
        json.WriteEndObject();
        json.WriteStartObject("value");
        json.WriteString("type", isNumber ? "u64" : "str");
        if (isNumber)
            json.WriteNumber("value", long.Parse(value, CultureInfo.InvariantCulture));
        else
            json.WriteString("value", value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static IEnumerable<(int Place, string Column, string Value)> Values(StatTable.Row row)
    {
        for (var i = 0; i < StatTable.Columns.Count; i++)
        {
            if (row.Values.TryGetValue(StatTable.Columns[i], out var value) && value.Length > 0)
                yield return (i, StatTable.Columns[i], value);
        }
    }

    private static bool IsNumber(string value) => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    private static string Quoted(string value) => value.AsSpan().ContainsAny("\",\n") ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : value;
}
