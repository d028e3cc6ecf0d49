using Steelyard.Config;

namespace Steelyard.Apps.Reach;

/// <summary>A Unix socket whose path the worker is told.</summary>
internal sealed class SocketReach(string path) : WorkerReach
{
    public override NetworkAddress Address => NetworkAddress.ForUnix(path);

    public override string Socket => path;

    public override IEnumerable<KeyValuePair<string, string>> Environment => [new("ASPNETCORE_URLS", $"http://unix:{path}")];

    // One that was killed leaves it behind.
    public override void Dispose() => File.Delete(path);
}
