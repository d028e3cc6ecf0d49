namespace Steelyard.Config;

/// <summary>What reading a configuration gave.</summary>
public sealed record ConfigurationResult
{
    /// <summary>The configuration; null exactly when one of <see cref="Problems"/> is an error.</summary>
    public required Snapshot? Snapshot { get; init; }

    /// <summary>Everything that was found, errors and warnings, in the order of file, line and column.</summary>
    public required ValueList<Problem> Problems { get; init; }

    /// <summary>The texts that were read, for showing problems in their lines.</summary>
    public required ValueList<SourceText> Sources { get; init; }
}
