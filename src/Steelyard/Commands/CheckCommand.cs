using System.CommandLine;

namespace Steelyard.Commands;

/// <summary><c>steelyard check</c>: every problem of a configuration, compiler-style, and a summary.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var source = ConfigurationArgument.Create();
        var command = new Command("check", "Finds what is wrong with a configuration. Exit status 0: it can be used.") { source };
        var reading = new ReadingOptions(command, source);
        command.SetAction(parsed => Run(reading.TryRead("check", parsed)));
        CommandLine.WithExamples(command,
            "steelyard check                      the steelyard.yaml of this folder",
            "steelyard check new.yaml && mv new.yaml steelyard.yaml");
        return command;
    }

    private static int Run(ConfigurationArgument? read)
    {
        if (read is not { } configuration)
            return CommandLine.Failure;
        configuration.PrintProblems(Console.Out, toTerminal: !Console.IsOutputRedirected);
        Console.WriteLine(configuration.Summary);
        return configuration.Result.Snapshot is null ? CommandLine.Failure : CommandLine.Success;
    }
}
