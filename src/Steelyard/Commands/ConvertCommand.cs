using System.CommandLine;
using Steelyard.Config;

namespace Steelyard.Commands;

/// <summary><c>steelyard convert</c>: writes any configuration in Steelyard's own dialect.</summary>
internal static class ConvertCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("FILE") { DefaultValueFactory = _ => ".", Description = "A configuration in any dialect, such as haproxy.cfg." };
        var to = new Option<string>("--to") { Description = "What to write.", DefaultValueFactory = _ => "yaml" };
        to.AcceptOnlyFromAmong("yaml");
        var command = new Command("convert", "Writes a configuration as Steelyard's own YAML, to standard output, with comments on what its settings do, and on what has no effect in it or is probably not meant; the latter goes to standard error too.") { source, to };
        var reading = new ReadingOptions(command, source);
        command.SetAction(parsed => Run(reading.TryRead("convert", parsed)));
        CommandLine.WithExamples(command, "steelyard convert haproxy.cfg --to yaml > steelyard.yaml");
        return command;
    }

    private static int Run(ConfigurationArgument? read)
    {
        if (read is not { } configuration)
            return CommandLine.Failure;
        configuration.PrintProblems(Console.Error, toTerminal: !Console.IsErrorRedirected);
        if (configuration.Result.Snapshot is not { } snapshot)
        {
            Console.Error.WriteLine(configuration.Summary);
            return CommandLine.Failure;
        }

        Console.WriteLine($"# Converted from {Path.GetFileName(configuration.Name)} by 'steelyard convert'; docs/configuration.md explains every key.");
        foreach (var problem in configuration.Result.Problems)
            Console.WriteLine($"# {Path.GetFileName(problem.File)}:{problem.Line}: {problem.Message.ReplaceLineEndings(" ")}");
        Console.Write(ConfigurationFile.Write(snapshot, explains: true));
        return CommandLine.Success;
    }
}
