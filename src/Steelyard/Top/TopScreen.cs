using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using Spectre.Console.Rendering;
using Steelyard.Admin;

namespace Steelyard.Top;

/// <summary>What <c>steelyard top</c> draws.</summary>
internal static class TopScreen
{
    /// <summary>Draws a screen.</summary>
    /// <param name="look">What is known.</param>
    /// <param name="view">What is wanted.</param>
    /// <param name="width">Characters of a line.</param>
    /// <param name="height">Lines there are; null for any number.</param>
    public static IRenderable Draw(TopLook look, TopView view, int width, int? height)
    {
        if (look.Last is not { } last)
            return new Text("looking ...");
        var rows = look.Rows;
        var parts = new List<IRenderable>();
        Add(Head(last), new((int)last["troubled"]! == 0 && ((int?)last["deadCount"] ?? 0) == 0 ? Color.Green : Color.Red));
        foreach (var trouble in last["troubles"] as JsonArray ?? [])
            Add((string)trouble!, new(Color.Yellow));
        Add(Totals(last["totals"]!), Style.Plain);
        parts.Add(Text.Empty);
        var keys = height is null ? [] : Lines(view.Line, width);

        // Beside the servers: what is there already, the titles, how many more there are, the keys; and the line the cursor is left on.
        var room = height is { } lines ? Math.Max(1, lines - parts.Count - 2 - keys.Count) : rows.Count;
        var selected = view.IndexIn(rows);
        var from = Math.Clamp(selected - (room / 2), 0, Math.Max(0, rows.Count - room));
        parts.Add(Servers(rows, from, room, height is null ? -1 : selected));
        if (rows.Count > room || look.More > 0)
            parts.Add(new Text($"  {Number(rows.Count - Math.Min(room, rows.Count) + look.More)} more", new(Color.Grey)));
        foreach (var line in keys)
            parts.Add(new Text(line, view.Asks is null ? new(Color.Grey) : new(Color.Yellow)));
        return new Rows(parts);

        void Add(string text, Style style)
        {
            foreach (var line in Lines(text, width))
                parts.Add(new Text(line, style));
        }
    }

    /// <summary>A text in lines of no more than a width, broken where there are several blanks, or else after a comma, or else between words.</summary>
    private static List<string> Lines(string text, int width)
    {
        var lines = new List<string>();
        while (text.Length > width)
        {
            var at = text.LastIndexOf("  ", width, StringComparison.Ordinal);
            if (at <= 0)
            {
                at = text.LastIndexOf(", ", width - 1, StringComparison.Ordinal) + 1;
                if (at <= width / 2)
                    at = text.LastIndexOf(' ', width);
            }

            if (at <= 0)
                break;
            lines.Add(text[..at].TrimEnd());
            text = text[at..].TrimStart();
        }

        lines.Add(FittedTable.Shortened(text, width));
        return lines;
    }

    // Servers that nobody checks are up, whatever becomes of their requests: one in twenty is more than nothing.
    private static bool Fails(JsonNode totals) => (double)totals["failedRate"]! is > 0 and var failed && failed * 20 >= (double)totals["requestRate"]!;

    private static string Head(JsonNode look)
    {
        var (engine, all, troubled) = (look["engine"]!, (int)look["serverCount"]!, (int)look["troubled"]!);

        // What an operator has taken out is no trouble.
        var takenOut = look["states"] is JsonObject states ? states.Sum(state => (int)state.Value!) - troubled : 0;
        var well = all - troubled - takenOut;
        var dead = (look["dead"] as JsonArray ?? []).Select(name => (string)name!).ToList();
        var more = ((int?)look["deadCount"] ?? 0) - dead.Count;
        var how = dead.Count > 0 ? $"{string.Join(", ", dead)}{(more > 0 ? $" and {Number(more)} more" : "")} {(dead.Count + more == 1 ? "has" : "have")} no server left"
            : troubled > 0 ? $"{Number(troubled)} of {Number(all)} servers {(troubled == 1 ? "is" : "are")} in trouble"
            : all == 0 ? "there are no servers"
            : well == all && Fails(look["totals"]!) ? $"{(all == 1 ? "the server is" : $"all {Number(all)} servers are")} up, but requests fail"
            : well == all ? $"{(all == 1 ? "the server is" : $"all {Number(all)} servers are")} well"
            : $"{Number(well)} of {Number(all)} servers {(well == 1 ? "is" : "are")} well";
        if (takenOut > 0)
            how += $", {Number(takenOut)} taken out";
        var up = ((long)look["at"]! - (long)engine["since"]!) / 1000d;
        return $"{how}   engine {engine["pid"]} up for {StatusTable.Span(up)}, generation {engine["generation"]}";
    }

    private static string Totals(JsonNode totals)
    {
        string Rate(string name) => RateText((double)totals[name]!);
        return $"{Rate("requestRate")}/s requests, {Rate("failedRate")}/s failed, {Rate("retryRate")}/s retries   {Number((long)totals["active"]!)} in flight, {Number((long)totals["waiting"]!)} waiting, {Number((long)totals["open"]!)} connections";
    }

    private static FittedTable Servers(IReadOnlyList<TopRow> rows, int from, int room, int selected)
    {
        var table = new FittedTable(
            new("", 10),
            new("Pool", 5, Least: 4),
            new("Server", 9, Least: FittedColumn.Address) { KeepsEnd = true },
            new("State", 8),
            new("Active", 4) { Right = true },
            new("Req/s", 7) { Right = true },
            new("Fail/s", 6) { Right = true },
            new("Time", 3) { Right = true },
            new("Wght", 1) { Right = true },
            new("Check", 2, Least: 10));
        for (var i = from; i < Math.Min(rows.Count, from + room); i++)
        {
            var row = rows[i];
            table.AddRow(
                i == selected ? ">" : " ",
                i > from && rows[i - 1].Pool == row.Pool ? "" : row.Pool,
                new(row.Called, i == selected ? new Style(decoration: Decoration.Invert) : Style.Plain) { Brief = row.Name },
                new(row.State, new Style(row.State switch { "up" => Color.Green, "down" => Color.Red, _ => Color.Yellow })),
                row.Limit is { } limit ? $"{row.Active}/{limit}" : row.Active.ToString(CultureInfo.InvariantCulture),
                RateText(row.Rate),
                new(row.Failed > 0 ? RateText(row.Failed) : "", new Style(row.Failed > 0 ? Color.Red : Color.Default)),
                row.Milliseconds is { } time ? TimeText(time) : "",
                row.Weight.ToString(CultureInfo.InvariantCulture),
                row.Check);
        }

        return table;
    }

    private static string Number(long number) => StatusTable.Number(number);

    private static string RateText(double rate) => rate.ToString(rate is > 0 and < 10 ? "0.0" : "N0", CultureInfo.InvariantCulture);

    private static string TimeText(double milliseconds) => milliseconds < 1000 ? $"{milliseconds.ToString(milliseconds < 10 ? "0.0" : "0", CultureInfo.InvariantCulture)}ms" : $"{(milliseconds / 1000).ToString("0.0", CultureInfo.InvariantCulture)}s";
}
