using System.Net;
using System.Runtime.InteropServices;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Proxying;

namespace Steelyard.EndToEnd.Shared;

/// <summary>Clients that are remembered stay with their servers, and have used up what they have, whatever becomes of the program.</summary>
public sealed class StateFileTests : IDisposable
{
    private static readonly PosixSignal s_usr2 = (PosixSignal)12;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Write(RecordingOrigin[] servers, string stateFile) => _folder.Write("steelyard.yaml", $$"""
        {{stateFile}}
        listen: [ { bind: 127.0.0.1:0, to: web } ]
        pools:
          web: { sticky: { on: "header:X-User" }, rate-limit: { key: "header:X-Limited", rate: 1/h }, servers: [ {{string.Join(", ", servers.Select(server => server.Address))}} ] }
        """);

    private async Task<(SteelyardProcess Up, IPEndPoint Address)> StartAsync(string file, params string[] more)
    {
        var up = SteelyardProcess.Start(["up", .. more, file], new() { ["XDG_RUNTIME_DIR"] = _folder.Path });
        await up.LineAsync("ready");
        return (up, new(IPAddress.Loopback, (await up.UrlAsync("listening on")).Port));
    }

    private static async Task<string> ServerOfAsync(IPEndPoint address, string user)
    {
        using var client = await RawClient.Connect(address);
        return (await client.Ask($"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-User: {user}\r\n\r\n")).Text[..1];
    }

    private static async Task<int> StatusOfAsync(IPEndPoint address, string limited)
    {
        using var client = await RawClient.Connect(address);
        return (await client.Ask($"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-User: one\r\nX-Limited: {limited}\r\n\r\n")).Status;
    }

    private static async Task<string> ServersOfAsync(IPEndPoint address, int users)
    {
        var servers = "";
        for (var i = 0; i < users; i++)
            servers += await ServerOfAsync(address, $"user-{i}");
        return servers;
    }

    [Fact]
    public async Task A_folder_is_no_file()
    {
        await using var a = StickyTests.Named("a");
        Directory.CreateDirectory(_folder.At("kept"));
        var (status, _, error) = await SteelyardProcess.RunAsync(["up", Write([a], "state-file: kept")], new() { ["XDG_RUNTIME_DIR"] = _folder.Path });

        Assert.Equal((1, $"steelyard up: state-file {_folder.At("kept")} is a folder; expected the path of a file\n"), (status, error));
    }

    [Theory]
    [InlineData("")]
    [InlineData("--single")]
    public async Task With_a_file_they_stay_over_a_stop_and_a_start_of_everything(string option)
    {
        await using var a = StickyTests.Named("a");
        await using var b = StickyTests.Named("b");
        await using var c = StickyTests.Named("c");
        var (file, options) = (Write([a, b, c], "state-file: kept/clients"), option.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var (up, address) = await StartAsync(file, options);
        string servers;
        await using (up)
        {
            servers = await ServersOfAsync(address, 31);
            Assert.Equal((200, 429), (await StatusOfAsync(address, "a"), await StatusOfAsync(address, "a")));
            up.Signal(PosixSignal.SIGTERM);
            Assert.Equal(0, await up.ExitAsync());
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.At("kept/clients")));
        var (again, anew) = await StartAsync(file, options);
        await using (again)
        {
            Assert.Equal(servers, await ServersOfAsync(anew, 31));
            Assert.Equal((429, 200), (await StatusOfAsync(anew, "a"), await StatusOfAsync(anew, "b")));
            again.Signal(PosixSignal.SIGTERM);
            Assert.Equal(0, await again.ExitAsync());
        }

        // That it was the file that remembered shows without it; and what is no such file is said.
        File.WriteAllText(_folder.At("kept/clients"), "something else");
        var (stranger, third) = await StartAsync(file, options);
        await using (stranger)
        {
            await stranger.ErrorLineAsync("holds no clients");
            for (var i = 0; i < 31; i++)
                Assert.Equal("abc"[i % 3], (await ServerOfAsync(third, $"user-{30 - i}"))[0]);
        }
    }

    [Fact]
    public async Task Without_one_they_stay_over_upgrades_and_reloads()
    {
        await using var a = StickyTests.Named("a");
        await using var b = StickyTests.Named("b");
        var (up, address) = await StartAsync(Write([a, b], ""));
        await using var running = up;
        var servers = await ServersOfAsync(address, 21);
        Assert.Equal(200, await StatusOfAsync(address, "a"));
        up.Signal(s_usr2);
        await up.LineAsync("upgraded");
        Assert.Equal(servers, await ServersOfAsync(address, 21));
        Assert.Equal(429, await StatusOfAsync(address, "a"));
        await up.LineAsync("the engine before has ended");
        Write([b, a], "");
        up.Signal(PosixSignal.SIGHUP);
        await up.LineAsync("reloaded");
        Assert.Equal(servers, await ServersOfAsync(address, 21));
    }
}
