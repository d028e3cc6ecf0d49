using CsCheck;
using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>Who waits for a server with room, and who gets it.</summary>
public sealed class Queues
{
    private const long Now = 1_000_000;

    [Fact]
    public void No_server_has_more_to_do_than_it_may()
    {
        var pool = PoolOf(2, most: 3);
        Assert.Equal("000111", Choices(pool, 6).Order());
        Assert.Equal(new Decision(null, DecisionReason.AllFull), Choose(pool));
        Assert.All(pool.Servers, server => Assert.Equal((3, true), (server.Active, server.Full)));
    }

    [Theory]
    [InlineData(BalancePolicy.RoundRobin)]
    [InlineData(BalancePolicy.LeastConnections)]
    [InlineData(BalancePolicy.Random)]
    [InlineData(BalancePolicy.TwoChoices)]
    public void Whoever_is_full_is_passed_over(BalancePolicy policy)
    {
        var pool = PoolOf(3, most: 2, settings => settings with { Balance = policy, Servers = [settings.Servers[0] with { MaxConnections = 4 }, .. settings.Servers.Skip(1)] });
        Assert.Equal("00001122", Choices(pool, 8).Order());
        Assert.Equal(DecisionReason.AllFull, Choose(pool).Reason);
    }

    [Fact]
    public void A_limit_that_begins_low_grows_with_those_who_come()
    {
        var pool = PoolOf(2, most: 4, settings => settings with { FullConnections = 8, Servers = settings.Servers.Select(server => server with { MinConnections = 1, MaxConnections = 4 }).ToValueList() });
        Assert.Equal("01", Choices(pool, 2).Order());
        Assert.Equal(DecisionReason.AllFull, Choose(pool).Reason);
        var (first, second) = (new Request(), new Request());
        Assert.Equal(QueueState.Waiting, first.Join(pool));

        // HAProxy: requests of the backend, waiting ones too, times maxconn, through fullconn.
        Assert.Equal(QueueState.Served, second.Join(pool));
        Assert.Equal((QueueState.Served, 4), (first.State, pool.Servers.Sum(server => server.Active)));
        Assert.All(pool.Servers, server => Assert.Equal(2, server.Limit));
    }

    [Fact]
    public void Where_no_server_takes_requests_nobody_waits()
    {
        var pool = PoolOf(1, most: 1);
        pool.SetState(pool.Servers[0], ServerState.Drain, Now);
        Assert.Equal(DecisionReason.NoneLeft, Choose(pool).Reason);
        Assert.Equal(QueueState.NoServer, new Request().Join(pool));
        Assert.Equal(0, pool.Waiting);
    }

    [Fact]
    public void Who_waits_is_served_in_the_order_of_coming_one_for_each_place()
    {
        var pool = PoolOf(1, most: 2);
        Choices(pool, 2);
        var requests = Waiting(pool, 3);
        Assert.Equal((3, 2), (pool.Waiting, pool.Servers[0].Active));

        pool.Servers[0].End();
        Assert.Equal("1..", Calls(requests));
        Assert.Equal(pool.Servers[0], requests[0].Server);
        pool.Servers[0].End();
        Assert.Equal("11.", Calls(requests));
        Assert.Equal((1, 2), (pool.Waiting, pool.Servers[0].Active));
    }

    [Fact]
    public void Nobody_overtakes_those_who_wait()
    {
        var pool = PoolOf(2, most: 1);
        Choices(pool, 2);
        var waits = new Request { Tries = Pools.Tried(pool, 1) };
        Assert.Equal(QueueState.Waiting, waits.Join(pool));

        // There is room at the other server, and nobody who waits can use it: who comes gets it by way of the queue.
        pool.Servers[1].End();
        Assert.Equal(DecisionReason.AllFull, Choose(pool).Reason);
        Assert.Equal(QueueState.Served, new Request().Join(pool));
        Assert.Equal((QueueState.Waiting, 1), (waits.State, pool.Waiting));
    }

    [Fact]
    public void As_many_wait_as_may()
    {
        var pool = PoolOf(1, most: 1, settings => settings with { Queue = new() { Most = 2 } });
        Choices(pool, 1);
        Waiting(pool, 2);
        Assert.Equal(QueueState.Full, new Request().Join(pool));
        Assert.Equal(2, pool.Waiting);
    }

