using Steelyard.Config;

namespace Steelyard.Apps;

/// <summary>The instances of one pool's app: started together, stopped together.</summary>
internal sealed class AppFleet(string pool, AppSettings app, string folder) : IAsyncDisposable
{
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(15);

    private RuntimeDirectory? _directory;
    private readonly List<AppInstance> _instances = [];
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>How long instances have between SIGTERM and SIGKILL.</summary>
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(5);

    /// <summary>Ends the wait for instances that take their time to stop.</summary>
    public CancellationToken StopForce { get; set; }

    /// <summary>The name of the pool.</summary>
    public string Pool => pool;

    public AppSettings App => app;

    public int Count => _instances.Count;

    /// <summary>Starts every instance.</summary>
    /// <exception cref="AppStartException">One could not be started; dispose the fleet to stop the others.</exception>
    public void Start()
    {
        var plans = Plan();
        try
        {
            foreach (var plan in plans)
                Start(plan);
        }
        finally
        {
            foreach (var plan in plans)
                plan.Port?.Dispose();
        }
    }

    /// <summary>Waits until every instance accepts connections.</summary>
    /// <exception cref="AppStartException">One ended before, or took too long.</exception>
    public async Task WaitUntilReadyAsync(CancellationToken cancel)
    {
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            await foreach (var ready in Task.WhenEach(_instances.Select(instance => WaitUntilReadyAsync(instance, abandon.Token))))
                await ready;
        }
        finally
        {
            await abandon.CancelAsync();
        }
        foreach (var instance in _instances)
            _ = ReportDeathAsync(instance);
    }

    /// <summary>Where the instances listen.</summary>
    public IEnumerable<NetworkAddress> Addresses => _instances.Select(instance => instance.Address);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        foreach (var instance in _instances)
            instance.Terminate();
        await Task.WhenAny(Task.WhenAll(_instances.Select(instance => instance.Exited)), Task.Delay(StopGrace, StopForce));
        foreach (var instance in _instances)
        {
            if (!instance.Exited.IsCompleted)
            {
                await Console.Error.WriteLineAsync($"steelyard: {instance.Name} {(StopForce.IsCancellationRequested ? "has not ended" : $"did not end within {StopGrace.TotalSeconds:0.#} s")} and is killed");
                instance.Kill();
                await instance.Exited;
            }
        }
        _directory?.Dispose();
    }

    private sealed record StartPlan(int Number, CommandTemplate Command, string? Socket, ReservedPort? Port);

    private List<StartPlan> Plan()
    {
        var plans = new List<StartPlan>();
        var command = new CommandTemplate(app.Command);
        for (var number = 1; number <= (app.Instances ?? Environment.ProcessorCount); number++)
        {
            var socket = command.UsesSocket ? (_directory ??= new()).SocketPath(pool, number) : null;
            plans.Add(new(number, command, socket, command.UsesPort ? new ReservedPort() : null));
        }
        return plans;
    }

    private void Start(StartPlan plan)
    {
        var port = plan.Port?.Number;
        var environment = new Dictionary<string, string> { ["STEELYARD_INSTANCE"] = plan.Number.ToString() };
        if (port is not null)
            environment["PORT"] = port.Value.ToString();
        // From here on the port is the instance's to take.
        plan.Port?.Dispose();
        _instances.Add(AppInstance.Start(
            $"{pool}/{plan.Number}",
            plan.Socket is not null ? NetworkAddress.ForUnix(plan.Socket) : NetworkAddress.ForHost("127.0.0.1", port!.Value),
            plan.Command.Fill(plan.Number, plan.Socket, port, ThisProgram.Words),
            folder,
            environment));
    }

    private static async Task WaitUntilReadyAsync(AppInstance instance, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(ReadyWithin);
        var accepts = Readiness.UntilAcceptsAsync(instance.Address, limit.Token);
        try
        {
            if (await Task.WhenAny(accepts, instance.Exited) == instance.Exited)
                throw new AppStartException($"{instance.Name} {await instance.Exited} before it accepted a connection on {instance.Address}{instance.LastLines()}");
            await accepts;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new AppStartException($"{instance.Name} did not accept connections on {instance.Address} within {ReadyWithin.TotalSeconds:0} s{instance.LastLines()}");
        }
        finally
        {
            await limit.CancelAsync();
        }
    }

    private async Task ReportDeathAsync(AppInstance instance)
    {
        var how = await instance.Exited;
        if (!_stopping.IsCancellationRequested)
            await Console.Error.WriteLineAsync($"steelyard: {instance.Name} {how}");
    }
}
