using System.Globalization;
using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Haproxy;

/// <summary>Commands that change what is served; as with the admin API it outlives reloads and engines.</summary>
internal static class ServerCommands
{
    private const int MostWeight = 256;

    public static IReadOnlyList<Command> All { get; } =
    [
        new("set server", "<bk>/<srv> [opts]", CommandLevel.Admin, "change a server's state, health, weight or address", static (desk, _, words) => SetAsync(desk, words)),
        new("set weight", "<bk>/<srv>", CommandLevel.Admin, "change a server's weight (use 'set server' instead)", static (desk, _, words) => SetWeightAsync(desk, words.ElementAtOrDefault(0), words.ElementAtOrDefault(1))),
        new("enable server", "<bk>/<srv>", CommandLevel.Admin, "enable a disabled server (use 'set server' instead)", static (desk, _, words) => SetStateAsync(desk, words.FirstOrDefault(), ServerState.Ready)),
        new("disable server", "<bk>/<srv>", CommandLevel.Admin, "disable a server for maintenance (use 'set server' instead)", static (desk, _, words) => SetStateAsync(desk, words.FirstOrDefault(), ServerState.Maintenance)),
        new("set maxconn server", "<bk>/<srv> <value>", CommandLevel.Admin, "change a server's maxconn setting", LimitServerAsync),
        new("set maxconn frontend", "<frontend> <value>", CommandLevel.Admin, "change a frontend's maxconn setting", LimitFrontendAsync),
        new("set maxconn global", "<value>", CommandLevel.Admin, "change the per-process maxconn setting", static async (desk, _, words) =>
        {
            if (words.Length == 0)
                throw new CommandException("Expects an integer value.\n");
            await desk.AdjustAsync("connections", Limit(words[0]));
            return "";
        }),
        new("shutdown sessions server", "<bk>/<srv>", CommandLevel.Admin, "kill sessions on a server", static (desk, _, words) => CutServerAsync(desk, words.FirstOrDefault())),
        new("shutdown session", "[id]", CommandLevel.Admin, "kill a specific session", static (desk, _, words) => CutSessionAsync(desk, words.FirstOrDefault())),
        new("add server", "<bk>/<srv> <addr> [weight <n>] [maxconn <n>]", CommandLevel.Admin, "create a new server, in maintenance at first", static (desk, _, words) => AddAsync(desk, words)),
        new("del server", "<bk>/<srv>", CommandLevel.Admin, "remove a server that is in maintenance", static (desk, _, words) => RemoveAsync(desk, words)),
    ];

    private static async Task<string> SetAsync(CommandDesk desk, string[] words)
    {
        const string Usage = "usage: set server <backend>/<server> addr | agent | health | state | weight\n";
        var (pool, server, _) = desk.Server(words.FirstOrDefault());
        switch (words.ElementAtOrDefault(1))
        {
            case "weight":
                return await SetWeightAsync(desk, words[0], words.ElementAtOrDefault(2));
            case "state":
                ServerState? state = words.ElementAtOrDefault(2) switch { "ready" => ServerState.Ready, "drain" => ServerState.Drain, "maint" => ServerState.Maintenance, _ => null };
                return await SetStateAsync(desk, words[0], state ?? throw new CommandException("'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n"));
            case "addr" when words.Length > 2:
                return await MoveAsync(desk, pool, server, words[2], words is [_, _, _, "port", var port] ? port : null);
            case "health":
                return await HealthCommands.SetHealthAsync(desk, words[0], words.ElementAtOrDefault(2));
            case "agent":
                return await HealthCommands.SetAgentAsync(desk, words[0], words.ElementAtOrDefault(2));
            case "agent-addr" or "agent-port" or "agent-send" or "check-addr" or "check-port" or "fqdn" or "ssl":
                throw new CommandException($"'set server {words[1]}' is not done here: the file says it, and a reload takes it up.\n");
            default:
                throw new CommandException(Usage);
        }
    }

    /// <summary>Lets a server be ready, drained or in maintenance.</summary>
    public static async Task<string> SetStateAsync(CommandDesk desk, string? path, ServerState state)
    {
        var (pool, server, status) = desk.Server(path);
        await desk.ChangeAsync(new(pool.Name, server.Address, state, status.LiveWeight));
        return "";
    }

