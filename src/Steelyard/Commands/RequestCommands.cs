using System.CommandLine;
using Steelyard.Keeper;

namespace Steelyard.Commands;

/// <summary><c>steelyard reload</c> and <c>steelyard upgrade</c>: ask the running <c>steelyard up</c> of a configuration, and say what became of it.</summary>
internal static class RequestCommands
{
    public static Command CreateReload()
    {
        var command = Create("reload", "Lets the running 'steelyard up' of a configuration take up what its file says now.", KeeperRequestKind.Reload);
        CommandLine.WithExamples(command,
            "steelyard reload                     the one that serves the steelyard.yaml of this folder",
            "steelyard reload site.yaml && echo done");
        return command;
    }

    public static Command CreateUpgrade()
    {
        var command = Create("upgrade", "Lets the running 'steelyard up' of a configuration put the engine of the installed program in the place of its own.", KeeperRequestKind.Upgrade);
        CommandLine.WithExamples(command,
            "install -m 755 steelyard /usr/local/bin/steelyard && steelyard upgrade /etc/steelyard/steelyard.yaml");
        return command;
    }

    private static Command Create(string name, string description, KeeperRequestKind kind)
    {
        var source = ConfigurationArgument.Create();
        var command = new Command(name, description) { source };
        command.SetAction(async (parsed, _) =>
        {
            if (ConfigurationArgument.TryFind(name, parsed.GetRequiredValue(source)) is not { } file)
                return CommandLine.Failure;
            if (await ControlSocket.AskAsync(file, kind) is { } status)
                return status;
            await Console.Error.WriteLineAsync($"steelyard {name}: no 'steelyard up' of this user serves {Path.GetFullPath(file)}");
            return CommandLine.Failure;
        });
        return command;
    }
}
