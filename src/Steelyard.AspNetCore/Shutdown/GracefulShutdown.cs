using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Steelyard.AspNetCore.Shutdown;

/// <summary>
/// Ends the app in order: not ready, no new connections, what is in flight ends, resources are closed; and ends the
/// process with 1 where that takes too long. Tells the supervisor when the app is ready and when it ends (sd_notify(3)).
/// </summary>
internal sealed partial class GracefulShutdown(IOptions<ShutdownOptions> options, Readiness readiness, ILogger<GracefulShutdown> log, TimeProvider time) : IHostedLifecycleService, IDisposable
{
    private readonly SystemdNotifier _supervisor = new();
    private ITimer? _end;

    /// <summary>What is done when the time is over.</summary>
    internal Action ForcedEnd { get; set; } = EndProcess;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _supervisor.Notify(ServiceState.Ready);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        readiness.End();
        _supervisor.Notify(ServiceState.Stopping);
        LogBegin(options.Value.Timeout.TotalSeconds);
        _end = time.CreateTimer(_ => Force(), null, options.Value.Timeout, Timeout.InfiniteTimeSpan);
        await Task.Delay(options.Value.Delay, time, CancellationToken.None);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // When all services have stopped, in whatever order they were added: nothing uses the resources any more.
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        foreach (var (name, close) in options.Value.Resources)
        {
            try
            {
                await close(cancellationToken);
                LogClosed(name);
            }
            catch (Exception fault)
            {
                // The others are closed all the same.
                LogFault(fault, name);
            }
        }

        _end?.Dispose();
    }

    public void Dispose() => _end?.Dispose();

    private void Force()
    {
        LogForced();
        ForcedEnd();
    }

    // Environment.Exit would wait for the very shutdown that hangs.
    private static void EndProcess()
    {
        Console.Out.Flush();
        Console.Error.Flush();
        Exit(1);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int status);

    [LoggerMessage(LogLevel.Information, "Told to end: no new requests; what is in flight has {Seconds} s")]
    private partial void LogBegin(double seconds);

    [LoggerMessage(LogLevel.Information, "Closed {Resource}")]
    private partial void LogClosed(string resource);

    [LoggerMessage(LogLevel.Error, "Closing {Resource} failed")]
    private partial void LogFault(Exception fault, string resource);

    [LoggerMessage(LogLevel.Error, "Could not end in time: the process is ended")]
    private partial void LogForced();
}
