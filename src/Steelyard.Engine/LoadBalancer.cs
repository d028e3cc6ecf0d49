using System.Net;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Explain;
using Steelyard.Engine.Health;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Logging;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Sticky;

namespace Steelyard.Engine;

/// <summary>A running engine: its event loops serve the sockets it was given.</summary>
public sealed partial class LoadBalancer : IAsyncDisposable
{
    // Of each pool that remembers clients, between two times that others are told of them.
    private const int RoomForClients = 8 * 1024;

    private readonly LoopGroup _group;
    private readonly HealthBook _health;
    private readonly Housekeeper _housekeeper;
    private readonly Leavers _leavers = new();
    private TlsFiles? _files;
    private LogBook _logs = null!;
    private IReadOnlyDictionary<string, IServerPolicy>? _policies;
    private volatile ProxyPlan _plan;
    private volatile IReadOnlyList<SocketHandle> _sockets;
    private bool _stopped;

    private LoadBalancer(LoopGroup loops, ProxyPlan plan, IReadOnlyList<SocketHandle> sockets, IReadOnlyList<NetworkAddress> unresolved) =>
        (_group, _plan, _sockets, Unresolved, _health, _housekeeper) = (loops, plan, sockets, unresolved, new(loops.All), new(loops.All[0].Events));

    /// <summary>How many client connections the descriptors of this process suffice for, one more for the server of each.</summary>
    public static int ConnectionsByDescriptors => DescriptorLimit.Connections;

    /// <summary>Servers whose names did not resolve when the configuration was taken up; they count as refusing every connection.</summary>
    public IReadOnlyList<NetworkAddress> Unresolved { get; private set; }

    /// <summary>Makes the pages about the balancer that routes serve; it must not need a loop. May be set while it serves.</summary>
    public Func<StatisticsQuestion, Task<StatisticsPage>>? Pages
    {
        set
        {
            foreach (var loop in _group.All)
                loop.Pages = value;
        }
    }

    /// <summary>Looks up the names of servers that requests say; it must not need a loop. May be set while it serves.</summary>
    public Func<ResolverSettings, string, Task<NamedPlace>>? Names
    {
        set
        {
            foreach (var loop in _group.All)
                loop.Names = value;
        }
    }

    /// <summary>Opens the files of access logs again under their names, as after a rotation by another program. May be called from any thread.</summary>
    public void ReopenLogs() => _logs.Reopen();

    /// <summary>Says what would become of a request now, without sending it and without taking anybody's turn.</summary>
    /// <exception cref="QuestionException">The question cannot be understood.</exception>
    public Answer Explain(Question question)
    {
        var plan = _plan;
        return Explainer.Of(plan.Snapshot, plan.Pools, plan.Lists, Now, _files is null ? null : _files.PathOf).Explain(question);
    }

    /// <summary>Lets a server be what an operator wants, until another change or the end of the program; a reload does not touch it. May be called from any thread.</summary>
    /// <returns>Whether there is such a server; ends when choices go by the change.</returns>
    public Task<bool> ChangeAsync(ServerChange change)
    {
        var loop = _group.All[0].Events;
        var changed = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(_ => changed.SetResult(Change(_plan, change, loop.Now)), loop);
        return changed.Task;
    }

    /// <summary>Takes an operator's word for how a server does. May be called from any thread.</summary>
    /// <returns>Whether there is such a server; ends when choices go by it.</returns>
    public Task<bool> TellAsync(string pool, NetworkAddress address, ServerWord word)
    {
        var loop = _group.All[0].Events;
        var told = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(_ => told.SetResult(Tell(pool, address, word, loop.Now)), loop);
        return told.Task;
    }

    private bool Tell(string name, NetworkAddress address, ServerWord word, long now)
    {
        if (_plan.Pools.GetValueOrDefault(name) is not { } pool || pool.Find(address) is not { } server)
            return false;
        switch (word)
        {
            case ServerWord.ChecksOn or ServerWord.ChecksOff:
                ServerNews.SetHearing(server, Hearing.Checks, word == ServerWord.ChecksOn);
                break;
            case ServerWord.AgentOn or ServerWord.AgentOff:
                ServerNews.SetHearing(server, Hearing.Agent, word == ServerWord.AgentOn);
                break;
            case ServerWord.AgentUp or ServerWord.AgentDown:
                pool.TakeReply(server, new(null, false, null, word == ServerWord.AgentUp, null), now);
                break;
            default:
                pool.Judge(server, word == ServerWord.Up, word == ServerWord.Up ? ProbeFault.None : ProbeFault.Observed, 0, now);
                _health.Force(server, word == ServerWord.Up);
                break;
        }

        return true;
    }

