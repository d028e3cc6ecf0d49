using Steelyard.Config;
using Steelyard.Engine.Simulation;
using Steelyard.Simulation.Machinery;

namespace Steelyard.Simulation;

/// <summary>
/// Whole runs from a seed: random requests over a network that splits, delays and stalls. A failure names its seed, and
/// the seed brings it back. STEELYARD_SEEDS says how many to try.
/// </summary>
public sealed class RandomTalkTests
{
    private static readonly int Seeds = int.TryParse(Environment.GetEnvironmentVariable("STEELYARD_SEEDS"), out var seeds) ? seeds : 150;

    [Fact]
    public void Every_body_arrives_as_it_was_sent()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            using var run = new Run(seed, idempotentOnly: false);
            run.UntilClientsEnd();
            run.AssertNothingIsLeft();
        }
    }

    [Fact]
    public void Servers_that_die_and_return_cost_no_request_that_may_be_repeated()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            // Answers so small that none is ever half sent when its server dies, and uploads small enough to keep, framing included.
            using var run = new Run(seed, idempotentOnly: true, largestBody: 0, largestUpload: 2000);
            run.KillServersNowAndThen();
            run.UntilClientsEnd();
            run.AssertNothingIsLeft();
        }
    }

    [Fact]
    public void Reloads_cost_nothing()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            using var run = new Run(seed, idempotentOnly: false);
            run.ReloadNowAndThen();
            run.UntilClientsEnd();
            run.AssertNothingIsLeft();
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        for (var seed = 1; seed <= 10; seed++)
            Assert.Equal(TraceOf(seed), TraceOf(seed));

        static List<string> TraceOf(int seed)
        {
            using var run = new Run(seed, idempotentOnly: false);
            run.UntilClientsEnd();
            return run.Talk.Trace;
        }
    }

    private sealed class Run : IDisposable
    {
        private readonly int _seed;
        private readonly SimulatedProxy _proxy;
        private readonly RandomServer[] _servers;
        private readonly RandomClient[] _clients;
        private readonly bool[] _dead;

        public Run(int seed, bool idempotentOnly, int largestBody = 100_000, int? largestUpload = null)
        {
            _seed = seed;
            var chance = new Random(seed);
            var conditions = new SimulatedConditions
            {
                MostDelay = chance.Next(0, 20),
                LargestPiece = chance.Next(3) switch { 0 => 0, 1 => chance.Next(1, 60), _ => chance.Next(100, 5000) },
                Capacity = chance.Next(2) == 0 ? chance.Next(200, 4000) : 65_536,
            };
            if (conditions.LargestPiece is > 0 and < 60)
                largestBody = Math.Min(largestBody, 3000);
            _proxy = new SimulatedProxy(seed, conditions);
            Talk = new RandomTalk(_proxy, largestBody, largestUpload);
            _servers = [.. Enumerable.Range(SimulatedProxy.FirstServerPort, 3).Select(port => new RandomServer(Talk, port))];
            _dead = new bool[_servers.Length];
            _clients = [.. Enumerable.Range(0, chance.Next(1, 12)).Select(name => new RandomClient(Talk, name, 12, idempotentOnly))];
            foreach (var server in _servers)
                server.Start();
            foreach (var client in _clients)
                client.Start();
        }

        public RandomTalk Talk { get; }

        /// <summary>At random moments a server dies or returns; one always lives.</summary>
        public void KillServersNowAndThen()
        {
            while (!Array.TrueForAll(_clients, client => client.Ended))
            {
                var next = _proxy.Events.Now + Talk.Random.Next(1, 60);
                _proxy.RunUntil(() => _proxy.Events.Now >= next || Array.TrueForAll(_clients, client => client.Ended));
                var index = Talk.Random.Next(1, _servers.Length);
                if (_dead[index])
                    _servers[index].Start();
                else
                    _servers[index].Kill();
                _dead[index] = !_dead[index];
            }
        }

        /// <summary>At random moments the pool gets other servers, or the same in another order.</summary>
        public void ReloadNowAndThen()
        {
            while (!Array.TrueForAll(_clients, client => client.Ended))
            {
                var next = _proxy.Events.Now + Talk.Random.Next(1, 60);
                _proxy.RunUntil(() => _proxy.Events.Now >= next || Array.TrueForAll(_clients, client => client.Ended));
                var servers = Enumerable.Range(SimulatedProxy.FirstServerPort, _servers.Length).ToArray();
                Talk.Random.Shuffle(servers);
                var some = servers.Take(Talk.Random.Next(1, servers.Length + 1)).Select(port => new ServerSettings { Address = NetworkAddress.ForHost("127.0.0.1", port) });
                _proxy.Apply(snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Servers = some.ToValueList() }] });
            }
        }

        public void UntilClientsEnd()
        {
            _proxy.RunUntil(() => Array.TrueForAll(_clients, client => client.Ended));
            var complaints = _clients.Where(client => client.Complaint is not null).Select(client => client.Complaint);
            Assert.True(!complaints.Any(), $"seed {_seed}: {string.Join("; ", complaints)}");
        }

        public void AssertNothingIsLeft() => _proxy.AssertNothingIsLeft();

        public void Dispose() => _proxy.Dispose();
    }
}
