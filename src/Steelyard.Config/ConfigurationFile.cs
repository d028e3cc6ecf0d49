using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Yaml;

namespace Steelyard.Config;

/// <summary>Reads a configuration in any of its dialects: Steelyard's own YAML, which docs/configuration.md describes, or a file of another program.</summary>
public static class ConfigurationFile
{
    // Some 60,000 pools of 10 servers; more is a device or a mistake.
    private const int MostBytes = 32 * 1024 * 1024;

    /// <summary>
    /// Reads a file. Never throws for what the file system or the file holds: a file that cannot be opened, is not
    /// UTF-8 or is larger than 32 MiB is a problem like any other.
    /// </summary>
    /// <param name="path">The file; problems name it as it is written here.</param>
    /// <param name="options">How; null for as it is.</param>
    public static ConfigurationResult Read(string path, ReadOptions? options = null)
    {
        try
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
            return Decode(ReadBytes(path), path, new(named => Beside(named, ReadBytes(Path.Combine(folder, named))), pattern => FilePatterns.Find(folder, pattern)), options ?? new());
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return Refused(new(path, ""), 0, fault switch
            {
                FileNotFoundException or DirectoryNotFoundException => "there is no such file",
                UnauthorizedAccessException => Directory.Exists(path) ? "this is a directory" : "this program may not read the file",
                _ => $"the file cannot be read ({fault.Message})",
            });
        }
    }

    /// <summary>How the files are reached that a file names.</summary>
    private sealed record Reach(Func<string, SourceText> Read, Func<string, IReadOnlyList<string>> Find);

    private static SourceText Beside(string name, ReadOnlySpan<byte> bytes) => new(name, Encoding.UTF8.GetString(bytes)) { Bytes = Utf8.IsValid(bytes) ? null : bytes.ToArray() };

    private static ReadOnlySpan<byte> ReadBytes(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        using var content = new MemoryStream();
        var buffer = new byte[64 * 1024];
        for (int count; content.Length <= MostBytes && (count = file.Read(buffer)) > 0;)
            content.Write(buffer, 0, count);
        return content.GetBuffer().AsSpan(0, (int)content.Length);
    }

    /// <summary>Reads a text; the dialect shows in the name and in the text. Never throws for what it holds. Files that it names are not read.</summary>
    /// <param name="text">The whole text; a byte order mark before it is skipped.</param>
    /// <param name="fileName">What problems call it.</param>
    public static ConfigurationResult Parse(string text, string fileName) => Parse(text, fileName, reach: null, new());

    private static ConfigurationResult Parse(string text, string fileName, Reach? reach, ReadOptions options)
    {
        var source = new SourceText(fileName, text.StartsWith('\uFEFF') ? text[1..] : text);
        if (text.Length > MostBytes)
            return Refused(source, 0, $"the file is larger than {new ByteSize(MostBytes)}");

        var problems = new ProblemList();
        var given = new DialectSource(source, reach?.Read, options, reach?.Find);
        var dialect = Dialect.Of(fileName, source.Text);
        var snapshot = dialect.Read(given, problems);
        if (dialect != Dialect.Own)
        {
            problems.Expectations.AddRange(CommentedExpectations.Of([source, .. given.Included], problems));
            snapshot = snapshot is null || problems.HasErrors ? null
                : CheckConverted(snapshot with { Expectations = problems.Expectations.Select(expectation => expectation.Value).ToValueList() }, source, problems);
        }

        return new()
        {
            Snapshot = snapshot,
            Problems = problems.InOrder(),
            Sources = [source, .. given.Included],
            Daemon = given.Daemon,
            Files = problems.Files.Select(file => new NamedFile(file.Value, SourcePlace.Of(file.Place))).ToValueList(),
            Expectations = problems.Expectations.Select(expectation => SourcePlace.Of(expectation.Place)).ToValueList(),
            Connections = problems.Connections is { } limit ? SourcePlace.Of(limit) : null,
        };
    }

    /// <summary>An engine is told by its own words what to do: what these cannot say, or refuse, no other dialect can have either.</summary>
    private static Snapshot? CheckConverted(Snapshot snapshot, SourceText source, ProblemList problems)
    {
        var converted = new ProblemList();

        // What Docker Swarm is to run is not the engine's affair.
        if ((snapshot with { Services = [] }).Equals(YamlReader.Read(new("converted", Write(snapshot)), converted)))
            return snapshot;
        var first = converted.InOrder().FirstOrDefault(problem => problem.Severity == Severity.Error);
        problems.Error(new(source, 0, 0), $"what the file says cannot be done here: {first?.Message ?? "it cannot be written in Steelyard's own words"}", first?.Expected);
        return null;
    }

    /// <summary>Writes a snapshot as a file that reads back as an equal one; settings with their default values are left out.</summary>
    /// <param name="snapshot">What is written.</param>
    /// <param name="explains">Whether a comment says of a setting what it does, where it comes first.</param>
    public static string Write(Snapshot snapshot, bool explains = false) => YamlWriter.Write(snapshot, explains);

    private static ConfigurationResult Decode(ReadOnlySpan<byte> bytes, string path, Reach reach, ReadOptions options)
    {
        if (bytes.Length > MostBytes)
            return Refused(new(path, ""), 0, $"the file is larger than {new ByteSize(MostBytes)}");
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            return Refused(new(path, ""), 0, "the file is in UTF-16", "UTF-8, which every editor can save");

        var text = Encoding.UTF8.GetString(bytes);
        if (Utf8.IsValid(bytes))
            return Parse(text, path, reach, options);

        var valid = FirstInvalid(bytes);
        var (source, offset) = (new SourceText(path, text), Encoding.UTF8.GetCharCount(bytes[..valid]));
        return Refused(source, offset, $"the byte 0x{bytes[valid]:X2} is not UTF-8", "text in UTF-8; the file may be in an older encoding such as Latin-1");
    }

    private static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (Rune.DecodeFromUtf8(bytes[at..], out _, out var length) == OperationStatus.Done)
            at += length;
        return at;
    }

    private static ConfigurationResult Refused(SourceText source, int offset, string message, string? expected = null)
    {
        var problems = new ProblemList();
        problems.Error(new(source, offset, offset), message, expected);
        return new() { Snapshot = null, Problems = problems.InOrder(), Sources = [source] };
    }
}
