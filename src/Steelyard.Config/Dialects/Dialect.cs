using Steelyard.Config.Compose;
using Steelyard.Config.Drafts;
using Steelyard.Config.Haproxy;
using Steelyard.Config.Nginx;
using Steelyard.Config.Pm2;
using Steelyard.Config.Yaml;

namespace Steelyard.Config.Dialects;

/// <summary>A language that configurations are written in.</summary>
/// <param name="Name">How messages call it.</param>
/// <param name="Recognizes">Whether a file is written in it, by its name (without folder) and what it says.</param>
/// <param name="Read">Reads a text into a snapshot; null when anything was reported as an error.</param>
internal sealed record Dialect(string Name, Func<string, string, bool> Recognizes, Func<DialectSource, ProblemList, Snapshot?> Read)
{
    /// <summary>Steelyard's own.</summary>
    public static Dialect Own { get; } = new("Steelyard's YAML", (_, _) => true, (source, problems) => YamlReader.Read(source.Text, problems));

    /// <summary>Every dialect. The first that recognizes a file reads it; the last takes all that is left.</summary>
    public static IReadOnlyList<Dialect> All { get; } =
    [
        new("haproxy.cfg", HaproxyReader.Recognizes, HaproxyReader.Read),
        new("Compose's file", ComposeReader.Recognizes, ComposeReader.Read),
        new("PM2's ecosystem file", EcosystemReader.Recognizes, EcosystemReader.Read),
        new("nginx.conf", NginxReader.Recognizes, NginxReader.Read),
        Own,
    ];

    /// <summary>The dialect of a file.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="text">What it says.</param>
    public static Dialect Of(string path, string text)
    {
        var name = Path.GetFileName(path);
        return All.First(dialect => dialect.Recognizes(name, text));
    }
}

/// <summary>What a reader is given: a text, and a way to the files it names.</summary>
/// <param name="text">The text.</param>
/// <param name="readFile">Reads a file beside it, by the path of which what is relative begins at the folder of the text; null where files are not read.</param>
/// <param name="options">What the caller wants of it.</param>
/// <param name="findFiles">Finds the files that a pattern with asterisks means, in the order of their names; null where files are not read.</param>
internal sealed class DialectSource(SourceText text, Func<string, SourceText>? readFile, ReadOptions options, Func<string, IReadOnlyList<string>>? findFiles = null)
{
    private readonly List<SourceText> _included = [];

    /// <summary>The text.</summary>
    public SourceText Text { get; } = text;

    /// <summary>What the caller wants of it.</summary>
    public ReadOptions Options { get; } = options;

    /// <summary>Where relative paths begin; null for the folder of the text.</summary>
    public string? Folder { get; set; } = options.Folder;

    /// <summary>A path as it is looked for.</summary>
    public string PathOf(string path) => Folder is null ? path : Path.Combine(Folder, path);

    /// <summary>Whether files that the text names are read.</summary>
    public bool CanReadFiles => readFile is not null;

    /// <summary>What the text says of the process itself.</summary>
    public DaemonSettings Daemon { get; } = new();

    /// <summary>The files that were read beside it, for showing problems in their lines.</summary>
    public IReadOnlyList<SourceText> Included => _included;

    /// <summary>Reads a file that need not be there; null where it is not, or cannot be read.</summary>
    /// <param name="path">The file, from the folder of the text where it is relative.</param>
    public SourceText? ReadIfThere(string path)
    {
        try
        {
            var read = readFile?.Invoke(PathOf(path));
            if (read is not null)
                _included.Add(read);
            return read;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>The files that a pattern means, in the order of their names; none where files are not read.</summary>
    /// <param name="pattern">The path, in which <c>*</c> stands for anything and <c>?</c> for one character.</param>
    public IReadOnlyList<string> FindFiles(string pattern) => findFiles?.Invoke(PathOf(pattern)) ?? [];

    /// <summary>Reads a file that the text names; reports what is wrong with it where it is named.</summary>
    /// <param name="path">The file, from the folder of the text where it is relative.</param>
    /// <param name="place">Where it is named.</param>
    /// <param name="problems">Where problems go.</param>
    public SourceText? ReadFile(string path, Place place, ProblemList problems)
    {
        if (readFile is null)
        {
            problems.Error(place, "other files are not read here");
            return null;
        }

        try
        {
            var read = readFile(PathOf(path));
            _included.Add(read);
            return read;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            problems.Error(place, fault is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : $"the file cannot be read ({fault.Message})");
            return null;
        }
    }

    /// <summary>Reads the files that a text names by a path, or by a pattern, which may mean none.</summary>
    /// <param name="pattern">The path, in which <c>*</c> stands for anything and <c>?</c> for one character.</param>
    /// <param name="place">Where it is named.</param>
    /// <param name="problems">Where problems go.</param>
    public IReadOnlyList<SourceText> ReadFiles(string pattern, Place place, ProblemList problems)
    {
        var names = pattern.AsSpan().ContainsAny("*?") && findFiles is not null ? FindFiles(pattern) : [pattern];
        List<SourceText> read = [];
        foreach (var name in names)
        {
            if (ReadFile(name, place, problems) is { } file)
                read.Add(file);
        }

        return read;
    }
}
