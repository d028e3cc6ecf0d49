using System.Net.Security;
using System.Security.Authentication;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Tls;

/// <summary>TLS towards clients, over real sockets.</summary>
public sealed class TlsListenerTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Requests_are_served_inside_of_TLS(SslProtocols version)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.StartTls(origin.Address);
        using var client = await balancer.Connect(TestCertificates.Shared.Client(versions: version));

        for (var i = 0; i < 3; i++)
            Assert.Equal("hello", (await client.Ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).Text);

        Assert.Equal(version, client.Tls!.SslProtocol);
        Assert.Equal(SslApplicationProtocol.Http11, client.Tls.NegotiatedApplicationProtocol);
    }
}