    /// <summary>
    /// Holds breakers open or closed, or lets them do their work again; a reload does not touch it. May be called from any
    /// thread; the next request goes by it.
    /// </summary>
    /// <param name="pool">The name of the pool.</param>
    /// <param name="server">The server whose breaker it is about; null for all of the pool and of its servers.</param>
    /// <param name="hold">What is wanted.</param>
    /// <returns>Whether there is such a breaker.</returns>
    public bool HoldBreakers(string pool, NetworkAddress? server, BreakerHold hold) =>
        _plan.Pools.GetValueOrDefault(pool)?.HoldBreakers(hold, server) is true;

    private static bool Change(ProxyPlan plan, ServerChange change, long now)
    {
        if (plan.Pools.GetValueOrDefault(change.Pool) is not { } pool || pool.Find(change.Address) is not { } server)
            return false;
        pool.SetState(server, change.State, now);
        pool.SetWeight(server, change.Weight, now);
        return true;
    }

    /// <summary>Starts the event loops. Names of servers are resolved here, once.</summary>
    /// <param name="snapshot">What to serve. Its <see cref="AppSettings"/> are not the engine's: whoever starts the workers adds them as servers.</param>
    /// <param name="sockets">The sockets bound for the same snapshot; they stay the caller's, to be closed after the engine has stopped.</param>
    /// <param name="files">Where certificates are read; null for a configuration without any.</param>
    /// <param name="changes">What an operator wants of servers, from the first request on; those of servers that are not there are left out.</param>
    /// <param name="folder">The folder of the configuration, which the files of access logs are relative to; that of the process when empty.</param>
    /// <param name="memory">What an engine before has remembered of clients; null for nothing.</param>
    /// <param name="policies">How servers are chosen, by the names of pools, instead of what their <c>balance</c> says; null for nowhere.</param>
    /// <exception cref="TlsFileException">A certificate or a key is of no use.</exception>
    /// <exception cref="LogFileException">The file of an access log cannot be written.</exception>
    public static LoadBalancer Start(Snapshot snapshot, ListeningSockets sockets, TlsFiles? files = null, IEnumerable<ServerChange>? changes = null, string folder = "", ClientMemory? memory = null, IReadOnlyDictionary<string, IServerPolicy>? policies = null)
    {
        var handles = sockets.Handles;
        var loops = new ProxyLoop[snapshot.Loops ?? Environment.ProcessorCount];
        var logs = new LogBook(folder, loops.Length);
        var plan = ProxyPlan.From(snapshot, handles, Resolve, out var unresolved, files: files, logs: logs, stickyKey: memory?.Key, policies: policies);
        for (var i = 0; i < loops.Length; i++)
            loops[i] = new ProxyLoop(new EventLoop(i, new KernelDriver()), plan);
        foreach (var change in changes ?? [])
            Change(plan, change, loops[0].Events.Now);
        var balancer = new LoadBalancer(LoopGroup.Start(loops, handles), plan, handles, unresolved) { _files = files, _logs = logs, _policies = policies };
        if (memory is not null)
            balancer.Recall(memory);
        balancer.LookAfter(plan);
        return balancer;
    }

    /// <summary>Another number when what <see cref="Remember"/> says is something else; null where nothing ever is. May be called from any thread.</summary>
    /// <param name="least">As there.</param>
    public long? RememberedVersion(TimeSpan least = default)
    {
        var (clients, rates) = (RememberedClients, _plan.KeptRatesBeyond(Nanoseconds(least)));
        if (clients.Count + rates.Count == 0)
            return null;
        var version = 0L;
        foreach (var (_, table) in clients)
            version += table.Version;
        foreach (var rate in rates)
            version += (long)rate.Table.Version(Clock, Nanoseconds(least));
        return version;
    }

    /// <summary>The clients that are remembered now, and what limits have let through. May be called from any thread.</summary>
    /// <param name="least">Who has all requests of a limit again within that is left out; a limit of which that is so for all keys is not looked at.</param>
    public ClientMemory Remember(TimeSpan least = default) => ClientMemory.Of(_plan.StickyKey, RememberedClients, _plan.KeptRatesBeyond(Nanoseconds(least)), Clock, _group.All[0].Events.Network.UtcNow, Nanoseconds(least));

