using System.Collections;
using Steelyard.Config;

namespace Steelyard.Haproxy;

/// <summary>Commands about what is settled when the configuration is taken up: they say what to do instead, or only look.</summary>
internal static class SettledCommands
{
    private const string OfRates = "That rate has no limit here: 'set rate-limit connections global' has.\n";
    private const string OfInside = "What HAProxy has inside Steelyard has not: 'show info', 'show activity' and the admin API tell how it does.\n";

    public static IReadOnlyList<Command> All { get; } =
    [
        new("show env", "[var]", CommandLevel.Operator, "dump environment variables known to the process", static (_, _, words) => Task.FromResult(Environment(words.FirstOrDefault()))),
        .. ((string[])["set rate-limit ssl-sessions global", "set rate-limit http-compression global"]).Select(name => Instead(name, OfRates)),
        .. ((string[])["show pools", "show profiling", "show resolvers", "show peers", "show threads", "show libs", "show fd", "show sched"]).Select(name => Instead(name, OfInside)),
    ];

    private static Command Instead(string name, string what) =>
        new(name, "", CommandLevel.Operator, "not done here; says what is instead", (_, _, _) => Task.FromException<string>(new CommandException(what)));

    private static string Environment(string? name)
    {
        var lines = System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(variable => name is null || (string)variable.Key == name)
            .Select(variable => $"{variable.Key}={variable.Value}\n")
            .Order(StringComparer.Ordinal)
            .ToList();
        return lines.Count == 0 && name is not null ? throw new CommandException("Variable not found\n") : string.Concat(lines);
    }
}
