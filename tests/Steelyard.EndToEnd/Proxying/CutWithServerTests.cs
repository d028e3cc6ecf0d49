using Steelyard.Balancing;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>What becomes of requests whose server goes down, and of those with backups when another is back.</summary>
public sealed class CutWithServerTests
{
    private const string Request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Requests_end_with_their_server_where_they_are_to(bool cuts)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Servers = [snapshot.Pools[0].Servers[0] with { CutsWhenDown = cuts }] }] });
        using var client = await balancer.Connect();
        await client.Send(Request);
        using var connection = await origin.Accept();
        await connection.ReadRequestHead();

        Assert.True(await balancer.Change(new(balancer.Servers[0].Pool, origin.Address, ServerState.Maintenance, null)));

        if (cuts)
        {
            await client.Drain();
            return;
        }

        await connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        Assert.Equal("ok", (await client.ReadResponse()).Text);
    }

    [Fact]
    public async Task Requests_with_a_backup_end_when_a_server_is_back()
    {
        await using var first = RecordingOrigin.Start();
        await using var backup = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(
            [first.Address, backup.Address],
            snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Servers = [snapshot.Pools[0].Servers[0] with { CutsBackups = true, Maintenance = true }, snapshot.Pools[0].Servers[1] with { Backup = true }] }] });
        using var client = await balancer.Connect();
        await client.Send(Request);
        using var connection = await backup.Accept();
        await connection.ReadRequestHead();

        Assert.True(await balancer.Change(new(balancer.Servers[0].Pool, first.Address, ServerState.Ready, null)));

        await client.Drain();
    }
}