    private static async Task<string> SetWeightAsync(CommandDesk desk, string? path, string? text)
    {
        var (pool, server, status) = desk.Server(path);
        if (string.IsNullOrEmpty(text))
            throw new CommandException("Require <weight> or <weight%>.\n");
        var percent = text.EndsWith('%');
        if (!int.TryParse(percent ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            throw new CommandException("Invalid weight string not terminated by '%'.\n");
        if (percent ? number > 100 * MostWeight : number > MostWeight)
            throw new CommandException("Absolute weight can only be between 0 and 256 inclusive.\n");
        var weight = percent ? Math.Min(((status.ConfiguredWeight * number) + 99) / 100, MostWeight) : number;
        await desk.ChangeAsync(new(pool.Name, server.Address, status.Wanted, weight));
        return "";
    }

    private static async Task<string> MoveAsync(CommandDesk desk, PoolSettings pool, ServerSettings server, string host, string? port)
    {
        if (server.Address.UnixPath is not null || !System.Net.IPAddress.TryParse(host, out _))
            throw new CommandException($"'{host}' is no IP address, or the server is on a Unix socket.\n");
        var number = server.Address.Port;
        if (port is not null && (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out number) || number is < 1 or > 65535))
            throw new CommandException("provided port is not an integer\n");
        var next = NetworkAddress.ForHost(host, number);
        if (next == server.Address)
            return "no need to change the addr, no need to change the port by 'stats socket command'\n";
        await desk.AdjustAsync("move", pool.Name, server.Address.ToString(), next.ToString());
        return $"IP changed from '{server.Address.Host}' to '{host}'{(port is null ? "" : $", port changed from '{server.Address.Port}' to '{number}'")} by 'stats socket command'\n";
    }

    private static async Task<string> LimitServerAsync(CommandDesk desk, CommandTalk talk, string[] words)
    {
        var (pool, server, _) = desk.Server(words.FirstOrDefault());
        await desk.AdjustAsync("limit", pool.Name, server.Address.ToString(), Limit(words.ElementAtOrDefault(1)));
        return "";
    }

    /// <summary>Cuts what a server has to do.</summary>
    public static Task<string> CutServerAsync(CommandDesk desk, string? path)
    {
        var (pool, server, _) = desk.Server(path);
        desk.Desk.Balancer.CutWith(pool.Name, server.Address);
        return Task.FromResult("");
    }

    private static async Task<string> CutSessionAsync(CommandDesk desk, string? id)
    {
        if (id is null)
            throw new CommandException("Session pointer expected (use 'show sess').\n");
        var digits = id.StartsWith("0x", StringComparison.Ordinal) ? id[2..] : id;
        return long.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var number) && await desk.Desk.Balancer.CutAsync(number) ? "" : throw new CommandException("No such session (use 'show sess').\n");
    }

    private static async Task<string> LimitFrontendAsync(CommandDesk desk, CommandTalk talk, string[] words)
    {
        var listeners = desk.Snapshot.Listeners.Where(listener => CommandDesk.NameOf(listener) == words.FirstOrDefault()).ToList();
        if (listeners.Count == 0)
            throw new CommandException(words.Length == 0 ? "A frontend name is expected.\n" : "No such frontend.\n");
        var limit = Limit(words.ElementAtOrDefault(1));
        foreach (var listener in listeners)
            await desk.AdjustAsync("listener", listener.Bind[0].ToString(), limit);
        return "";
    }

    private static string Limit(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 0 and <= 1_000_000
        ? limit == 0 ? "" : limit.ToString(CultureInfo.InvariantCulture)
        : throw new CommandException("Integer value expected, from 0 to 1000000.\n");

    private static async Task<string> AddAsync(CommandDesk desk, string[] words)
    {
        if (words is not [var path, var where, ..] || path.IndexOf('/', StringComparison.Ordinal) is var slash && slash < 0)
            throw new CommandException("Wrong format: add server <backend>/<server> <address>\n");
        var (pool, name) = (desk.Pool(path[..slash]), path[(slash + 1)..]);
        if (pool.Servers.Any(server => CommandDesk.NameOf(server) == name))
            throw new CommandException("Already exists a server with the same name in backend.\n");
        if (!NetworkAddress.TryParse(where, out var address, out var expected) || (address.UnixPath is null && address.Port == 0))
            throw new CommandException($"'{where}' is no address; expected {expected}.\n");
        var (weight, limit) = (1, "");
        for (var i = 2; i < words.Length; i++)
        {
            if (words[i] == "weight" && i + 1 < words.Length && int.TryParse(words[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out weight) && weight <= MostWeight)
                i++;
            else if (words[i] == "maxconn" && i + 1 < words.Length)
                limit = Limit(words[++i]);
            else if (words[i] != "enabled")
                throw new CommandException($"'{words[i]}' is not known here: weight and maxconn are.\n");
        }

        await desk.AdjustAsync("add", pool.Name, address.ToString(), name);
        await desk.ChangeAsync(new(pool.Name, address, words.Contains("enabled") ? ServerState.Ready : ServerState.Maintenance, weight == 1 ? null : weight));
        if (limit.Length > 0)
            await desk.AdjustAsync("limit", pool.Name, address.ToString(), limit);
        return "New server registered.\n";
    }

    private static async Task<string> RemoveAsync(CommandDesk desk, string[] words)
    {
        var (pool, server, status) = desk.Server(words.FirstOrDefault());
        if (status.Wanted != ServerState.Maintenance)
            throw new CommandException("Only servers in maintenance mode can be deleted.\n");
        await desk.AdjustAsync("remove", pool.Name, server.Address.ToString());
        return "Server deleted.\n";
    }
}
