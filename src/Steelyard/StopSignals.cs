using System.Runtime.InteropServices;

namespace Steelyard;

/// <summary>
/// The first SIGTERM, SIGINT or SIGQUIT asks for a graceful stop, the second for an end at once. So does SIGHUP, which a closed
/// terminal sends, where it does not mean anything else: to die of it would leave the instances of apps behind.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    // Never disposed: a signal may still be on its way to them.
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _force = new();
    // The runtime has no names for them, and takes the numbers.
    internal const PosixSignal SigUsr1 = (PosixSignal)10;
    internal const PosixSignal SigUsr2 = (PosixSignal)12;

    private readonly Action? _hangUp;
    private readonly Action? _upgrade;
    private readonly Action? _reopen;
    private readonly PosixSignalRegistration[] _registrations;

    /// <param name="hangUp">What SIGHUP does; null for a stop.</param>
    /// <param name="upgrade">What SIGUSR2 does; null for nothing.</param>
    /// <param name="reopen">What SIGUSR1 does; null for nothing.</param>
    public StopSignals(Action? hangUp = null, Action? upgrade = null, Action? reopen = null)
    {
        (_hangUp, _upgrade, _reopen) = (hangUp, upgrade, reopen);
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Receive),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Receive),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, Receive),

            // Scripts written for nginx send them: to stop, to open log files again, to upgrade.
            PosixSignalRegistration.Create(PosixSignal.SIGQUIT, Receive),
            PosixSignalRegistration.Create(SigUsr1, Receive),
            PosixSignalRegistration.Create(SigUsr2, Receive),
        ];
    }

    /// <summary>
    /// Signals as HAProxy has them (its management guide, 4): SIGUSR1 lets what is in flight end, SIGTERM and SIGINT end at
    /// once; SIGUSR2 and SIGHUP take the file up again where there is a master, and do nothing else.
    /// </summary>
    /// <param name="reload">Takes the file up again.</param>
    /// <param name="isMaster">Whether there is a master.</param>
    public static StopSignals AsHaproxy(Action reload, bool isMaster) => new(isMaster ? reload : static () => { }, isMaster ? reload : null) { QuitIsGraceful = true, UserSignalStops = true };

    /// <summary>
    /// Whether the program was started with SIGQUIT ignored, as shells do to background jobs. The runtime then never hears of it;
    /// nginx, whose graceful stop it is, hears it all the same.
    /// </summary>
    public static bool QuitIsIgnored =>
        File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is var line
        && (Convert.ToUInt64(line["SigIgn:".Length..].Trim(), 16) & (1UL << (Keeper.Posix.SIGQUIT - 1))) != 0;

    /// <summary>Whether SIGUSR1 lets end what is in flight.</summary>
    private bool UserSignalStops { get; init; }

    /// <summary>Whether SIGTERM and SIGINT end at once what SIGQUIT lets end, as nginx has it.</summary>
    public bool QuitIsGraceful { get; init; }

    public CancellationToken Stop => _stop.Token;

    public CancellationToken Force => _force.Token;

    /// <summary>Asks for a stop, as a signal would.</summary>
    /// <param name="now">Whether what is in flight is cut.</param>
    public void Ask(bool now)
    {
        _stop.Cancel();
        if (now)
            _force.Cancel();
    }

    public async Task UntilStopAsync()
    {
        var signalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var _ = Stop.Register(signalled.SetResult);
        await signalled.Task;
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
    }

    private void Receive(PosixSignalContext signal)
    {
        signal.Cancel = true;
        if (signal.Signal == PosixSignal.SIGINT && IgnoresInterrupt)
            return;
        if (signal.Signal == PosixSignal.SIGHUP && _hangUp is not null)
        {
            _hangUp();
            return;
        }

        if (signal.Signal == SigUsr1 && UserSignalStops)
        {
            _stop.Cancel();
            return;
        }

        // HAProxy writes down how it is.
        if (signal.Signal == PosixSignal.SIGQUIT && UserSignalStops)
            return;
        if (signal.Signal is SigUsr1 or SigUsr2)
        {
            (signal.Signal == SigUsr2 ? _upgrade : _reopen)?.Invoke();
            return;
        }

        if (QuitIsGraceful)
            Ask(now: signal.Signal != PosixSignal.SIGQUIT);
        else
            (_stop.IsCancellationRequested ? _force : _stop).Cancel();
    }

    // Ctrl-C reaches every process of a terminal. An instance that is supervised leaves when its balancer says so,
    // not before: the requests that are still being drained need it.
    private static bool IgnoresInterrupt { get; } = Environment.GetEnvironmentVariable("STEELYARD_INSTANCE") is not null;
}
