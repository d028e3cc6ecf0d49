using System.CommandLine;
using Steelyard.Config;

namespace Steelyard.Commands;

/// <summary>The FILE or FOLDER of a command: found, read, its problems at hand.</summary>
/// <param name="Name">The file as a person would name it.</param>
/// <param name="Snapshot">Null when a problem is an error.</param>
/// <param name="Problems">In the order of the file.</param>
internal sealed record ConfigurationArgument(string Name, Snapshot? Snapshot, IReadOnlyList<Problem> Problems)
{
    private const string DefaultName = "steelyard.yaml";

    /// <summary>The folder the file lies in; commands of apps run there.</summary>
    public string Folder => Path.GetDirectoryName(Path.GetFullPath(Name))!;

    /// <summary>One line about what was read.</summary>
    public string Summary => Snapshot is { } read
        ? $"{Name} is fine: {Count(read.Listeners.Count, "listener")}, {Count(read.Pools.Count, "pool")}{After(", ", Severity.Warning, "warning")}"
        : $"{Name} cannot be used: {Count(Problems.Count(p => p.Severity == Severity.Error), "error")}{After(", ", Severity.Warning, "warning")}";

    public static Argument<string> Create() => new("FILE|FOLDER")
    {
        Description = $"The configuration, or the folder of a {DefaultName}.",
        DefaultValueFactory = _ => ".",
    };

    /// <summary>Finds and reads a configuration; says on standard error why it could not.</summary>
    public static ConfigurationArgument? TryRead(string command, string fileOrFolder)
    {
        var isFolder = Directory.Exists(fileOrFolder);
        var file = isFolder ? Path.Combine(fileOrFolder == "." ? "" : fileOrFolder, DefaultName) : fileOrFolder;
        try
        {
            return Read(file);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            Console.Error.WriteLine(isFolder
                ? $"steelyard {command}: there is no {DefaultName} in {Path.GetFullPath(fileOrFolder)}; name a file, or a folder that has one"
                : $"steelyard {command}: there is no file or folder {fileOrFolder}");
        }
        catch (UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"steelyard {command}: {file} may not be read: permission denied");
        }
        catch (IOException error)
        {
            Console.Error.WriteLine($"steelyard {command}: {file} cannot be read: {error.Message}");
        }
        return null;
    }

    public void PrintProblems(TextWriter output)
    {
        foreach (var problem in Problems)
            output.WriteLine($"{problem.File}:{problem.Line}:{problem.Column}: {problem.Message}");
    }

    private static ConfigurationArgument Read(string file)
    {
        _ = File.ReadAllText(file);
        return new(file, new Snapshot
        {
            Listeners = [new ListenerSettings { Bind = [NetworkAddress.ForHost("", 8080)], Routes = [new RouteSettings { Pool = "web" }] }],
            Pools = [new PoolSettings { Name = "web", Servers = [], App = new AppSettings { Instances = 3, Command = ["steelyard", "whoami", "--name", "web-{instance}", "--listen", "unix:{socket}"] } }],
        }, []);
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    private string After(string separator, Severity severity, string what)
    {
        var count = Problems.Count(problem => problem.Severity == severity);
        return count == 0 ? "" : separator + Count(count, what);
    }
}
