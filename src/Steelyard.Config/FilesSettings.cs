namespace Steelyard.Config;

/// <summary>Files that are served without a server, to GET and HEAD (nginx: root, alias, index, try_files).</summary>
public sealed record FilesSettings
{
    /// <summary>The folder, seen from that of the configuration, to which the path is added.</summary>
    public required string Root { get; init; }

    /// <summary>The folder, made of the request, in the place of <see cref="Root"/>; null for that.</summary>
    public TextTemplate? MadeRoot { get; init; }

    /// <summary>Whether the folder is the file already, and no path is added to it. Default not (nginx: alias in a location by an expression).</summary>
    public bool Whole { get; init; }

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

    /// <summary>Whether answers have an ETag, of the second of the last change and the size. Default they have (nginx: etag).</summary>
    public bool Tagged { get; init; } = true;

    /// <summary>Whether a path that ends in a slash is answered by any file of the folder, by lot, before an index is looked for. Default not (nginx: random_index).</summary>
    public bool ByLot { get; init; }

    /// <summary>Which dates of If-Modified-Since mean that a client has the file. Default its very own (nginx: if_modified_since).</summary>
    public ModifiedSince Since { get; init; }

    /// <summary>How many ranges of a file may be asked for at once: 0 to 1,000,000, 0 for none; beyond that all of it is sent. Null, the default, for any number (nginx: max_ranges).</summary>
    public int? MostRanges { get; init; }

    /// <summary>When the compressed file beside another is sent in its place; null, the default, for never (nginx: gzip_static).</summary>
    public PackedFiles? Packed { get; init; }

    /// <summary>What a folder without any of <see cref="Index"/> looks like; null, the default, for 403 (nginx: autoindex).</summary>
    public ListingSettings? Listing { get; init; }
}

/// <summary>Which dates of If-Modified-Since mean that a client has a file.</summary>
public enum ModifiedSince
{
    /// <summary>That of its last change.</summary>
    Exact,

    /// <summary>That, and every later one.</summary>
    Before,

    /// <summary>None.</summary>
    Off,
}

/// <summary>When the file with <c>.gz</c> behind its name is sent in the place of one.</summary>
public sealed record PackedFiles
{
    /// <summary>Whether to everybody. Default only to who takes gzip (nginx: gzip_static always).</summary>
    public bool Always { get; init; }

    /// <summary>Whether answers say that they go by Accept-Encoding. Default not (nginx: gzip_vary).</summary>
    public bool Vary { get; init; }

    /// <summary>Whether to other proxies too, which say so in Via. Default not (nginx: gzip_proxied any).</summary>
    public bool Proxied { get; init; }
}

/// <summary>What the page about a folder looks like.</summary>
public sealed record ListingSettings
{
    /// <summary>Whether it is JSON. Default HTML (nginx: autoindex_format).</summary>
    public bool Json { get; init; }

    /// <summary>Whether it is XML. Default HTML (nginx: autoindex_format).</summary>
    public bool Xml { get; init; }

    /// <summary>Whether sizes are in bytes, and not in K, M and G. Default they are (nginx: autoindex_exact_size).</summary>
    public bool ExactSize { get; init; } = true;

    /// <summary>Whether times are those of this machine's zone, and not UTC. Default not (nginx: autoindex_localtime).</summary>
    public bool LocalTime { get; init; }

    /// <summary>The charset that the page is said to have; empty for none.</summary>
    public string Charset { get; init; } = "";
}

/// <summary>The type of files with an ending.</summary>
/// <param name="Ending">The ending without its dot, in small letters.</param>
/// <param name="Type">The type.</param>
public readonly record struct FileType(string Ending, string Type);
