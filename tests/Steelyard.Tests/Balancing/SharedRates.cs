using CsCheck;
using Steelyard.Balancing;
using Steelyard.Balancing.Shared;

namespace Steelyard.Tests.Balancing;

/// <summary>Several balancers hold one limit over an account that each hears of late: in simulated time, with the account as Redis keeps it.</summary>
public sealed class SharedRates
{
    private const long Millisecond = 1_000_000;
    private const long Second = 1000 * Millisecond;
    private const ulong Key = 7;

    [Theory]
    [InlineData(new[] { 500, 500 }, 100, 10)]
    [InlineData(new[] { 900, 100 }, 100, 10)]
    [InlineData(new[] { 990, 10 }, 100, 20)]
    [InlineData(new[] { 1000, 0 }, 100, 10)]
    [InlineData(new[] { 250, 250, 250, 250 }, 100, 10)]
    [InlineData(new[] { 300, 300, 300 }, 500, 50)]
    [InlineData(new[] { 500, 500 }, 20, 5)]
    public void Together_they_let_through_what_the_rate_says(int[] offered, int rate, int burst) => Gen.ULong.Sample(
        seed =>
        {
            var world = new World(offered.Length, new(Second / rate, burst, burst), seed);
            world.Run(offered, seconds: 2);

            // However many let their bursts through at once, it is made up for.
            var passed = world.Run(offered, seconds: 10);
            Assert.InRange(passed, rate * 10 * 0.95, rate * 10 * 1.05);
        },
        iter: 30);

    [Fact]
    public void Alone_each_would_let_through_the_whole_rate()
    {
        var world = new World(2, new(Second / 100, Burst: 10, Delay: 10), seed: 1) { IsAway = true };
        world.Run([500, 500], seconds: 2);

        Assert.InRange(world.Run([500, 500], seconds: 10), 1900, 2100);
    }

    /// <summary>What was let through meanwhile is not made up for: nobody is shut out for as long as Redis was away.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void After_it_was_away_the_rate_holds_again_within_a_second(bool forgets)
    {
        var world = new World(2, new(Second / 100, Burst: 10, Delay: 10), seed: 2);
        world.Run([500, 500], seconds: 2);
        world.IsAway = true;
        world.Run([500, 500], seconds: 60);
        world.IsAway = false;
        if (forgets)
            world.LoseAccounts();
        world.Run([500, 500], seconds: 1);

        Assert.InRange(world.Run([500, 500], seconds: 10), 950, 1050);
    }

    [Fact]
    public void Who_joins_late_gives_nobody_a_burst_anew_for_long()
    {
        var world = new World(2, new(Second / 10, Burst: 50, Delay: 50), seed: 3);
        var passed = world.Run([1000, 0], seconds: 10) + world.Run([0, 1000], seconds: 20);

        // What the one has let through the other learns with its first request, and pays for what it gave in between.
        Assert.InRange(passed, 300 + 50, 300 + 51 + 51);
        Assert.InRange(world.Run([500, 500], seconds: 10), 95, 105);
    }

    [Fact]
    public void A_clock_that_was_set_back_shuts_nobody_out()
    {
        var world = new World(2, new(Second / 100, Burst: 10, Delay: 10), seed: 4);
        world.Run([500, 500], seconds: 2);
        world.SetClock(-3600 * Second);
        world.Run([500, 500], seconds: 5);

        Assert.InRange(world.Run([500, 500], seconds: 10), 950, 1050);
    }

    [Fact]
    public void An_account_that_comes_late_or_twice_changes_nothing()
    {
        var table = new RateTable(64);
        table.Raise(Key, 50 * Millisecond, 1000);
        table.Raise(Key, 50 * Millisecond, 1000);
        table.Raise(Key, 30 * Millisecond, 1000);
        table.Raise(Key, 20 * Millisecond, 1020);
        table.Raise(Key, -1, 1020);

        Assert.Equal(30 * Millisecond, table.ExcessOf(Key, 1020));
        Assert.Equal(0, table.ExcessOf(Key + 1, 1020));
        Assert.Equal(new RateVerdict(false, 30), table.Take(Key, new(10 * Millisecond, 0, 0), 1020));
    }

    /// <summary>Balancers with a table each, and the account of one key, in microseconds of its own clock.</summary>
    private sealed class World
    {
        private const long Every = 10;

        private readonly RateRule _rule;
        private readonly RateTable[] _tables;
        private readonly TakenBook[] _books;
        private readonly Random _random;
        private readonly List<(long At, Action Work)> _late = [];
        private long _now = 1_000_000;
        private long _clock = 5_000_000 * Millisecond;
        private long _full;

        public World(int balancers, RateRule rule, ulong seed)
        {
            (_rule, _random) = (rule, new((int)seed));
            var queues = Enumerable.Range(0, balancers).Select(_ => new ChangeQueue<Taking>(1024)).ToArray();
            _tables = [.. queues.Select(queue => new RateTable(64) { Taken = queue })];
            _books = [.. queues.Zip(_tables, (queue, table) => new TakenBook(table, queue))];
        }

        public bool IsAway { get; set; }

        public void LoseAccounts() => _full = 0;

        public void SetClock(long change) => _clock += change;

        /// <returns>How many requests were let through.</returns>
        public int Run(int[] offered, int seconds)
        {
            var passed = 0;
            for (var end = _now + (seconds * 1000); _now < end; _now++)
            {
                foreach (var (_, work) in _late.FindAll(late => late.At <= _now))
                    work();
                _late.RemoveAll(late => late.At <= _now);
                for (var i = 0; i < _tables.Length; i++)
                {
                    for (var request = _random.Next(1000); request < offered[i]; request += 1000)
                        passed += _tables[i].Take(Key, _rule, _now).Passes ? 1 : 0;
                    if ((_now + (i * 3)) % Every == 0)
                        Exchange(i);
                }
            }

            return passed;
        }

        private void Exchange(int balancer)
        {
            var (book, asked) = (_books[balancer], _now);
            if (IsAway)
            {
                book.Forget();
                return;
            }

            // On the way there and back it takes some milliseconds.
            foreach (var (key, due) in book.Collect(_now))
            {
                Assert.Equal(Key, key);
                _late.Add((_now + _random.Next(3), Settle));

                void Settle()
                {
                    var left = Take(due) * 1000;
                    _late.Add((_now + _random.Next(3), () => book.Settle(Key, left, asked)));
                }
            }
        }

        // The same as the script that Redis runs.
        private long Take(KeyDue due)
        {
            var now = (_clock + (_now * Millisecond)) / 1000;
            _full = _full <= now ? now + (due.Excess / 1000) : _full + (due.Taken / 1000);
            _full = Math.Min(_full, now + (due.Most / 1000));
            return _full - now;
        }
    }
}
