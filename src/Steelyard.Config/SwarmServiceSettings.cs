namespace Steelyard.Config;

/// <summary>A service that Docker Swarm is to run, as a Compose file has it. Steelyard finds its tasks and balances them.</summary>
public sealed record SwarmServiceSettings
{
    /// <summary>What services of one file have in common, the name of the project: the namespace of a stack.</summary>
    public required string Stack { get; init; }

    /// <summary>What the file calls it, which is also its name on its networks.</summary>
    public required string Name { get; init; }

    /// <summary>What Swarm calls it.</summary>
    public string FullName => $"{Stack}_{Name}";

    /// <summary>The socket of the engine that runs it.</summary>
    public string Socket { get; init; } = DockerSettings.UsualSocket;

    /// <summary>The image.</summary>
    public string Image { get; init; } = "";

    /// <summary>The program and its first words; empty for that of the image (Compose: entrypoint).</summary>
    public ValueList<string> Entrypoint { get; init; }

    /// <summary>The words after it; empty for those of the image (Compose: command).</summary>
    public ValueList<string> Arguments { get; init; }

    /// <summary>Variables of its environment.</summary>
    public ValueList<EnvironmentVariable> Environment { get; init; }

    /// <summary>The folder that it starts in; null for that of the image.</summary>
    public string? Folder { get; init; }

    /// <summary>The user, and the group behind a colon; null for that of the image.</summary>
    public string? User { get; init; }

    /// <summary>Labels of its containers.</summary>
    public ValueList<EnvironmentVariable> ContainerLabels { get; init; }

    /// <summary>Labels of the service.</summary>
    public ValueList<EnvironmentVariable> Labels { get; init; }

    /// <summary>Folders, files and volumes that its containers see.</summary>
    public ValueList<MountSettings> Mounts { get; init; }

    /// <summary>Whether the root of its containers can be read only.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Whether a small program takes the place of process 1.</summary>
    public bool Init { get; init; }

    /// <summary>How many tasks: 0 to 1,024; null for one on each node.</summary>
    public int? Replicas { get; init; } = 1;

    /// <summary>The ports that it listens on and clients want, 1 to 65535: each is published on the hosts, by a number that Docker chooses.</summary>
    public ValueList<int> Ports { get; init; }

    /// <summary>The networks that it is on, as Swarm calls them.</summary>
    public ValueList<SwarmNetwork> Networks { get; init; }

    /// <summary>The command that says whether a container is well, in Docker's words; empty for that of the image.</summary>
    public ValueList<string> HealthTest { get; init; }

    /// <summary>How often it is asked; null for as the image says, as are the next three.</summary>
    public TimeSpan? HealthInterval { get; init; }

    /// <summary>How long it may take.</summary>
    public TimeSpan? HealthTimeout { get; init; }

    /// <summary>How long it may fail after a start.</summary>
    public TimeSpan? HealthStartPeriod { get; init; }

    /// <summary>After how many failures in a row a container is not well.</summary>
    public int? HealthRetries { get; init; }

    /// <summary>The signal that ends a container; null for that of the image.</summary>
    public string? StopSignal { get; init; }

    /// <summary>How long after it a container is killed. Default 10 s.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How tasks are replaced.</summary>
    public SwarmUpdate Update { get; init; } = new();

    /// <summary>How they are put back.</summary>
    public SwarmUpdate Rollback { get; init; } = new();

    /// <summary>After which ends a task is replaced: none, on-failure or any.</summary>
    public string RestartOn { get; init; } = "any";

    /// <summary>The pause before; null for Docker's 5 s.</summary>
    public TimeSpan? RestartDelay { get; init; }

    /// <summary>How many times within <see cref="RestartWindow"/>; null for without an end.</summary>
    public int? RestartMost { get; init; }

    /// <summary>The time in which they are counted; null for all of it.</summary>
    public TimeSpan? RestartWindow { get; init; }

    /// <summary>How much memory a container may have; null for as much as there is.</summary>
    public ByteSize? MostMemory { get; init; }

    /// <summary>On which nodes tasks may be, in Docker's words.</summary>
    public ValueList<string> Constraints { get; init; }
}

/// <summary>How tasks of a service are replaced.</summary>
public sealed record SwarmUpdate
{
    /// <summary>How many at a time; 0 for all. Default 1.</summary>
    public int Parallel { get; init; } = 1;

    /// <summary>The pause before the next ones.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>How long a new one is watched; null for Docker's 5 s.</summary>
    public TimeSpan? Monitor { get; init; }

    /// <summary>What happens when a new one fails: continue, rollback or pause. Default rollback, or for a rollback pause.</summary>
    public string? OnFailure { get; init; }

    /// <summary>Whether a new one runs before the old one ends. Default so.</summary>
    public bool StartsFirst { get; init; } = true;
}

/// <summary>What a container sees at a path.</summary>
/// <param name="Source">A path of the node, or the name of a volume.</param>
/// <param name="Target">The path in the container.</param>
/// <param name="ReadOnly">Whether it can be read only.</param>
public sealed record MountSettings(string Source, string Target, bool ReadOnly)
{
    /// <summary>Whether it is a path of the node.</summary>
    public bool IsPath => Source.StartsWith('/');
}

/// <summary>A network of a swarm.</summary>
/// <param name="Name">What Swarm calls it.</param>
/// <param name="IsExternal">Whether it has to be there already.</param>
public sealed record SwarmNetwork(string Name, bool IsExternal);
