using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Discovery;

/// <summary>What tests of servers that come and go begin with: a program that serves a file, and origins that say their names.</summary>
public abstract class DiscoveringRun : IDisposable
{
    private protected TemporaryFolder Folder { get; } = new();

    private protected TemporaryFolder Runtime { get; } = new();

    private protected Task<SteelyardProcess> ServeAsync(string file) => ServeAsync("steelyard.yaml", file);

    private protected async Task<SteelyardProcess> ServeAsync(string name, string file)
    {
        var up = SteelyardProcess.Start(["up", Folder.Write(name, file)], new() { ["XDG_RUNTIME_DIR"] = Runtime.Path });
        await up.LineAsync("ready");
        return up;
    }

    /// <summary>An origin that says its name, at an address of this machine.</summary>
    private protected static RecordingOrigin Origin(string host, int port, string name) =>
        RecordingOrigin.Listen(NetworkAddress.ForHost(host, port), RecordingOrigin.Always($"HTTP/1.1 200 OK\r\nContent-Length: {name.Length}\r\n\r\n{name}"));

    public void Dispose()
    {
        Folder.Dispose();
        Runtime.Dispose();
        GC.SuppressFinalize(this);
    }
}