    [Fact]
    public void Who_leaves_is_not_called()
    {
        var pool = PoolOf(1, most: 1);
        Choices(pool, 1);
        var requests = Waiting(pool, 3);
        Assert.True(pool.Leave(requests[0]));
        Assert.False(pool.Leave(requests[0]));
        pool.Servers[0].End();
        Assert.Equal(".1.", Calls(requests));
        Assert.False(pool.Leave(requests[1]));
        Assert.Equal(QueueState.Served, requests[1].State);
    }

    [Fact]
    public void Smaller_numbers_go_first_and_who_had_a_server_before_his_equals()
    {
        var pool = PoolOf(1, most: 1);
        Choices(pool, 1);
        var requests = new Request[] { new() { Place = 5 }, new(), new() { Place = -1 }, new(), new() { Again = true }, new() { Place = 5, Again = true } };
        Assert.All(requests, request => Assert.Equal(QueueState.Waiting, request.Join(pool)));

        var order = new List<int>();
        for (var i = 0; i < requests.Length; i++)
        {
            var before = Array.ConvertAll(requests, request => request.Calls);
            pool.Servers[0].End();
            order.Add(Array.FindIndex(requests, request => request.Calls > before[Array.IndexOf(requests, request)]));
        }

        Assert.Equal([2, 4, 1, 3, 5, 0], order);
    }

    [Fact]
    public void When_the_last_server_goes_those_who_wait_are_told()
    {
        var pool = PoolOf(2, most: 1);
        Choices(pool, 2);
        var requests = Waiting(pool, 2);
        pool.SetState(pool.Servers[0], ServerState.Drain, Now);
        Assert.Equal(2, pool.Waiting);
        pool.SetState(pool.Servers[1], ServerState.Maintenance, Now);
        Assert.Equal("11", Calls(requests));
        Assert.All(requests, request => Assert.Equal((QueueState.NoServer, (Server?)null), (request.State, request.Server)));
        Assert.Equal(0, pool.Waiting);
    }

    [Fact]
    public void A_server_that_drains_gets_nobody_who_waits()
    {
        var pool = PoolOf(2, most: 1);
        Choices(pool, 2);
        var requests = Waiting(pool, 1);
        pool.SetState(pool.Servers[0], ServerState.Drain, Now);
        pool.Servers[0].End();
        Assert.Equal(".", Calls(requests));
        pool.SetState(pool.Servers[0], ServerState.Ready, Now);
        Assert.Equal("1", Calls(requests));
    }

    [Fact]
    public void A_server_that_comes_back_slowly_may_have_less()
    {
        var pool = PoolOf(2, most: 32, settings => settings with { SlowStart = TimeSpan.FromSeconds(16) });
        var server = pool.Servers[0];
        pool.SetState(server, ServerState.Maintenance, Now);
        pool.SetState(server, ServerState.Ready, Now);
        Assert.Equal((2, 32), (server.Limit, pool.Servers[1].Limit));
        Choices(pool, 34);
        var requests = Waiting(pool, 5);
        pool.Tick(Now + 1000);
        Assert.Equal((4, "11..."), (server.Limit, Calls(requests)));
        pool.Tick(Now + 16000);
        Assert.Equal((32, "11111"), (server.Limit, Calls(requests)));
    }

    [Fact]
    public void Who_waits_over_a_reload_gets_the_room_of_the_servers_that_stay()
    {
        var before = PoolOf(2, most: 1);
        Choices(before, 2);
        var requests = Waiting(before, 2);
        var ordinal = 0;
        var after = new Pool(before.Settings with { MaxConnections = 2, Servers = [before.Settings.Servers[1], new() { Address = NetworkAddress.ForHost("10.9.9.9", 1) }] }, () => ordinal++, before);
        after.Refresh(Now);

        // The server that stays may have one more now, of which the one who came first gets its own view.
        Assert.Equal("1.", Calls(requests));
        Assert.Equal(before.Servers[1], requests[0].Server);
        after.Servers[0].End();
        Assert.Equal("11", Calls(requests));
        Assert.Equal((2, 0), (after.Servers[0].Active, after.Waiting));
    }

