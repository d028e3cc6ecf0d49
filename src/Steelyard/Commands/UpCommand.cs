using System.CommandLine;
using Steelyard.Keeper;

namespace Steelyard.Commands;

/// <summary><c>steelyard up</c>: serves a configuration until it is told to stop.</summary>
internal static class UpCommand
{
    public static Command Create()
    {
        var source = ConfigurationArgument.Create();
        var watch = new Option<bool>("--watch") { Description = "Take the configuration up again whenever its file changes." };
        var single = new Option<bool>("--single") { Description = "Serve in this process, without an engine of its own: for debugging." };
        var command = new Command("up", "Starts the load balancer, and the apps its configuration names.") { source, watch, single };
        var reading = new ReadingOptions(command, source);
        command.SetAction((parsed, _) => RunAsync(reading.TryRead("up", parsed), new(parsed.GetValue(watch), parsed.GetValue(single))));
        CommandLine.WithExamples(command,
            "steelyard up                         the steelyard.yaml of this folder",
            "steelyard up ecosystem.config.js --env production   PM2's file as it is",
            "steelyard up -f compose.yaml -f local.yaml           a Compose file, and one over it",
            "steelyard up samples/quickstart      three small servers behind http://localhost:8080",
            "kill -HUP PID                        take up what the configuration says now, as 'steelyard reload' does",
            "kill -USR2 PID                       put the engine of the installed program in place, as 'steelyard upgrade' does",
            "kill -TERM PID                       stop when what is in flight has ended; once more: at once");
        return command;
    }

    private static async Task<int> RunAsync(ConfigurationArgument? read, UpOptions options)
    {
        if (read is not { } configuration)
            return CommandLine.Failure;
        configuration.PrintProblems(Console.Error, toTerminal: !Console.IsErrorRedirected);
        return configuration.Result.Snapshot is { } snapshot
            ? await KeeperRun.RunAsync(configuration, snapshot, options)
            : CommandLine.Failure;
    }
}
