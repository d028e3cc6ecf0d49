using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>
/// The real engine in this process, on a port of its own. Its end checks that nothing went wrong inside and that nothing
/// is left: no connection, no rented block, no fault.
/// </summary>
internal sealed class TestBalancer : IAsyncDisposable
{
    private ListeningSockets _sockets;
    private Snapshot _snapshot;
    private readonly LoadBalancer _engine;
    private readonly TestCertificates _certificates;
    private static readonly AsyncLocal<bool> s_alwaysTls = new();
    private bool _stopped;

    private TestBalancer(Snapshot snapshot, TestCertificates certificates)
    {
        (_snapshot, _certificates) = (snapshot, certificates);
        _sockets = ListeningSockets.Bind(snapshot);
        _engine = LoadBalancer.Start(snapshot, _sockets, new TlsFiles(certificates.Folder));
        _engine.Names = new Serving.RequestNames().FindAsync;
        EndPoints = [.. _sockets.Addresses.Select(AsEndPoint)];
    }

    public static TestBalancer Start(params NetworkAddress[] servers) => Start(servers, snapshot => snapshot);

    /// <param name="servers">The servers of the one pool.</param>
    /// <param name="change">What is not as by default.</param>
    /// <param name="tls">Whether the one listener speaks TLS, and with it the clients it connects.</param>
    /// <param name="certificates">What the certificates of the configuration are read from; null for <see cref="TestCertificates.Shared"/>.</param>
    public static TestBalancer Start(NetworkAddress[] servers, Func<Snapshot, Snapshot> change, bool tls = false, TestCertificates? certificates = null) => new(
        change(new Snapshot
        {
            Loops = 1,
            Listeners = [Listener(NetworkAddress.ForHost("127.0.0.1", 0)) with { Tls = tls || s_alwaysTls.Value ? Tls("site") : null }],
            Pools = [new PoolSettings { Name = "web", Servers = [.. servers.Select(server => new ServerSettings { Address = server })] }],
        }),
        certificates ?? TestCertificates.Shared);

    /// <summary>The same with TLS to the clients.</summary>
    public static TestBalancer StartTls(params NetworkAddress[] servers) => Start(servers, snapshot => snapshot, tls: true);

    /// <summary>Serves what was read, with one loop; fails with its problems where it cannot be used.</summary>
    public static TestBalancer Start(ConfigurationResult read)
    {
        Assert.True(read.Snapshot is not null, string.Join('\n', read.Problems.Select(problem => problem.ToString())));
        return Start([], _ => read.Snapshot with { Loops = 1 });
    }

    /// <summary>Lets every balancer that the present test starts speak TLS to its clients; said in the constructor of its class.</summary>
    public static void AlwaysSpeakTls() => s_alwaysTls.Value = true;

    /// <summary>TLS with certificates that were issued under these names.</summary>
    public static ListenerTls Tls(params string[] names) => new() { Certificates = names.Select(name => new CertificateFiles(name + ".pem", name + ".key")).ToValueList() };

    public static ListenerSettings Listener(params NetworkAddress[] bind) => new()
    {
        Bind = [.. bind],
        Routes = [new RouteSettings { Pool = "web" }],
    };

    public EndPoint Address => EndPoints[0];

    /// <summary>Whether the first listener speaks TLS.</summary>
    public bool SpeaksTls => _snapshot.Listeners[0].Tls is not null;

    public EndPoint[] EndPoints { get; private set; }

    public IReadOnlyList<RecentError> RecentErrors => _engine.RecentErrors;

    public EngineCounters Counters => _engine.Counters;

    /// <summary>Blocks rented now, over all loops.</summary>
    public async Task<int> RentedBlocks() => (await _engine.CountOnLoops(loop => loop.Blocks.Rented)).Sum();

    /// <summary>Deadlines that the loops look after, those that were given up included.</summary>
    public async Task<int> Deadlines() => (await _engine.CountOnLoops(loop => loop.Timers.Count)).Sum();

    /// <summary>Does something while the loop stands still: what is sent meanwhile is there all at once when it goes on.</summary>
    public async Task WhileItStandsStill(Func<Task> work)
    {
        var stands = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var goesOn = new ManualResetEventSlim();
        var held = _engine.CountOnLoops(_ =>
        {
            stands.SetResult();
            goesOn.Wait();
            return 0;
        });
        await stands.Task.Patiently();
        try
        {
            await work();
        }
        finally
        {
            goesOn.Set();
            await held;
        }
    }