    [Fact]
    public void Who_belongs_to_a_server_waits_for_that_one_also_while_it_drains()
    {
        var pool = PoolOf(2, most: 1);
        Choices(pool, 2);
        Request[] requests = [new() { Owner = pool.Servers[1] }, new()];
        Assert.All(requests, request => Assert.Equal(QueueState.Waiting, request.Join(pool)));
        pool.Servers[0].End();
        Assert.Equal(".1", Calls(requests));
        pool.SetState(pool.Servers[1], ServerState.Drain, Now);
        Assert.Equal(QueueState.Waiting, requests[0].State);
        pool.Servers[1].End();
        Assert.Equal("11", Calls(requests));

        var next = new Request { Owner = pool.Servers[1] };
        Assert.Equal(QueueState.Waiting, next.Join(pool));
        pool.SetState(pool.Servers[1], ServerState.Maintenance, Now);
        Assert.Equal((QueueState.NoServer, 1), (next.State, next.Calls));
    }

    [Fact]
    public void Who_waits_for_his_own_server_bars_nobody_from_the_others()
    {
        var pool = PoolOf(2, most: 1);
        Choices(pool, 2);
        var his = new Request { Owner = pool.Servers[1] };
        Assert.Equal(QueueState.Waiting, his.Join(pool));
        pool.Servers[0].End();
        Assert.Equal("0", Choices(pool, 1));

        // His own server is his, also where others wait for any.
        var any = Waiting(pool, 1);
        pool.Servers[1].End();
        Assert.Equal((QueueState.Served, "."), (his.State, Calls(any)));
        pool.Servers[0].End();
        Assert.Equal("1", Calls(any));
        Assert.Equal((DecisionReason.AllFull, 0), (Choose(pool).Reason, pool.Waiting));
    }

    [Fact]
    public void A_server_on_trial_gets_one_of_those_who_wait()
    {
        var pool = PoolOf(2, most: 1);
        for (var i = 0; i < 5; i++)
            pool.Learn(pool.Servers[0], ServerFailure.Refused, 0, Now);
        Assert.True(pool.Servers[0].Ejected);
        Choices(pool, 1);
        var requests = Waiting(pool, 3);
        pool.Tick(Now + 1000);
        Assert.Equal("1..", Calls(requests));
        pool.Servers[0].End();
        Assert.Equal("1..", Calls(requests));
        pool.Learn(pool.Servers[0], ServerFailure.None, 200, Now + 1001);
        Assert.Equal("11.", Calls(requests));
    }

    /// <summary>Any sequence of comings, endings and leavings on one thread, against a model in a few lines.</summary>
    [Fact]
    public void Every_request_is_served_once_or_refused_or_has_left() => Gen.Select(Gen.Int[1, 3], Gen.Int[1, 3], Gen.Int[0, 4], Gen.Int[0, 9].Array[1, 60]).Sample((servers, most, room, steps) =>
    {
        var pool = PoolOf(servers, most, settings => settings with { Queue = new() { Most = room } });
        var (active, waiting, refused, left, gone) = (new List<Server>(), new List<Request>(), 0, 0, 0);
        var came = 0;
        foreach (var step in steps)
        {
            if (step < 6)
            {
                came++;
                var request = new Request();
                if (Choose(pool).Server is { } server)
                    active.Add(server);
                else if (request.Join(pool) == QueueState.Waiting)
                    waiting.Add(request);
                else
                    refused++;
            }
            else if (step < 9 && active.Count > 0)
            {
                var ends = active[came % active.Count];
                active.Remove(ends);
                ends.End();
                gone++;
            }
            else if (waiting.Count > 0)
            {
                var leaves = waiting[came % waiting.Count];
                Assert.True(pool.Leave(leaves));
                waiting.Remove(leaves);
                left++;
            }

            foreach (var request in waiting.FindAll(request => request.State == QueueState.Served))
            {
                Assert.Equal(waiting[0], request);
                waiting.RemoveAt(0);
                active.Add(request.Server!);
            }

            Assert.Equal(waiting.Count, pool.Waiting);
            Assert.All(pool.Servers, server => Assert.InRange(server.Active, 0, most));
            Assert.Equal(active.Count, pool.Servers.Sum(server => server.Active));
            Assert.True(waiting.Count == 0 || active.Count == servers * most, "Somebody waits beside room.");
            Assert.Equal(came, gone + left + refused + active.Count + waiting.Count);
        }
    });

