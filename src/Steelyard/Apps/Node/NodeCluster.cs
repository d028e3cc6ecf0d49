using System.Net;
using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Apps.Node;

/// <summary>
/// One app as a cluster of Node's whose primary we are: what its workers ask for, and what they share. Owned by the loop,
/// but for <see cref="AppPort"/>.
/// </summary>
/// <param name="pool">The pool the app belongs to.</param>
internal sealed class NodeCluster(string pool)
{
    private const int MostShared = 64;
    private const int MostData = 64;

    private readonly Dictionary<ServerPlace, SharedPort> _shared = [];
    private readonly Dictionary<ServerPlace, DatagramPort> _datagrams = [];
    private readonly Dictionary<ServerPlace, string> _data = [];
    private readonly Dictionary<ServerPlace, int> _chosenPorts = [];
    private readonly HashSet<string> _said = [];
    private readonly TaskCompletionSource<int> _appPort = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile NetworkAddress? _appAddress;
    private int _workers;
    private bool _ended;

    /// <summary>The port that the app listens on, as it says; ends with the first worker that does.</summary>
    public Task<int> AppPort => _appPort.Task;

    /// <summary>Where the app listens, as the last worker has asked that did; with port 0 where any will do. May be read from any thread.</summary>
    public NetworkAddress? AppAddress => _appAddress;

    /// <summary>
    /// Whether its workers are the user that we are. For others nothing is bound that they could not bind themselves: no
    /// port below 1024, and no Unix socket, whose path they would choose and we would remove.
    /// </summary>
    public bool RunsAsWeDo { get; set; } = true;

    /// <summary>The number of the next worker (NODE_UNIQUE_ID); each process has another.</summary>
    public int NextWorker() => Interlocked.Increment(ref _workers);

    public void Tell(string line)
    {
        if (_said.Count < 1000 && _said.Add(line))
            Console.Error.WriteLine($"steelyard: {line}");
    }

    /// <summary>A server of a worker asks whether it may listen.</summary>
    public void Answer(NodeChannel worker, WorkerMessage query)
    {
        var asked = new ServerPlace(query.Address, query.Port, query.Socket, query.Index);
        var number = query.Number!.Value;
        var error = Refusal(worker, query, asked);
        SharedPort? shared = null;
        if (error == 0 && query.Socket == ServerSocketKind.Datagram)
        {
            if (Share(asked, query.Flags, out var datagrams) is var refused and not 0)
                worker.Send(PrimaryWords.MayNotListen(number, -refused));
            else
                Give(worker, asked, datagrams!, number);
            return;
        }

        if (error == 0 && !IsApp(worker, query, asked))
            error = Share(asked, worker.IsRaw, out shared);
        if (error != 0)
        {
            worker.Send(PrimaryWords.MayNotListen(number, -error));
            return;
        }

        var port = shared?.Port ?? PortOf(worker, asked);
        if (shared is null)
        {
            worker.AppPort = port;
            _appAddress = NetworkAddress.ForHost(query.Address is { } host and not "::" && IPAddress.TryParse(host, out _) ? host : "", asked.Port);
            _appPort.TrySetResult(port);
        }
        else
        {
            shared.Add(worker);
        }

        var key = worker.Add(new(asked, shared));
        worker.Send(PrimaryWords.Listens(number, key, DataFor(asked, query.Data), query.Socket == ServerSocketKind.Path ? null : query.Address ?? "::", port));
    }

    /// <summary>A server of a worker listens no more.</summary>
    public void Left(NodeChannel worker, WorkerServer server)
    {
        if (server.Datagrams is { } datagrams)
        {
            datagrams.Remove(worker);
            if (datagrams.IsUnused)
                Close(server.Asked, datagrams);
        }

        if (server.Shared is not { } shared)
            return;
        shared.Remove(worker);

        // Who connects while a worker that is raw is replaced or has died waits for the next one.
        if (shared.IsUnused && !(worker.IsRaw && (worker.LetsGo || worker.Closed) && !_ended))
            Close(server.Asked, shared);
    }

    /// <summary>The app ends: nobody is to connect to it any more. May be called from any thread.</summary>
    public void End() => NodeLoop.Shared.Post(() =>
    {
        _ended = true;
        foreach (var (place, shared) in _shared.ToArray())
            Close(place, shared);
        foreach (var (place, datagrams) in _datagrams.ToArray())
            Close(place, datagrams);
    });

