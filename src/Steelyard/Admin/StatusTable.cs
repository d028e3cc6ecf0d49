using System.Globalization;
using Spectre.Console;
using Steelyard.Serving;

namespace Steelyard.Admin;

/// <summary>What <c>steelyard status</c> shows: one line for each server, within the width of a terminal.</summary>
internal static class StatusTable
{
    // Of a larger pool only those are shown that are not plainly up, and no more than so many.
    private const int MostOfAPool = 12;

    public static void Write(IAnsiConsole console, StatusView status, bool all)
    {
        var (version, configuration, counters) = (status.Version, status.Configuration, status.Counters);
        console.WriteLine($"steelyard {version.Version}, engine {version.EnginePid} up for {Span(version.EngineUptimeSeconds)}");
        console.WriteLine($"{configuration.File}, generation {configuration.Generation}, read {Span(configuration.AgeSeconds)} ago");
        console.WriteLine($"{Number(counters.Requests)} requests, {Number(counters.Refused)} answered with an error, {Number(counters.Cut)} cut, {Number(counters.Retries)} retries");
        console.WriteLine();
        console.Write(Listeners(status.Listeners));
        foreach (var pool in status.Pools)
        {
            console.WriteLine();
            console.WriteLine($"{pool.Name}: {pool.Balance}, {pool.Usable} of {pool.Servers} usable, {Number(pool.Active)} active");
            Write(console, pool, all);
            if (Array.Find(status.Apps, app => app.Pool == pool.Name) is { } app)
                console.Write(Workers(app));
            foreach (var source in status.Discovery.Where(source => source.Pool == pool.Name))
                console.WriteLine($"  {Words(source)}");
        }

        // Names that resolve are nothing to tell.
        foreach (var name in status.Discovery.Where(source => source is { Pool: null, Error: not null }))
            console.WriteLine(Words(name));

        if (configuration.Differences.Length == 0)
            return;
        console.WriteLine();
        foreach (var difference in configuration.Differences)
            console.WriteLine($"not as in the file: {Words(difference)}");
    }

    private static string Words(DiscoveryView source) =>
        $"{source.Source}: {(source.AgeSeconds is { } age ? $"{Number(source.Servers.Length)} found, {Span(age)} ago" : "never answered")}{(source.Error is { } error ? $"; {error}" : "")}";

    /// <summary>What is not as the file says, in words.</summary>
    internal static string Words(DifferenceView difference) => difference switch
    {
        { Setting: "place" } => $"{difference.Pool}/{difference.Server} is {difference.Live}",
        { Setting: "breaker" } => $"the breaker of {difference.Pool} is {difference.Live}",
        _ => $"{(difference.Pool.Length == 0 ? difference.Server : $"{difference.Pool}/{difference.Server}")} has {difference.Setting} {difference.Live}, the file says {difference.File}",
    };

    private static void Write(IAnsiConsole console, PoolView pool, bool all)
    {
        var shown = all || pool.Members.Length <= MostOfAPool ? pool.Members : [.. pool.Members.Where(member => !IsPlain(member)).Take(MostOfAPool)];
        if (shown.Length > 0)
            console.Write(Servers(shown));
        if (shown.Length < pool.Members.Length)
            console.WriteLine($"  {pool.Members.Length - shown.Length} more, {pool.Members.Except(shown).Count(IsPlain)} of them up (--all shows them)");
    }

    private static bool IsPlain(ServerView server) => server.State == "up" && server.Weight > 0;

    private static Table Listeners(ListenerView[] listeners)
    {
        var table = Plain().AddColumn("Listener").AddColumn("Speaks").AddColumn(Right("Open")).AddColumn(Right("Most"));
        foreach (var listener in listeners)
            table.AddRow(new Text(string.Join(" ", listener.Addresses)), new Text(listener.Tls ? $"{listener.Mode}, TLS" : listener.Mode), new Text(Number(listener.OpenConnections)), new Text(listener.MaxConnections?.ToString() ?? ""));
        return table;
    }

    private static Table Servers(ServerView[] servers)
    {
        var table = Plain().AddColumn(Right("#")).AddColumn("Server").AddColumn("State").AddColumn(Right("Weight")).AddColumn(Right("Active")).AddColumn(Right("Failed")).AddColumn("Check");
        foreach (var server in servers)
        {
            table.AddRow(
                new Text(server.Number.ToString()),
                new Text(server.Name is { } name ? $"{name} {server.Address}" : server.Address),
                new Text(server.State, ColourOf(server.State)),
                new Text(server.LiveWeight is null ? server.Weight.ToString() : $"{server.Weight} (file {server.ConfiguredWeight})"),
                new Text(Number(server.Active)),
                new Text(Number(server.Failures)),
                new Text(CheckOf(server)));
        }

        return table;
    }

    private static string CheckOf(ServerView server)
    {
        var check = server.Health is { } health ? health.LastCheck + (health.Status is { } code ? $" ({code})" : "") : "";
        return server.Agent is { } agent ? HealthReports.CheckAndAgent(check, agent.State, agent.Reason) : check;
    }

    private static Table Workers(AppView app)
    {
        var lag = Array.Exists(app.Workers, worker => worker.EventLoopLagSeconds is not null);
        var table = Plain().AddColumn("Worker").AddColumn("State").AddColumn(Right("Pid")).AddColumn(Right("Up")).AddColumn(Right("Restarts")).AddColumn(Right("CPU")).AddColumn(Right("Memory"));
        if (lag)
            table.AddColumn(Right("Lag"));
        foreach (var worker in app.Workers)
        {
            Text[] row =
            [
                new($"{app.Pool}/{worker.Number}"),
                new(worker.State, new Style(worker.State == "serving" ? Color.Green : worker.State == "stopped" ? Color.Red : Color.Yellow)),
                new(worker.Pid?.ToString() ?? ""),
                new(worker.UptimeSeconds is { } up ? Span(up) : ""),
                new(Number(worker.Restarts)),
                new(worker.CpuPercent is { } cpu ? string.Create(CultureInfo.InvariantCulture, $"{cpu:0}%") : ""),
                new(worker.MemoryBytes is { } bytes ? $"{bytes / (1024 * 1024)} MiB" : ""),
            ];
            table.AddRow(lag ? [.. row, new Text(worker.EventLoopLagSeconds is { } late ? string.Create(CultureInfo.InvariantCulture, $"{late * 1000:0.0} ms") : "")] : row);
        }

        return table;
    }

    private static Style ColourOf(string state) => state switch
    {
        "up" => new(Color.Green),
        "down" => new(Color.Red),
        _ => new(Color.Yellow),
    };

    internal static Table Plain() => new Table().Border(TableBorder.None);

    internal static TableColumn Right(string title) => new TableColumn(title).RightAligned();

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A time in its two largest units.</summary>
    internal static string Span(double seconds) => TimeSpan.FromSeconds(seconds) switch
    {
        { TotalDays: >= 1 } time => $"{time.Days}d {time.Hours}h",
        { TotalHours: >= 1 } time => $"{time.Hours}h {time.Minutes}m",
        { TotalMinutes: >= 1 } time => $"{time.Minutes}m {time.Seconds}s",
        var time => $"{time.Seconds}s",
    };
}
