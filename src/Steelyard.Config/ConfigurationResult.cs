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

    /// <summary>The files that the configuration names and that are read when it is put to use, each with its place.</summary>
    public ValueList<NamedFile> Files { get; init; }

    /// <summary>Where each of <see cref="Snapshot.Expectations"/> stands, in their order.</summary>
    public ValueList<SourcePlace> Expectations { get; init; }

    /// <summary>Where it says how many connections there may be, for whoever knows how many there can be; null where it does not.</summary>
    public SourcePlace? Connections { get; init; }

    /// <summary>How the program is to be a service, for the names under which it is another program.</summary>
    public DaemonSettings Daemon { get; init; } = new();
}

/// <summary>What a file of another program says of the process itself.</summary>
public sealed record DaemonSettings
{
    /// <summary>Whether it leaves its terminal (HAProxy: daemon).</summary>
    public bool Detach { get; set; }

    /// <summary>Where the number of the process is written; null for nowhere (HAProxy: pidfile).</summary>
    public string? PidFile { get; set; }
}

/// <summary>A file that a configuration names.</summary>
/// <param name="Name">As it is written there.</param>
/// <param name="Place">Where it does.</param>
public sealed record NamedFile(string Name, SourcePlace Place);

/// <summary>A stretch of a text.</summary>
/// <param name="Source">The text.</param>
/// <param name="Start">Where it begins, in UTF-16 units.</param>
/// <param name="End">Behind it.</param>
public sealed record SourcePlace(SourceText Source, int Start, int End)
{
    internal static SourcePlace Of(Drafts.Place place) => new(place.Source, place.Start, place.End);

    /// <summary>Says in this place what is wrong.</summary>
    public Problem Problem(Severity severity, string message, string? expected = null)
    {
        var problems = new Drafts.ProblemList();
        var place = new Drafts.Place(Source, Start, End);
        if (severity == Severity.Error)
            problems.Error(place, message, expected);
        else
            problems.Warn(place, message, expected);
        return problems.InOrder()[0];
    }
}
