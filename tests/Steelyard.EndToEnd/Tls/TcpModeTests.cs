using System.Net.Security;
using System.Security.Cryptography;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Tls;

/// <summary>TLS around bytes that are nobody's business: listeners in TCP mode that end it, and servers that want it.</summary>
public sealed class TcpModeTests
{
    private static readonly TestCertificates Certificates = TestCertificates.Shared;

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Bytes_and_half_closes_pass_whoever_speaks_TLS(bool client, bool server)
    {
        await using var origin = server ? RecordingOrigin.StartTls(ServerOptions(), Echo) : RecordingOrigin.Start(Echo);
        await using var balancer = TestBalancer.Start(
            [origin.Address],
            snapshot => snapshot with
            {
                Listeners = [snapshot.Listeners[0] with { Mode = ListenerMode.Tcp }],
                Pools = [snapshot.Pools[0] with { Tls = server ? new() { Authorities = "ca.pem" } : null }],
            },
            tls: client);
        using var connection = await RawClient.Connect(balancer.Address, tls: client ? WithoutProtocols() : null);
        var sent = RandomNumberGenerator.GetBytes(200_000);

        await connection.Send(sent);
        connection.FinishSending();

        Assert.Equal(sent, await connection.ReadToEnd());
        Assert.Equal(client ? 1 : 0, balancer.Counters.TlsHandshakes);
        Assert.Equal(server, Assert.Single(origin.Connections).Tls is not null);
    }

    [Fact]
    public async Task A_client_is_cut_off_when_no_server_proves_who_it_is()
    {
        using var strangers = new TestCertificates("A stranger");
        strangers.Issue("site", "127.0.0.1");
        await using var origin = RecordingOrigin.StartTls(new() { ServerCertificate = strangers.Load(new("site.pem", "site.key")) }, _ => Task.CompletedTask);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { Mode = ListenerMode.Tcp }],
            Pools = [snapshot.Pools[0] with { Tls = new() { Authorities = "ca.pem" } }],
        });
        using var connection = await RawClient.Connect(balancer.Address);

        Assert.Equal(Ending.Reset, await connection.ReadEnding());
    }

    private static async Task Echo(OriginConnection connection)
    {
        await connection.Send(await connection.ReadToEnd());
        connection.FinishSending();
    }

    private static SslServerAuthenticationOptions ServerOptions() => new() { ServerCertificate = Certificates.Load(new("site.pem", "site.key")) };

    // What is spoken inside has no name here.
    private static SslClientAuthenticationOptions WithoutProtocols()
    {
        var options = Certificates.Client();
        options.ApplicationProtocols = null;
        return options;
    }
}
