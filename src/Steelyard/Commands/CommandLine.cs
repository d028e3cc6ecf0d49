using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Steelyard.Admin;
using Steelyard.Config.Text;

namespace Steelyard.Commands;

/// <summary>The tree of commands, and what they share: exit statuses, parse errors, examples under the help.</summary>
internal static class CommandLine
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int Misuse = 2;

    public static async Task<int> RunAsync(string[] args)
    {
        var parsed = CreateRoot().Parse(args);
        if (parsed.Errors.Count > 0)
            return ReportMisuse(parsed);

        // Commands that drain register their own signals; the library's time limit would end them after two seconds.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    /// <summary>What a person may call.</summary>
    public static IEnumerable<string> CommandNames => CreateRoot().Subcommands.Where(known => !known.Hidden).Select(known => known.Name);

    /// <summary>Whether there is a command of a name.</summary>
    public static bool Has(string command) => CreateRoot().Subcommands.Any(known => known.Name == command || known.Aliases.Contains(command));

    /// <summary>That there is no command of a name, for a person, and which may have been meant.</summary>
    public static string NoCommand(string name) =>
        $"there is no command '{name}'; {(new NameSuggestions().Nearest(name, CommandNames) is { } near ? $"did you mean '{near}'?" : "'steelyard help' shows all")}";

    public static RootCommand CreateRoot()
    {
        var root = new RootCommand("Steelyard is a load balancer for Linux: one program, one file to configure it.")
        {
            UpCommand.Create(),
            CheckCommand.Create(),
            ConvertCommand.Create(),
            ExplainCommand.Create(),
            SimulateCommand.Create(),
            RequestCommands.CreateReload(),
            RequestCommands.CreateUpgrade(),
            RequestCommands.CreateStop(),
            TopCommand.Create(),
            CompletionCommand.Create(),
            HelpCommand.Create(),
            RunCommand.Create(),
            WorkerCommands.CreateScale(),
            WorkerCommands.CreateRestart(),
            WorkerCommands.CreateLogs(),
            WhyCommand.Create(),
            WhoamiCommand.Create(),
            EngineCommand.Create(),
            HiddenCommands.CreateGuard(),
            HiddenCommands.CreateLaunch(),
        };
        foreach (var command in AdminCommands.All())
            root.Subcommands.Add(command);
        WithExamples(root,
            "steelyard up samples/quickstart      balance http://localhost:8080 over three servers",
            "steelyard check steelyard.yaml       find what is wrong with a configuration",
            "steelyard status                     what the running one does",
            "steelyard help drain                 more of one command",
            "steelyard whoami --listen :9001      a server to try a configuration against");
        return root;
    }

    /// <summary>Says on standard error why a command has come to nothing; with <c>--json</c> on standard output too, for whoever parses that.</summary>
    /// <param name="command">The command.</param>
    /// <param name="detail">Why.</param>
    /// <param name="json">Whether JSON is wanted.</param>
    /// <param name="lines">More of it; null for nothing.</param>
    /// <param name="status">What the admin API answered; 0 for nothing.</param>
    /// <returns>The exit status.</returns>
    public static int Fail(string command, string detail, bool json, IReadOnlyList<string>? lines = null, int status = 0)
    {
        Console.Error.WriteLine($"steelyard {command}: {detail}");
        foreach (var line in lines ?? [])
            Console.Error.WriteLine(line);
        if (json)
            WriteProblem(detail, lines, status);
        return Failure;
    }

    /// <summary>Says in JSON why a command has come to nothing.</summary>
    public static void WriteProblem(string detail, IReadOnlyList<string>? lines = null, int status = 0) => Console.WriteLine(JsonSerializer.Serialize(
        new ProblemView(status == 0 ? "Failed" : ReasonPhrases.GetReasonPhrase(status), status, detail, lines),
        AdminJson.Readable.ProblemView));

    /// <summary>Puts examples under a command's help.</summary>
    public static void WithExamples(Command command, params string[] examples)
    {
        var help = command.Options.OfType<HelpOption>().FirstOrDefault();
        if (help is null)
            command.Options.Add(help = new HelpOption());

        // Where paths begin with a slash these are paths, and nobody wants them completed.
        foreach (var alias in (string[])["/h", "/?"])
            help.Aliases.Remove(alias);
        if (help.Action is HelpAction plain)
            help.Action = new HelpWithExamples(plain, examples);
    }

    // The library would print the whole help, and on standard output, where a script expects the command's answer.
    private static int ReportMisuse(ParseResult parsed)
    {
        if (parsed.CommandResult.Command.Options.Any(option => option.Name == "--json") && parsed.Tokens.Any(token => token.Value == "--json"))
            WriteProblem(string.Join("; ", parsed.Errors.Select(error => error.Message)));
        var isRoot = parsed.CommandResult.Command is RootCommand;
        if (parsed.Action is ParseErrorAction report)
            report.ShowHelp = isRoot && parsed.Tokens.Count == 0;
        if (isRoot && parsed.UnmatchedTokens is [[not '-', ..] unknown, ..])
            Console.Error.WriteLine(NoCommand(unknown));
        else
            parsed.Invoke(new InvocationConfiguration { Output = Console.Error, Error = Console.Error });
        var command = parsed.CommandResult.Command is RootCommand ? "steelyard" : $"steelyard {parsed.CommandResult.Command.Name}";
        Console.Error.WriteLine($"Try '{command} --help'.");
        return Misuse;
    }

    private sealed class HelpWithExamples(HelpAction plain, string[] examples) : SynchronousCommandLineAction
    {
        // Who asks for help need not have given what the command requires.
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var status = plain.Invoke(parseResult);
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var example in examples)
                output.WriteLine($"  {example}");
            return status;
        }
    }
}
