namespace Steelyard.Config;

/// <summary>How a configuration is read.</summary>
public sealed record ReadOptions
{
    /// <summary>Further files of the same dialect that are laid over the first, one after the other; paths as the first has its own (Compose: several -f).</summary>
    public ValueList<string> Overrides { get; init; }

    /// <summary>Whether <see cref="Overrides"/> are all there are: else a file that lies beside the first for this is laid over it too (Compose: compose.override.yaml).</summary>
    public bool OverridesAreNamed { get; init; }

    /// <summary>Which of the environments that a file has counts (PM2: --env); null for none.</summary>
    public string? EnvironmentName { get; init; }

    /// <summary>Where paths of an nginx.conf begin that are relative and not those of included files and certificates (nginx: -p); null for the folder of the file.</summary>
    public string? Prefix { get; init; }

    /// <summary>Where paths of files begin that a haproxy.cfg names and that are relative; null for the folder of the file (HAProxy: the present folder, see default-path).</summary>
    public string? Folder { get; init; }

    /// <summary>
    /// Runs a file of JavaScript: the value that it exports as JSON, or why there is none, as the end of a sentence. Null
    /// where programs are not to be run.
    /// </summary>
    public Func<string, (string? Json, string? Failure)>? Evaluate { get; init; }

    /// <summary>Looks for the engine that runs services of images (Compose). Null where containers are not to be started.</summary>
    public Func<SwarmEngine>? Swarm { get; init; }
}

/// <summary>An engine of Docker in swarm mode, or why there is none.</summary>
/// <param name="Socket">Its Unix socket.</param>
/// <param name="Project">What the services of a file are called after that does not say it: its folder.</param>
/// <param name="WhyNot">Why it cannot run services, as a sentence; null where it can.</param>
public sealed record SwarmEngine(string Socket, string Project, string? WhyNot);