    private void Close(ServerPlace place, DatagramPort datagrams)
    {
        _datagrams.Remove(place);
        datagrams.Close();
    }

    private void Close(ServerPlace place, SharedPort shared)
    {
        _shared.Remove(place);
        shared.Close();
        if (place is { Socket: ServerSocketKind.Path, Address: { } path })
            Delete(path);
    }

    /// <returns>Why a server may not listen, as an errno; 0 when it may.</returns>
    private int Refusal(NodeChannel worker, WorkerMessage query, ServerPlace asked)
    {
        if (query.Socket == ServerSocketKind.Descriptor)
        {
            Tell($"{pool} asks to listen on a descriptor of its primary, which has none for it");
            return Posix.EINVAL;
        }

        if (!worker.HasRoomForServer)
            return Posix.EMFILE;
        foreach (var server in worker.Servers.Values)
        {
            if (asked.Port != 0 && server.Asked with { Index = asked.Index } == asked)
                return Posix.EADDRINUSE;
        }

        return 0;
    }

    private bool IsApp(NodeChannel worker, WorkerMessage query, ServerPlace asked) =>
        !worker.IsRaw
        && query.Socket != ServerSocketKind.Path
        && (worker.AppPort is not { } port || port == query.Port || (query.Port == 0 && _chosenPorts.TryGetValue(asked, out var chosen) && chosen == port));

    /// <summary>The port a server is told to have: what it asked for, or for 0 the same for all workers.</summary>
    private int PortOf(NodeChannel worker, ServerPlace asked)
    {
        if (asked.Port != 0)
            return asked.Port;
        if (!_chosenPorts.TryGetValue(asked, out var port))
            port = worker.DoorPort;
        if (_chosenPorts.Count < MostData)
            _chosenPorts.TryAdd(asked, port);
        return port;
    }

    /// <returns>Why nothing more may be bound there, as an errno; 0 when it may.</returns>
    private int RefusalToBind(int port) =>
        _ended ? Posix.EINVAL
        : _shared.Count + _datagrams.Count >= MostShared ? Posix.EMFILE
        : !RunsAsWeDo && port is -1 or (> 0 and < 1024) ? Posix.EACCES
        : 0;

    private int Share(ServerPlace asked, DatagramFlags flags, out DatagramPort? datagrams)
    {
        if (_datagrams.TryGetValue(asked, out datagrams))
            return 0;
        var (error, descriptor) = (RefusalToBind(asked.Port), -1);
        if (error == 0)
            error = ListeningHandle.OpenDatagram(asked.Address, asked.Port, flags, out descriptor);
        if (error != 0)
            return error;
        _datagrams.Add(asked, datagrams = new(descriptor));
        if (asked.Port > 0)
            Tell($"{pool} binds port {asked.Port} of UDP, which its workers share: each datagram reaches one of them");
        return 0;
    }

    private static void Give(NodeChannel worker, ServerPlace asked, DatagramPort datagrams, long number)
    {
        datagrams.Add(worker);
        worker.Send(PrimaryWords.Receives(number, worker.Add(new(asked, null, datagrams))), datagrams);
    }

    private int Share(ServerPlace asked, bool raw, out SharedPort? shared)
    {
        if (_shared.TryGetValue(asked, out shared))
            return 0;
        var error = RefusalToBind(asked.Port);
        if (error != 0)
            return error;
        error = ListeningHandle.Open(asked.Address, asked.Port, out var descriptor, out var port);
        if (error != 0)
            return error;
        _shared.Add(asked, shared = new(NodeLoop.Shared, descriptor, port));
        var where = port < 0 ? asked.Address : $"port {port}";
        Tell(raw ? $"{pool} listens on {where}, and hands its workers the clients' own connections in turn" : $"{pool} listens on {where} too, which its workers share in turn");
        return 0;
    }

    /// <summary>What all workers are told alike: the first one's, for TLS tickets of one are worth nothing to another otherwise.</summary>
    private string? DataFor(ServerPlace asked, string? own)
    {
        if (own is null)
            return null;
        if (_data.TryGetValue(asked, out var data))
            return data;
        if (_data.Count < MostData)
            _data.Add(asked, own);
        return own;
    }

    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It stays as a name that nobody listens on.
        }
    }
}
