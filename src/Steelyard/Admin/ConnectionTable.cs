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

        var table = StatusTable.Plain().AddColumn("Client").AddColumn("Listener").AddColumn("State").AddColumn(StatusTable.Right("Open for")).AddColumn(StatusTable.Right("Requests")).AddColumn("Request").AddColumn("Server");
        foreach (var one in connections)
        {
            table.AddRow(
                new Text(one.Client ?? "unix"),
                new Text(one.Listener),
                new Text(one.State),
                new Text(StatusTable.Span(one.AgeSeconds)),
                new Text(one.Requests.ToString()),
                new Text(one.Request ?? ""),
                new Text(one.Server is null ? one.Pool ?? "" : $"{one.Pool}/{one.Server}"));
        }

        console.Write(table);
    }
}
