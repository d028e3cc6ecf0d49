using System.Net.Security;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>Servers are asked over TLS for the names that the real HAProxy asks them for, and no connection serves requests of two names.</summary>
public sealed class HaproxyServerNames : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("sni req.hdr(host)", "a.example", "b.example", "a.example")]
    [InlineData("sni req.hdr(host)", "", "b.example")]
    [InlineData("sni var(txn.name)", "a.example", "b.example", "a.example")]
    [InlineData("sni req.hdr(X-Nobody)", "a.example", "b.example")]
    [InlineData("sni req.hdr(host),lower,regsub(^www,web)", "www.example", "b.example")]
    [InlineData("sni str(fixed.example)", "a.example", "b.example")]
    public async Task Servers_are_asked_for_the_same_names(string keyword, params string[] hosts)
    {
        await using var origin = RecordingOrigin.StartTls(
            new SslServerAuthenticationOptions { ServerCertificate = _certificates.Load(_certificates.Issue("server", "localhost")) },
            async connection =>
            {
                while (await connection.ReadRequestOrEnd() is not null)
                {
                    var name = connection.Tls!.TargetHostName;
                    await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {name.Length}\r\n\r\n{name}");
                }
            });
        var configuration = $"""
            listen both
             mode http
             bind ADDRESS
             timeout client 5s
             timeout server 5s
             timeout connect 2s
             http-request set-var(txn.name) req.hdr(host)
             http-reuse always
             server one {origin.Address} ssl verify none {keyword}

            """;
        var (theirs, ours) = await SideBySide.Haproxy(configuration, async connect =>
        {
            using var client = await connect();
            List<string> names = [];
            foreach (var host in hosts)
                names.Add((await client.Ask($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).Text);
            return names;
        });
        Assert.Equal(theirs, ours);
    }
}
