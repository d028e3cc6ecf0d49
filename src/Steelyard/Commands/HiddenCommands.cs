using System.CommandLine;
using Steelyard.Apps;

namespace Steelyard.Commands;

/// <summary>What the keeper starts beside the engine; of no use to anybody else.</summary>
internal static class HiddenCommands
{
    public static Command CreateGuard()
    {
        var command = new Command(Guard.Word, "Ends the workers that a keeper leaves behind.") { Hidden = true };
        command.SetAction((_, _) => Guard.RunAsync());
        return command;
    }

    public static Command CreateLaunch()
    {
        var tasks = new Argument<string>("TASKS");
        var words = new Argument<string[]>("PROGRAM");
        var command = new Command(Launcher.Word, "Takes on limits and a user, and becomes a worker.") { tasks, words };
        command.Hidden = true;
        command.SetAction(parsed => Launcher.Run(parsed.GetRequiredValue(tasks), parsed.GetRequiredValue(words)));
        return command;
    }
}
