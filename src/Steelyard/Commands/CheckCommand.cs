using System.CommandLine;

namespace Steelyard.Commands;

/// <summary><c>steelyard check</c>: every problem of a configuration, compiler-style, and a summary.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var source = ConfigurationArgument.Create();
        var strict = new Option<bool>("--strict") { Description = "Warnings count as errors." };
        var command = new Command("check", "Finds what is wrong with a configuration, and what is probably not meant. Exit status 0: it can be used.") { source, strict };
        var reading = new ReadingOptions(command, source);
        command.SetAction(parsed => Run(reading.TryRead("check", parsed), parsed.GetValue(strict)));
        CommandLine.WithExamples(command,
            "steelyard check                      the steelyard.yaml of this folder",
            "steelyard check --strict haproxy.cfg   in a pipeline: ends with 1 where there is a warning",
            "steelyard check new.yaml && mv new.yaml steelyard.yaml");
        return command;
    }

    private static int Run(ConfigurationArgument? read, bool strict)
    {
        if (read is not { } configuration)
            return CommandLine.Failure;
        if (strict)
            configuration = configuration.Strict();
        configuration.PrintProblems(Console.Out, toTerminal: !Console.IsOutputRedirected);
        Console.WriteLine(configuration.Summary);
        return configuration.Result.Snapshot is null ? CommandLine.Failure : CommandLine.Success;
    }
}
