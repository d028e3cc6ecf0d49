using System.Diagnostics;
using Steelyard.EndToEnd.Node;

namespace Steelyard.EndToEnd.Board;

/// <summary>The page, driven in a real Chromium by tests/board/board.mjs.</summary>
[Trait("Lane", "files")]
public sealed class BrowserTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(6);

    [Fact]
    public async Task The_page_shows_what_goes_on_and_does_what_an_operator_wants()
    {
        Assert.True(File.Exists("/usr/bin/chromium"), "there is no Chromium; test.sh installs it");
        var folder = await NodePackages.InstallAsync("board");
        var start = new ProcessStartInfo("node", ["board.mjs", SteelyardProcess.Program])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        using var node = Process.Start(start)!;
        var (output, error) = (node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        try
        {
            await node.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(s_limit, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            node.Kill(entireProcessTree: true);
            await node.WaitForExitAsync(CancellationToken.None);
        }

        var said = await output;
        Assert.True(node.ExitCode == 0 && said.Contains("ok    no complaint in the console", StringComparison.Ordinal), $"{said}\n{await error}");
    }
}
