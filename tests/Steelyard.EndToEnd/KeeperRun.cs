using System.Net;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd;

/// <summary>What tests of keeper and engine begin with: a file of one listener and one server, served.</summary>
public abstract class KeeperRun : ProgramRun
{
    internal const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    private protected string Write(RecordingOrigin origin, int generation = 0, string more = "", string listener = "") => Folder.Write("steelyard.yaml", $$"""
        {{more}}
        listen:
          - { bind: 127.0.0.1:0, {{listener}}to: web, response-headers: { set: { X-Generation: "{{generation}}" } } }
        pools:
          web: { servers: [ {{origin.Address}} ] }
        """);

    private protected static async Task<IPEndPoint> AddressAsync(SteelyardProcess up)
    {
        await up.LineAsync("ready");
        return new(IPAddress.Loopback, (await up.UrlAsync("listening on")).Port);
    }

    private protected static RecordingOrigin Origin() => RecordingOrigin.Start(async connection =>
    {
        connection.Records = false;
        while (await connection.ReadRequestOrEnd() is not null)
            await connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });

    /// <summary>The engine that runs now.</summary>
    private protected static int EngineOf(SteelyardProcess up) => Processes.EnginesOf(up.Id).Single();

    // Certificate and key change at the same instant.
    private protected static void IssueOneFile(TestCertificates certificates)
    {
        var files = certificates.Issue("site", "localhost");
        certificates.Write("both.pem", File.ReadAllText(certificates.PathOf(files.Certificate)) + "\n" + File.ReadAllText(certificates.PathOf(files.Key!)));
    }
}
