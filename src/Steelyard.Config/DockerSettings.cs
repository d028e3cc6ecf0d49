namespace Steelyard.Config;

/// <summary>Which containers, or tasks of Docker Swarm, are servers of a pool, and how they are reached.</summary>
public sealed record DockerSettings
{
    /// <summary>Where Docker's engine listens where nothing else is said.</summary>
    public const string UsualSocket = "/var/run/docker.sock";

    /// <summary>A label with its value, as in <c>steelyard.pool=web</c>; or the name of a container, of a service of Compose, or of a service of Docker Swarm.</summary>
    public required string Find { get; init; }

    /// <summary>Whether it is services of Docker Swarm, whose tasks are the servers; else containers of one engine.</summary>
    public bool IsSwarm { get; init; }

    /// <summary>The port that they listen on, in their containers: 1 to 65535; 0 for what the label <c>steelyard.port</c> says, or the only port there is.</summary>
    public int Port { get; init; }

    /// <summary>The network on which they are reached; null for one that this program shares with them, else for the first that a container has, and the ports that tasks have on their hosts.</summary>
    public string? Network { get; init; }

    /// <summary>The Unix socket of the engine; relative to the folder of the configuration. Default /var/run/docker.sock.</summary>
    public string Socket { get; init; } = UsualSocket;

    /// <summary>Whether <see cref="Find"/> is a label and not a name.</summary>
    public bool ByLabel => Find.Contains('=', StringComparison.Ordinal);
}
