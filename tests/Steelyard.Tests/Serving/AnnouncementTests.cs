using Steelyard.Config;
using Steelyard.Serving;

namespace Steelyard.Tests.Serving;

public sealed class AnnouncementTests
{
    [Fact]
    public void Each_address_is_said_as_a_browser_would_be_told_it()
    {
        var snapshot = ConfigurationFile.Parse("""
            listen:
              - bind: [ ":0", "unix:/run/a.sock" ]
                routes: [ { path: /v1/*, to: api }, { path: /v2/*, to: api }, { to: web } ]
              - bind: "127.0.0.1:81"
                to: web
            pools:
              web: { servers: [ 10.0.0.1:80 ] }
              api: { servers: [ 10.0.0.1:81, 10.0.0.2:81 ] }
            """, "test.yaml").Snapshot!;
        NetworkAddress[] bound = [NetworkAddress.ForHost("", 40001), NetworkAddress.ForUnix("/run/a.sock"), NetworkAddress.ForHost("127.0.0.1", 81)];

        var lines = Announcement.Lines(snapshot, bound);

        Assert.Equal(
            [
                "listening on http://localhost:40001 for api (2 servers), web (1 server)",
                "listening on unix:/run/a.sock for api (2 servers), web (1 server)",
                "listening on http://127.0.0.1:81 for web (1 server)",
            ],
            lines);
    }
}
