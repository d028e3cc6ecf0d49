using System.Collections.Concurrent;
using System.Globalization;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Who waits before a server that is full is served in the order of the real HAProxy, by the same file.</summary>
public sealed class QueueComparisonTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    // Those of one class in the order of coming, smaller ones first; one that has none counts as 0.
    private static readonly int?[] Priorities = [5, null, -1, 0, 5, -2047, null, -1, 2047];

    /// <summary>A server whose requests wait until they are let go; it tells what came, and how many at once.</summary>
    private sealed class Busy : IAsyncDisposable
    {
        private TaskCompletionSource _free = New();
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

        /// <summary>Is as one that nobody has asked yet.</summary>
        public void Begin()
        {
            (_free, AtOnce) = (New(), 0);
            Served.Clear();
        }

        public void Free() => _free.TrySetResult();

        public ValueTask DisposeAsync()
        {
            Free();
            return Origin.DisposeAsync();
        }

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>How many wait for the pool web: HAProxy says so in its statistics.</summary>
    private static async Task<int> Queued(Func<Task<RawClient>> connect, TestBalancer? own)
    {
        if (own is not null)
            return own.Pool.Waiting;
        using var client = await connect();
        var lines = (await client.Ask("GET /stats;csv HTTP/1.1\r\nHost: x\r\n\r\n")).Text.Split('\n');
        return int.Parse(lines.First(line => line.StartsWith("web,BACKEND,", StringComparison.Ordinal)).Split(',')[2], CultureInfo.InvariantCulture);
    }

    /// <summary>What a client sees who waits too long, and then whom the server sees.</summary>
    private static async Task<(int Status, string Order, int AtOnce)> Play(Busy ordered, Busy shortly, Func<Task<RawClient>> connect, TestBalancer? own)
    {
        ordered.Begin();
        shortly.Begin();

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
            while (await Queued(connect, own) < i)
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
        var (theirs, ours) = await SideBySide.Haproxy(
            $$"""
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
              server s {{ordered.Origin.Address}} maxconn 1
            backend short
              timeout queue 50ms
              server s {{shortly.Origin.Address}} maxconn 1

            """,
            async (connect, own) =>
            {
                // Which a haproxy.cfg cannot say here.
                if (own is not null)
                    await own.Apply(snapshot => snapshot with { Pools = [.. snapshot.Pools.Select(pool => pool with { Queue = pool.Queue with { PriorityField = "X-Priority" } })] });
                return await Play(ordered, shortly, connect, own);
            });

        Assert.Equal((503, "/0 /6 /3 /8 /2 /4 /7 /1 /5 /9", 1), ours);
        Assert.Equal(theirs, ours);
    }

    /// <summary>One has the only place of the first server, and another comes.</summary>
    /// <returns>What the first server sees, and how much its backup.</returns>
    private static async Task<(string Order, int OfBackup)> Fill(Busy first, RecordingOrigin backup, Func<Task<RawClient>> connect, TestBalancer? own)
    {
        first.Begin();
        var before = backup.Requests;
        using RawClient holder = await connect(), second = await connect();
        await holder.Send("GET /0 HTTP/1.1\r\nHost: x\r\n\r\n");
        await Patience.Until(() => first.Served.Count == 1);
        await second.Send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
        while (await Queued(connect, own) == 0 && backup.Requests == before)
            await Task.Yield();
        first.Free();
        Assert.Equal((200, 200), ((await holder.ReadResponse()).Status, (await second.ReadResponse()).Status));
        return (string.Join(' ', first.Served), backup.Requests - before);
    }

    [Fact]
    public async Task A_backup_does_not_serve_for_one_that_is_full_as_with_HAProxy()
    {
        await using var first = new Busy();
        await using var backup = RecordingOrigin.Answering(Hello);
        var (theirs, ours) = await SideBySide.Haproxy(
            $"""
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
              server s {first.Origin.Address} maxconn 1
              server b {backup.Address} maxconn 1 backup

            """,
            (connect, own) => Fill(first, backup, connect, own));

        Assert.Equal(("/0 /1", 0), ours);
        Assert.Equal(theirs, ours);
    }
}
