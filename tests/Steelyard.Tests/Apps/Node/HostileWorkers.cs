using System.Net;
using System.Net.Sockets;
using System.Text;
using CsCheck;
using Steelyard.Apps.Node;
using Steelyard.Keeper;

namespace Steelyard.Tests.Apps.Node;

/// <summary>Workers that do not keep to the protocol: nothing they send or leave unread does any harm to others.</summary>
public sealed class HostileWorkers
{
    private const string Query = """{"cmd":"NODE_CLUSTER","act":"queryServer","index":0,"data":null,"address":null,"port":3000,"addressType":4,"fd":-1,"flags":0,"seq":4711}""";

    private readonly NodeCluster _cluster = new("web") { RunsAsWeDo = false };

    private sealed class Worker : IDisposable
    {
        private readonly byte[] _room = new byte[64 * 1024];

        public Worker(NodeCluster cluster)
        {
            Reach = new(cluster, "web/1", appPort: null, greets: true);

            // A copy, as a worker has it: who started it closes its own.
            Socket = new(new SafeSocketHandle(Posix.fcntl(Reach.Handles[0], Posix.F_DUPFD_CLOEXEC, 3), ownsHandle: true)) { ReceiveTimeout = 30_000, SendTimeout = 30_000 };
            Reach.Started(0);
        }

        public ClusterReach Reach { get; }

        public Socket Socket { get; }

        public void Send(string text) => Socket.Send(Encoding.UTF8.GetBytes(text));

        /// <summary>Reads until a text has come; false when the channel was closed before.</summary>
        public bool Reads(string text)
        {
            var all = new StringBuilder();
            while (!all.ToString().Contains(text, StringComparison.Ordinal))
            {
                var count = Socket.Receive(_room);
                if (count == 0)
                    return false;
                all.Append(Encoding.UTF8.GetString(_room, 0, count));
            }

            return true;
        }

        public Socket Visit()
        {
            var visitor = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 30_000 };
            visitor.Connect(IPAddress.Loopback, Reach.Address.Port);
            return visitor;
        }

