using System.Net;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

public sealed class ConnectionCounts
{
    [Fact]
    public void As_many_enter_as_may()
    {
        var count = new ConnectionCount();

        Assert.True(count.TryEnter(2));
        Assert.True(count.TryEnter(2));
        Assert.False(count.TryEnter(2));
        Assert.Equal(2, count.Open);
        Assert.True(count.Leave());
        Assert.False(count.Leave());
        Assert.True(count.TryEnter(2));
    }

    [Fact]
    public void Nobody_is_told_of_a_place_that_nobody_waits_for()
    {
        var count = new ConnectionCount();

        Assert.True(count.TryEnter(1));
        Assert.False(count.Leave());
    }

    [Fact]
    public void A_lower_limit_lets_nobody_in_until_enough_have_left()
    {
        var count = new ConnectionCount();
        for (var i = 0; i < 3; i++)
            Assert.True(count.TryEnter(3));

        Assert.False(count.TryEnter(1));
        count.Leave();
        count.Leave();
        Assert.False(count.TryEnter(1));
        count.Leave();
        Assert.True(count.TryEnter(1));
    }

    [Fact]
    public void Threads_that_come_and_go_never_exceed_the_limit_and_lose_no_wake_up()
    {
        // Who finds no place waits until a leaving one says that somebody waits; a lost mark would leave it waiting.
        const int most = 3;
        var (count, inside, worst, wakeUps) = (new ConnectionCount(), 0, 0, new SemaphoreSlim(0));
        var threads = Enumerable.Range(0, 8).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < 2000; i++)
            {
                while (!count.TryEnter(most))
                    Assert.True(wakeUps.Wait(TimeSpan.FromSeconds(30)), "A wake-up was lost.");
                var now = Interlocked.Increment(ref inside);
                for (var seen = Volatile.Read(ref worst); now > seen; seen = Volatile.Read(ref worst))
                    Interlocked.CompareExchange(ref worst, now, seen);
                Thread.Yield();
                Interlocked.Decrement(ref inside);
                if (count.Leave())
                    wakeUps.Release(8);
            }
        })).ToList();

        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => Assert.True(thread.Join(TimeSpan.FromSeconds(60))));

        Assert.InRange(worst, 1, most);
        Assert.Equal(0, count.Open);
    }

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.1", true)]
    [InlineData("10.0.0.1", "10.0.0.2", false)]
    [InlineData("10.0.0.1", "::ffff:10.0.0.1", true)]
    [InlineData("2001:db8::1", "2001:db8::ffff:1:2", true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", false)]
    [InlineData("::1", "0.0.0.1", false)]
    public void Connections_of_one_client_count_together(string first, string second, bool together)
    {
        var counts = new AddressCounts();

        Assert.True(counts.TryEnter(Key(first), 1));
        Assert.Equal(!together, counts.TryEnter(Key(second), 1));
        counts.Leave(Key(first));
        Assert.Equal(0, counts.Of(Key(first)));
        Assert.Equal(together, counts.TryEnter(Key(second), 1));

        static UInt128 Key(string address) => KernelAddress.For(IPAddress.Parse(address), 1).ClientKey()!.Value;
    }

    [Fact]
    public void A_peer_on_a_unix_socket_has_no_address_to_count() => Assert.Null(KernelAddress.ForUnix("/a").ClientKey());

    [Fact]
    public void Counting_allocates_nothing_once_it_has_grown()
    {
        var counts = new AddressCounts();

        ComeAndGo();
        Steady.RequireNone(ComeAndGo);

        void ComeAndGo()
        {
            for (var address = 0; address < 1000; address++)
                counts.TryEnter((UInt128)address, 5);
            for (var address = 0; address < 1000; address++)
                counts.Leave((UInt128)address);
        }
    }
}
