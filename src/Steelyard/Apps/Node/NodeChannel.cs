using System.Globalization;
using System.Runtime.InteropServices;
using Steelyard.Keeper;

namespace Steelyard.Apps.Node;

/// <summary>
/// The channel to one Node worker, of which we are the cluster's primary: what it listens on, and the connections it was
/// given. Nothing it sends is trusted, and nothing it does not read makes anybody wait. Owned by the loop.
/// </summary>
internal sealed unsafe class NodeChannel : NodeHandle
{
    private const int LongestLine = 1024 * 1024;
    private const int Room = 64 * 1024;
    private const int ReadsAtOnce = 16;
    private const int MostServers = 64;

    /// <summary>Connections on their way at once; further ones wait in the kernel.</summary>
    private const int MostGiven = 256;

    /// <summary>Questions for metrics that may wait for their answers.</summary>
    private const int MostMetrics = 8;

    /// <summary>Bytes that may wait for a worker that does not read; then it is not listened to either.</summary>
    private const int MostWaiting = 256 * 1024;

    private static readonly byte[] s_room = new byte[Room];

    private readonly NodeLoop _loop;
    private readonly NodeCluster _cluster;
    private readonly LineSplitter _lines = new(LongestLine);
    private readonly Queue<Outgoing> _outgoing = new();
    private readonly Dictionary<long, HandOver> _given = [];
    private readonly Queue<long> _travelling = new();
    private readonly Dictionary<long, TaskCompletionSource<string?>> _metrics = [];
    private readonly Dictionary<int, WorkerServer> _servers = [];
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _saidReady = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;
    private int _sent;
    private int _keys;
    private long _numbers;
    private bool _told;

    public NodeChannel(NodeLoop loop, NodeCluster cluster, string name, int descriptor)
        : base(descriptor)
    {
        (_loop, _cluster, Name) = (loop, cluster, name);
        loop.Watch(this);
    }

    // A connection is handed over; of a socket that workers share we keep our own.
    private readonly record struct Outgoing(byte[] Bytes, HandOver? Connection, DatagramPort? Datagrams)
    {
        public int Descriptor => Connection?.Handle ?? Datagrams?.Descriptor ?? -1;
    }

    public string Name { get; }

    public override short Wanted => (short)((_waiting < MostWaiting ? Posix.POLLIN : 0) | (_outgoing.Count > 0 ? Posix.POLLOUT : 0));

    /// <summary>Whether one more connection may be on its way.</summary>
    public bool HasRoom => _given.Count < MostGiven && _travelling.Count < MostGiven && _waiting < MostWaiting;

    /// <summary>The port that the worker calls that of the app: the first it listens on, unless the configuration says which.</summary>
    public int? AppPort { get; set; }

    /// <summary>Whether all that it listens on is bound here and handed out: it gets no connections of the engine.</summary>
    public bool IsRaw { get; init; }

    /// <summary>Whether it is to end: what it closes from now on, its app has not closed.</summary>
    public bool LetsGo { get; set; }

    /// <summary>The port of 127.0.0.1 by which the engine reaches it.</summary>
    public int DoorPort { get; set; }

    /// <summary>Ends when it listens on the app's port.</summary>
    public Task Listening => _listening.Task;

    /// <summary>Ends when the app has said 'ready'.</summary>
    public Task SaidReady => _saidReady.Task;

    /// <summary>Ends when the worker has closed the channel, be it by its own end.</summary>
    public Task Gone => _gone.Task;

    /// <summary>The servers that listen.</summary>
    public IReadOnlyDictionary<int, WorkerServer> Servers => _servers;

    /// <summary>Whether one more server may listen.</summary>
    public bool HasRoomForServer => _servers.Count < MostServers;

    /// <summary>Names a server that listens from now on.</summary>
    /// <param name="server">It.</param>
    public int Add(WorkerServer server)
    {
        _servers.Add(++_keys, server);
        return _keys;
    }

