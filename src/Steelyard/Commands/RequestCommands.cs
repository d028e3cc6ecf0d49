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

    public static Command CreateStop()
    {
        var (served, json) = (new ServedOption(KeeperRequestKind.Stop, asArgument: true), KeeperQuestion.Json());
        var now = new Option<bool>("--now") { Description = "Cut what is in flight." };
        var command = new Command("stop", "Ends the running 'steelyard up' of a configuration when what is in flight has ended, and waits for that.") { now, json };
        served.AddTo(command);
        command.SetAction((parsed, _) => KeeperQuestion.AskAsync("stop", served.Source(parsed), KeeperRequestKind.Stop, parsed.GetValue(now) ? "now" : "", parsed.GetValue(json)));
        CommandLine.WithExamples(command,
            "steelyard stop                       the one that serves the steelyard.yaml of this folder",
            "steelyard stop site.yaml --now       exit status 1: something was cut");
        return command;
    }

    private static Command Create(string name, string description, KeeperRequestKind kind)
    {
        var (served, json) = (new ServedOption(kind, asArgument: true), KeeperQuestion.Json());
        var command = new Command(name, description) { json };
        served.AddTo(command);
        command.SetAction((parsed, _) => KeeperQuestion.AskAsync(name, served.Source(parsed), kind, "", parsed.GetValue(json)));
        return command;
    }
}
