using System.Globalization;
using Spectre.Console;

namespace Steelyard.Admin;

/// <summary>What <c>steelyard errors</c> shows, the newest last, beside the next prompt.</summary>
internal static class ErrorTable
{
    public static void Write(IAnsiConsole console, ErrorView[] errors)
    {
        if (errors.Length == 0)
        {
            console.WriteLine("no errors since the engine began to serve");
            return;
        }

        var table = StatusTable.Plain().AddColumn("Time (UTC)").AddColumn("Cause").AddColumn("Client").AddColumn("Request").AddColumn("Server");
        foreach (var error in errors.Reverse())
        {
            table.AddRow(
                new Text(error.At.UtcDateTime.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)),
                new Text(error.Cause),
                new Text(error.Client ?? ""),
                new Text($"{(error.Request is null ? "" : error.Request + "\n")}{error.RequestId}{(error.TraceId is null ? "" : $"\ntrace {error.TraceId}")}"),
                new Text(error.Server is null ? error.Pool ?? "" : $"{error.Pool}/{error.Server}"));
        }

        console.Write(table);
        foreach (var (cause, sentence) in errors.Select(error => (error.Cause, error.Sentence)).Distinct())
            console.WriteLine($"{cause}: {sentence}");
    }
}