    /// <summary>Gives a connection to the server that it is for, unless none listens or too many are on their way.</summary>
    public bool TryGive(HandOver connection)
    {
        if (Closed || !HasRoom)
            return false;
        foreach (var (key, server) in _servers)
        {
            if (server.Shared != connection.From as SharedPort || server.Datagrams is not null)
                continue;
            var number = ++_numbers;
            _given.Add(number, connection);
            _travelling.Enqueue(number);
            connection.Sent = false;
            Enqueue(new(PrimaryWords.Connection(key, number), connection, null));
            return true;
        }

        return false;
    }

    /// <summary>Says something to the worker; it is sent as soon as there is room for it.</summary>
    public void Send(byte[] line) => Enqueue(new(line, null, null));

    /// <summary>Gives it a socket that it shares with others.</summary>
    public void Send(byte[] line, DatagramPort datagrams)
    {
        _travelling.Enqueue(++_numbers);
        Enqueue(new(line, null, datagrams));
    }

    private void Enqueue(Outgoing next)
    {
        if (Closed)
            return;
        _outgoing.Enqueue(next);
        _waiting += next.Bytes.Length;
        Flush();
    }

    /// <summary>Asks prom-client in it for its metrics; the answer is null where there is none.</summary>
    public (long Number, Task<string?> Answer) AskMetrics()
    {
        if (Closed || _metrics.Count >= MostMetrics)
            return (0, Task.FromResult<string?>(null));
        var answer = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _metrics.Add(++_numbers, answer);
        Send(PrimaryWords.Metrics(_numbers));
        return (_numbers, answer.Task);
    }

    /// <summary>Nobody waits for that answer any more.</summary>
    public void ForgetMetrics(long number) => _metrics.Remove(number);

    /// <summary>Asks it to close its servers and to leave, or tells it something instead.</summary>
    public void LetGo(string? message) => Send(message is null ? PrimaryWords.Disconnect : PrimaryWords.Text(message));

    public override void Ready(short events)
    {
        if ((events & Posix.POLLOUT) != 0)
            Flush();
        if ((events & ~Posix.POLLOUT) != 0 && !Closed)
            Receive();
    }

    /// <summary>Closes the channel; a worker that runs ends itself then.</summary>
    public override void Close()
    {
        if (Closed)
            return;
        _loop.Forget(this);
        CloseDescriptor();
        foreach (var key in _servers.Keys.ToArray())
            Remove(key);

        // What was on its way has not been touched: whoever takes a connection says so before.
        foreach (var asked in _metrics.Values)
            asked.TrySetResult(null);
        var given = _given.Values.ToArray();
        _given.Clear();
        foreach (var connection in given)
            connection.From.Refused(connection);
        _gone.TrySetResult();
    }

    private void Receive()
    {
        for (var i = 0; i < ReadsAtOnce; i++)
        {
            nint received;
            fixed (byte* start = s_room)
                received = Posix.recv(Descriptor, start, Room, Posix.MSG_DONTWAIT);
            if (received < 0 && Marshal.GetLastPInvokeError() is Posix.EAGAIN or Posix.EINTR)
                return;
            if (received <= 0)
            {
                Close();
                return;
            }

            _lines.Append(s_room.AsSpan(0, (int)received));
            while (!Closed && _lines.TryTake(out var line))
                Take(line);
            if (Closed || _waiting >= MostWaiting || received < Room)
                break;
        }

        if (_lines.PassedOver > 0 && !_told)
        {
            _told = true;
            _cluster.Tell($"{Name} sent a message of more than {LongestLine / 1024} KiB; such are not read");
        }
    }

    private void Take(ReadOnlyMemory<byte> line)
    {
        var message = WorkerMessage.Read(line);
        switch (message.Kind)
        {
            case WorkerMessageKind.Query:
                _cluster.Answer(this, message);
                break;
            case WorkerMessageKind.Listening:
                if ((message.Port == AppPort && message.Socket != ServerSocketKind.Datagram) || (IsRaw && AppPort is null))
                    _listening.TrySetResult();
                break;
            case WorkerMessageKind.Close:
                if (int.TryParse(message.Key, NumberStyles.None, CultureInfo.InvariantCulture, out var key))
                    Remove(key);
                break;
            case WorkerMessageKind.Accepted:
                Settle(message.Number!.Value, message.Accepted);
                break;
            case WorkerMessageKind.HandleTaken:
                _travelling.TryDequeue(out _);
                break;
            case WorkerMessageKind.HandleLost:
                if (_travelling.TryDequeue(out var lost))
                    Settle(lost, accepted: false);
                break;
            case WorkerMessageKind.HandleOffered:
                // The kernel has closed what came with it, for nobody asked for it.
                Send(PrimaryWords.HandleTaken);
                break;
            case WorkerMessageKind.Leaving:
                Send(PrimaryWords.MayLeave(message.Number));
                break;
            case WorkerMessageKind.Metrics:
                if (_metrics.Remove(message.Number ?? 0, out var asked))
                    asked.TrySetResult(message.Data);
                break;
            case WorkerMessageKind.Text when message.Text == "ready":
                _saidReady.TrySetResult();
                break;
        }
    }

