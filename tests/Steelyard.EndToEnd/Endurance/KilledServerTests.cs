using System.Net.Sockets;
using System.Runtime.InteropServices;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Endurance;

[Trait("Category", "Endurance")]
public sealed class KilledServerTests
{
    private const int Clients = 64;
    private const int Kills = 5;

    private static readonly PosixSignal s_stop = (PosixSignal)19;
    private static readonly PosixSignal s_continue = (PosixSignal)18;

    [Fact]
    public async Task A_dead_server_costs_no_get()
    {
        await using var lasting = SteelyardProcess.Start("whoami", "--listen", "127.0.0.1:0", "--name", "lasting");
        var lastingUrl = await lasting.UrlAsync("listens on");
        var victim = SteelyardProcess.Start("whoami", "--listen", "127.0.0.1:0", "--name", "victim");
        var victimUrl = await victim.UrlAsync("listens on");
        await using var balancer = TestBalancer.Start(
            [NetworkAddress.ForHost("127.0.0.1", lastingUrl.Port), NetworkAddress.ForHost("127.0.0.1", victimUrl.Port)],
            snapshot => snapshot with { Loops = 2 });
        var tally = new Tally();
        var clients = Enumerable.Range(0, Clients).Select(_ => Task.Run(() => tally.AskUntilDone(balancer))).ToArray();

        for (var kill = 0; kill < Kills; kill++)
        {
            await tally.UntilMoreBy("victim", 300);
            await victim.DisposeAsync();
            await tally.UntilMoreBy("lasting", 300);
            victim = SteelyardProcess.Start("whoami", "--listen", $"127.0.0.1:{victimUrl.Port}", "--name", "victim");
            await victim.LineAsync("listens on");
        }

        await tally.UntilMoreBy("victim", 300);
        tally.Done = true;
        await Task.WhenAll(clients).Patiently();
        await victim.DisposeAsync();

        Assert.Empty(tally.Failures);
        Assert.Equal(0, balancer.Counters.Refused);
        Assert.True(balancer.Counters.Retries > 0, "No request met a dead server: nothing was tested.");
    }

    [Fact]
    public async Task A_paused_server_costs_no_get_and_is_left_out_until_it_goes_on()
    {
        await using var lasting = SteelyardProcess.Start("whoami", "--listen", "127.0.0.1:0", "--name", "lasting");
        await using var victim = SteelyardProcess.Start("whoami", "--listen", "127.0.0.1:0", "--name", "victim");
        await using var balancer = TestBalancer.Start(
            [NetworkAddress.ForHost("127.0.0.1", (await lasting.UrlAsync("listens on")).Port), NetworkAddress.ForHost("127.0.0.1", (await victim.UrlAsync("listens on")).Port)],
            snapshot => snapshot with
            {
                Loops = 2,
                Timeouts = new() { ServerResponse = TimeSpan.FromSeconds(3) },
                Pools =
                [
                    snapshot.Pools[0] with
                    {
                        Retries = new() { On = RetryConditions.ConnectFailure | RetryConditions.Reset | RetryConditions.Timeout, Budget = 100 },
                    },
                ],
            });
        var tally = new Tally();
        var clients = Enumerable.Range(0, 16).Select(_ => Task.Run(() => tally.AskUntilDone(balancer))).ToArray();

        await tally.UntilMoreBy("victim", 100);
        SteelyardProcess.Signal(victim.Id, s_stop);
        await Patience.Until(() => balancer.Servers[1].Ejected);
        await tally.UntilMoreBy("lasting", 300);
        SteelyardProcess.Signal(victim.Id, s_continue);
        await tally.UntilMoreBy("victim", 100);
        tally.Done = true;
        await Task.WhenAll(clients).Patiently();

        Assert.Empty(tally.Failures);
        Assert.Equal(0, balancer.Counters.Refused);
        Assert.True(balancer.Counters.Retries > 0, "No request met the paused server: nothing was tested.");
    }

    /// <summary>What the clients of the test have seen.</summary>
    private sealed class Tally
    {
        private readonly Dictionary<string, int> _answers = new(StringComparer.Ordinal) { ["lasting"] = 0, ["victim"] = 0 };
        private volatile bool _done;

        public bool Done
        {
            set => _done = value;
        }

        /// <summary>Everything but a right answer, and but an answer that was cut after it had begun.</summary>
        public List<string> Failures { get; } = [];

        public async Task AskUntilDone(TestBalancer balancer)
        {
            while (!_done)
            {
                using var client = await balancer.Connect();
                while (!_done && await Ask(client))
                {
                }
            }
        }

        private async Task<bool> Ask(RawClient client)
        {
            client.Records = false;
            var begun = false;
            try
            {
                await client.Send("GET /?size=2KiB HTTP/1.1\r\nHost: x\r\n\r\n");
                var head = new HttpMessage(await client.ReadHead());
                begun = true;
                var body = await client.ReadExactly(int.Parse(head["Content-Length"]!));
                if (head.Status != 200 || body.Length != 2048)
                    Failed($"{head.Head}{RawSocket.Latin1.GetString(body)}");
                else
                    Answered(head["X-Whoami"]!);
                return true;
            }
            catch (Exception ended) when (ended is EndOfStreamException or SocketException)
            {
                if (!begun)
                    Failed(ended.Message);
                return false;
            }
        }

        private void Failed(string failure)
        {
            lock (_answers)
                Failures.Add(failure);
        }

        private void Answered(string name)
        {
            lock (_answers)
                _answers[name]++;
        }

        private int By(string name)
        {
            lock (_answers)
                return _answers[name];
        }

        public async Task UntilMoreBy(string name, int more)
        {
            var before = By(name);
            await Patience.Until(() => By(name) >= before + more, $"{more} more answers by {name}; failures: {string.Join('\n', Failures.Take(3))}");
        }
    }
}