    /// <summary>The same from several threads at once: what is exact over all loops, and that nobody is forgotten.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Many_threads_never_exceed_a_limit_and_lose_nobody(int threads)
    {
        const int EachThread = 20_000;
        var pool = PoolOf(3, most: 1, settings => settings with { Balance = BalancePolicy.LeastConnections, Queue = new() { Most = 1000 } });
        var (served, left, exceeded) = (0, 0, 0);
        var workers = Enumerable.Range(0, threads).Select(number => new Thread(() =>
        {
            // Each plays several requests, so that servers are full and somebody waits.
            var random = new Random(number);
            var requests = Enumerable.Range(0, 4).Select(_ => new Request()).ToArray();
            var active = new List<Server>();
            var waiting = new List<Request>();
            for (var i = 0; i < EachThread || waiting.Count > 0;)
            {
                foreach (var server in pool.Servers)
                {
                    if (server.Active > server.Limit)
                        Interlocked.Increment(ref exceeded);
                }

                if (i < EachThread && active.Count + waiting.Count < requests.Length)
                {
                    i++;
                    var free = Array.Find(requests, request => !waiting.Contains(request))!;
                    if (Choose(pool).Server is { } server)
                        active.Add(server);
                    else if (free.Join(pool) == QueueState.Waiting)
                        waiting.Add(free);
                    else
                        active.Add(free.Server!);
                }

                if (waiting.Count > 0 && random.Next(8) == 0 && pool.Leave(waiting[0]))
                {
                    waiting.RemoveAt(0);
                    Interlocked.Increment(ref left);
                }

                for (var w = waiting.Count - 1; w >= 0; w--)
                {
                    if (waiting[w].State != QueueState.Served)
                        continue;
                    active.Add(waiting[w].Server!);
                    waiting.RemoveAt(w);
                }

                if (active.Count > 0)
                {
                    active[^1].End();
                    active.RemoveAt(active.Count - 1);
                    Interlocked.Increment(ref served);
                }
                else
                {
                    Thread.Yield();
                }
            }

            foreach (var server in active)
            {
                server.End();
                Interlocked.Increment(ref served);
            }
        })).ToArray();
        foreach (var worker in workers)
            worker.Start();
        foreach (var worker in workers)
            Assert.True(worker.Join(TimeSpan.FromMinutes(1)), "Somebody waits beside room.");

        Assert.Equal((0, threads * EachThread), (exceeded, served + left));
        Assert.All(pool.Servers, server => Assert.Equal(0, server.Active));
        Assert.Equal(0, pool.Waiting);
    }

    private static Pool PoolOf(int servers, int most, Func<PoolSettings, PoolSettings>? change = null)
    {
        var settings = new PoolSettings
        {
            Name = "pool",
            MaxConnections = most,
            Servers = Enumerable.Range(0, servers).Select(i => new ServerSettings { Address = NetworkAddress.ForHost("10.0.0.1", 1000 + i) }).ToValueList(),
        };
        var pool = new Pool(change?.Invoke(settings) ?? settings, 0);
        pool.Refresh(Now);
        return pool;
    }

    private static Decision Choose(Pool pool) => pool.Choose(new() { Tried = Pools.Tried(pool), Now = Now, Chance = (ulong)Environment.TickCount64 * 0x9E3779B97F4A7C15 });

    private static string Choices(Pool pool, int count) => string.Concat(Enumerable.Range(0, count).Select(_ => Choose(pool).Server!.Index));

    private static Request[] Waiting(Pool pool, int count)
    {
        var requests = Enumerable.Range(0, count).Select(_ => new Request()).ToArray();
        Assert.All(requests, request => Assert.Equal(QueueState.Waiting, request.Join(pool)));
        return requests;
    }

    private static string Calls(Request[] requests) => string.Concat(requests.Select(request => request.Calls == 0 ? "." : request.Calls.ToString()));

    private sealed class Request : QueuedRequest
    {
        private int _calls;

        public int Calls => Volatile.Read(ref _calls);

        public int Place { get; init; }

        public bool Again { get; init; }

        public Server? Owner { get; init; }

        public ServerSet? Tries { get; init; }

        public QueueState Join(Pool pool) => pool.Join(this, Tries ?? Pools.Tried(pool), Owner, Place, Again, Now);

        protected internal override void Called() => Interlocked.Increment(ref _calls);
    }
}
