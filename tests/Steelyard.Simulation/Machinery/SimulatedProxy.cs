using System.Net;
using Steelyard.Config;
using Steelyard.Engine;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Logging;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Simulation;

namespace Steelyard.Simulation.Machinery;

/// <summary>
/// A whole proxy on a simulated network, run from a seed: the engine's own exchange, connections and timers, with
/// clients and servers played by loop methods beside it. The calling thread is the loop.
/// </summary>
internal sealed class SimulatedProxy : IDisposable
{
    public const int Port = 8080;
    public const int FirstServerPort = 9001;

    private static readonly KernelAddress ProxyAddress = KernelAddress.For(IPAddress.Loopback, Port);

    private static readonly SocketHandle[] Sockets = [new(Port, 0, 0)];

    private readonly List<Task> _peers = [];
    private readonly TlsFiles? _files;
    private readonly LogBook? _logs;
    private Snapshot _snapshot;

    public SimulatedProxy(int seed, SimulatedConditions conditions, int servers = 3, Func<Snapshot, Snapshot>? adjust = null, TlsFiles? files = null, LogBook? logs = null)
    {
        Driver = new SimulatedDriver(seed, conditions);
        Events = new EventLoop(0, Driver);
        (_files, _logs) = (files, logs);
        _snapshot = new Snapshot
        {
            Listeners = [new ListenerSettings { Bind = [NetworkAddress.ForHost("127.0.0.1", Port)], Routes = [new RouteSettings { Pool = "origin" }] }],
            Pools =
            [
                new PoolSettings
                {
                    Name = "origin",
                    Servers = Enumerable.Range(FirstServerPort, servers)
                        .Select(port => new ServerSettings { Address = NetworkAddress.ForHost("127.0.0.1", port) })
                        .ToValueList(),
                },
            ],
        };
        if (adjust is not null)
            _snapshot = adjust(_snapshot);
        Loop = new ProxyLoop(Events, PlanAfter(null));
        Events.Enter();
        Loop.Listen(Sockets, [Loop]);
    }

    public SimulatedDriver Driver { get; }

    public EventLoop Events { get; }

    public ProxyLoop Loop { get; }

    /// <summary>Takes up another configuration, as a reload does.</summary>
    public void Apply(Func<Snapshot, Snapshot> change)
    {
        _snapshot = change(_snapshot);
        Loop.Follow(PlanAfter(Loop.Plan));
    }

    private ProxyPlan PlanAfter(ProxyPlan? before) => ProxyPlan.From(
        _snapshot, Sockets, static address => KernelAddress.For(IPAddress.Parse(address.Host), address.Port), out _, before, _files, _logs);

    /// <summary>Opens a client's connection to the proxy.</summary>
    public Transport Connect() => Driver.Connect(ProxyAddress, out _)!;

    /// <summary>Lets a peer play beside the proxy; what it throws ends the run.</summary>
    public void Play(ValueTask peer) => _peers.Add(peer.AsTask());

    /// <summary>Runs until the condition holds.</summary>
    /// <exception cref="InvalidOperationException">Everybody waits for somebody else.</exception>
    public void RunUntil(Func<bool> condition)
    {
        while (!condition())
        {
            Events.Turn(Events.Timers.Delay(Events.Now));
            if (_peers.Find(peer => peer.IsFaulted) is { } failed)
                failed.GetAwaiter().GetResult();
        }
    }

    /// <summary>Lets the proxy drain and the peers end, and looks for what is still held then.</summary>
    public void AssertNothingIsLeft()
    {
        var drained = false;
        Loop.Drain(() => drained = true);
        Events.Network.StopListening();
        Loop.EndIdle();
        Loop.NobodyElseComes();
        RunUntil(() => drained && _peers.TrueForAll(peer => peer.IsCompleted));
        Assert.Equal(0, Events.Blocks.Rented);
        Assert.All(Loop.Plan.Pools.Values.SelectMany(pool => pool.Servers), server => Assert.Equal(0, server.Active));
        Assert.Null(Loop.LastFault);
        Assert.Equal(0, Loop.ClientCount);
    }

    public void Dispose()
    {
        Events.Leave();
        Events.Blocks.Dispose();
    }
}
