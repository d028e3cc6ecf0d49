using Steelyard.Config;

namespace Steelyard.Haproxy;

/// <summary>Commands about the talk itself; prompt and quit are the talk's own.</summary>
internal static class TalkCommands
{
    public static IReadOnlyList<Command> All { get; } =
    [
        new("help", "[<command>]", CommandLevel.User, "list matching or all commands", (_, talk, words) => Task.FromResult(CommandDesk.Help(words, talk))),
        new("prompt", "", CommandLevel.User, "toggle interactive mode with prompt", static (_, _, _) => Task.FromResult("")),
        new("quit", "", CommandLevel.User, "disconnect", static (_, _, _) => Task.FromResult("")),
        new("user", "", CommandLevel.User, "lower the level of the current CLI session to user", (_, talk, _) => Lower(talk, CommandLevel.User)),
        new("operator", "", CommandLevel.Operator, "lower the level of the current CLI session to operator", (_, talk, _) => Lower(talk, CommandLevel.Operator)),
        new("set timeout cli", "<delay>", CommandLevel.User, "change a timeout setting", (_, talk, words) =>
        {
            if (words.Length == 0)
                throw new CommandException("Expects an integer value.\n");
            if (words is not [var text] || !int.TryParse(text.TrimEnd('s'), out var seconds) || seconds is < 1 or > 86400)
                throw new CommandException("Invalid timeout value.\n");
            talk.Patience = TimeSpan.FromSeconds(seconds);
            return Task.FromResult("");
        }),
        new("set severity-output", "[none|number|string]", CommandLevel.User, "set presence of severity level in feedback information", static (_, _, words) =>
            words is ["none"] ? Task.FromResult("") : throw new CommandException("Answers have no severity here: 'none' is all there is.\n")),
    ];

    private static Task<string> Lower(CommandTalk talk, CommandLevel level)
    {
        if (talk.Level > level)
            talk.Level = level;
        return Task.FromResult("");
    }
}
