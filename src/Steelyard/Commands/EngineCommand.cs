using System.CommandLine;
using Steelyard.Keeper;

namespace Steelyard.Commands;

/// <summary><c>steelyard engine</c>: what the keeper starts; of no use to anybody else.</summary>
internal static class EngineCommand
{
    public static Command Create()
    {
        var command = new Command("engine", "Serves what the keeper hands over on descriptor 3.") { Hidden = true };
        command.SetAction((_, _) => EngineHost.RunAsync());
        return command;
    }
}
