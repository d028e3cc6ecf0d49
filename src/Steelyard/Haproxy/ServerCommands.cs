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
        new("set maxconn global", "<value>", CommandLevel.Admin, "change the per-process maxconn setting", static async (desk, _, words) =>
        {
            if (words.Length == 0)
                throw new CommandException("Expects an integer value.\n");
            await desk.AdjustAsync("connections", Limit(words[0]));
            return "";
        }),
        .. ((string[])["connections", "sessions"]).Select(what => new Command($"set rate-limit {what} global", "<value>", CommandLevel.Admin, "change the rate limiting value", static async (desk, _, words) =>
        {
            if (words.Length == 0)
                throw new CommandException("Expects an integer value.\n");
            await desk.AdjustAsync("pace", Limit(words[0]) is { Length: > 0 } most ? most : "0");
            return "";
        })),
        new("shutdown sessions server", "<bk>/<srv>", CommandLevel.Admin, "kill sessions on a server", static (desk, _, words) => CutServerAsync(desk, words.FirstOrDefault())),
        new("shutdown session", "[id]", CommandLevel.Admin, "kill a specific session", static (desk, _, words) => CutSessionAsync(desk, words.FirstOrDefault())),
        new("add server", "<bk>/<srv> <addr> [weight <n>] [maxconn <n>] [backup]", CommandLevel.Admin, "create a new server, in maintenance at first", static (desk, _, words) => AddAsync(desk, words)),
        new("del server", "<bk>/<srv>", CommandLevel.Admin, "remove a server that is in maintenance", static (desk, _, words) => RemoveAsync(desk, words)),
    ];

    private static async Task<string> SetAsync(CommandDesk desk, string[] words)
    {
        const string Usage = "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | check-addr | check-port | fqdn | health | ssl | state | weight\n";
        var (pool, server, _) = desk.Server(words.FirstOrDefault());
        switch (words.ElementAtOrDefault(1))
        {
            case "weight":
                return await SetWeightAsync(desk, words[0], words.ElementAtOrDefault(2));
            case "state":
                ServerState? state = words.ElementAtOrDefault(2) switch { "ready" => ServerState.Ready, "drain" => ServerState.Drain, "maint" => ServerState.Maintenance, _ => null };
                return await SetStateAsync(desk, words[0], state ?? throw new CommandException("'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n"));
            case "addr" when words.Length > 2:
                return await MoveAsync(desk, pool, server, words[2], words is [_, _, _, "port", ..] ? words.ElementAtOrDefault(4) ?? "" : null);
            case "addr":
                throw new CommandException("set server <b>/<s> addr requires an address and optionally a port.\n");
            case "fqdn" when words.Length < 3:
                throw new CommandException("set server <b>/<s> fqdn requires a FQDN.\n");
            case "fqdn" when System.Net.IPAddress.TryParse(server.Address.Host, out _):
                throw new CommandException("set server <b>/<s> fqdn failed because no resolution is configured.\n");
            case "ssl" when (server.Tls ?? pool.Tls) is null:
                throw new CommandException("'set server <srv> ssl' cannot be set.  default-server should define ssl settings\n");
            case "agent-addr" or "agent-port" when pool.Agent is null:
                throw new CommandException("agent checks are not enabled on this server");
            case "agent-send" when pool.Agent is null:
                throw new CommandException("agent checks are not enabled on this server.\n");
            case "health":
                return await HealthCommands.SetHealthAsync(desk, words[0], words.ElementAtOrDefault(2));
            case "agent":
                return await HealthCommands.SetAgentAsync(desk, words[0], words.ElementAtOrDefault(2));
            case "fqdn":
                return await RenameAsync(desk, pool, server, words[2]);
            case "check-addr" or "check-port" when pool.HealthOf(server) is null:
                throw new CommandException("health checks are not enabled on this server");
            case "check-addr" when words.Length > 2:
                return await CheckAtAsync(desk, pool, server, words[2], words is [_, _, _, "port", ..] ? words.ElementAtOrDefault(4) ?? "" : "");
            case "check-port" when words.Length > 2:
                return await CheckAtAsync(desk, pool, server, "", words[2]);
            case "check-addr":
                throw new CommandException("set server <b>/<s> check-addr requires an address and optionally a port.\n");
            case "check-port":
                throw new CommandException("set server <b>/<s> check-port requires a port.\n");
            case "agent-addr" or "agent-port" or "agent-send" or "ssl":
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
            throw new CommandException(char.IsAsciiDigit(text[0]) ? "Trailing garbage in weight string.\n" : "Empty weight string empty or preceded by garbage");
        if (percent ? number > 100 * MostWeight : number > MostWeight)
            throw new CommandException("Absolute weight can only be between 0 and 256 inclusive.\n");
        var weight = percent ? Math.Min(status.ConfiguredWeight * number / 100, MostWeight) : number;
        await desk.ChangeAsync(new(pool.Name, server.Address, status.Wanted, weight));
        return "";
    }

    private static async Task<string> MoveAsync(CommandDesk desk, PoolSettings pool, ServerSettings server, string host, string? port)
    {
        const string By = " by 'stats socket command'\n";
        if (server.Address.UnixPath is not null || !System.Net.IPAddress.TryParse(host, out _))
            throw new CommandException($"Invalid addr '{host}'{By}");
        var number = server.Address.Port;
        var told = host == server.Address.Host ? "no need to change the addr" : $"IP changed from '{server.Address.Host}' to '{host}'";
        if (port is not null && (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out number) || number is < 1 or > 65535))
            throw new CommandException($"{told}, problem converting port '{port}' to an int{By}");
        if (port is not null)
            told += number == server.Address.Port ? ", no need to change the port" : $", port changed from '{server.Address.Port}' to '{number}'";
        var next = NetworkAddress.ForHost(host, number);
        if (next != server.Address)
            await desk.AdjustAsync("move", pool.Name, server.Address.ToString(), next.ToString());
        return told + By;
    }

    private static async Task<string> CheckAtAsync(CommandDesk desk, PoolSettings pool, ServerSettings server, string host, string port)
    {
        if (host.Length > 0 && !System.Net.IPAddress.TryParse(host, out _))
            throw new CommandException($"invalid addr '{host}'");
        if (port.Length > 0 && !long.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            throw new CommandException("provided port is not an integer");
        if (port.Length > 0 && (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 65535))
            throw new CommandException("provided port is invalid");
        await desk.AdjustAsync("check", pool.Name, server.Address.ToString(), host, port);
        return "";
    }

    private static async Task<string> RenameAsync(CommandDesk desk, PoolSettings pool, ServerSettings server, string name)
    {
        if (!NetworkAddress.TryParse($"{name}:{server.Address.Port}", out var next, out _) || !next.HasName)
            throw new CommandException($"Could not update {pool.Name}/{CommandDesk.NameOf(server)} FQDN: '{name}' is no name.\n");
        if (next != server.Address)
            await desk.AdjustAsync("move", pool.Name, server.Address.ToString(), next.ToString());
        return $"{pool.Name}/{CommandDesk.NameOf(server)} changed its FQDN from {server.Address.Host} to {next.Host} by 'stats socket command'\n";
    }

    private static async Task<string> LimitServerAsync(CommandDesk desk, CommandTalk talk, string[] words)
    {
        var (pool, server, _) = desk.Server(words.FirstOrDefault());
        if (words.Length < 2)
            throw new CommandException("Require <maxconn>.\n");
        if (!char.IsAsciiDigit(words[1].FirstOrDefault()))
            throw new CommandException("maxconn string empty or preceded by garbage");
        await desk.AdjustAsync("limit", pool.Name, server.Address.ToString(), Limit(words[1]));
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
        var digits = id is null ? "" : id.StartsWith("0x", StringComparison.Ordinal) ? id[2..] : id;
        if (!long.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var number))
            throw new CommandException("Session pointer expected (use 'show sess').\n");
        return await desk.Desk.Balancer.CutAsync(number) ? "" : throw new CommandException("No such session (use 'show sess').\n");
    }

    /// <summary>A number of connections, as the keeper reads it; nothing for 0.</summary>
    /// <exception cref="CommandException">It is none.</exception>
    public static string Limit(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 0 and <= 1_000_000
        ? limit == 0 ? "" : limit.ToString(CultureInfo.InvariantCulture)
        : throw new CommandException("Integer value expected, from 0 to 1000000.\n");

    private static async Task<string> AddAsync(CommandDesk desk, string[] words)
    {
        if (words is not [var path, var where, ..] || path.IndexOf('/', StringComparison.Ordinal) is var slash && slash < 0)
            throw new CommandException("Require 'backend/server'.");
        var pool = desk.Snapshot.Pools.FirstOrDefault(pool => pool.Name == path[..slash]) ?? throw new CommandException("No such backend.");
        var name = path[(slash + 1)..];
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
            else if (words[i] is not ("enabled" or "disabled" or "check" or "backup"))
                throw new CommandException($"'{words[i]}' is not known here: weight, maxconn, backup, check, enabled and disabled are; the rest is as in the file.\n");
        }

        await desk.AdjustAsync("add", pool.Name, address.ToString(), name, words.Contains("backup") ? "backup" : "");
        await desk.ChangeAsync(new(pool.Name, address, words.Contains("enabled") ? ServerState.Ready : ServerState.Maintenance, weight == 1 ? null : weight));
        if (limit.Length > 0)
            await desk.AdjustAsync("limit", pool.Name, address.ToString(), limit);
        return "New server registered.\n";
    }

    private static async Task<string> RemoveAsync(CommandDesk desk, string[] words)
    {
        var (pool, server, status) = desk.Server(words.FirstOrDefault());
        if (status.Wanted != ServerState.Maintenance)
            throw new CommandException("Only servers in maintenance mode can be deleted.");
        await desk.AdjustAsync("remove", pool.Name, server.Address.ToString());
        return "Server deleted.";
    }
}
