using Steelyard.Config;

namespace Steelyard.Haproxy;

/// <summary>Commands that change frontends; what they say outlives reloads, as with servers. Who has connected is served until its request has ended.</summary>
internal static class FrontendCommands
{
    public static IReadOnlyList<Command> All { get; } =
    [
        new("enable frontend", "<frontend>", CommandLevel.Admin, "re-enable specific frontend", static (desk, _, words) => EnableAsync(desk, words.FirstOrDefault())),
        new("disable frontend", "<frontend>", CommandLevel.Admin, "temporarily disable specific frontend", static (desk, _, words) => DisableAsync(desk, words.FirstOrDefault())),
        new("shutdown frontend", "<frontend>", CommandLevel.Admin, "stop a specific frontend", static (desk, _, words) => ShutAsync(desk, words.FirstOrDefault())),
        new("set maxconn frontend", "<frontend> <value>", CommandLevel.Admin, "change a frontend's maxconn setting", static (desk, _, words) => LimitAsync(desk, words)),
    ];

    private static Task<string> EnableAsync(CommandDesk desk, string? name)
    {
        var listeners = Find(desk, name);
        return listeners[0].Serving switch
        {
            ListenerServing.Closed => throw new CommandException("Frontend was previously shut down, cannot enable.\n"),
            ListenerServing.Open => throw new CommandException("All sockets are already enabled.\n"),
            _ => SetAsync(desk, listeners, "open"),
        };
    }

    private static Task<string> DisableAsync(CommandDesk desk, string? name)
    {
        var listeners = Find(desk, name);
        return listeners[0].Serving switch
        {
            ListenerServing.Closed => throw new CommandException("Frontend was previously shut down, cannot disable.\n"),
            ListenerServing.Paused => throw new CommandException("All sockets are already disabled.\n"),
            _ => SetAsync(desk, listeners, "paused"),
        };
    }

    private static Task<string> ShutAsync(CommandDesk desk, string? name)
    {
        var listeners = Find(desk, name);
        return listeners[0].Serving == ListenerServing.Closed ? throw new CommandException("Frontend was already shut down.\n") : SetAsync(desk, listeners, "closed");
    }

    private static async Task<string> SetAsync(CommandDesk desk, List<ListenerSettings> listeners, string serving)
    {
        foreach (var listener in listeners)
            await desk.AdjustAsync("serving", listener.Bind[0].ToString(), serving);
        return "";
    }

    private static async Task<string> LimitAsync(CommandDesk desk, string[] words)
    {
        var listeners = Find(desk, words.FirstOrDefault());
        var limit = ServerCommands.Limit(words.Length > 1 ? words[1] : throw new CommandException("Integer value expected.\n"));
        foreach (var listener in listeners)
            await desk.AdjustAsync("listener", listener.Bind[0].ToString(), limit);
        return "";
    }

    private static List<ListenerSettings> Find(CommandDesk desk, string? name)
    {
        if (name is null)
            throw new CommandException("A frontend name is expected.\n");
        var listeners = desk.Snapshot.Listeners.Where(listener => CommandDesk.NameOf(listener) == name).ToList();
        return listeners.Count > 0 ? listeners : throw new CommandException("No such frontend.\n");
    }
}