    private static long Nanoseconds(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>Takes what another engine remembers of the same pools, where the client was seen later than here, and what its limits have let through. May be called from any thread.</summary>
    public void Recall(ClientMemory memory) => memory.Into(RememberedClients, _plan.KeptRates, Clock, _group.All[0].Events.Network.UtcNow);

    /// <summary>
    /// Takes up another configuration without an interruption: requests in flight end by the one they began with, the
    /// next request of each connection goes by the new one, and servers that stay keep their state and their
    /// connections. The number of loops stays as it was. Not to be called again, nor beside <see cref="StopAsync"/>,
    /// before it has ended.
    /// </summary>
    /// <param name="snapshot">What to serve from now on.</param>
    /// <param name="sockets">The sockets for it, from <see cref="ListeningSockets.Rebind(Snapshot)"/>; those that it does not share may be closed when this has ended.</param>
    /// <param name="files">Where certificates are read; null for where they were.</param>
    /// <exception cref="TlsFileException">A certificate or a key is of no use; nothing has changed.</exception>
    /// <exception cref="LogFileException">The file of an access log cannot be written; nothing has changed.</exception>
    public Task ApplyAsync(Snapshot snapshot, ListeningSockets sockets, TlsFiles? files = null)
    {
        return FollowAsync(snapshot, sockets.Handles, Resolve, files ?? _files);
    }

    /// <summary>
    /// Takes servers into pools and out of them, as <see cref="ApplyAsync"/> does, but looks up no name of a server that
    /// was there before.
    /// </summary>
    /// <param name="snapshot">What was served so far, with other servers.</param>
    public Task ApplyServersAsync(Snapshot snapshot)
    {
        var known = new Dictionary<NetworkAddress, KernelAddress?>();
        foreach (var pool in _plan.Pools.Values)
        {
            foreach (var server in pool.Servers)
                known[server.Settings.At ?? server.Settings.Address] = _plan.Addresses[server.Ordinal];
        }

        return FollowAsync(snapshot, _sockets, address => known.TryGetValue(address, out var place) ? place : Resolve(address), _files);
    }

    private async Task FollowAsync(Snapshot snapshot, IReadOnlyList<SocketHandle> handles, Func<NetworkAddress, KernelAddress?> resolve, TlsFiles? files)
    {
        ObjectDisposedException.ThrowIf(_stopped, this);
        var plan = ProxyPlan.From(snapshot, handles, resolve, out var unresolved, _plan, files, _logs, policies: _policies);
        var (gone, added) = (Without(_sockets, handles), Without(handles, _sockets));

        // To close a socket resets who has connected to it and was not accepted.
        LoopGroup.TurnAway(BoundHere(gone, _plan.Snapshot));
        if (gone.Count > 0 && _group.HasCompany)
            await Task.Delay(LastRequests, CancellationToken.None);

        // In three steps, for loops hand connections to each other: none of a socket that a loop does not know, or knows no more.
        await _group.OnEach(loop => loop.StopListening(gone));
        await _group.OnEach(loop => loop.Follow(plan));
        await _group.OnEach(loop => loop.Listen(added, _group.All));
        LookAfter(plan);
        _leavers.Note(_plan, plan, Now);
        (_plan, _sockets, Unresolved, _files) = (plan, handles, unresolved, files);
    }

    /// <summary>
    /// Whether a server that was taken out of a pool has something in flight. Once it has not, requests that began by a
    /// configuration before and look for another server do not choose it any more.
    /// </summary>
    /// <param name="pool">The name of the pool.</param>
    /// <param name="address">Where it is.</param>
    public bool IsBusy(string pool, NetworkAddress address) => _leavers.IsBusy(pool, address, Now);

    private void LookAfter(ProxyPlan plan)
    {
        foreach (var pool in plan.Pools.Values)
        {
            pool.Cut = server => CutWith(server);
            if (pool.Clients is { Table: var table })
                table.Changes = plan.Snapshot.Shared is null ? null : table.Changes ?? new(RoomForClients);
        }

        _housekeeper.Follow([.. plan.Pools.Values]);
        _health.Follow(plan);
    }

    /// <summary>Cuts the requests and sessions of a server. May be called from any thread.</summary>
    /// <returns>Whether there is such a server.</returns>
    public bool CutWith(string pool, NetworkAddress address)
    {
        if (_plan.Pools.GetValueOrDefault(pool)?.Find(address) is not { } server)
            return false;
        CutWith(server);
        return true;
    }

    /// <summary>Cuts a client's connection. May be called from any thread.</summary>
    /// <param name="number">Its <see cref="ConnectionStatus.Number"/>.</param>
    /// <returns>Whether there is one.</returns>
    public async Task<bool> CutAsync(long number)
    {
        foreach (var loop in _group.All)
        {
            var cut = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            loop.Events.Post(_ => cut.SetResult(loop.Cut(number)), loop);
            if (await cut.Task)
                return true;
        }

        return false;
    }

    /// <summary>Cuts the requests and sessions that a server has to do. May be called from any thread.</summary>
    public void CutWith(Server server)
    {
        foreach (var loop in _group.All)
            loop.Events.Post(_ => loop.CutWith(server), loop);
    }

    /// <summary>
    /// Looks whether files of certificates have changed, and takes them up for new connections; one that is of no use
    /// changes nothing. Not to be called beside itself or <see cref="ApplyAsync"/>.
    /// </summary>
    /// <param name="atOnce">Whether a change counts that may still go on; else it has to have stayed for two looks.</param>
    /// <returns>A line for each change.</returns>
    public IReadOnlyList<string> LookAtCertificates(bool atOnce = false)
    {
        var lines = new List<string>();
        foreach (var tls in _plan.Tls)
        {
            if (tls.Look(atOnce) is { } line)
                lines.Add(line);
        }

        return lines;
    }

    /// <summary>The sockets that are ours to close for all: those that were passed to us are somebody's who may go on with them.</summary>
    private static List<SocketHandle> BoundHere(IReadOnlyList<SocketHandle> sockets, Snapshot snapshot)
    {
        var ours = new List<SocketHandle>();
        foreach (var socket in sockets)
        {
            var passed = false;
            foreach (var address in snapshot.Listeners[socket.Listener].Bind)
                passed |= address.Descriptor is not null;
            if (!passed)
                ours.Add(socket);
        }

        return ours;
    }

    private static List<SocketHandle> Without(IReadOnlyList<SocketHandle> sockets, IReadOnlyList<SocketHandle> others)
    {
        var slots = new HashSet<int>();
        foreach (var other in others)
            slots.Add(other.Slot);
        var rest = new List<SocketHandle>();
        foreach (var socket in sockets)
        {
            if (!slots.Contains(socket.Slot))
                rest.Add(socket);
        }

        return rest;
    }

    private static KernelAddress? Resolve(NetworkAddress address)
    {
        if (address.IsNowhere || address.IsOfRequest)
            return null;
        if (address.UnixPath is not null)
            return KernelAddress.ForUnix(address.UnixPath);
        if (IPAddress.TryParse(address.Host, out var literal))
            return KernelAddress.For(literal, address.Port);
        try
        {
            return KernelAddress.For(Dns.GetHostAddresses(address.Host)[0], address.Port);
        }
        catch (System.Net.Sockets.SocketException)
        {
            return null;
        }
    }

    /// <summary>
    /// Ends soon after <see cref="StopAsync"/> was called, when the listening sockets may be closed: who connects then is
    /// refused at once instead of waiting for a server that will not come.
    /// </summary>
    public Task ListenersReleased => _group.ListenersReleased;

    /// <summary>How long idle clients have for one more request when the engine stops: what they send that moment would cross the end of their connection.</summary>
    internal TimeSpan LastRequests
    {
        get => _group.LastRequests;
        set => _group.LastRequests = value;
    }

    /// <summary>
    /// Stops gracefully: nobody else can connect, who has connected gets an answer, what is in flight ends, idle connections
    /// are closed after a moment in which one more request is still answered on them; what still lives after <paramref name="grace"/>, or when <paramref name="force"/> is cancelled, is cut.
    /// </summary>
    /// <param name="grace">How long to wait for what is in flight; zero cuts at once.</param>
    /// <param name="force">Ends the wait early.</param>
    /// <param name="keepIdle">
    /// Whether idle clients may send one more request each, which is answered and tells them to go: where another engine
    /// serves on the same sockets, none of their requests crosses the end of its connection.
    /// </param>
    /// <returns>How many exchanges had to be cut.</returns>
    public async Task<int> StopAsync(TimeSpan grace, CancellationToken force, bool keepIdle = false)
    {
        if (_stopped)
            return 0;
        _stopped = true;
        var cut = await _group.StopAsync(BoundHere(_sockets, _plan.Snapshot), grace, keepIdle, force);
        if (_group.HasEnded)
            _logs.Dispose();
        return cut;
    }

    /// <summary>Cuts what is in flight and stops.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(TimeSpan.Zero, CancellationToken.None);
}
