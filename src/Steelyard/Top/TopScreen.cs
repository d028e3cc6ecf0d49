using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using Spectre.Console.Rendering;
using Steelyard.Admin;

namespace Steelyard.Top;

/// <summary>What <c>steelyard top</c> draws.</summary>
internal static class TopScreen
{
    /// <summary>Lines that are not servers.</summary>
    private const int Around = 6;

    /// <summary>Draws a screen.</summary>
    /// <param name="look">What is known.</param>
    /// <param name="view">What is wanted.</param>
    /// <param name="height">Lines there are; null for any number.</param>
    public static IRenderable Draw(TopLook look, TopView view, int? height)
    {
        if (look.Last is not { } last)
            return new Text("looking ...");
        var rows = look.Rows;
        var room = height is { } lines ? Math.Max(1, lines - Around) : rows.Count;
        var selected = view.IndexIn(rows);
        var from = Math.Clamp(selected - (room / 2), 0, Math.Max(0, rows.Count - room));
        var parts = new List<IRenderable> { Head(last), Totals(last["totals"]!), Text.Empty, Servers(rows, from, room, height is null ? -1 : selected) };
        if (rows.Count > room || look.More > 0)
            parts.Add(new Text($"  {rows.Count - Math.Min(room, rows.Count) + look.More} more", new(Color.Grey)));
        if (height is not null)
            parts.Add(new Text(view.Line, view.Asks is null ? new(Color.Grey) : new(Color.Yellow)));
        return new Rows(parts);
    }

    private static Text Head(JsonNode look)
    {
        var troubled = (int)look["troubled"]!;
        var (engine, all) = (look["engine"]!, (int)look["serverCount"]!);
        var how = troubled == 0 ? $"all {Number(all)} servers are well" : $"{Number(troubled)} of {Number(all)} servers are in trouble";
        var up = ((long)look["at"]! - (long)engine["since"]!) / 1000d;
        return new($"{how}   engine {engine["pid"]} up for {StatusTable.Span(up)}, generation {engine["generation"]}", new(troubled == 0 ? Color.Green : Color.Red));
    }

    private static Text Totals(JsonNode totals)
    {
        string Rate(string name) => RateText((double)totals[name]!);
        return new($"{Rate("requestRate")}/s requests, {Rate("failedRate")}/s failed, {Rate("retryRate")}/s retries   {Number((long)totals["active"]!)} in flight, {Number((long)totals["waiting"]!)} waiting, {Number((long)totals["open"]!)} connections");
    }

    private static Table Servers(IReadOnlyList<TopRow> rows, int from, int room, int selected)
    {
        var table = StatusTable.Plain().AddColumn("").AddColumn("Pool").AddColumn("Server").AddColumn("State").AddColumn(StatusTable.Right("Active")).AddColumn(StatusTable.Right("Req/s"))
            .AddColumn(StatusTable.Right("Fail/s")).AddColumn(StatusTable.Right("Time")).AddColumn(StatusTable.Right("Wght")).AddColumn("Check");
        for (var i = from; i < Math.Min(rows.Count, from + room); i++)
        {
            var row = rows[i];
            var style = i == selected ? new Style(decoration: Decoration.Invert) : Style.Plain;
            table.AddRow(
                new Text(i == selected ? ">" : " "),
                new Text(i > from && rows[i - 1].Pool == row.Pool ? "" : row.Pool),
                new Text(row.Address, style),
                new Text(row.State, new Style(row.State switch { "up" => Color.Green, "down" => Color.Red, _ => Color.Yellow })),
                new Text(row.Limit is { } limit ? $"{row.Active}/{limit}" : row.Active.ToString(CultureInfo.InvariantCulture)),
                new Text(RateText(row.Rate)),
                new Text(row.Failed > 0 ? RateText(row.Failed) : "", new Style(row.Failed > 0 ? Color.Red : Color.Default)),
                new Text(row.Milliseconds is { } time ? TimeText(time) : ""),
                new Text(row.Weight.ToString(CultureInfo.InvariantCulture)),
                new Text(row.Check) { Overflow = Overflow.Ellipsis });
        }

        return table;
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string RateText(double rate) => rate.ToString(rate is > 0 and < 10 ? "0.0" : "N0", CultureInfo.InvariantCulture);

    private static string TimeText(double milliseconds) => milliseconds < 1000 ? $"{milliseconds.ToString(milliseconds < 10 ? "0.0" : "0", CultureInfo.InvariantCulture)}ms" : $"{(milliseconds / 1000).ToString("0.0", CultureInfo.InvariantCulture)}s";
}
