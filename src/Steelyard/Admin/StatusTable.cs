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
        console.WriteLine($"{Number(counters.Requests)} requests, {Number(counters.Refused)} answered with an error, {Number(counters.Cut)} cut, {Number(counters.Retries)} retries{(counters.Fallbacks > 0 ? $", {Number(counters.Fallbacks)} given a fallback" : "")}");
        console.WriteLine();
        console.Write(Listeners(status.Listeners));
        foreach (var pool in status.Pools)
        {
            console.WriteLine();
            console.WriteLine($"{pool.Name}: {pool.Balance}, {Number(pool.Usable)} of {Number(pool.Servers)} usable, {Number(pool.Active)} active{Breaker(status.Breakers, pool.Name)}");
            Write(console, pool, all);
            if (Array.Find(status.Apps, app => app.Pool == pool.Name) is { } app)
                console.Write(Workers(app));
            foreach (var source in status.Discovery.Where(source => source.Pool == pool.Name))
                console.WriteLine($"  {Words(source)}");
        }

        // Names that resolve are nothing to tell.
        foreach (var name in status.Discovery.Where(source => source is { Pool: null, Error: not null }))
            console.WriteLine(Words(name));

        foreach (var shared in status.Shared.Where(shared => !shared.Up))
            console.WriteLine(Words(shared));

        if (configuration.Differences.Length == 0)
            return;
        console.WriteLine();
        foreach (var difference in configuration.Differences)
            console.WriteLine($"not as in the file: {Words(difference)}");
    }

    private static string Words(DiscoveryView source) =>
        $"{source.Source}: {(source.AgeSeconds is { } age ? $"{Number(source.Servers.Length)} found, {Span(age)} ago" : "never answered")}{(source.Error is { } error ? $"; {error}" : "")}";

    /// <summary>What is to be said of a Redis that does not answer.</summary>
    internal static string Words(SharedView shared) =>
        $"Redis at {shared.Redis} {(shared.Error is { } why ? $"is away ({why})" : "has not answered yet")}: clients and limits are counted here alone";

    /// <summary>What is not as the file says, in words.</summary>
    internal static string Words(DifferenceView difference) => difference switch
    {
        { Setting: "place" } => $"{difference.Pool}/{difference.Server} is {difference.Live}",
        { Setting: "breaker" } => $"the breaker of {difference.Pool} is {difference.Live}",
        { Setting: "instances" } => $"{difference.Pool} has {difference.Live} {(difference.Live == "1" ? "instance" : "instances")}, the file says {difference.File}",
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

    /// <summary>What is to be said of the breakers of a pool; nothing while they let everything through.</summary>
    private static string Breaker(BreakerView[]? breakers, string pool)
    {
        var its = Array.FindAll(breakers ?? [], breaker => breaker.Pool == pool);
        if (Array.Find(its, breaker => breaker.Hold != "none") is { } held)
            return $", breaker held {held.Hold}";
        var open = Array.FindAll(its, breaker => breaker.State != "closed");
        return open is [] ? "" : open is [{ Server: null } whole] ? $", breaker {whole.State}" : $", breakers of {open.Length} servers open";
    }

    private static FittedTable Listeners(ListenerView[] listeners)
    {
        var table = new FittedTable(
            new("Listener", 4, Least: FittedColumn.Address) { KeepsEnd = true },
            new("Speaks", 1),
            new("Open", 3) { Right = true },
            new("Most", 2) { Right = true });
        foreach (var listener in listeners)
            table.AddRow(string.Join(" ", listener.Addresses), listener.Tls ? $"{listener.Mode}, TLS" : listener.Mode, Number(listener.OpenConnections), listener.MaxConnections?.ToString() ?? "");
        return table;
    }

    private static FittedTable Servers(ServerView[] servers)
    {
        var table = new FittedTable(
            new("#", 5) { Right = true },
            new("Server", 7, Least: FittedColumn.Address) { KeepsEnd = true },
            new("State", 6, Least: 11),
            new("Weight", 1) { Right = true },
            new("Active", 3) { Right = true },
            new("Failed", 2) { Right = true },
            new("Check", 4, Least: 8));
        foreach (var server in servers)
        {
            table.AddRow(
                server.Number.ToString(),
                new(server.Name is { } name ? $"{name} {server.Address}" : server.Address) { Brief = server.Name },
                new(server.Backup ? $"{server.State}, backup" : server.State, ColourOf(server.State)) { Brief = server.State },
                server.LiveWeight is null ? server.Weight.ToString() : $"{server.Weight} (file {server.ConfiguredWeight})",
                Number(server.Active),
                Number(server.Failures),
                CheckOf(server));
        }

        return table;
    }

    // Of one that nobody checks its requests tell.
    private static string CheckOf(ServerView server)
    {
        var check = server.Health is { } health ? health.LastCheck + (health.Status is { } code ? $" ({code})" : "") : server.LastFailure is { } failure ? $"last failure: {failure}" : "";
        return server.Agent is { } agent ? HealthReports.CheckAndAgent(check, agent.State, agent.Reason) : check;
    }

    private static FittedTable Workers(AppView app)
    {
        var columns = new List<FittedColumn>
        {
            new("Worker", 8, Least: 8) { KeepsEnd = true },
            new("State", 7),
            new("Pid", 3) { Right = true },
            new("Up", 5) { Right = true },
            new("Restarts", 6) { Right = true },
            new("CPU", 2) { Right = true },
            new("Memory", 4) { Right = true },
        };
        var lag = Array.Exists(app.Workers, worker => worker.EventLoopLagSeconds is not null);
        if (lag)
            columns.Add(new("Lag", 1) { Right = true });
        var table = new FittedTable([.. columns]);
        foreach (var worker in app.Workers)
        {
            FittedCell[] row =
            [
                $"{app.Pool}/{worker.Number}",
                new(worker.State, new Style(worker.State == "serving" ? Color.Green : worker.State == "stopped" ? Color.Red : Color.Yellow)),
                worker.Pid?.ToString() ?? "",
                worker.UptimeSeconds is { } up ? Span(up) : "",
                Number(worker.Restarts),
                worker.CpuPercent is { } cpu ? string.Create(CultureInfo.InvariantCulture, $"{cpu:0}%") : "",
                worker.MemoryBytes is { } bytes ? $"{bytes / (1024 * 1024)} MiB" : "",
            ];
            table.AddRow(lag ? [.. row, worker.EventLoopLagSeconds is { } late ? string.Create(CultureInfo.InvariantCulture, $"{late * 1000:0.0} ms") : ""] : row);
        }

        return table;
    }

    private static Style ColourOf(string state) => state switch
    {
        "up" => new(Color.Green),
        "down" => new(Color.Red),
        _ => new(Color.Yellow),
    };

    internal static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A time in its two largest units.</summary>
    internal static string Span(double seconds) => TimeSpan.FromSeconds(seconds) switch
    {
        { TotalDays: >= 1 } time => $"{time.Days}d {time.Hours}h",
        { TotalHours: >= 1 } time => $"{time.Hours}h {time.Minutes}m",
        { TotalMinutes: >= 1 } time => $"{time.Minutes}m {time.Seconds}s",
        var time => $"{time.Seconds}s",
    };
}
