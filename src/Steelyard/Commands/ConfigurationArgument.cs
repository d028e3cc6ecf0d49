using System.CommandLine;
using System.CommandLine.Parsing;
using Steelyard.Admin;
using Steelyard.Config;
using Steelyard.Docker;
using Steelyard.Engine;
using Steelyard.Explain;
using Steelyard.Shared;

namespace Steelyard.Commands;

/// <summary>The FILE or FOLDER of a command, found and read.</summary>
/// <param name="Name">The file as a person would name it.</param>
/// <param name="Result">What reading it gave.</param>
internal sealed record ConfigurationArgument(string Name, ConfigurationResult Result)
{
    private const string DefaultName = "steelyard.yaml";

    // Its own first, then what says by its name alone what it is.
    private static readonly string[] s_names =
    [
        DefaultName,
        "ecosystem.config.js", "ecosystem.config.cjs", "ecosystem.config.mjs", "ecosystem.config.json", "ecosystem.json", "ecosystem.config.yml", "ecosystem.config.yaml",
        "compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml",
    ];

    /// <summary>The folder the file lies in; commands of apps run there.</summary>
    public string Folder => Path.GetDirectoryName(Path.GetFullPath(Name))!;

    /// <summary>The file, and those that it was read from besides.</summary>
    public IReadOnlyList<string> Files => [Name, .. Result.Sources.AsEnumerable().Skip(1).Select(source => Path.Combine(Folder, source.FileName))];

    /// <summary>One line about what was read.</summary>
    public string Summary => Result.Snapshot is { } read
        ? $"{Name} is fine: {Count(read.Listeners.Count, "listener")}, {Count(read.Pools.Count, "pool")}{Warnings}"
        : $"{Name} cannot be used: {Count(CountOf(Severity.Error), "error")}{Warnings}";

    private string Warnings => CountOf(Severity.Warning) is > 0 and var count ? $", {Count(count, "warning")}" : "";

    public static Argument<string> Create() => new("FILE|FOLDER")
    {
        Description = $"The configuration, or the folder of a {DefaultName}, an ecosystem.config.js or a compose.yaml.",
        DefaultValueFactory = _ => ".",
        Validators = { RefuseOptions },
    };

    /// <summary>Tells of an option that there is not: the parser would take it for the name of a file.</summary>
    public static void RefuseOptions(ArgumentResult result)
    {
        if (result.Tokens is [{ Value: ['-', ..] option }, ..])
            result.AddError($"'{option}' is no option of this command");
    }

    /// <summary>How it was read, and is read again.</summary>
    public ReadOptions Options { get; init; } = new();

    /// <summary>What is made of what it says; null for nothing.</summary>
    public Func<Snapshot, Snapshot>? Change { get; private init; }

    /// <summary>Finds and reads a configuration; null, and a line on standard error, when there is none.</summary>
    /// <param name="command">The command, for the line.</param>
    /// <param name="fileOrFolder">What it was told.</param>
    /// <param name="options">How it is read; null for as it is.</param>
    /// <param name="json">Whether it is said in JSON too, when there is none.</param>
    public static ConfigurationArgument? TryRead(string command, string fileOrFolder, ReadOptions? options = null, bool json = false)
    {
        if (TryFind(command, fileOrFolder, json) is not { } file)
            return null;
        options = (options ?? new()) with { Evaluate = NodeEvaluation.Run, Swarm = () => SwarmDeployment.Find(file) };
        return new ConfigurationArgument(file, ConfigurationFile.Read(file, options)) { Options = options }.WithFiles();
    }

    /// <summary>Reads the same again; null, and a line on standard error, when it has gone.</summary>
    public ConfigurationArgument? ReadAgain(string command) => TryRead(command, Name, Options)?.With(Change);

    /// <summary>The same with something else made of what it says.</summary>
    /// <param name="change">What; null for nothing.</param>
    public ConfigurationArgument With(Func<Snapshot, Snapshot>? change) =>
        change is null ? this : this with { Change = change, Result = Result with { Snapshot = Result.Snapshot is { } snapshot ? change(snapshot) : null } };

    /// <summary>The same with errors in the place of warnings.</summary>
    public ConfigurationArgument Strict() => CountOf(Severity.Warning) == 0 ? this : this with
    {
        Result = Result with
        {
            Snapshot = null,
            Problems = Result.Problems.Select(problem => problem.Severity == Severity.Warning ? problem with { Severity = Severity.Error } : problem).ToValueList(),
        },
    };

