using Steelyard.Admin;
using Steelyard.Apps;
using Steelyard.Apps.Output;
using Steelyard.Commands;
using Steelyard.Config;
using Steelyard.Discovery;
using Steelyard.Docker;
using Steelyard.Engine;
using Steelyard.Serving;
using Steelyard.Shared;

namespace Steelyard.Keeper;

/// <summary>
/// What <c>steelyard up</c> does from its sockets to its end: it binds them, starts the apps and the engine, and changes
/// what they do when it is asked to. No byte of a client comes here.
/// </summary>
internal sealed class KeeperRun : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private const int LooksUntilShrink = 5;
    private static readonly TimeSpan s_usualGrace = new Snapshot { Listeners = [], Pools = [] }.Shutdown;

    // HAProxy waits for ever unless hard-stop-after says otherwise.
    private static readonly TimeSpan s_patienceOfHaproxy = TimeSpan.FromHours(24);
    private static readonly TimeSpan s_patienceForFiles = TimeSpan.FromSeconds(2);

    private readonly ConfigurationArgument _configuration;
    private readonly KeeperRequests _requests;
    private readonly StopSignals _signals;
    private readonly ServiceManager _manager = new();
    private readonly AppSupervisors _apps;
    private readonly PoolMembers _members;
    private readonly Discoveries _discoveries;
    private readonly InstallationKey _key = new();
    private readonly KeeperDesk _desk;
    private readonly IEngine _engine;

    // What is asked for last; a stop does not wait for it before the engine has stopped.
    private Task _doing = Task.CompletedTask;
    private readonly int? _loops;
    private readonly string? _pidFile;
    private readonly string _saysBefore;
    private readonly bool _quitIsGraceful;
    private readonly UpOptions _options;
    private readonly (string? User, string? Group) _user;

    // What the file says, and the sockets for it.
    private Snapshot _configured;
    private ListeningSockets _sockets = null!;
    private AdminSockets _adminSockets = AdminSockets.None;
    private ServedConfiguration _served = null!;
    private readonly TaskCompletionSource<string> _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _generation;
    private int _startsSeen;
    private int _looksUntilShrink;

    private KeeperRun(ConfigurationArgument configuration, Snapshot snapshot, UpOptions options)
    {
        (_configuration, _configured, _loops, _user) = (configuration, snapshot, snapshot.Loops, (snapshot.User, snapshot.Group));
        (_pidFile, _saysBefore, _quitIsGraceful, _options) = (options.PidFile, options.SaysBefore, options.QuitIsGraceful || options.AsHaproxy, options);
        _requests = new KeeperRequests(configuration.Files, options.Watch);
        _signals = options.AsHaproxy ? StopSignals.AsHaproxy(_requests.Reload, options.IsMaster) : new StopSignals(_requests.Reload, () => _requests.Ask(KeeperRequestKind.Upgrade, "", null), ReopenLogs) { QuitIsGraceful = options.QuitIsGraceful };
        _apps = new AppSupervisors(configuration.Folder) { StopForce = _signals.Force };
        _desk = new KeeperDesk(_requests, _apps);
        _engine = options.Single ? new EngineService(configuration.Folder, _desk) { Remembered = _desk.Clients.Read } : new SupervisedEngine(configuration.Folder, snapshot.User, _desk);
        _discoveries = new(configuration.Folder, Tell) { PoolChanged = pool => _members!.UpdateAsync(pool) };
        _desk.Discoveries = _discoveries;
        _apps.Members = _members = new PoolMembers(_engine, _apps.ServersOf, _discoveries, () => _desk.Live);
    }

    private static void Tell(string line, bool isBad) => (isBad ? Console.Error : Console.Out).WriteLine(isBad ? $"steelyard: {line}" : line);

    private void ReopenLogs()
    {
        _apps?.ReopenLogs();
        _engine?.ReopenLogs();
    }

    /// <summary>Serves until it is told to stop.</summary>
    /// <param name="configuration">The file, read.</param>
    /// <param name="snapshot">What it says.</param>
    /// <param name="options">How.</param>
    /// <returns>The exit status.</returns>
    public static async Task<int> RunAsync(ConfigurationArgument configuration, Snapshot snapshot, UpOptions options)
    {
        if (options.Single && snapshot.User is not null)
        {
            await Console.Error.WriteLineAsync("steelyard up: with --single there is no engine that could become another user: leave 'user' out");
            return CommandLine.Failure;
        }

        using var run = new KeeperRun(configuration, snapshot, options);
        return await run.RunAsync();
    }

    public void Dispose()
    {
        _signals.Dispose();
        _manager.Dispose();
    }

    private async Task<int> RunAsync()
    {
        using var output = new QueuedOutput();
        try
        {
            await using var discoveries = _discoveries;
            await using var apps = _apps;
            _sockets = ListeningSockets.Bind(AppStages.WithKnownPorts(_configured));
            try
            {
                await using var engine = _engine;
                await StartAppsAndEngineAsync();
                await using var control = ControlSocket.Listen(_configuration.Name, _requests, _apps, AskForStop);
                _generation++;
                if (_pidFile is not null)
                    await File.WriteAllTextAsync(_pidFile, $"{Environment.ProcessId}\n");
                foreach (var line in Announcement.Lines(_members.Join(_configured), _sockets.Addresses))
                    Console.WriteLine(line);
                if (_adminSockets.Address is { } admin)
                    Console.WriteLine($"admin API on {Announcement.UrlOf(admin, _configured.Admin?.Tls is not null)}");
                Console.WriteLine("ready");
                _manager.Ready();
                _options.WhenReady?.Invoke();
                Shrink();

                await ServeUntilStopAsync();
                var cut = await StopAsync();
                return cut == 0 || _quitIsGraceful ? CommandLine.Success : CommandLine.Failure;
            }
            finally
            {
                _adminSockets.Dispose();
                _sockets.Dispose();
            }
        }
        catch (OperationCanceledException) when (_signals.Stop.IsCancellationRequested)
        {
            Console.WriteLine("stopped before it was ready");
            return CommandLine.Success;
        }
        catch (Exception error) when (error is BindException or AppStartException or EngineException or DockerException || (_pidFile is not null && error is IOException or UnauthorizedAccessException))
        {
            await Console.Error.WriteLineAsync($"{_saysBefore}{error.Message}");
            return CommandLine.Failure;
        }
        finally
        {
            LogWriter.Flush(s_patienceForFiles);
        }
    }

    /// <summary>
    /// Starts the apps, and then the engine; where apps wait for others, the listeners that lead to these are served before.
    /// Who connects to the rest meanwhile waits in the kernel.
    /// </summary>
    private async Task StartAppsAndEngineAsync()
    {
        var written = _configured;
        await new SwarmDeployment(Console.WriteLine).ApplyAsync(written.Services, _signals.Stop);
        var stages = AppStages.Of(written);
        for (var i = 0; i <= stages.Last; i++)
        {
            await _apps.ChangeToAsync(written, _signals.Stop, pool => stages.Of(pool.Name) <= i);
            var configured = _apps.WithPortsOfApps(stages.Until(i));
            var sockets = _sockets.Rebind(configured);
            if (i == stages.Last)
                (_configured, _sockets) = (configured, sockets);
            if (i == 0)
                _adminSockets = AdminSockets.None.Rebind(_configured.Admin, _configuration.Name, Console.WriteLine);
            _desk.Configured = configured;
            await _members.ServeAsync(configured, joined => _served = ServedBy(_configuration, joined, sockets, _adminSockets));
        }
    }

    // Where the engine is in this process, its memory is its own affair.
    private void Shrink()
    {
        if (_engine is SupervisedEngine)
            Footprint.Shrink();
    }

    /// <summary>The same when workers have been started for a reason of their own, and none any more for a while.</summary>
    private void ShrinkAfterStarts()
    {
        if (_apps.Starts is var starts && starts != _startsSeen)
            (_startsSeen, _looksUntilShrink) = (starts, LooksUntilShrink);
        else if (_looksUntilShrink > 0 && --_looksUntilShrink == 0)
            Shrink();
    }

    /// <summary>Does what is asked for, until a stop is.</summary>
    private async Task ServeUntilStopAsync()
    {
        try
        {
            while (true)
            {
                if (await _requests.NextAsync(LookEvery, _signals.Stop) is { } request)
                {
                    await (_doing = DoAsync(request, request.Told ?? new())).WaitAsync(_signals.Stop);
                    Shrink();
                }

                _requests.Look();
                Orphans.Reap();
                ShrinkAfterStarts();
            }
        }
        catch (OperationCanceledException) when (_signals.Stop.IsCancellationRequested)
        {
            // That is the stop.
        }
    }

    private async Task<int> StopAsync()
    {
        _manager.Stopping();
        if (!_options.AsHaproxy)
            Console.WriteLine($"stopping: what is in flight has {_configured.Shutdown.TotalSeconds:0.#} s to end; another signal ends it at once");
        await _discoveries.DisposeAsync();
        _sockets.RemoveFiles();
        var grace = _options.AsHaproxy && _configured.Shutdown == s_usualGrace ? s_patienceOfHaproxy : _configured.Shutdown;
        var cut = await _engine.StopAsync(grace, _sockets.Dispose, _signals.Force);
        await _desk.Clients.WrittenAsync();

        // What workers say while they end comes before the last word.
        await _doing;
        await _apps.DisposeAsync();
        var line = cut switch
        {
            0 => "stopped",
            1 => "stopped: 1 exchange was cut",
            _ => $"stopped: {cut} exchanges were cut",
        };
        Console.WriteLine(line);
        _stopped.SetResult(line);
        return cut;
    }

    /// <summary>Begins a stop.</summary>
    /// <returns>What is said of it in the end.</returns>
    private Task<string> AskForStop(bool now)
    {
        _signals.Ask(now);
        return _stopped.Task;
    }

    private async Task DoAsync(KeeperRequest request, Report report)
    {
        var done = false;
        try
        {
            switch (request.Kind)
            {
                case KeeperRequestKind.Upgrade:
                    done = await UpgradeAsync(report);
                    break;
                case KeeperRequestKind.Scale:
                    done = await WorkerRequests.ScaleAsync(_apps, request.Argument, report, _signals.Stop);
                    break;
                case KeeperRequestKind.Restart:
                    done = await WorkerRequests.RestartAsync(_apps, request.Argument, report, _signals.Stop);
                    break;
                case KeeperRequestKind.Adjust:
                    done = await AdjustAsync(request.Argument, report);
                    break;
                case KeeperRequestKind.Reload:
                    _manager.Reloading();
                    done = await ReloadAsync(report);
                    _desk.CountReload(done);
                    _manager.Ready();
                    break;
                default:
                    report.Warn($"steelyard: {request.Kind} is not done like that");
                    break;
            }
        }
        catch (OperationCanceledException) when (_signals.Stop.IsCancellationRequested)
        {
            report.Warn("steelyard: nothing changes any more: this program stops");
        }
        finally
        {
            report.End(done);
        }
    }

    /// <summary>Changes what is served beside its file.</summary>
    private async Task<bool> AdjustAsync(string wanted, Report report)
    {
        var (before, socketsBefore) = (_desk.Live, _sockets);
        ListeningSockets? sockets = null;
        try
        {
            _desk.Live = before.With(wanted.Split('\t'), _configured, _members.Join(_configured));
            if (ConfigurationFile.Parse(ConfigurationFile.Write(_members.Join(_configured)), "what would be served") is { Snapshot: null } refused)
                throw new EngineException(refused.Problems[0].Message);
            sockets = socketsBefore.Rebind(_desk.Live.ApplyTo(_configured));
            ServedConfiguration? served = null;
            await _members.ServeAsync(_configured, joined => served = _served with { Snapshot = Filled(joined, _configuration.Folder), Sockets = sockets });
            (_served, _sockets) = (served!, sockets);
            socketsBefore.CloseExcept(sockets);
            _desk.Changes.ForgetWithout(_members.Join(_configured));
            report.Say($"changed by hand: {wanted.Replace('\t', ' ')}");
            return true;
        }
        catch (Exception error) when (error is EngineException or BindException)
        {
            sockets?.CloseExcept(socketsBefore);
            _desk.Live = before;
            report.Warn($"steelyard: {error.Message}");
            return false;
        }
    }

    private async Task<bool> UpgradeAsync(Report report)
    {
        if (_engine is not SupervisedEngine supervised)
        {
            report.Warn("steelyard: with --single there is no engine to put another in the place of");
            return false;
        }

        try
        {
            await supervised.UpgradeAsync(ThisProgram.Name, _configured.Shutdown);
            report.Say($"upgraded: the engine of {ThisProgram.Words[^1]} serves, the one before drains");
            return true;
        }
        catch (EngineException error)
        {
            report.Warn($"steelyard: no upgrade: {error.Message}; the engine stays as it was");
            return false;
        }
    }

    /// <summary>Reads the file again and takes it up; whatever is wrong with it, what was served is served on.</summary>
    private async Task<bool> ReloadAsync(Report report)
    {
        ConfigurationArgument? read;
        try
        {
            read = _configuration.ReadAgain("up");
        }
        catch (Exception fault)
        {
            // A mistake of this program's in reading must not end what serves.
            report.Warn($"steelyard: {_configuration.Name} could not be read ({fault.GetType().Name}: {fault.Message}); the configuration stays as it was");
            return false;
        }

        if (read is null)
        {
            report.Warn($"steelyard: there is no file {_configuration.Name}; the configuration stays as it was");
            return false;
        }

        using (var problems = new StringWriter())
        {
            read.PrintProblems(problems, toTerminal: false);
            if (problems.ToString() is { Length: > 0 } text)
                report.Warn(text);
        }

        if (read.Result.Snapshot is not { } snapshot)
        {
            report.Warn($"steelyard: {read.Summary}; the configuration stays as it was");
            return false;
        }

        try
        {
            // Who changes a program and not its configuration may mean this.
            var note = _apps.AreAsIn(snapshot) ? "; no app has changed, so its workers stay (new ones: 'steelyard restart')" : "";
            await TakeUpAsync(read, snapshot, report);
            report.Say($"reloaded: {read.Summary}{note}");
            foreach (var source in _discoveries.States)
            {
                if ((source.Why ?? (source.Age is null ? "no answer yet" : null)) is { } why)
                    report.Repeat($"steelyard: {source.Named}: {why}");
            }

            return true;
        }
        catch (Exception error) when (error is BindException or AppStartException or EngineException or DockerException)
        {
            report.Warn($"steelyard: {error.Message}; the configuration stays as it was");
            return false;
        }
    }

    private async Task TakeUpAsync(ConfigurationArgument read, Snapshot written, Report report)
    {
        // Where workers say where they listen, they have to run first.
        var (before, sockets, snapshot) = (_sockets, AppSupervisors.SayPorts(written) ? null : _sockets.Rebind(_desk.Live.ApplyTo(written)), written);
        var adminBefore = _adminSockets;
        IReadOnlyList<AppSupervisor> leaving;
        try
        {
            await _apps.ChangeToAsync(written, _signals.Stop);
            try
            {
                snapshot = _apps.WithPortsOfApps(written);
                sockets ??= before.Rebind(_desk.Live.ApplyTo(snapshot));
                _adminSockets = adminBefore.Rebind(snapshot.Admin, _configuration.Name, report.Say);

                // What Swarm runs changes when all else is there for it.
                await new SwarmDeployment(report.Say).ApplyAsync(written.Services, _signals.Stop);
                ServedConfiguration? served = null;
                await _members.ServeAsync(snapshot, joined => served = ServedBy(read, joined, sockets, _adminSockets));
                _served = served!;
                leaving = _apps.Settle(snapshot);
            }
            catch
            {
                await _apps.ChangeBackAsync();
                throw;
            }
        }
        catch
        {
            sockets?.CloseExcept(before);
            if (_adminSockets != adminBefore)
                _adminSockets.CloseExcept(adminBefore);
            _adminSockets = adminBefore;
            throw;
        }

        var (addresses, configuredBefore) = (before.Addresses, _configured);
        foreach (var address in addresses.Except(sockets.Addresses))
            report.Say($"listening no more on {Announcement.NameOf(address, before.ListenerOf(address, configuredBefore))}");
        foreach (var address in sockets.Addresses.Except(addresses))
            report.Say($"listening on {Announcement.NameOf(address, sockets.ListenerOf(address, snapshot))}");
        before.CloseExcept(sockets);
        if (_adminSockets.Address is { } admin && (admin != adminBefore.Address || snapshot.Admin?.Tls is null != configuredBefore.Admin?.Tls is null))
            report.Say($"admin API on {Announcement.UrlOf(admin, snapshot.Admin?.Tls is not null)}");
        adminBefore.CloseExcept(_adminSockets);
        (_desk.Configured, _desk.Live) = (snapshot, _desk.Live.Without(snapshot));
        _desk.Changes.ForgetWithout(_members.Join(snapshot));
        (_configured, _sockets) = (snapshot, sockets);
        _generation++;
        if (snapshot.Loops != _loops)
            report.Warn("steelyard: 'loops' is not what it was at the start; it takes effect at the next one");
        if ((snapshot.User, snapshot.Group) != _user)
            report.Warn("steelyard: 'user' or 'group' is not what it was at the start; it takes effect at the next one");
        if (leaving.Count > 0)
            _ = _apps.LeaveAsync(leaving);
    }

    /// <summary>The configuration with the secrets that only the keeper reads.</summary>
    private Snapshot Filled(Snapshot snapshot, string folder)
    {
        var filled = _key.FillInto(snapshot);
        if (filled.Shared is not { PasswordFile: { } file } shared)
            return filled;
        var password = RedisPassword.TryRead(folder, file, out var mistake) ?? throw new EngineException($"{file}: {mistake}; expected {RedisPassword.Expected}");
        return filled with { Shared = shared with { Password = password, PasswordFile = null } };
    }

    private ServedConfiguration ServedBy(ConfigurationArgument read, Snapshot served, ListeningSockets sockets, AdminSockets admin)
    {
        var token = served.Admin?.TokenFile is { } file ? AdminToken.TryRead(read.Folder, file, out var mistake) ?? throw new EngineException($"{file}: {mistake}; expected {AdminToken.Expected}") : null;
        var state = served.StateFile is { } name ? Path.Combine(read.Folder, name) : null;
        if (Directory.Exists(state))
            throw new EngineException($"state-file {state} is a folder; expected the path of a file");
        _desk.Clients.KeepIn(state);
        return new(Filled(served, read.Folder), sockets, new(admin.Handles, token) { CommandHandles = admin.CommandHandles }, ConfigurationSource.Now(read.Name, read.Result, _generation + 1));
    }
}

/// <summary>How <c>steelyard up</c> serves.</summary>
/// <param name="Watch">Whether a change of the file is taken up at once.</param>
/// <param name="Single">Whether keeper and engine are one process.</param>
internal sealed record UpOptions(bool Watch, bool Single)
{
    /// <summary>Where the number of the process is written once it serves; null for nowhere.</summary>
    public string? PidFile { get; init; }

    /// <summary>What goes before the reason why it does not start.</summary>
    public string SaysBefore { get; init; } = "steelyard up: ";

    /// <summary>Whether SIGTERM and SIGINT end at once what SIGQUIT lets end, and exchanges that are cut are no failure: nginx's ways.</summary>
    public bool QuitIsGraceful { get; init; }

    /// <summary>Whether signals and the time to end are as HAProxy has them.</summary>
    public bool AsHaproxy { get; init; }

    /// <summary>Whether SIGUSR2 and SIGHUP reload, as with HAProxy's master.</summary>
    public bool IsMaster { get; init; }

    /// <summary>Called once clients are served.</summary>
    public Action? WhenReady { get; init; }
}
