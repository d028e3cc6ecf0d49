using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>One port for TLS and for what is none, as haproxy.cfg has it with req.ssl_hello_type.</summary>
[Trait("Lane", "files")]
public sealed class HelloRoutingTests
{
    [Theory]
    [InlineData("use_backend tls if { req.ssl_hello_type 1 }", false, 1)]
    [InlineData("use_backend tls if { req_ssl_hello_type 1 }", true, 0)]
    [InlineData("use_backend tls if { req.ssl_hello_type 1 } { req.ssl_sni -i one.example }", true, 0)]
    [InlineData("use_backend tls if { req.ssl_hello_type 1 } { req.ssl_sni -i two.example }", true, 1)]
    [InlineData("use_backend tls if !{ req.ssl_hello_type 1 }", false, 0)]
    public async Task A_hello_is_told_from_what_is_none(string line, bool isHello, int place)
    {
        await using var tls = RecordingOrigin.Start();
        await using var rest = RecordingOrigin.Start();
        await using var balancer = Start(line, tls.Address, rest.Address);
        byte[] said = isHello ? ClientHello.For("one.example") : "SSH-2.0-client\r\n"u8.ToArray();
        using var client = await balancer.Connect();
        await client.Send(said);
        var server = await (place == 0 ? tls : rest).Accept();
        Assert.Equal(said, await server.ReadExactly(said.Length));
        server.Close();
    }

    [Fact]
    public async Task What_is_no_hello_may_be_rejected()
    {
        await using var tls = RecordingOrigin.Start();
        await using var balancer = Start("tcp-request content reject if !{ req.ssl_hello_type 1 }", tls.Address, tls.Address);
        using var client = await balancer.Connect();
        await client.Send("SSH-2.0-client\r\n");
        await client.Drain();
        Assert.Empty(tls.Connections);
        using var other = await balancer.Connect();
        var said = ClientHello.For("one.example");
        await other.Send(said);
        var server = await tls.Accept();
        Assert.Equal(said, await server.ReadExactly(said.Length));
        server.Close();
    }

    private static TestBalancer Start(string line, NetworkAddress tls, NetworkAddress rest) =>
        TestBalancer.Start(ConfigurationFile.Parse(
            $"""
            defaults
              mode tcp
              timeout client 5s
              timeout connect 5s
              timeout server 5s
            frontend f
              bind 127.0.0.1:0
              tcp-request inspect-delay 5s
              tcp-request content accept if {"{ req.ssl_hello_type 1 }"}
              {line}
              default_backend rest
            backend tls
              server a {tls}
            backend rest
              server b {rest}

            """,
            "haproxy.cfg"));
}
