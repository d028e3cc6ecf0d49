using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>Connections in TCP mode go where the real HAProxy sends them by what clients say first, in pieces and late too.</summary>
public sealed class HaproxyFirstWords
{
    private const string Ssh = "use_backend b if { req.payload(0,7) -m bin 5353482d322e30 }";

    /// <summary>Lines of a frontend, and what a client says, with a pause between the pieces.</summary>
    public static TheoryData<string, string[]> Words => new()
    {
        { Ssh, ["SSH-2.0-OpenSSH_9.2\r\n"] },
        { Ssh, ["SSH", "-2.0-x\r\n"] },
        { Ssh, ["GET / HTTP/1.0\r\n\r\n"] },
        { Ssh, ["SS"] },
        { "use_backend b if { payload(0,3) -m str GET }", ["GET / HTTP/1.0\r\n\r\n"] },
        { "use_backend b if { req.payload(4,2) -m sub xy }", ["abcdxyz"] },
        { "use_backend b if { req.payload(0,0) -m sub hello }", ["say hello"] },
        { "use_backend b if { req.payload(1,3),lower -m beg bcd }", ["ABCD"] },
        { "use_backend b if HTTP", ["GET / HTTP/1.0\r\n\r\n"] },
        { "use_backend b if HTTP", ["SSH-2.0-x\r\n"] },
        { "use_backend b if HTTP", ["\r\n\r\nGET / HTTP/1.0\r\n\r\n"] },
        { "use_backend b if { req.proto_http }", ["GET /a HTTP/1.1\r\nHost: x\r\n\r\n"] },
        { "use_backend b if { req.len ge 1 }", ["x"] },
        { "tcp-request content reject if { req.payload(0,3) -m str BAD }", ["BAD x"] },
        { "tcp-request content reject if { req.payload(0,3) -m str BAD }", ["GOOD"] },
        { "tcp-request content reject unless HTTP", ["GET / HTTP/1.0\r\n\r\n"] },
        { "tcp-request content reject unless HTTP", ["EHLO me\r\n"] },
        { "use_backend b if { req.ssl_alpn acme-tls/1 }", [Hello("acme-tls/1", "h2")] },
        { "use_backend b if { req.ssl_alpn acme-tls/1 }", [Hello("h2", "acme-tls/1")] },
        { "use_backend b if { req.ssl_alpn -m found }", [Hello()] },
        { "tcp-request content accept if { req.ssl_hello_type 1 }\n use_backend b if { req.ssl_sni -m found } || { req.payload(0,4) -m str PING }", ["PING\r\n"] },
    };

    private static string Hello(params string[] protocols) => RawSocket.Latin1.GetString(ClientHello.For("a.example", protocols));

    [Theory, MemberData(nameof(Words))]
    public async Task Who_answers_is_the_same(string lines, string[] pieces)
    {
        await using var one = Greeting("A");
        await using var other = Greeting("B");
        var configuration = $"""
            defaults
             mode tcp
             timeout client 5s
             timeout server 5s
             timeout connect 5s
            frontend front
             bind ADDRESS
             tcp-request inspect-delay 600ms
             {lines}
             tcp-request content accept if WAIT_END
             default_backend a
            backend a
             server one {one.Address}
            backend b
             server other {other.Address}

            """;
        var (theirs, ours) = await SideBySide.Haproxy(configuration, connect => Say(connect, pieces));
        Assert.Equal(theirs, ours);
    }

    private static RecordingOrigin Greeting(string name) => RecordingOrigin.Start(async connection =>
    {
        await connection.Send($"I am {name}\n");
        await connection.ReadSome();
    });

    private static async Task<string> Say(Func<Task<RawClient>> connect, string[] pieces)
    {
        using var client = await connect();
        foreach (var piece in pieces)
        {
            await client.Send(piece);
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        try
        {
            return await client.ReadLine();
        }
        catch (Exception fault) when (fault is IOException or EndOfStreamException or System.Net.Sockets.SocketException or Xunit.Sdk.XunitException)
        {
            return "closed";
        }
    }
}
