using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Haproxy;

/// <summary>Commands about who is asked how a server does. What they say does not outlive the engine.</summary>
internal static class HealthCommands
{
    private const string NoAgent = "agent checks are not enabled on this server.\n";

    public static IReadOnlyList<Command> All { get; } =
    [
        new("enable health", "<bk>/<srv>", CommandLevel.Admin, "enable health checks", static (desk, _, words) => TellAsync(desk, words.FirstOrDefault(), ServerWord.ChecksOn)),
        new("disable health", "<bk>/<srv>", CommandLevel.Admin, "disable health checks", static (desk, _, words) => TellAsync(desk, words.FirstOrDefault(), ServerWord.ChecksOff)),
        new("enable agent", "<bk>/<srv>", CommandLevel.Admin, "enable agent checks", static (desk, _, words) => TellAsync(desk, words.FirstOrDefault(), ServerWord.AgentOn)),
        new("disable agent", "<bk>/<srv>", CommandLevel.Admin, "disable agent checks", static (desk, _, words) => TellAsync(desk, words.FirstOrDefault(), ServerWord.AgentOff)),
    ];

    /// <summary>Does what <c>set server ... health</c> says.</summary>
    public static Task<string> SetHealthAsync(CommandDesk desk, string server, string? word) => word switch
    {
        "up" => TellAsync(desk, server, ServerWord.Up),
        "down" => TellAsync(desk, server, ServerWord.Down),

        // It keeps whom it has: what is wanted of it then is the same.
        "stopping" => ServerCommands.SetStateAsync(desk, server, ServerState.Drain),
        _ => throw new CommandException("'set server <srv> health' expects 'up', 'stopping', or 'down'.\n"),
    };

    /// <summary>Does what <c>set server ... agent</c> says.</summary>
    public static Task<string> SetAgentAsync(CommandDesk desk, string server, string? word) => word switch
    {
        "up" => TellAsync(desk, server, ServerWord.AgentUp),
        "down" => TellAsync(desk, server, ServerWord.AgentDown),
        _ => throw new CommandException("'set server <srv> agent' expects 'up' or 'down'.\n"),
    };

    /// <summary>Lets the engine take an operator's word.</summary>
    /// <exception cref="CommandException">There is nothing that it could be about.</exception>
    public static async Task<string> TellAsync(CommandDesk desk, string? path, ServerWord word)
    {
        var (pool, server, _) = desk.Server(path);
        if (word == ServerWord.ChecksOn && pool.HealthOf(server) is null)
            throw new CommandException("Health check was not configured on this server, cannot enable.\n");
        var hasAgent = pool.Agent is not null && server.AgentPort != 0;
        if (word == ServerWord.AgentOn && !hasAgent)
            throw new CommandException("Agent was not configured on this server, cannot enable.\n");
        if (word is ServerWord.AgentUp or ServerWord.AgentDown && !hasAgent)
            throw new CommandException(NoAgent);
        return await desk.Desk.Balancer.TellAsync(pool.Name, server.Address, word) ? "" : throw new CommandException("No such server.\n");
    }
}