        public void Dispose()
        {
            Socket.Dispose();
            Reach.Dispose();
        }
    }

    [Fact]
    public void Whatever_a_worker_says_its_next_question_is_answered()
    {
        var word = Gen.OneOf(
            Query, "\"ready\"", "{}", "[]", "x", "",
            """{"cmd":"NODE_CLUSTER","ack":1,"accepted":true}""", """{"cmd":"NODE_CLUSTER","ack":2,"accepted":false}""", """{"cmd":"NODE_CLUSTER","ack":-1,"accepted":1}""",
            """{"cmd":"NODE_HANDLE_ACK"}""", """{"cmd":"NODE_HANDLE_NACK"}""", """{"cmd":"NODE_HANDLE"}""",
            """{"cmd":"NODE_CLUSTER","act":"close","key":"1"}""", """{"cmd":"NODE_CLUSTER","act":"close","key":"99"}""",
            """{"cmd":"NODE_CLUSTER","act":"listening","port":3000,"addressType":4,"seq":1}""", """{"cmd":"NODE_CLUSTER","act":"exitedAfterDisconnect"}""",
            """{"cmd":"NODE_CLUSTER","act":"queryServer","port":80,"addressType":4,"address":"127.0.0.1","seq":5}""",
            """{"cmd":"NODE_CLUSTER","act":"queryServer","port":0,"addressType":4,"address":"127.0.0.1","index":3,"seq":5}""",
            """{"cmd":"NODE_CLUSTER","act":"queryServer","port":4000,"addressType":6,"address":"nowhere","seq":5}""",
            """{"cmd":"NODE_CLUSTER","act":"queryServer","port":-1,"addressType":-1,"address":"relative","seq":5}""",
            """{"cmd":"NODE_CLUSTER","act":"queryServer","port":-1,"addressType":null,"fd":0,"seq":5}""");
        Gen.Select(word.Array[0, 30], Gen.Int[1, 40].Array[1, 10], Gen.Int[0, 3]).Sample(
            (words, pieces, visitors) =>
            {
                using var worker = new Worker(_cluster);
                var visits = Enumerable.Range(0, visitors).Select(_ => worker.Visit()).ToArray();
                var text = string.Concat(words.Select(one => one + "\n"));
                for (int start = 0, i = 0; start < text.Length; i++)
                {
                    var length = Math.Min(pieces[i % pieces.Length], text.Length - start);
                    worker.Send(text.Substring(start, length));
                    start += length;
                }

                worker.Send(Query.Replace("4711", "4712", StringComparison.Ordinal) + "\n");
                Assert.True(worker.Reads("\"ack\":4712"));
                foreach (var visit in visits)
                    visit.Dispose();
            },
            iter: 300,
            threads: 1);
    }

    [Fact]
    public void Nobody_is_told_that_a_connection_was_taken_before_it_was_sent()
    {
        using var worker = new Worker(_cluster);

        // Whatever number the next one has.
        for (var i = 1; i < 10; i++)
            worker.Send($$"""{"cmd":"NODE_CLUSTER","ack":{{i}},"accepted":true}""" + "\n");
        worker.Send(Query + "\n");
        Assert.True(worker.Reads("\"ack\":4711"));
        using var visitor = worker.Visit();
        Assert.True(worker.Reads("newconn"));

        Assert.False(visitor.Poll(TimeSpan.Zero, SelectMode.SelectRead));
        worker.Send("""{"cmd":"NODE_CLUSTER","ack":1,"accepted":true}""" + "\n");
        Assert.Equal(1, visitor.Receive(new byte[8]));
    }

    [Theory]
    [InlineData("\"port\":81,\"addressType\":4,\"address\":\"127.0.0.1\"")]
    [InlineData("\"port\":-1,\"addressType\":-1,\"address\":\"/tmp/steelyard-not-to-be\"")]
    public void Workers_of_another_user_get_nothing_that_only_we_may_have(string place)
    {
        using var worker = new Worker(_cluster);
        worker.Send(Query + "\n");
        Assert.True(worker.Reads("\"ack\":4711"));

        worker.Send("{\"cmd\":\"NODE_CLUSTER\",\"act\":\"queryServer\",\"seq\":7," + place + "}\n");

        Assert.True(worker.Reads("\"ack\":7,\"errno\":-13"));
    }

    [Fact]
    public void A_worker_that_reads_nothing_is_listened_to_no_more_and_harms_nobody()
    {
        using var deaf = new Worker(_cluster);
        deaf.Socket.Blocking = false;
        var question = Encoding.UTF8.GetBytes(Query.Replace("3000", "0", StringComparison.Ordinal) + "\n");
        var sent = 0L;
        try
        {
            // Two buffers of the kernel's and what may wait here, and a few times as much.
            for (; sent < 64 * 1024 * 1024; sent += question.Length)
                deaf.Socket.Send(question);
        }
        catch (SocketException full) when (full.SocketErrorCode == SocketError.WouldBlock)
        {
            // That is what it has to come to.
        }

        Assert.True(sent < 64 * 1024 * 1024);
        using var other = new Worker(_cluster);
        other.Send(Query + "\n");
        Assert.True(other.Reads("\"ack\":4711"));
    }

    [Fact]
    public void What_a_worker_had_not_taken_when_it_went_is_closed_without_a_greeting()
    {
        var worker = new Worker(_cluster);
        worker.Send(Query + "\n");
        Assert.True(worker.Reads("\"ack\":4711"));
        using var visitor = worker.Visit();
        Assert.True(worker.Reads("newconn"));

        worker.Socket.Dispose();

        Assert.Equal(0, visitor.Receive(new byte[1]));
        worker.Dispose();
    }
}
