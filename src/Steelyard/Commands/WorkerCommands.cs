using System.CommandLine;
using System.Globalization;
using Steelyard.Apps.Output;
using Steelyard.Keeper;

namespace Steelyard.Commands;

/// <summary><c>steelyard scale</c>, <c>restart</c> and <c>logs</c>: what is asked of the workers of apps while they run.</summary>
internal static class WorkerCommands
{
    public static Command CreateScale()
    {
        var wanted = new Argument<string>("POOL=N") { HelpName = "POOL=N", Description = "The pool, and how many workers it is to have: web=5, web+2 or web-1." };
        wanted.CompletionSources.Add(_ => LiveNames.Apps("="));
        wanted.Validators.Add(result =>
        {
            var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            var sign = text.AsSpan().LastIndexOfAny('=', '+', '-');
            if (sign < 1 || !int.TryParse(text.AsSpan(sign + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _))
                result.AddError($"'{text}' is not a pool and a number of workers, such as web=5, web+2 or web-1");
        });
        var command = Create("scale", "Lets an app have more or fewer workers; ends when it has.", KeeperRequestKind.Scale, parsed => parsed.GetRequiredValue(wanted), wanted);
        CommandLine.WithExamples(command,
            "steelyard scale web=5                five workers",
            "steelyard scale web+2                two more",
            "steelyard scale web-1 -c site.yaml   one fewer, of the steelyard that serves site.yaml");
        return command;
    }

    public static Command CreateRestart()
    {
        var pool = new Argument<string>("POOL") { HelpName = "POOL", Description = "The pool; all with an app when left out.", DefaultValueFactory = _ => "" };
        pool.CompletionSources.Add(_ => LiveNames.Apps());
        var command = Create("restart", "Replaces the workers of an app by new ones without losing a request; ends when they serve.", KeeperRequestKind.Restart, parsed => parsed.GetRequiredValue(pool), pool);
        CommandLine.WithExamples(command,
            "steelyard restart                    all apps, one after the other",
            "steelyard restart web && echo done   exit status 1: a new worker has failed, the old ones serve");
        return command;
    }

    public static Command CreateLogs()
    {
        var name = new Argument<string>("NAME") { HelpName = "NAME", Description = "A pool, or one worker as in web/2; all when left out.", DefaultValueFactory = _ => "*" };
        name.CompletionSources.Add(_ => LiveNames.Workers());
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what is printed from now on." };
        var lines = WholeNumber.Option("--lines", "-n", least: 0, most: 1_000_000, otherwise: 20);
        lines.Description = "How many of the last lines.";
        var times = new Option<bool>("--timestamps", "-t") { Description = "Show when each line came, in UTC." };
        var command = Create(
            "logs",
            "Shows what workers have printed.",
            KeeperRequestKind.Logs,
            parsed => $"{parsed.GetRequiredValue(name)} {parsed.GetValue(lines).ToString(CultureInfo.InvariantCulture)} {(parsed.GetValue(follow) ? "follow" : "once")}{(parsed.GetValue(times) || KeeperQuestion.WantsJson(parsed) ? " " + LogFeed.Timed : "")}",
            name,
            follow,
            lines,
            times);
        CommandLine.WithExamples(command,
            "steelyard logs                       the last 20 lines of all workers",
            "steelyard logs -f web/2              the second worker of web, and what it prints from now on",
            "steelyard logs -t                    with the time of each line",
            "steelyard logs --json | jq -r 'select(.error) | .line'");
        return command;
    }

    private static Command Create(string name, string description, KeeperRequestKind kind, Func<ParseResult, string> argument, params Symbol[] parts)
    {
        var served = new ServedOption(kind, asArgument: false);
        var command = new Command(name, description);
        foreach (var part in parts)
        {
            if (part is Argument place)
                command.Arguments.Add(place);
            else
                command.Options.Add((Option)part);
        }

        var json = KeeperQuestion.Json();
        if (kind == KeeperRequestKind.Logs)
            json.Description = "Print each line as an object of JSON, with when it came.";
        served.AddTo(command);
        command.Options.Add(json);
        command.SetAction((parsed, _) => KeeperQuestion.AskAsync(name, served.Source(parsed), kind, argument(parsed), parsed.GetValue(json)));
        return command;
    }
}
