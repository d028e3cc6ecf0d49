using System.Diagnostics;
using Steelyard.Admin;
using Steelyard.Apps.Scaling;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;
using Steelyard.Engine.Logging;
using Steelyard.Engine.Sticky;
using Steelyard.Engine.Tls;
using Steelyard.Haproxy;
using Steelyard.Keeper;
using Steelyard.Shared;

namespace Steelyard.Serving;

/// <summary>The engine in this process, and what it tells of itself on standard error.</summary>
/// <param name="folder">The folder of the configuration.</param>
/// <param name="keeper">Who keeps the changes of operators.</param>
/// <param name="changes">What operators want of servers from the beginning.</param>
/// <param name="holds">The pools whose breakers are held from the beginning.</param>
internal sealed class EngineService(string folder, IKeeper keeper, IEnumerable<ServerChange>? changes = null, IEnumerable<(string Pool, BreakerHold Hold)>? holds = null) : IEngine
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RememberEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookAtLeaversEvery = TimeSpan.FromMilliseconds(20);

    private readonly ServerReports _reports = new();
    private readonly HealthReports _healthReports = new();
    private readonly BreakerReports _breakerReports = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly SemaphoreSlim _one = new(1);
    private LoadBalancer? _balancer;
    private Task _watch = Task.CompletedTask;
    private SharedState? _shared;
    private long _lookedAt;
    private readonly Lock _remembering = new();
    private long _rememberedVersion;
    private long? _allToldAt;
    private ServedConfiguration _served = null!;
    private AdminDesk _desk = null!;
    private CommandServer _commands = null!;
    private WatchedCertificate? _certificate;
    private Task<AdminServer?> _admin = Task.FromResult<AdminServer?>(null);

    /// <summary>Where certificates and keys are read.</summary>
    public TlsFiles Files { get; } = new(folder);

    /// <summary>The clients that an engine before has remembered; looked at once, when it begins to serve.</summary>
    public Func<ClientMemory?> Remembered { get; init; } = static () => null;

    public async Task ServeAsync(ServedConfiguration served)
    {
        await _one.WaitAsync();
        try
        {
            var certificate = CertificateFor(served.Snapshot.Admin?.Tls);
            if (_balancer is null)
            {
                _balancer = LoadBalancer.Start(served.Snapshot, served.Sockets, Files, changes, folder, Remembered());
                foreach (var (pool, hold) in holds ?? [])
                    _balancer.HoldBreakers(pool, null, hold);
                _desk = new AdminDesk(_balancer, keeper, served);
                _commands = new CommandServer(_desk);
                _balancer.Pages = _commands.Pages.MakeAsync;
                _balancer.Names = new RequestNames().FindAsync;
                _watch = WatchAsync(_balancer);
            }
            else
            {
                await _balancer.ApplyAsync(served.Snapshot, served.Sockets);
                await TellAsync(LookAtCertificates(_balancer, atOnce: true));
            }

            var before = _served;
            _served = _desk.Served = served;
            await ShareAsync(served.Snapshot.Shared, before?.Snapshot.Shared);
            if (served.Admin != before?.Admin || certificate != _certificate)
            {
                _certificate = certificate;
                _admin = AdministerAsync(_admin, served.Admin, certificate);
                await _commands.ListenAsync(served.Admin.CommandHandles);
            }
        }
        catch (Exception error) when (error is TlsFileException or LogFileException)
        {
            throw new EngineException(error.Message);
        }
        finally
        {
            _one.Release();
        }

        await TellAsync(_balancer.Unresolved.Select(server => $"the name of the server {server} could not be resolved; it answers nothing"));
    }

    private async Task ShareAsync(SharedSettings? wanted, SharedSettings? before)
    {
        if (wanted == before)
            return;
        if (_shared is not null)
            await _shared.DisposeAsync();
        _shared = wanted is null ? null : SharedState.Start(_balancer!, wanted, folder, static line => Console.Error.WriteLine($"steelyard: {line}"));
        _desk.Shared = _shared?.Counts;
    }

    /// <summary>Takes the clients that another engine remembers.</summary>
    public void Recall(ClientMemory memory) => _balancer?.Recall(memory);

    /// <summary>Lets the keeper keep what is remembered of clients, if it is something else than it has.</summary>
    /// <param name="least">Who has all requests of a limit again within that is left out.</param>
    public void Remember(TimeSpan least = default)
    {
        lock (_remembering)
        {
            // All is told for an engine that follows; what is told now and then is less, and would take its place.
            if (least == default)
                _allToldAt = Stopwatch.GetTimestamp();
            else if (_allToldAt is { } told && Stopwatch.GetElapsedTime(told) < least)
                return;
            if (_balancer?.RememberedVersion(least) is not { } version || _rememberedVersion == version)
                return;
            try
            {
                keeper.Remember(_balancer.Remember(least));
                _rememberedVersion = version;
            }
            catch (Exception error) when (error is EngineException or IOException)
            {
                // Without a descriptor left, say. It is tried again, and who stops or hands over does that all the same.
                Console.Error.WriteLine($"steelyard: the keeper could not be told what is remembered of clients: {error.Message}");
            }
        }
    }

    private void RememberNowAndThen()
    {
        // Who remembers millions is not busy with that alone.
        var began = Stopwatch.GetTimestamp();
        if (_lookedAt > began)
            return;

        // Who would read of it later has no use for what is over before it is told of again.
        Remember(RememberEvery);
        var took = Stopwatch.GetElapsedTime(began);
        _lookedAt = Stopwatch.GetTimestamp() + (long)(Math.Max(RememberEvery.TotalSeconds, took.TotalSeconds * 50) * Stopwatch.Frequency);
    }

    /// <summary>The certificate of the admin API, the present one where the files are the same.</summary>
    /// <exception cref="TlsFileException">A file is of no use.</exception>
    private WatchedCertificate? CertificateFor(CertificateFiles? names) =>
        names is null ? null : names == _certificate?.Names ? _certificate : new(Files, names);

    private IEnumerable<string> LookAtCertificates(LoadBalancer balancer, bool atOnce) =>
        _certificate?.Look(atOnce) is { } line ? [.. balancer.LookAtCertificates(atOnce), line] : balancer.LookAtCertificates(atOnce);

    /// <summary>Lets a server be what an operator wants.</summary>
    public Task ChangeAsync(ServerChange change) => _balancer?.ChangeAsync(change) ?? Task.CompletedTask;

    /// <summary>Holds the breakers of a pool, or lets them go.</summary>
    public void Hold(string pool, BreakerHold hold) => _balancer?.HoldBreakers(pool, null, hold);

    /// <summary>Serves the admin API on other sockets; who was asked on those before still answers.</summary>
    private async Task<AdminServer?> AdministerAsync(Task<AdminServer?> before, AdminService service, WatchedCertificate? certificate)
    {
        // Clients are served first.
        await Task.Yield();
        AdminServer? server = null;
        try
        {
            if (service.Handles.Count > 0)
                server = await AdminServer.StartAsync(service, _desk, certificate);
        }
        catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException or InvalidOperationException)
        {
            await Console.Error.WriteLineAsync($"steelyard: the admin API is not served: {error.Message}");
        }

        if (await before is { } old)
            await old.DisposeAsync();
        return server;
    }

    public void ReopenLogs() => _balancer?.ReopenLogs();

    public async Task SetServersAsync(string pool, ValueList<ServerSettings> servers)
    {
        await _one.WaitAsync();
        try
        {
            if (_balancer is null || _ended.IsCancellationRequested)
                return;
            var served = PoolServers.Put(_served, pool, servers);
            await _balancer.ApplyServersAsync(served.Snapshot);
            _served = _desk.Served = served;
        }
        finally
        {
            _one.Release();
        }
    }

    public Task<PoolLoad?> LoadAsync(string pool) => Task.FromResult(
        _balancer is { } balancer && balancer.LoadOf(pool) is var (active, waiting, most) ? new PoolLoad(active, waiting, most) : (PoolLoad?)null);

    public async Task IdleAsync(string pool, NetworkAddress server, TimeSpan within)
    {
        var begun = Stopwatch.GetTimestamp();
        do
            await Task.Delay(LookAtLeaversEvery);
        while (await IsBusyAsync(pool, server) && Stopwatch.GetElapsedTime(begun) < within);
    }

    private async Task<bool> IsBusyAsync(string pool, NetworkAddress server)
    {
        await _one.WaitAsync();
        try
        {
            return _balancer is { } balancer && balancer.IsBusy(pool, server);
        }
        finally
        {
            _one.Release();
        }
    }

    public Task<int> StopAsync(TimeSpan grace, Action released, CancellationToken force) => StopAsync(grace, released, keepIdle: false, force);

    /// <param name="grace">How long what is in flight has.</param>
    /// <param name="released">Called when the listening sockets are used no more.</param>
    /// <param name="keepIdle">Whether idle clients may send one more request each, because somebody else takes their next connection.</param>
    /// <param name="force">Ends the time early.</param>
    public async Task<int> StopAsync(TimeSpan grace, Action released, bool keepIdle, CancellationToken force)
    {
        await _ended.CancelAsync();
        await _watch;
        if (_balancer is null)
            return 0;
        var stopping = _balancer.StopAsync(grace, force, keepIdle);

        // Another engine may answer on the same sockets from now on.
        var admin = StopAdminAsync();
        await _balancer.ListenersReleased;
        released();
        var cut = await stopping;
        await ShareAsync(null, _served.Snapshot.Shared);
        Remember();
        await admin;
        if (_balancer.Counters is { Faults: > 0 } counters)
            await Console.Error.WriteLineAsync($"steelyard: {counters.Faults} connections were broken off by a fault of this program, the last by: {counters.LastFault}");
        return cut;
    }

    private async Task StopAdminAsync()
    {
        var admin = _admin;
        _admin = Task.FromResult<AdminServer?>(null);
        if (_commands is not null)
            await _commands.ListenAsync([]);
        if (await admin is { } server)
            await server.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _watch;
        await StopAdminAsync();
        if (_shared is not null)
            await _shared.DisposeAsync();
        if (_balancer is not null)
            await _balancer.DisposeAsync();
        _ended.Dispose();
        _one.Dispose();
    }

    /// <summary>Reports failing servers and changed certificates.</summary>
    private async Task WatchAsync(LoadBalancer balancer)
    {
        // Kept from look to look: of ten thousand servers it is a megabyte.
        var servers = new List<ServerStatus>();
        while (true)
        {
            try
            {
                await Task.Delay(LookEvery, _ended.Token);
            }
            catch (OperationCanceledException)
            {
                // The engine stops.
                return;
            }

            await _one.WaitAsync();
            try
            {
                await TellAsync(LookAtCertificates(balancer, atOnce: false));
            }
            finally
            {
                _one.Release();
            }

            servers.Clear();
            balancer.AddServersTo(servers);
            var now = DateTimeOffset.UtcNow;
            _desk.History.Look(servers, now);
            _commands.Look();
            RememberNowAndThen();
            foreach (var line in _healthReports.Look(servers, now).Concat(_breakerReports.Look(balancer.Breakers, now)).Concat(_reports.Look(servers, now)))
                await Console.Error.WriteLineAsync(line);
        }
    }

    private static async Task TellAsync(IEnumerable<string> lines)
    {
        foreach (var line in lines)
            await Console.Error.WriteLineAsync($"steelyard: {line}");
    }
}
