using System.Diagnostics;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Nothing is stored: what the slow side does not take, the fast side must keep.</summary>
public class BackPressureTests
{
    private const int Megabyte = 1 << 20;
    private const int Size = 64 * Megabyte;

    // What the kernel may hold: a full receive buffer and a full send buffer of the balancer's (tcp_rmem, tcp_wmem),
    // and the little that the two ends are given below.
    private const int MostHeld = 24 * Megabyte;
    private const int SmallBuffer = 64 * 1024;

    private static readonly byte[] Piece = new byte[Size / 1024];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_does_not_read_stops_the_server(bool counted)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect(SmallBuffer);
        client.Records = false;
        await client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        using var server = await origin.Accept();
        server.Socket.SendBufferSize = SmallBuffer;
        await server.Serve(counted ? $"HTTP/1.1 200 OK\r\nContent-Length: {Size}\r\n\r\n" : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        await client.ReadHead();
        var memory = Memory();

        var sender = new Sender(server, counted);
        await sender.UntilStuck();

        Assert.InRange(sender.Sent, Megabyte / 4, MostHeld);
        Assert.InRange(await balancer.RentedBlocks(), 0, 4);
        Assert.InRange(Memory() - memory, long.MinValue, 32 * Megabyte);
        Assert.Equal(Size, counted ? await Count(client, Size) : await CountChunks(client));
        await sender.Done;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_does_not_read_stops_the_client(bool counted)
    {
        await using var origin = RecordingOrigin.Listen(Config.NetworkAddress.ForHost("127.0.0.1", 0), script: null, SmallBuffer);
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        client.Socket.SendBufferSize = SmallBuffer;
        await client.Send("POST / HTTP/1.1\r\nHost: x\r\n" + (counted ? $"Content-Length: {Size}\r\n\r\n" : "Transfer-Encoding: chunked\r\n\r\n"));
        using var server = await origin.Accept();
        server.Records = false;
        await server.ReadRequestHead();
        var memory = Memory();

        var sender = new Sender(client, counted);
        await sender.UntilStuck();

        Assert.InRange(sender.Sent, Megabyte / 4, MostHeld);
        Assert.InRange(await balancer.RentedBlocks(), 0, 4);
        Assert.InRange(Memory() - memory, long.MinValue, 32 * Megabyte);
        Assert.Equal(Size, counted ? await Count(server, Size) : await CountChunks(server));
        await sender.Done;
        await server.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(200, (await client.ReadResponse()).Status);
    }

    [Fact]
    public async Task A_client_that_never_reads_is_cut_in_the_end()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Timeouts = new() { ClientBody = TimeSpan.FromMilliseconds(300) } });
        using var client = await balancer.Connect(SmallBuffer);
        await client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        using var server = await origin.Accept();
        await server.Serve($"HTTP/1.1 200 OK\r\nContent-Length: {Size}\r\n\r\n");
        await client.ReadHead();

        var sender = new Sender(server, counted: true);

        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => sender.Done);
        Assert.Equal(Ending.Reset, await client.Drain());
    }

    /// <summary>Sends all of the body as fast as it is taken, and counts.</summary>
    private sealed class Sender
    {
        private long _sent;

        public Sender(RawSocket to, bool counted) => Done = Task.Run(() => Send(to, counted));

        public Task Done { get; }

        public long Sent => Volatile.Read(ref _sent);

        private async Task Send(RawSocket to, bool counted)
        {
            for (var sent = 0; sent < Size; sent += Piece.Length)
            {
                if (!counted)
                    await to.Send($"{Piece.Length:x}\r\n");
                await to.Send(Piece);
                if (!counted)
                    await to.Send("\r\n");
                Volatile.Write(ref _sent, sent + Piece.Length);
            }

            if (!counted)
                await to.Send("0\r\n\r\n");
        }

        public async Task UntilStuck()
        {
            for (var (sent, since) = (-1L, 0L); sent != Sent || Environment.TickCount64 - since < 500;)
            {
                if (sent != Sent)
                    (sent, since) = (Sent, Environment.TickCount64);
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }
        }
    }

    private static async Task<long> Count(RawSocket socket, long expected)
    {
        var count = 0L;
        while (count < expected)
            count += (await socket.ReadSome((int)Math.Min(expected - count, int.MaxValue))) is { IsEmpty: false } piece ? piece.Length : throw new EndOfStreamException();
        return count;
    }

    private static async Task<long> CountChunks(RawSocket socket) => (await socket.ReadChunks()).Body.Length;

    private static long Memory()
    {
        using var self = Process.GetCurrentProcess();
        return self.WorkingSet64;
    }
}
