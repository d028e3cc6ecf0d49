using System.Runtime.CompilerServices;
using Steelyard.Config;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Simulation;
using Steelyard.Simulation.Machinery;

namespace Steelyard.Simulation;

/// <summary>
/// Whole runs of TCP sessions from a seed: bytes both ways at once over a network that splits, delays and stalls, with
/// ends that finish early, stall, or break off. A failure names its seed, and the seed brings it back.
/// </summary>
public sealed class TcpSessionTests
{
    private static readonly int Seeds = int.TryParse(Environment.GetEnvironmentVariable("STEELYARD_SEEDS"), out var seeds) ? seeds : 150;

    [Fact]
    public void Every_byte_arrives_and_then_the_end()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            using var run = new Run(seed, breaks: false);
            run.UntilAllEnd();
            run.AssertNothingIsLost();
        }
    }

    [Fact]
    public void Who_breaks_off_is_never_taken_for_one_who_has_finished()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            using var run = new Run(seed, breaks: true);
            run.UntilAllEnd();
            run.AssertNoCutLooksWhole();
        }
    }

    [Fact]
    public void A_session_that_never_waits_does_not_keep_another_waiting()
    {
        using var proxy = Start(seed: 1, SimulatedConditions.Clean with { Capacity = 8 * 1024 * 1024 }, servers: 1);
        var server = new Swallowing(proxy.Events);
        proxy.Driver.Listen(SimulatedProxy.FirstServerPort, server);
        var greedy = proxy.Connect();
        var modest = proxy.Connect();
        while (greedy.ConnectError() != 0 || modest.ConnectError() != 0)
            proxy.Events.Turn(0);
        var many = new byte[6 * 1024 * 1024];
        Assert.Equal(many.Length, greedy.Send(many));
        Assert.Equal(1, modest.Send([1]));

        while (server.Smallest != 1)
            proxy.Events.Turn(0);

        Assert.InRange(server.Swallowed, 1, 4 * TurnBudget.BytesPerTurn);
        greedy.Close();
        modest.Close();
        proxy.AssertNothingIsLeft();
    }

    private static SimulatedProxy Start(int seed, SimulatedConditions conditions, int servers) => new(
        seed, conditions, servers, snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { Mode = ListenerMode.Tcp }] });

    /// <summary>A server that reads and says nothing.</summary>
    private sealed class Swallowing(EventLoop loop) : Acceptor
    {
        /// <summary>Bytes of all connections.</summary>
        public long Swallowed { get; private set; }

        /// <summary>Bytes of the connection that has sent least, of those that have sent anything.</summary>
        public int Smallest { get; private set; } = int.MaxValue;

        public override void Accepted(in AcceptedConnection connection) => _ = Serve(loop.Network.Adopt(connection)).AsTask();

        [AsyncMethodBuilder(typeof(LoopMethod))]
        private async ValueTask Serve(Transport transport)
        {
            var input = new InputBuffer(loop);
            var total = 0;
            while (await input.Fill(transport, 0) == IoStatus.Done)
            {
                (total, Swallowed) = (total + input.Unread.Length, Swallowed + input.Unread.Length);
                Smallest = Math.Min(Smallest, total);
                input.Release();
            }

            input.Release();
            transport.Close();
        }
    }

    private sealed class Run : IDisposable
    {
        private readonly int _seed;
        private readonly bool _breaks;
        private readonly SimulatedProxy _proxy;
        private readonly RandomTalk _talk;
        private readonly List<Talker> _clients = [];
        private readonly List<Talker> _servers = [];
        private int _talkers;

        public Run(int seed, bool breaks)
        {
            (_seed, _breaks) = (seed, breaks);
            var chance = new Random(seed);
            var conditions = new SimulatedConditions
            {
                MostDelay = chance.Next(0, 20),
                LargestPiece = chance.Next(3) switch { 0 => 0, 1 => chance.Next(1, 60), _ => chance.Next(100, 5000) },
                Capacity = chance.Next(2) == 0 ? chance.Next(200, 4000) : 65_536,
            };
            _proxy = Start(seed, conditions, servers: 3);
            _talk = new RandomTalk(_proxy, conditions.LargestPiece is > 0 and < 60 ? 3000 : 200_000);

            // The second of the three refuses, and costs nobody anything.
            _proxy.Driver.Listen(SimulatedProxy.FirstServerPort, new Server(this));
            _proxy.Driver.Listen(SimulatedProxy.FirstServerPort + 2, new Server(this));
            for (var i = chance.Next(1, 12); i > 0; i--)
            {
                var client = new Talker(_talk, _proxy.Connect(), _talkers++, breaks);
                _clients.Add(client);
                client.Start();
            }
        }

        private sealed class Server(Run run) : Acceptor
        {
            public override void Accepted(in AcceptedConnection connection)
            {
                var talker = new Talker(run._talk, run._proxy.Driver.Adopt(connection), run._talkers++, run._breaks);
                run._servers.Add(talker);
                talker.Start();
            }
        }

        public void UntilAllEnd()
        {
            _proxy.RunUntil(() => _clients.TrueForAll(client => client.Ended) && _servers.TrueForAll(server => server.Ended));
            _proxy.AssertNothingIsLeft();
        }

        /// <summary>What came out of each server is what one of the clients sent, whole, and the other way round.</summary>
        public void AssertNothingIsLost()
        {
            Assert.True(_clients.TrueForAll(client => client.Orderly) && _servers.TrueForAll(server => server.Orderly), $"seed {_seed}: a session was broken off");
            Assert.True(_servers.Count == _clients.Count && _servers.TrueForAll(server => _clients.Exists(client => Fits(client, server))), $"seed {_seed}: bytes were lost or changed");
            Assert.Equal(_clients.Count, _proxy.Loop.Counters.Sessions);
        }

        public void AssertNoCutLooksWhole()
        {
            foreach (var (hearers, speakers) in new[] { (_servers, _clients), (_clients, _servers) })
            {
                foreach (var hearer in hearers)
                {
                    // An orderly end is good only behind all of what somebody sent who did not break off.
                    Assert.True(!hearer.Orderly || speakers.Exists(speaker => !speaker.BrokeOff && hearer.Heard.AsSpan().SequenceEqual(speaker.Says)), $"seed {_seed}: a part was taken for the whole");
                    Assert.True(speakers.Exists(speaker => speaker.Says.AsSpan().StartsWith(hearer.Heard)), $"seed {_seed}: what was heard was never said");
                }
            }
        }

        private static bool Fits(Talker client, Talker server) =>
            client.Heard.AsSpan().SequenceEqual(server.Says) && server.Heard.AsSpan().SequenceEqual(client.Says);

        public void Dispose() => _proxy.Dispose();
    }

    /// <summary>Says something of its own and hears what the other end says, both at once; finishes when all is said.</summary>
    private sealed class Talker(RandomTalk talk, Transport transport, int number, bool breaks)
    {
        private readonly List<byte> _heard = [];

        public byte[] Says { get; } = RandomTalk.Body(number, 1 + talk.RandomLength());

        public byte[] Heard => [.. _heard];

        /// <summary>The other end has finished in order.</summary>
        public bool Orderly { get; private set; }

        public bool BrokeOff { get; private set; }

        public bool Ended { get; private set; }

        public void Start() => talk.Proxy.Play(Talk());

        [AsyncMethodBuilder(typeof(LoopMethod))]
        private async ValueTask Talk()
        {
            await transport.Writable(0);
            var hearing = Hear();
            if (talk.Random.Next(3) == 0)
                await talk.Pause(talk.Random.Next(1, 200));
            if (breaks && talk.Random.Next(3) == 0)
            {
                await talk.Send(transport, Says[..(Says.Length / 2)]);
                BrokeOff = true;
                transport.CancelRead();
            }
            else if (await talk.Send(transport, Says))
            {
                transport.FinishSending();
            }

            await hearing;
            if (BrokeOff)
                transport.ResetOnClose();
            transport.Close();
            Ended = true;
        }

        [AsyncMethodBuilder(typeof(LoopMethod))]
        private async ValueTask Hear()
        {
            var input = new InputBuffer(talk.Proxy.Events);
            var filled = IoStatus.Done;
            while (!BrokeOff && (filled = await input.Fill(transport, 0)) == IoStatus.Done)
            {
                _heard.AddRange(input.Unread);
                input.Release();
                if (talk.Random.Next(6) == 0)
                    await talk.Pause(talk.Random.Next(1, 60));
            }

            Orderly = !BrokeOff && filled == IoStatus.Closed;
            input.Release();
        }
    }
}
