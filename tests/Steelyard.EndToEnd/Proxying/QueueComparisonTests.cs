using System.Collections.Concurrent;
using System.Globalization;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Strictness;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Who waits before a server that is full is served in the order of the real HAProxy, started here with the same limits.</summary>
public sealed class QueueComparisonTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    // Those of one class in the order of coming, smaller ones first; one that has none counts as 0.
    private static readonly int?[] Priorities = [5, null, -1, 0, 5, -2047, null, -1, 2047];

    /// <summary>A server whose first request waits until it is let go; it tells what came, and how many at once.</summary>
    private sealed class Busy : IAsyncDisposable
    {
        private readonly TaskCompletionSource _free = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _now;

        public Busy() => Origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
            {
                AtOnce = Math.Max(AtOnce, Interlocked.Increment(ref _now));
                Served.Enqueue(request.Head.Split(' ')[1]);
                await _free.Task;
                Interlocked.Decrement(ref _now);
                await connection.Send(Hello);
            }
        });

        public RecordingOrigin Origin { get; }

        public ConcurrentQueue<string> Served { get; } = new();

        public int AtOnce { get; private set; }

        public void Free() => _free.TrySetResult();

        public ValueTask DisposeAsync()
        {
            Free();
            return Origin.DisposeAsync();
        }
    }

    /// <summary>What a client sees who waits too long, and then whom the server sees.</summary>
    private static async Task<(int Status, string Order, int AtOnce)> Play(Busy ordered, Busy shortly, Func<Task<RawClient>> connect, Func<Task<int>> queued)
    {
        // One has the server, and the next waits for as long as one may.
        using var holder = await connect();
        await holder.Send("GET /short/0 HTTP/1.1\r\nHost: x\r\n\r\n");
        await Patience.Until(() => shortly.Served.Count == 1);
        using var late = await connect();
        var status = (await late.Ask("GET /short/1 HTTP/1.1\r\nHost: x\r\n\r\n")).Status;
        shortly.Free();
        Assert.Equal(200, (await holder.ReadResponse()).Status);

        var clients = new List<RawClient>();
        for (var i = 0; i <= Priorities.Length; i++)
        {
            var client = await connect();
            clients.Add(client);
            var priority = i == 0 ? null : Priorities[i - 1];
            await client.Send($"GET /{i} HTTP/1.1\r\nHost: x\r\n{(priority is null ? "" : $"X-Priority: {priority}\r\n")}\r\n");
            if (i == 0)
                await Patience.Until(() => ordered.Served.Count == 1);
            while (await queued() < i)
                await Task.Yield();
        }

        ordered.Free();
        foreach (var client in clients)
        {
            Assert.Equal(200, (await client.ReadResponse()).Status);
            client.Dispose();
        }

        return (status, string.Join(' ', ordered.Served), ordered.AtOnce);
    }

    [Fact]
    public async Task Who_waits_is_served_in_HAProxys_order_and_told_so_when_it_takes_too_long()
    {
        await using var ordered = new Busy();
        await using var shortly = new Busy();
        await using var balancer = TestBalancer.Start([ordered.Origin.Address], snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { Routes = [new() { Path = "/short/*", Pool = "short" }, new() { Pool = "web" }] }],
            Pools =
            [
                snapshot.Pools[0] with { MaxConnections = 1, Queue = new() { Timeout = TimeSpan.FromMinutes(1), PriorityField = "X-Priority" } },
                new() { Name = "short", MaxConnections = 1, Queue = new() { Timeout = TimeSpan.FromMilliseconds(50) }, Servers = [new() { Address = shortly.Origin.Address }] },
            ],
        });
        var ours = await Play(ordered, shortly, () => balancer.Connect(), () => Task.FromResult(balancer.Pool.Waiting));

        await using var orderedThere = new Busy();
        await using var shortlyThere = new Busy();
        await using var haProxy = ForeignProxy.StartHaProxy($$"""
            global
              nbthread 1
            defaults
              mode http
              timeout client 60s
              timeout server 60s
              timeout connect 5s
            frontend in
              bind ADDRESS
              stats enable
              stats uri /stats
              http-request set-priority-class req.hdr(X-Priority)
              use_backend short if { path_beg /short/ }
              default_backend web
            backend web
              timeout queue 60s
              server s {{orderedThere.Origin.Address}} maxconn 1
            backend short
              timeout queue 50ms
              server s {{shortlyThere.Origin.Address}} maxconn 1

            """);
        using var statistics = await haProxy.Connect();
        var theirs = await Play(orderedThere, shortlyThere, haProxy.Connect, async () =>
        {
            var lines = (await statistics.Ask("GET /stats;csv HTTP/1.1\r\nHost: x\r\n\r\n")).Text.Split('\n');
            return int.Parse(lines.First(line => line.StartsWith("web,BACKEND,", StringComparison.Ordinal)).Split(',')[2], CultureInfo.InvariantCulture);
        });

        Assert.Equal((503, "/0 /6 /3 /8 /2 /4 /7 /1 /5 /9", 1), ours);
        Assert.Equal(theirs, ours);
    }

    /// <summary>One has the only place of the first server, and another comes.</summary>
    /// <returns>What the first server sees, and how much its backup.</returns>
    private static async Task<(string Order, int OfBackup)> Fill(Busy first, RecordingOrigin backup, Func<Task<RawClient>> connect, Func<Task<int>> queued)
    {
        using RawClient holder = await connect(), second = await connect();
        await holder.Send("GET /0 HTTP/1.1\r\nHost: x\r\n\r\n");
        await Patience.Until(() => first.Served.Count == 1);
        await second.Send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
        while (await queued() == 0 && backup.Requests == 0)
            await Task.Yield();
        first.Free();
        Assert.Equal((200, 200), ((await holder.ReadResponse()).Status, (await second.ReadResponse()).Status));
        return (string.Join(' ', first.Served), backup.Requests);
    }

    [Fact]
    public async Task A_backup_does_not_serve_for_one_that_is_full_as_with_HAProxy()
    {
        await using Busy first = new(), firstThere = new();
        await using RecordingOrigin backup = RecordingOrigin.Answering(Hello), backupThere = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([first.Origin.Address, backup.Address], snapshot => snapshot with
        {
            Pools = [snapshot.Pools[0] with { MaxConnections = 1, BackupsWhenFull = false, Servers = [snapshot.Pools[0].Servers[0], snapshot.Pools[0].Servers[1] with { Backup = true }] }],
        });
        var ours = await Fill(first, backup, () => balancer.Connect(), () => Task.FromResult(balancer.Pool.Waiting));

        await using var haProxy = ForeignProxy.StartHaProxy($$"""
            defaults
              mode http
              timeout client 60s
              timeout server 60s
              timeout connect 5s
            frontend in
              bind ADDRESS
              stats enable
              stats uri /stats
              default_backend web
            backend web
              server s {{firstThere.Origin.Address}} maxconn 1
              server b {{backupThere.Address}} maxconn 1 backup

            """);
        using var statistics = await haProxy.Connect();
        var theirs = await Fill(firstThere, backupThere, haProxy.Connect, async () =>
        {
            var lines = (await statistics.Ask("GET /stats;csv HTTP/1.1\r\nHost: x\r\n\r\n")).Text.Split('\n');
            return int.Parse(lines.First(line => line.StartsWith("web,BACKEND,", StringComparison.Ordinal)).Split(',')[2], CultureInfo.InvariantCulture);
        });
        Assert.Equal(("/0 /1", 0), ours);
        Assert.Equal(theirs, ours);
    }
}
