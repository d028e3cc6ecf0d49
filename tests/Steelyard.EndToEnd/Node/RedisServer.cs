using System.Diagnostics;

namespace Steelyard.EndToEnd.Node;

/// <summary>A Redis of one test, on a Unix socket in its folder.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly Process _process;

    private RedisServer(Process process, string path) => (_process, Path) = (process, path);

    /// <summary>Where it listens.</summary>
    public string Path { get; }

    /// <summary>Its process.</summary>
    public int Id => _process.Id;

    public static async Task<RedisServer> StartAsync(TemporaryFolder folder)
    {
        var path = folder.At("redis.sock");
        var start = new ProcessStartInfo("redis-server", ["--port", "0", "--unixsocket", path, "--save", "", "--dir", folder.Path]) { UseShellExecute = false, RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync() is { } line && !line.Contains("Ready to accept", StringComparison.Ordinal) && !line.Contains("ready to accept", StringComparison.Ordinal))
        {
        }

        return new(process, path);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
