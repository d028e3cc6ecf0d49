using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Steelyard.Admin;

/// <summary>What <c>steelyard errors</c> shows, the newest last, beside the next prompt.</summary>
internal static class ErrorTable
{
    public static void Write(IAnsiConsole console, ErrorView[] errors, DateTimeOffset now)
    {
        if (errors.Length == 0)
        {
            console.WriteLine("no errors since the engine began to serve");
            return;
        }

        var oldestFirst = errors.Reverse().ToArray();
        var table = TableOf(oldestFirst, now);
        console.Write(table.Fits(console.Profile.Width) ? table : Stacked(oldestFirst, now, console.Profile.Width));
        foreach (var (cause, sentence) in errors.Select(error => (error.Cause, error.Sentence)).Distinct())
            console.WriteLine($"{cause}: {sentence}");
    }

    private static FittedTable TableOf(ErrorView[] errors, DateTimeOffset now)
    {
        var table = new FittedTable(new("Time (UTC)", 1), new("Cause", 1), new("Client", 1), new("Request", 1), new("Server", 1));
        foreach (var error in errors)
        {
            table.AddRow(Time(error, now), error.Cause, error.Client ?? "", error.Request ?? error.RequestId, Place(error));
            if (error.Request is not null)
                table.AddRow("", "", "", error.RequestId, "");
            if (error.TraceId is { } trace)
                table.AddRow("", "", "", $"trace {trace}", "");
        }

        return table;
    }

    /// <summary>Several lines for each, where a line has no room for all of it. Ids are whole, for they are looked for elsewhere.</summary>
    private static Rows Stacked(ErrorView[] errors, DateTimeOffset now, int width)
    {
        var lines = new List<IRenderable>();
        foreach (var error in errors)
        {
            lines.Add(new Text(FittedTable.Shortened($"{Time(error, now)} {error.Cause}", width)));
            Below(FittedTable.Shortened(error.Request ?? "", width - 1));
            Below(FittedTable.Shortened((Place(error), error.Client) switch
            {
                ("", { } client) => $"for {client}",
                (var place, null) => place,
                var (place, client) => $"{place}, for {client}",
            }, width - 1));
            Below(error.RequestId);
            Below(error.TraceId is { } trace ? $"trace {trace}" : "");
        }

        return new(lines);

        void Below(string line)
        {
            if (line.Length > 0)
                lines.Add(new Text(" " + line));
        }
    }

    // Errors are kept until there are enough of newer ones, which may take days.
    private static string Time(ErrorView error, DateTimeOffset now) =>
        error.At.UtcDateTime.ToString(error.At.UtcDateTime.Date == now.UtcDateTime.Date ? "HH:mm:ss.fff" : "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Place(ErrorView error) => error.Server is null ? error.Pool ?? "" : $"{error.Pool}/{error.ServerName ?? error.Server}";
}
