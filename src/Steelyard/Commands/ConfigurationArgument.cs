using System.CommandLine;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Commands;

/// <summary>The FILE or FOLDER of a command, found and read.</summary>
/// <param name="Name">The file as a person would name it.</param>
/// <param name="Result">What reading it gave.</param>
internal sealed record ConfigurationArgument(string Name, ConfigurationResult Result)
{
    private const string DefaultName = "steelyard.yaml";

    /// <summary>The folder the file lies in; commands of apps run there.</summary>
    public string Folder => Path.GetDirectoryName(Path.GetFullPath(Name))!;

    /// <summary>One line about what was read.</summary>
    public string Summary => Result.Snapshot is { } read
        ? $"{Name} is fine: {Count(read.Listeners.Count, "listener")}, {Count(read.Pools.Count, "pool")}{Warnings}"
        : $"{Name} cannot be used: {Count(CountOf(Severity.Error), "error")}{Warnings}";

    private string Warnings => CountOf(Severity.Warning) is > 0 and var count ? $", {Count(count, "warning")}" : "";

    public static Argument<string> Create() => new("FILE|FOLDER")
    {
        Description = $"The configuration, or the folder of a {DefaultName}.",
        DefaultValueFactory = _ => ".",
    };

    /// <summary>Finds and reads a configuration; null, and a line on standard error, when there is none.</summary>
    public static ConfigurationArgument? TryRead(string command, string fileOrFolder) =>
        TryFind(command, fileOrFolder) is { } file ? new ConfigurationArgument(file, ConfigurationFile.Read(file)).WithCertificates() : null;

    /// <summary>Finds a configuration; null, and a line on standard error, when there is none.</summary>
    public static string? TryFind(string command, string fileOrFolder)
    {
        var isFolder = Directory.Exists(fileOrFolder);
        var file = !isFolder ? fileOrFolder : fileOrFolder == "." ? DefaultName : Path.Combine(fileOrFolder, DefaultName);
        if (File.Exists(file))
            return file;

        Console.Error.WriteLine(isFolder
            ? $"steelyard {command}: there is no {DefaultName} in {Path.GetFullPath(fileOrFolder)}; name a file, or a folder that has one"
            : $"steelyard {command}: there is no file or folder {fileOrFolder}");
        return null;
    }

    /// <summary>Reads the certificates that the configuration names, as its use will: what is wrong with them is shown where they are named.</summary>
    private ConfigurationArgument WithCertificates()
    {
        if (Result.Snapshot is not { } snapshot)
            return this;
        var problems = Result.Problems.AsEnumerable().ToList();
        foreach (var found in new TlsFiles(Folder).Check(snapshot, DateTimeOffset.UtcNow))
        {
            foreach (var named in Result.Files.AsEnumerable().Where(named => named.Name == found.Name))
                problems.Add(named.Problem(found.Severity, $"{found.Name}: {found.Message}", found.Expected));
        }

        return this with
        {
            Result = Result with
            {
                Snapshot = problems.Exists(problem => problem.Severity == Severity.Error) ? null : snapshot,
                Problems = problems.Distinct().OrderBy(problem => problem.Line).ThenBy(problem => problem.Column).ToValueList(),
            },
        };
    }

    public void PrintProblems(TextWriter output, bool toTerminal) =>
        ProblemPrinter.Print(output, Result, colour: toTerminal && Environment.GetEnvironmentVariable("NO_COLOR") is null or "");

    private int CountOf(Severity severity) => Result.Problems.Count(problem => problem.Severity == severity);

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
