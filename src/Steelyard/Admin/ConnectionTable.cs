using Spectre.Console;

namespace Steelyard.Admin;

/// <summary>What <c>steelyard connections</c> shows.</summary>
internal static class ConnectionTable
{
    public static void Write(IAnsiConsole console, ConnectionView[] connections)
    {
        if (connections.Length == 0)
        {
            console.WriteLine("no connections");
            return;
        }

        var table = new FittedTable(
            new("Client", 7, Least: FittedColumn.Address) { KeepsEnd = true },
            new("Listener", 1, Least: FittedColumn.Address) { KeepsEnd = true },
            new("State", 3),
            new("Open for", 5) { Right = true },
            new("Requests", 2) { Right = true },
            new("Request", 6, Least: 10),
            new("Server", 4, Least: FittedColumn.Address) { KeepsEnd = true });
        foreach (var one in connections)
        {
            table.AddRow(
                one.Client ?? "unix",
                one.Listener,
                one.State,
                StatusTable.Span(one.AgeSeconds),
                one.Requests.ToString(),
                one.Request ?? "",
                one.Server is null ? one.Pool ?? "" : $"{one.Pool}/{one.Server}");
        }

        console.Write(table);
    }
}
