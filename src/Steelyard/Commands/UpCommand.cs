using System.CommandLine;
using Steelyard.Serving;

namespace Steelyard.Commands;

/// <summary><c>steelyard up</c>: serves a configuration until it is told to stop.</summary>
internal static class UpCommand
{
    public static Command Create()
    {
        var source = ConfigurationArgument.Create();
        var watch = new Option<bool>("--watch") { Description = "Take the configuration up again whenever its file changes." };
        var command = new Command("up", "Starts the load balancer, and the apps its configuration names.") { source, watch };
        command.SetAction((parsed, _) => RunAsync(parsed.GetRequiredValue(source), parsed.GetValue(watch)));
        CommandLine.WithExamples(command,
            "steelyard up                         the steelyard.yaml of this folder",
            "steelyard up samples/quickstart      three small servers behind http://localhost:8080",
            "kill -HUP PID                        take up what the configuration says now",
            "kill -TERM PID                       stop when what is in flight has ended; once more: at once");
        return command;
    }

    private static async Task<int> RunAsync(string fileOrFolder, bool watch)
    {
        if (ConfigurationArgument.TryRead("up", fileOrFolder) is not { } configuration)
            return CommandLine.Failure;
        configuration.PrintProblems(Console.Error, toTerminal: !Console.IsErrorRedirected);
        return configuration.Result.Snapshot is { } snapshot
            ? await BalancerRun.RunAsync(configuration, snapshot, watch)
            : CommandLine.Failure;
    }
}
