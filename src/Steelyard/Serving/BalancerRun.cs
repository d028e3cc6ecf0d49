using Steelyard.Apps;
using Steelyard.Commands;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Serving;

/// <summary>
/// One run of the balancer from its sockets to its end. Binding and serving stay apart: only binding may need root.
/// </summary>
internal sealed class BalancerRun : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly ConfigurationArgument _configuration;
    private readonly ReloadRequests _reloads;
    private readonly StopSignals _signals;
    private readonly ServerReports _reports = new();
    private readonly AppFleets _apps;

    // What the file says, and what is served: with the instances of apps.
    private Snapshot _configured;
    private Snapshot _served;
    private ListeningSockets _sockets = null!;

    private BalancerRun(ConfigurationArgument configuration, Snapshot snapshot, bool watch)
    {
        (_configuration, _configured, _served) = (configuration, snapshot, snapshot);
        _reloads = new ReloadRequests(configuration.Name, watch);
        _signals = new StopSignals(_reloads.Request);
        _apps = new AppFleets(configuration.Folder) { StopForce = _signals.Force };
    }

    /// <summary>Serves until it is told to stop.</summary>
    /// <param name="configuration">The file, read.</param>
    /// <param name="snapshot">What it says.</param>
    /// <param name="watch">Whether a change of the file is taken up at once.</param>
    /// <returns>The exit status.</returns>
    public static async Task<int> RunAsync(ConfigurationArgument configuration, Snapshot snapshot, bool watch)
    {
        using var run = new BalancerRun(configuration, snapshot, watch);
        return await run.RunAsync();
    }

    public void Dispose()
    {
        _signals.Dispose();
        _reloads.Dispose();
    }

    private async Task<int> RunAsync()
    {
        try
        {
            _sockets = ListeningSockets.Bind(_configured);
            try
            {
                await using var apps = _apps;
                await _apps.ChangeToAsync(_configured, _signals.Stop);
                _served = _apps.JoinInto(_configured);
                var cut = await ServeAsync();
                return cut == 0 ? CommandLine.Success : CommandLine.Failure;
            }
            finally
            {
                _sockets.Dispose();
            }
        }
        catch (OperationCanceledException) when (_signals.Stop.IsCancellationRequested)
        {
            Console.WriteLine("stopped before it was ready");
            return CommandLine.Success;
        }
        catch (Exception error) when (error is BindException or AppStartException or TlsFileException)
        {
            await Console.Error.WriteLineAsync($"steelyard up: {error.Message}");
            return CommandLine.Failure;
        }
    }

    private async Task<int> ServeAsync()
    {
        await using var balancer = LoadBalancer.Start(_served, _sockets, new TlsFiles(_configuration.Folder));
        await ReportUnresolvedAsync(balancer);
        foreach (var line in Announcement.Lines(_served, _sockets.Addresses))
            Console.WriteLine(line);
        Console.WriteLine("ready");

        await WatchUntilStopAsync(balancer);
        Console.WriteLine($"stopping: what is in flight has {_served.Shutdown.TotalSeconds:0.#} s to end; another signal ends it at once");
        var stopping = balancer.StopAsync(_served.Shutdown, _signals.Force);
        await balancer.ListenersReleased;
        _sockets.Dispose();
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

    /// <summary>Reports failing servers and takes up changes, until a stop is asked for.</summary>
    private async Task WatchUntilStopAsync(LoadBalancer balancer)
    {
        try
        {
            while (true)
            {
                if (await _reloads.WaitAsync(LookEvery, _signals.Stop))
                    await ReloadAsync(balancer);
                _reloads.Look();
                await ReportCertificatesAsync(balancer.LookAtCertificates());
                foreach (var line in _reports.Look(balancer.Servers, DateTimeOffset.UtcNow))
                    await Console.Error.WriteLineAsync(line);
            }
        }
        catch (OperationCanceledException) when (_signals.Stop.IsCancellationRequested)
        {
            // That is the stop.
        }
    }

    /// <summary>Reads the file again and takes it up; whatever is wrong with it, what was served is served on.</summary>
    private async Task ReloadAsync(LoadBalancer balancer)
    {
        if (ConfigurationArgument.TryRead("up", _configuration.Name) is not { } read)
        {
            await Console.Error.WriteLineAsync("steelyard: the configuration stays as it was");
            return;
        }

        read.PrintProblems(Console.Error, toTerminal: !Console.IsErrorRedirected);
        if (read.Result.Snapshot is not { } snapshot)
        {
            await Console.Error.WriteLineAsync($"steelyard: {read.Summary}; the configuration stays as it was");
            return;
        }

        try
        {
            await TakeUpAsync(balancer, snapshot);
            Console.WriteLine($"reloaded: {read.Summary}");
        }
        catch (Exception error) when (error is BindException or AppStartException or TlsFileException)
        {
            await Console.Error.WriteLineAsync($"steelyard: {error.Message}; the configuration stays as it was");
        }
    }

    private async Task TakeUpAsync(LoadBalancer balancer, Snapshot snapshot)
    {
        if (snapshot.Loops != _configured.Loops)
            await Console.Error.WriteLineAsync("steelyard: 'loops' has changed, which takes effect at the next start");
        var (before, sockets) = (_sockets, _sockets.Rebind(snapshot));
        try
        {
            await _apps.ChangeToAsync(snapshot, _signals.Stop);
        }
        catch
        {
            sockets.CloseExcept(before);
            throw;
        }

        var (addresses, served) = (before.Addresses, _apps.JoinInto(snapshot));
        await balancer.ApplyAsync(served, sockets);
        before.CloseExcept(sockets);
        await ReportCertificatesAsync(balancer.LookAtCertificates(atOnce: true));
        var configuredBefore = _configured;
        (_configured, _served, _sockets) = (snapshot, served, sockets);
        await ReportUnresolvedAsync(balancer);
        foreach (var address in addresses.Except(sockets.Addresses))
            Console.WriteLine($"listening no more on {Announcement.UrlOf(address, before.SpeaksTls(address, configuredBefore))}");
        foreach (var address in sockets.Addresses.Except(addresses))
            Console.WriteLine($"listening on {Announcement.UrlOf(address, sockets.SpeaksTls(address, snapshot))}");
        await _apps.LeaveBeforeAsync();
    }

    private static async Task ReportCertificatesAsync(IReadOnlyList<string> lines)
    {
        foreach (var line in lines)
            await Console.Error.WriteLineAsync($"steelyard: {line}");
    }

    private static async Task ReportUnresolvedAsync(LoadBalancer balancer)
    {
        foreach (var server in balancer.Unresolved)
            await Console.Error.WriteLineAsync($"steelyard: the name of the server {server} could not be resolved; it answers nothing");
    }
}
