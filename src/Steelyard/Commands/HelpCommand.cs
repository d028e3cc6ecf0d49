using System.CommandLine;
using System.CommandLine.Completions;

namespace Steelyard.Commands;

/// <summary><c>steelyard help drain</c>: what <c>steelyard drain --help</c> says, as git and docker have it.</summary>
internal static class HelpCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("COMMAND") { Description = "The command; an overview when left out.", HelpName = "COMMAND", Arity = ArgumentArity.ZeroOrOne };
        name.CompletionSources.Add(_ => CommandLine.CommandNames.Select(known => new CompletionItem(known)));
        name.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var asked }] && !CommandLine.Has(asked))
                result.AddError(CommandLine.NoCommand(asked));
        });
        var command = new Command("help", "Shows what there is, or all about one command.") { name };
        command.SetAction(parsed => CommandLine.CreateRoot().Parse(parsed.GetValue(name) is { } asked ? [asked, "--help"] : ["--help"]).Invoke());
        CommandLine.WithExamples(command, "steelyard help drain", "steelyard help");
        return command;
    }
}
