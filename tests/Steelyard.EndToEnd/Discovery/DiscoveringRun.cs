using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Discovery;

/// <summary>Tests of servers that come and go: beside the program they have origins that say their names.</summary>
public abstract class DiscoveringRun : ProgramRun
{
    /// <summary>An origin that says its name, at an address of this machine.</summary>
    private protected static RecordingOrigin Origin(string host, int port, string name) =>
        RecordingOrigin.Listen(NetworkAddress.ForHost(host, port), RecordingOrigin.Always($"HTTP/1.1 200 OK\r\nContent-Length: {name.Length}\r\n\r\n{name}"));
}
