using System.Diagnostics;

namespace Steelyard.EndToEnd.Node;

/// <summary>Node's ws on both sides, and a browser, over ws and wss: tests/websocket/run.sh.</summary>
[Trait("Lane", "apps")]
public sealed class WebSocketProgramsTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Real_programs_talk_through_it_over_ws_and_wss()
    {
        Assert.True(File.Exists("/usr/bin/chromium"), "there is no Chromium; test.sh installs it");
        var folder = await NodePackages.InstallAsync("websocket");
        var start = new ProcessStartInfo("bash", [Path.Combine(folder, "run.sh"), SteelyardProcess.Program])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var script = Process.Start(start)!;
        var (output, error) = (script.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), script.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        try
        {
            await script.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(s_limit, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            script.Kill(entireProcessTree: true);
            await script.WaitForExitAsync(CancellationToken.None);
        }

        var said = await output;
        Assert.True(script.ExitCode == 0, $"{said}\n{await error}");
        Assert.Equal(
            [
                "ws://127.0.0.1:17902/echo: 16 sockets, 8 echoes each",
                "wss://127.0.0.1:17903/echo: 16 sockets, 8 echoes each",
                "http://127.0.0.1:17902/: the browser says 'echoed 7'",
                "https://127.0.0.1:17903/: the browser says 'echoed 7'",
            ],
            said.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