    /// <summary>Client connections open now on each loop.</summary>
    public int[] OpenConnections => _engine.OpenConnectionsByLoop;

    /// <summary>Opens a client's connection, with TLS where the first listener speaks it.</summary>
    public async Task<RawClient> Connect(int? receiveBuffer = null) =>
        await RawClient.Connect(Address, receiveBuffer, SpeaksTls ? _certificates.Client() : null);

    /// <summary>Opens a client's connection in the way it says.</summary>
    public async Task<RawClient> Connect(SslClientAuthenticationOptions tls) => await RawClient.Connect(Address, tls: tls);

    /// <summary>Looks at once whether certificates have changed.</summary>
    public IReadOnlyList<string> LookAtCertificates() => _engine.LookAtCertificates(atOnce: true);

    /// <summary>One request on a connection of its own.</summary>
    public async Task<HttpMessage> Ask(string request)
    {
        using var client = await Connect();
        return await client.Ask(request);
    }

    /// <summary>Takes up another configuration, as a reload does.</summary>
    public async Task Apply(Func<Snapshot, Snapshot> change)
    {
        _snapshot = change(_snapshot);
        var (before, sockets) = (_sockets, _sockets.Rebind(_snapshot));
        await _engine.ApplyAsync(_snapshot, sockets).Patiently("a reload");
        before.CloseExcept(sockets);
        _sockets = sockets;
        EndPoints = [.. _sockets.Addresses.Select(AsEndPoint)];
    }

    /// <summary>What would become of a request.</summary>
    public Engine.Explain.Answer Explain(Engine.Explain.Question question) => _engine.Explain(question);

    /// <summary>How every server does.</summary>
    public IReadOnlyList<ServerStatus> Servers => _engine.Servers;

    /// <summary>The clients' connections of this moment.</summary>
    public Task<IReadOnlyList<ConnectionStatus>> Connections() => _engine.ConnectionsAsync(int.MaxValue);

    /// <summary>Whether a server that was taken out of the first pool has something in flight; once it has not, nobody chooses it any more.</summary>
    public bool IsBusy(NetworkAddress server) => _engine.IsBusy(_snapshot.Pools[0].Name, server);

    /// <summary>Lines of access logs that were lost.</summary>
    public long LogLinesDropped => _engine.Counters.LogLinesDropped;

    /// <summary>Lets a server be what an operator wants.</summary>
    public Task<bool> Change(ServerChange change) => _engine.ChangeAsync(change);

    /// <summary>The first pool, alive.</summary>
    public Pool Pool => _engine.Pools[_snapshot.Pools[0].Name];

    /// <summary>How long idle clients have for one more request when it stops.</summary>
    public TimeSpan LastRequests
    {
        set => _engine.LastRequests = value;
    }

    /// <summary>Stops as a signal would; see <see cref="LoadBalancer.StopAsync"/>.</summary>
    /// <param name="grace">How long what is in flight may take.</param>
    /// <param name="force">Ends the grace when it completes, as a second signal would.</param>
    public async Task<int> Stop(TimeSpan grace, Task? force = null)
    {
        _stopped = true;
        using var token = new CancellationTokenSource();
        _ = force?.ContinueWith(_ => token.Cancel(), TaskScheduler.Default);
        return await _engine.StopAsync(grace, token.Token).Patiently();
    }

    /// <summary>Closes the listening sockets, as their owner does after a stop.</summary>
    public void Unbind() => _sockets.Dispose();

    /// <summary>Waits until every client connection has ended, and checks that nothing of them is left.</summary>
    public async Task CheckAtRest()
    {
        await Patience.Until(() => _engine.Counters.OpenConnections == 0);

        // A check of health may be under way, which ends soon.
        while (_engine.Servers.Any(server => server.Asked) && await RentedBlocks() > 0)
            await Task.Yield();
        Assert.Equal(0, await RentedBlocks());
        Assert.All(Servers, server => Assert.Equal(0, server.Active));
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            Assert.True(Counters.Faults == 0, Counters.LastFault?.ToString());
            if (!_stopped)
                await CheckAtRest();
        }
        finally
        {
            await _engine.DisposeAsync();
            _sockets.Dispose();
        }
    }

    private static EndPoint AsEndPoint(NetworkAddress address) =>
        address.UnixPath is { } path ? new UnixDomainSocketEndPoint(path)
        : address.Host.Length == 0 ? new IPEndPoint(IPAddress.Loopback, address.Port)
        : new IPEndPoint(IPAddress.Parse(address.Host), address.Port);
}