    /// <summary>Finds a configuration; null, and a line on standard error, when there is none.</summary>
    /// <param name="command">The command, for the line.</param>
    /// <param name="fileOrFolder">What it was told.</param>
    /// <param name="json">Whether it is said in JSON too.</param>
    public static string? TryFind(string command, string fileOrFolder, bool json = false)
    {
        if (Find(fileOrFolder) is { } file)
            return file;

        CommandLine.Fail(command, NothingAt(fileOrFolder), json);
        return null;
    }

    /// <summary>That there is no configuration, for a person: a file whose name does not say what it is has to be named.</summary>
    public static string NothingAt(string fileOrFolder) => Directory.Exists(fileOrFolder)
        ? $"there is no {DefaultName} in {Path.GetFullPath(fileOrFolder)}; name a file, or a folder that has one"
        : $"there is no file or folder {fileOrFolder}";

    /// <summary>The file that a file or folder means; null when there is none.</summary>
    public static string? Find(string fileOrFolder)
    {
        if (!Directory.Exists(fileOrFolder))
            return File.Exists(fileOrFolder) ? fileOrFolder : null;
        return s_names.Select(name => fileOrFolder == "." ? name : Path.Combine(fileOrFolder, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>The configuration of this folder; null when there is none.</summary>
    public static string? InThisFolder => Find(".");

    /// <summary>Reads the files that the configuration names, as its use will: what is wrong with them is shown where they are named.</summary>
    private ConfigurationArgument WithFiles()
    {
        if (Result.Snapshot is not { } snapshot)
            return this;
        var problems = Result.Problems.AsEnumerable().ToList();
        var files = new TlsFiles(Folder);
        foreach (var found in files.Check(snapshot, DateTimeOffset.UtcNow))
            Report(found.Name, found.Severity, found.Message, found.Expected);

        if (snapshot.Admin?.TokenFile is { } token)
        {
            if (AdminToken.TryRead(Folder, token, out var mistake) is null)
                Report(token, Severity.Error, mistake, AdminToken.Expected);
            else if (files.IsOpenToAll(token))
                Report(token, Severity.Warning, "every user of this machine may read the token", TlsFiles.SecretExpected);
        }

        if (snapshot.Shared?.PasswordFile is { } secret)
        {
            if (RedisPassword.TryRead(Folder, secret, out var mistake) is null)
                Report(secret, Severity.Error, mistake, RedisPassword.Expected);
            else if (files.IsOpenToAll(secret))
                Report(secret, Severity.Warning, "every user of this machine may read the password", TlsFiles.SecretExpected);
        }

        if (Result.Connections is { } place && snapshot.Limits.Connections is { } wanted && LoadBalancer.ConnectionsByDescriptors is var most && wanted > most)
            problems.Add(place.Problem(Severity.Warning, $"{wanted} connections are more than the descriptors of this shell suffice for: {most}, a client and a server each", "a smaller number, or more descriptors (ulimit -n; LimitNOFILE in a unit)"));

        problems.AddRange(ExpectationCheck.Run(Result, Folder, DateTimeOffset.UtcNow));
        return this with
        {
            Result = Result with
            {
                Snapshot = problems.Exists(problem => problem.Severity == Severity.Error) ? null : snapshot,
                Problems = problems.Distinct().OrderBy(problem => problem.Line).ThenBy(problem => problem.Column).ToValueList(),
            },
        };

        void Report(string name, Severity severity, string message, string? expected)
        {
            foreach (var named in Result.Files.AsEnumerable().Where(named => named.Name == name))
                problems.Add(named.Place.Problem(severity, $"{name}: {message}", expected));
        }
    }

    public void PrintProblems(TextWriter output, bool toTerminal) =>
        ProblemPrinter.Print(output, Result, colour: toTerminal && Environment.GetEnvironmentVariable("NO_COLOR") is null or "");

    /// <summary>The same, line by line.</summary>
    public IReadOnlyList<string> ProblemLines
    {
        get
        {
            using var writer = new StringWriter();
            PrintProblems(writer, toTerminal: false);
            return writer.ToString().TrimEnd('\n').Split('\n');
        }
    }

    private int CountOf(Severity severity) => Result.Problems.Count(problem => problem.Severity == severity);

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
