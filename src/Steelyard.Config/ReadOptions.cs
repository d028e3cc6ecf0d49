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

    /// <summary>
    /// Runs a file of JavaScript: the value that it exports as JSON, or why there is none, as the end of a sentence. Null
    /// where programs are not to be run.
    /// </summary>
    public Func<string, (string? Json, string? Failure)>? Evaluate { get; init; }
}
