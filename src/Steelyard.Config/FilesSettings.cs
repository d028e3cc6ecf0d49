namespace Steelyard.Config;

/// <summary>Files that are served without a server, to GET and HEAD (nginx: root, alias, index, try_files).</summary>
public sealed record FilesSettings
{
    /// <summary>The folder, seen from that of the configuration, to which the path is added.</summary>
    public required string Root { get; init; }

    /// <summary>What is taken off the front of the path before (nginx: alias); empty for nothing.</summary>
    public string Strip { get; init; } = "";

    /// <summary>The files that are looked for where a path ends in a slash; the first that is there is asked for as if the client had.</summary>
    public ValueList<string> Index { get; init; } = ["index.html"];

    /// <summary>Paths that are tried, one after the other; one that ends in a slash means a folder. None for the path alone.</summary>
    public ValueList<TextTemplate> Try { get; init; }

    /// <summary>The status where none of <see cref="Try"/> is there: 200 to 599. Default 404.</summary>
    public int ElseStatus { get; init; } = 404;

    /// <summary>Path and query that are asked for instead; null for <see cref="ElseStatus"/>.</summary>
    public TextTemplate? ElsePath { get; init; }

    /// <summary>The internal route that answers instead; null for <see cref="ElseStatus"/>.</summary>
    public string? ElseRoute { get; init; }

    /// <summary>Types of files by the endings of their names, in small letters.</summary>
    public ValueList<FileType> Types { get; init; }

    /// <summary>The type of files of any other ending.</summary>
    public string DefaultType { get; init; } = "application/octet-stream";

    /// <summary>Where a client is sent that asks for a folder without a slash at the end; null for the path with one.</summary>
    public TextTemplate? Slash { get; init; }
}

/// <summary>The type of files with an ending.</summary>
/// <param name="Ending">The ending without its dot, in small letters.</param>
/// <param name="Type">The type.</param>
public readonly record struct FileType(string Ending, string Type);
