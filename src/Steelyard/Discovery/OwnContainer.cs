using Steelyard.Docker;

namespace Steelyard.Discovery;

/// <summary>The container that this program runs in, if it does: whoever shares a network with it is reached there directly.</summary>
/// <param name="name">What this machine is called; a container after the beginning of its id, where nobody says otherwise.</param>
internal sealed class OwnContainer(string name)
{
    // Events tell all; this is for those that were missed.
    private const long KnownMilliseconds = 30_000;

    // Machines seldom are called so.
    private readonly bool _isContainer = name.Length == 12 && name.All(char.IsAsciiHexDigitLower);

    private HashSet<string> _networks = [];
    private long _knownUntil = long.MinValue;

    public OwnContainer()
        : this(Environment.MachineName)
    {
    }

    /// <summary>Takes notice of an event.</summary>
    /// <returns>Whether its networks are others now.</returns>
    public bool Note(DockerEvent happened)
    {
        if (!_isContainer || happened.Type != "network" || happened.Actor?.Attributes?.GetValueOrDefault("container")?.StartsWith(name, StringComparison.Ordinal) != true)
            return false;
        _knownUntil = long.MinValue;
        return true;
    }

    /// <summary>The networks of Docker that it is on; none outside of containers.</summary>
    public async Task<IReadOnlySet<string>> NetworksAsync(DockerEngine engine, CancellationToken cancel)
    {
        if (!_isContainer || Environment.TickCount64 < _knownUntil)
            return _networks;
        try
        {
            var container = await engine.GetAsync($"containers/{name}/json", DockerJson.Default.ContainerDetail, cancel);
            _networks = container.Config?.Hostname == name ? [.. container.NetworkSettings?.Networks?.Keys ?? Enumerable.Empty<string>()] : [];
        }
        catch (DockerException unknown) when (unknown.Status == 404)
        {
            _networks = [];
        }

        _knownUntil = Environment.TickCount64 + KnownMilliseconds;
        return _networks;
    }
}
