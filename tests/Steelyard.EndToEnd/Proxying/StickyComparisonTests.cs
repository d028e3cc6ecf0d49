using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Strictness;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>The same requests through a real HAProxy and through us: the same server, the same cookies both ways.</summary>
public sealed class StickyComparisonTests
{
    // What HAProxy does of itself, and we only when told not to do more.
    private static readonly StickySettings s_like = new() { Cookie = "SRV", Value = StickyValue.Server, Indirect = false, NoCache = false, HttpOnly = false, Secure = StickySecure.Never };

    private static readonly string[] s_cookies =
    [
        "", "", "", "SRV=s2", "SRV=s1", "SRV=s3", "SRV=", "x=1; SRV=s2; y=2", "SRV=s1; SRV=s2", "SRV=none; SRV=s2", "x=1;SRV=s2;y=2", "SRVX=s2", "srv=s2",
        "SRV=s2~own", "SRV=~own", "SRV=s9~own; x=1", "SRV=s1~a~b", "x=1; SRV=s2~own",
    ];

    public static TheoryData<string> Modes => ["insert", "insert indirect", "insert preserve", "insert indirect preserve", "insert postonly", "rewrite", "prefix", "insert domain .example.com httponly secure attr a=b"];

    private static StickySettings Settings(string mode)
    {
        var words = mode.Split(' ');
        return s_like with
        {
            Kind = Enum.Parse<StickyKind>(words[0], ignoreCase: true),
            Indirect = words.Contains("indirect"),
            Preserve = words.Contains("preserve"),
            PostOnly = words.Contains("postonly"),
            Domains = words.Contains("domain") ? [".example.com"] : [],
            HttpOnly = words.Contains("httponly"),
            Secure = words.Contains("secure") ? StickySecure.Always : StickySecure.Never,
            Attributes = words.Contains("attr") ? ["a=b"] : [],
        };
    }

    [Theory, MemberData(nameof(Modes))]
    public async Task What_HAProxy_does_we_do(string mode)
    {
        await using var a = StickyTests.Named("a");
        await using var b = StickyTests.Named("b");
        await using var c = StickyTests.Named("c");
        await using var theirs = ForeignProxy.StartHaProxy($"""
            defaults
              mode http
              timeout client 20s
              timeout server 20s
              timeout connect 20s
            frontend in
              bind ADDRESS
              default_backend web
            backend web
              balance roundrobin
              cookie SRV {mode}
              server one {a.Address} cookie s1
              server two {b.Address} cookie s2
              server three {c.Address}

            """);
        await using var ours = TestBalancer.Start([a.Address, b.Address, c.Address], snapshot => snapshot with
        {
            Pools =
            [
                snapshot.Pools[0] with
                {
                    Sticky = Settings(mode),
                    Servers = [snapshot.Pools[0].Servers[0] with { Cookie = "s1" }, snapshot.Pools[0].Servers[1] with { Cookie = "s2" }, snapshot.Pools[0].Servers[2]],
                },
            ],
        });
        var (expected, actual) = (new List<string>(), new List<string>());
        using var foreign = await theirs.Connect();
        using var own = await ours.Connect();
        foreach (var method in (string[])["GET", "POST"])
        {
            foreach (var target in (string[])["/", "/?set=SRV=app;Path=/x;HttpOnly", "/?set=other=1"])
            {
                foreach (var cookie in s_cookies)
                {
                    var request = $"{method} {target} HTTP/1.1\r\nHost: x\r\n{(cookie.Length == 0 ? "" : $"Cookie: {cookie}\r\n")}{(method == "POST" ? "Content-Length: 0\r\n" : "")}\r\n";
                    var what = $"{method} {target} [{cookie}] -> ";
                    expected.Add(what + Seen(await foreign.Ask(request)));
                    actual.Add(what + Seen(await own.Ask(request)));
                }
            }
        }

        Assert.Equal(expected, actual);
    }

    private static string Seen(HttpMessage answer) => $"{answer.Text} sets [{string.Join(" & ", answer.All("Set-Cookie").Order())}]";
}
