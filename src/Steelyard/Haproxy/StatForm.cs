using System.Net;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Haproxy;

/// <summary>What is changed by the page of statistics: HAProxy's form, its actions, and what it says of them behind <c>;st=</c>.</summary>
/// <param name="desk">What does it.</param>
internal sealed class StatForm(CommandDesk desk)
{
    /// <summary>The actions, with what the page calls them.</summary>
    public static IReadOnlyList<(string Action, string Title)> Actions { get; } =
    [
        ("ready", "Set state to READY"),
        ("drain", "Set state to DRAIN"),
        ("maint", "Set state to MAINT"),
        ("dhlth", "Health: disable checks"),
        ("ehlth", "Health: enable checks"),
        ("hrunn", "Health: force UP"),
        ("hnolb", "Health: force NOLB"),
        ("hdown", "Health: force DOWN"),
        ("dagent", "Agent: disable checks"),
        ("eagent", "Agent: enable checks"),
        ("arunn", "Agent: force UP"),
        ("adown", "Agent: force DOWN"),
        ("shutdown", "Kill Sessions"),
    ];

    private static readonly (string Word, string Sentence)[] s_told =
    [
        ("DONE", "Action processed successfully."),
        ("NONE", "Nothing has changed."),
        ("PART", "Action partially processed."),
        ("ERRP", "Action not processed because of invalid parameters: the action is perhaps unknown, or there is no such backend."),
        ("EXCD", "Action not processed: the form is larger than 8 KiB, or did not come whole."),
        ("DENY", "Action denied."),
    ];

    /// <summary>What the page says of an action that was asked for before; null for nothing.</summary>
    public static string? Told(string target)
    {
        var at = target.IndexOf(";st=", StringComparison.Ordinal);
        return at < 0 ? null : Array.Find(s_told, told => target.AsSpan(at + 4).StartsWith(told.Word, StringComparison.Ordinal)).Sentence ?? "Unexpected result.";
    }

    /// <summary>Does what a form says.</summary>
    /// <returns>What comes of it, in one of HAProxy's words.</returns>
    public async Task<string> DoAsync(string form, ValueList<string> scope)
    {
        string? action = null, backend = null;
        List<string> servers = [];
        foreach (var pair in form.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var value = WebUtility.UrlDecode(equals < 0 ? "" : pair[(equals + 1)..]);
            switch (equals < 0 ? pair : pair[..equals])
            {
                case "action":
                    action = value;
                    break;
                case "b":
                    backend = value;
                    break;
                case "s":
                    servers.Add(value);
                    break;
            }
        }

        var pool = desk.Snapshot.Pools.FirstOrDefault(pool => pool.Name == backend || "#" + desk.Stats.Numbers()[pool.Name] == backend);
        if (pool is null || !Actions.Any(known => known.Action == action) || (scope.Count > 0 && !scope.Contains(pool.Name)))
            return servers.Count == 0 && backend is null && action is null ? "NONE" : "ERRP";
        var changed = 0;
        foreach (var server in servers)
        {
            try
            {
                _ = await DoAsync($"{pool.Name}/{server}", action!);
                changed++;
            }
            catch (CommandException)
            {
                // There is none, or nothing to change; the others are done all the same.
            }
        }

        return servers.Count == 0 ? "NONE" : changed == 0 ? "ERRP" : changed == servers.Count ? "DONE" : "PART";
    }

    private Task<string> DoAsync(string server, string action) => action switch
    {
        "ready" => ServerCommands.SetStateAsync(desk, server, ServerState.Ready),
        "drain" => ServerCommands.SetStateAsync(desk, server, ServerState.Drain),
        "maint" => ServerCommands.SetStateAsync(desk, server, ServerState.Maintenance),
        "shutdown" => ServerCommands.CutServerAsync(desk, server),
        "dhlth" => HealthCommands.TellAsync(desk, server, ServerWord.ChecksOff),
        "ehlth" => HealthCommands.TellAsync(desk, server, ServerWord.ChecksOn),
        "hrunn" => HealthCommands.TellAsync(desk, server, ServerWord.Up),
        "hnolb" => ServerCommands.SetStateAsync(desk, server, ServerState.Drain),
        "hdown" => HealthCommands.TellAsync(desk, server, ServerWord.Down),
        "dagent" => HealthCommands.TellAsync(desk, server, ServerWord.AgentOff),
        "eagent" => HealthCommands.TellAsync(desk, server, ServerWord.AgentOn),
        "arunn" => HealthCommands.TellAsync(desk, server, ServerWord.AgentUp),
        _ => HealthCommands.TellAsync(desk, server, ServerWord.AgentDown),
    };
}
