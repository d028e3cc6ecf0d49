using System.Net;
using System.Runtime.InteropServices;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Proxying;

namespace Steelyard.EndToEnd;

/// <summary>The key that sticky cookies are signed with, of an installation that was given none.</summary>
public sealed class StickyKeyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _state = new();

    public void Dispose()
    {
        _folder.Dispose();
        _state.Dispose();
    }

    [Fact]
    public async Task Clients_stay_over_a_restart_of_everything()
    {
        await using var a = StickyTests.Named("a");
        await using var b = StickyTests.Named("b");
        var file = _folder.Write("steelyard.yaml", $$"""
            listen: [ { bind: 127.0.0.1:0, to: web } ]
            pools: { web: { sticky: SRV, servers: [ {{a.Address}}, {{b.Address}} ] } }
            """);
        var cookies = new Dictionary<string, string>();
        foreach (var round in (int[])[1, 2])
        {
            await using var up = SteelyardProcess.Start(["up", file], new() { ["STATE_DIRECTORY"] = _state.Path, ["XDG_RUNTIME_DIR"] = _state.Path });
            await up.LineAsync("ready");
            var address = new IPEndPoint(IPAddress.Loopback, (await up.UrlAsync("listening on")).Port);
            using var client = await RawClient.Connect(address);
            for (var i = 0; i < 2 && round == 1; i++)
            {
                var answer = await client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
                cookies.Add(answer.Text, answer["Set-Cookie"]!.Split(';')[0]);
            }

            foreach (var name in (string[])["a", "a", "b", "b", "a"])
                Assert.Equal(name, (await client.Ask($"GET / HTTP/1.1\r\nHost: x\r\nCookie: {cookies[name]}\r\n\r\n")).Text);
            up.Signal(PosixSignal.SIGTERM);
            Assert.Equal(0, await up.ExitAsync());
            Assert.Equal("", up.Error);
        }

        var key = new FileInfo(Path.Combine(_state.Path, "sticky.key"));
        Assert.Equal((32L, UnixFileMode.UserRead | UnixFileMode.UserWrite), (key.Length, key.UnixFileMode));
    }

    [Fact]
    public async Task Where_it_cannot_be_kept_that_is_said()
    {
        await using var a = StickyTests.Named("a");
        var file = _folder.Write("steelyard.yaml", "listen: [ { bind: 127.0.0.1:0, to: web } ]\npools: { web: { sticky: SRV, servers: [ " + a.Address + " ] } }\n");
        await using var up = SteelyardProcess.Start(["up", file], new() { ["STATE_DIRECTORY"] = "/proc/nowhere", ["XDG_RUNTIME_DIR"] = _state.Path });
        await up.LineAsync("ready");
        Assert.Contains("cookies cannot be kept, so they are good until the next start only", up.Error, StringComparison.Ordinal);
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
    }
}
