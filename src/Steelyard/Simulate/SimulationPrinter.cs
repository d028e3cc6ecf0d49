using System.Globalization;
using Spectre.Console;
using Steelyard.Commands;

namespace Steelyard.Simulate;

/// <summary>Prints what a simulation has shown: a table, and a chart of the slowest answers.</summary>
internal static class SimulationPrinter
{
    // What a table needs where nobody says how wide the terminal is.
    private const int PlainWidth = 132;

    private static readonly Color[] s_colours = [Color.Green, Color.Blue, Color.Yellow, Color.Magenta1, Color.Aqua, Color.Red, Color.Orange1, Color.Purple];

    /// <summary>A console that writes to a writer: with colours and lines to a terminal, plainly to anything else.</summary>
    public static IAnsiConsole ConsoleFor(TextWriter output, bool toTerminal)
    {
        var colours = toTerminal && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = toTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = toTerminal && colours ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = toTerminal ? new Terminal.Screen(output) : new AnsiConsoleOutput(output),
        });
        if (!toTerminal)
            console.Profile.Width = PlainWidth;
        return console;
    }

    public static void Print(IAnsiConsole console, Scenario scenario, IReadOnlyList<Outcome> outcomes, ulong seed, NamedPolicy? configured, bool toTerminal)
    {
        console.WriteLine($"{scenario.Name}: {scenario.About}");
        console.WriteLine($"{scenario.Servers.Count} servers, {LoadOf(scenario)}, {scenario.Duration.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s of virtual time, seed {seed}");
        console.WriteLine();
        console.Write(TableOf(outcomes, configured, toTerminal));
        console.WriteLine();
        console.WriteLine("p99 in milliseconds");
        var chart = new BarChart().Width(Math.Min(console.Profile.Width, 100));
        chart.UseValueFormatter((value, culture) => value.ToString("0.0", CultureInfo.InvariantCulture));
        for (var i = 0; i < outcomes.Count; i++)
            chart.AddItem(outcomes[i].Policy.Word, Math.Round(outcomes[i].Latency.Percentile(99) / 1000.0, 1), s_colours[i % s_colours.Length]);
        console.Write(chart);
    }

    /// <summary>The load in words.</summary>
    public static string LoadOf(Scenario scenario) => scenario.Load switch
    {
        { Clients: { } clients } => $"{clients} clients",
        { Share: { } share } => $"{share}% of what they can do ({(scenario.Capacity * share / 100).ToString("0", CultureInfo.InvariantCulture)} requests a second)",
        { Rate: { } rate } => $"{rate.ToString("0.##", CultureInfo.InvariantCulture)} requests a second",
        _ => "no load",
    };

    private static Table TableOf(IReadOnlyList<Outcome> outcomes, NamedPolicy? configured, bool toTerminal)
    {
        var table = new Table { Border = toTerminal ? TableBorder.Rounded : TableBorder.None };
        table.AddColumn("policy");
        foreach (var name in (string[])["req/s", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "failed", "retried", "wait p99", "queue", "fairness", "max/mean"])
            table.AddColumn(new TableColumn(name).RightAligned());
        foreach (var outcome in outcomes)
        {
            table.AddRow([
                new Text(outcome.Policy.Word + (outcome.Policy == configured ? " *" : "")),
                Number(outcome.Throughput, "0"),
                Time(outcome.Latency.Percentile(50)),
                Time(outcome.Latency.Percentile(99)),
                Time(outcome.Latency.Percentile(99.9)),
                Time(outcome.Latency.Most),
                Number(outcome.Failed, "0"),
                Number(outcome.Retried, "0"),
                Time(outcome.Wait.Percentile(99)),
                Number(outcome.LongestQueue, "0"),
                Number(outcome.Fairness, "0.000"),
                Number(outcome.MostOverMean, "0.00"),
            ]);
        }

        if (configured is not null)
            table.Caption = new TableTitle("* the pool's own policy");
        return table;
    }

    private static Text Time(long microseconds) => Number(microseconds / 1000.0, "0.0");

    private static Text Number(double value, string format) => new(value.ToString(format, CultureInfo.InvariantCulture));
}
