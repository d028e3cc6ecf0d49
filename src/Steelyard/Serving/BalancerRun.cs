using Steelyard.Apps;
using Steelyard.Commands;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Serving;

/// <summary>One run of the balancer from its sockets to its end. Binding and serving stay apart: only binding may need root.</summary>
internal static class BalancerRun
{
    public static async Task<int> RunAsync(Snapshot snapshot, string folder)
    {
        using var signals = new StopSignals();
        try
        {
            using var sockets = ListeningSockets.Bind(snapshot);
            await using var apps = new AppFleet(snapshot, folder);
            apps.Start();
            if (apps.Count > 0)
                Console.WriteLine($"starting {apps.Count} {(apps.Count == 1 ? "instance" : "instances")}");
            await apps.WaitUntilReadyAsync(signals.Stop);
            var cut = await ServeAsync(apps.JoinInto(snapshot), sockets, signals);
            apps.StopForce = signals.Force;
            return cut == 0 ? CommandLine.Success : CommandLine.Failure;
        }
        catch (OperationCanceledException) when (signals.Stop.IsCancellationRequested)
        {
            Console.WriteLine("stopped before it was ready");
            return CommandLine.Success;
        }
        catch (Exception error) when (error is BindException or AppStartException)
        {
            await Console.Error.WriteLineAsync($"steelyard up: {error.Message}");
            return CommandLine.Failure;
        }
    }

    private static async Task ReportUntilStopAsync(LoadBalancer balancer, StopSignals signals)
    {
        var reports = new ServerReports();
        using var seconds = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (await seconds.WaitForNextTickAsync(signals.Stop))
            {
                foreach (var line in reports.Look(balancer.Servers, DateTimeOffset.UtcNow))
                    await Console.Error.WriteLineAsync(line);
            }
        }
        catch (OperationCanceledException)
        {
            // That is the stop.
        }
    }

    private static async Task<int> ServeAsync(Snapshot snapshot, ListeningSockets sockets, StopSignals signals)
    {
        await using var balancer = LoadBalancer.Start(snapshot, sockets);
        foreach (var server in balancer.Unresolved)
            await Console.Error.WriteLineAsync($"steelyard: the name of the server {server} could not be resolved; it answers nothing");
        foreach (var line in Announcement.Lines(snapshot, sockets.Addresses))
            Console.WriteLine(line);
        Console.WriteLine("ready");

        await ReportUntilStopAsync(balancer, signals);
        Console.WriteLine($"stopping: what is in flight has {snapshot.Shutdown.TotalSeconds:0.#} s to end; another signal ends it at once");
        var stopping = balancer.StopAsync(snapshot.Shutdown, signals.Force);
        await balancer.ListenersReleased;
        sockets.Dispose();
        var cut = await stopping;
        if (balancer.Counters is { Faults: > 0 } counters)
            await Console.Error.WriteLineAsync($"steelyard: {counters.Faults} connections were broken off by a fault of this program, the last by: {counters.LastFault}");
        Console.WriteLine(cut switch
        {
            0 => "stopped",
            1 => "stopped: 1 exchange was cut",
            _ => $"stopped: {cut} exchanges were cut",
        });
        return cut;
    }
}