    private void Settle(long number, bool accepted)
    {
        // Before it is sent nobody can say what became of it, and its number here may be another descriptor's after.
        if (!_given.TryGetValue(number, out var connection) || !connection.Sent)
            return;
        _given.Remove(number);
        if (accepted)
            connection.From.Taken(connection);
        else
            connection.From.Refused(connection);
    }

    private void Remove(int key)
    {
        if (_servers.Remove(key, out var server))
            _cluster.Left(this, server);
    }

    private void Flush()
    {
        while (_outgoing.TryPeek(out var next))
        {
            var sent = TrySend(next);
            if (sent < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error == Posix.ETOOMANYREFS && next.Connection is not null)
                {
                    // More descriptors are on their way than this user may send (unix(7)): somebody else has to take it, or nobody.
                    Withdraw(next);
                    continue;
                }

                // A worker that has gone is noticed in reading.
                if (error is not (Posix.EAGAIN or Posix.EINTR))
                    _outgoing.Clear();
                break;
            }

            _sent += (int)sent;
            _waiting -= (int)sent;
            if (_sent < next.Bytes.Length)
                break;
            _outgoing.Dequeue();
            _sent = 0;
        }

        if (_outgoing.Count == 0)
            _waiting = 0;
    }

    private void Withdraw(Outgoing next)
    {
        _outgoing.Dequeue();
        _waiting -= next.Bytes.Length;
        if (_given.FirstOrDefault(pair => pair.Value == next.Connection) is not { Value: { } connection, Key: var number })
            return;
        _given.Remove(number);

        // Of those that travel it is not the first: they are told apart by their order.
        var travelling = _travelling.ToArray();
        _travelling.Clear();
        foreach (var other in travelling.Where(other => other != number))
            _travelling.Enqueue(other);
        connection.From.Refused(connection);
    }

    private nint TrySend(Outgoing next)
    {
        // struct cmsghdr and one descriptor, which goes with the first byte.
        var control = stackalloc nint[3] { 20, 0, 0 };
        ((int*)control)[2] = Posix.SOL_SOCKET;
        ((int*)control)[3] = Posix.SCM_RIGHTS;
        ((int*)control)[4] = next.Descriptor;
        fixed (byte* start = next.Bytes)
        {
            var vector = new Posix.Vector { Base = start + _sent, Length = (nuint)(next.Bytes.Length - _sent) };
            var header = new Posix.MessageHeader { Vectors = &vector, VectorCount = 1 };
            if (next.Descriptor >= 0 && _sent == 0)
            {
                header.Control = control;
                header.ControlLength = 24;
            }

            var sent = Posix.sendmsg(Descriptor, &header, Posix.MSG_NOSIGNAL | Posix.MSG_DONTWAIT);
            if (sent > 0 && next.Connection is not null)
                next.Connection.Sent = true;
            return sent;
        }
    }
}

/// <summary>A server of a worker that listens.</summary>
/// <param name="Asked">What it asked for.</param>
/// <param name="Shared">The port it shares with other workers; null for the app's own, whose connections come by the worker's door.</param>
/// <param name="Datagrams">The socket of UDP that it has with other workers; null for none.</param>
internal sealed record WorkerServer(ServerPlace Asked, SharedPort? Shared, DatagramPort? Datagrams = null);

/// <summary>What a server listens on, as it asked for it.</summary>
internal readonly record struct ServerPlace(string? Address, int Port, ServerSocketKind Socket, int Index);
