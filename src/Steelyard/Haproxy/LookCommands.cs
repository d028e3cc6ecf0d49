using System.Globalization;
using System.Text;
using Steelyard.Admin;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Haproxy;

/// <summary>Commands that look.</summary>
internal static class LookCommands
{
    public static IReadOnlyList<Command> All { get; } =
    [
        new("show stat", "[<proxy> <kind> <server>] [json|no-maint|typed|up]*", CommandLevel.User, "report counters for each proxy and server", ShowStat),
        new("show info", "[json|typed]*", CommandLevel.User, "report information about the running process", ShowInfo),
        new("show servers state", "[<backend>]", CommandLevel.User, "dump volatile server information (all or for a single backend)", ShowServersState),
        new("show servers conn", "[<backend>]", CommandLevel.User, "dump server connections status (all or for a single backend)", ShowServersConnections),
        new("show backend", "", CommandLevel.User, "list backends in the current running config", static (desk, _, _) => Task.FromResult("# name\n" + string.Concat(desk.Snapshot.Pools.Select(pool => pool.Name + "\n")))),
        new("show version", "", CommandLevel.User, "show version of the current process", static (_, _, _) => Task.FromResult($"2.6.0-steelyard-{AdminLook.ProgramVersion}\n")),
        new("show cli level", "", CommandLevel.User, "display the level of the current CLI session", static (_, talk, _) => Task.FromResult(talk.Level.ToString().ToLowerInvariant() + "\n")),
        new("show cli sockets", "", CommandLevel.Admin, "dump list of cli sockets", static (desk, _, _) => Task.FromResult("# socket lvl processes\n" + string.Concat(desk.Snapshot.Admin!.CommandSockets.Select(socket => $"{(socket.Address.UnixPath is { } path ? "unix@" + path : "ipv4@" + socket.Address)} {socket.Level.ToString().ToLowerInvariant()} all\n")))),
        new("show sess", "", CommandLevel.Operator, "report the list of current sessions", ShowSessions),
        new("show errors", "", CommandLevel.Operator, "report last request and/or response errors for each proxy", ShowErrors),
        new("show activity", "", CommandLevel.Operator, "show per-thread activity stats (for support/developers)", ShowActivity),
        new("get weight", "<bk>/<srv>", CommandLevel.User, "report a server's current weight", static (desk, _, words) =>
        {
            var (_, _, status) = desk.Server(words.FirstOrDefault());
            return Task.FromResult($"{status.Weight} (initial {status.ConfiguredWeight})\n");
        }),
        new("clear counters", "[all]", CommandLevel.Operator, "clear max statistics counters (or all counters)", static (desk, talk, words) =>
        {
            if (words is ["all"] && talk.Level < CommandLevel.Admin)
                throw new CommandException("Permission denied\n");
            desk.Stats.Clear(words is ["all"]);
            return Task.FromResult("");
        }),
    ];

    private static Task<string> ShowStat(CommandDesk desk, CommandTalk talk, string[] words)
    {
        var (proxy, kinds, server) = (-1, -1, -1);
        if (words.Length >= 3 && int.TryParse(words[1], out kinds) && int.TryParse(words[2], out server) && !int.TryParse(words[0], out proxy))
            proxy = desk.Stats.Numbers().TryGetValue(words[0], out var number) ? number : throw new CommandException("No such proxy.\n");
        else if (words.Length < 3)
            (kinds, server) = (-1, -1);
        var rows = desk.Stats.Chosen(proxy, kinds, server);
        if (words.Contains("up") || words.Contains("no-maint"))
            rows = Without(rows, words.Contains("up"), desk.Stats.Rows());
        return Task.FromResult(words.Contains("typed") ? StatText.Typed(rows) : words.Contains("json") ? StatText.Json(rows) : StatText.Csv(rows));
    }

    // As HAProxy then says of backends how many of their servers are up.
    private static IEnumerable<StatTable.Row> Without(IEnumerable<StatTable.Row> rows, bool onlyUp, List<StatTable.Row> all)
    {
        foreach (var row in rows)
        {
            var status = row.Values["status"];
            if (row.Kind == 'S' && (status == "MAINT" || (onlyUp && status == "DOWN")))
                continue;
            var servers = row.Kind == 'B' ? all.FindAll(other => other.Kind == 'S' && other.Proxy == row.Proxy) : [];
            if (row.Kind == 'B')
                row.Values["status"] = string.Create(CultureInfo.InvariantCulture, $"{status} ({servers.Count(server => server.Values["status"] is not ("MAINT" or "DOWN"))}/{servers.Count})");
            yield return row;
        }
    }

    private static Task<string> ShowInfo(CommandDesk desk, CommandTalk talk, string[] words)
    {
        var (counters, up, limit) = (desk.Desk.Balancer.Counters, DateTimeOffset.UtcNow - desk.Desk.Since, desk.Snapshot.Limits.Connections);
        var sum = desk.Stats.Rows().Where(row => row.Kind == 'F').ToList();
        Dictionary<string, string> values = new(StringComparer.Ordinal)
        {
            ["Name"] = "HAProxy",
            ["Version"] = $"2.6.0-steelyard-{AdminLook.ProgramVersion}",
            ["Build info"] = $"2.6.0-steelyard-{AdminLook.ProgramVersion}",
            ["Release_date"] = "2022/05/31",
            ["Nbthread"] = Text(Loops(desk)),
            ["Nbproc"] = "1",
            ["Process_num"] = "1",
            ["Pid"] = Text(Environment.ProcessId),
            ["Uptime"] = $"{up.Days}d {up.Hours}h{up.Minutes:00}m{up.Seconds:00}s",
            ["Uptime_sec"] = Text((long)up.TotalSeconds),
            ["Start_time_sec"] = Text(desk.Desk.Since.ToUnixTimeSeconds()),
            ["Maxconn"] = Text(limit ?? 0),
            ["Hard_maxconn"] = Text(limit ?? 0),
            ["CurrConns"] = Text(counters.OpenConnections),
            ["CumConns"] = Text(counters.Connections),
            ["CumReq"] = Text(counters.Requests),
            ["CumSslConns"] = Text(counters.TlsHandshakes),
            ["ConnRate"] = Sum("conn_rate"),
            ["MaxConnRate"] = Sum("conn_rate_max"),
            ["SessRate"] = Sum("rate"),
            ["MaxSessRate"] = Sum("rate_max"),
            ["Tasks"] = Text(counters.OpenConnections),
            ["Idle_pct"] = "100",
            ["node"] = Environment.MachineName,
            ["Jobs"] = Text(counters.OpenConnections),
            ["Listeners"] = Text(desk.Snapshot.Listeners.Sum(listener => listener.Bind.Count) + desk.Snapshot.Admin!.CommandSockets.Count),
            ["DroppedLogs"] = Text(counters.LogLinesDropped),
            ["FailedResolutions"] = Text(desk.Desk.Balancer.Unresolved.Count),
            ["TotalBytesOut"] = Sum("bout"),
        };
        return Task.FromResult(words.Contains("typed") ? StatText.TypedInfo(values) : words.Contains("json") ? StatText.JsonInfo(values) : string.Concat(StatTag.Info.Select(one => $"{one.Name}: {values.GetValueOrDefault(one.Name, "0")}\n")));

        string Sum(string column) => Text(sum.Sum(row => long.Parse(row.Values[column], CultureInfo.InvariantCulture)));
    }

    private static Task<string> ShowServersState(CommandDesk desk, CommandTalk talk, string[] words)
    {
        var numbers = desk.Stats.Numbers();
        var text = new StringBuilder("1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n");
        foreach (var (pool, server, number, status) in Servers(desk, words))
        {
            var since = desk.Desk.History.Of(pool.Name, server.Address, DateTimeOffset.UtcNow).Changes is [.., var last] ? DateTimeOffset.UtcNow - last.At : DateTimeOffset.UtcNow - desk.Desk.Since;
            var (address, name) = System.Net.IPAddress.TryParse(server.Address.Host, out _) ? (server.Address.Host, "-") : (server.Address.UnixPath is null ? "-" : "unix", server.Address.UnixPath is null ? server.Address.Host : "-");
            var health = pool.HealthOf(server);
            text.Append(CultureInfo.InvariantCulture, $"{numbers[pool.Name]} {pool.Name} {number} {CommandDesk.NameOf(server)} {address} {ServerText.OperationalState(status)} {ServerText.AdministrativeState(status, server)} {status.Weight} {status.ConfiguredWeight} {(long)since.TotalSeconds} {ServerText.CheckNumber(status, health)} {(!status.Asked ? 0 : status.Up ? 3 : 2)} {ServerText.CheckHealth(status, health)} {(status.Asked ? 6 : 0) | (status.State == Balancing.ServerState.Maintenance ? 8 : 0)} {(pool.Agent is null ? 0 : 3)} 0 0 {name} {server.Address.Port} - {((server.Tls ?? pool.Tls) is null ? 0 : 1)} {health?.Port ?? 0} - - {server.AgentPort ?? pool.Agent?.Port ?? 0}\n");
        }

        return Task.FromResult(text.ToString());
    }

    private static Task<string> ShowServersConnections(CommandDesk desk, CommandTalk talk, string[] words)
    {
        var numbers = desk.Stats.Numbers();
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[{Loops(desk)}]\n"));
        var none = string.Concat(Enumerable.Repeat(" 0", Loops(desk)));
        foreach (var (pool, server, number, status) in Servers(desk, words))
            text.Append(CultureInfo.InvariantCulture, $"{pool.Name}/{CommandDesk.NameOf(server)} {numbers[pool.Name]}/{number} {(server.Address.UnixPath is null ? server.Address.Host : "unix")} {server.Address.Port} - {(long)desk.Snapshot.Timeouts.ServerIdle.TotalMilliseconds} {status.Active} {desk.Desk.History.Of(pool.Name, server.Address, DateTimeOffset.UtcNow).PeakActive} {status.Active} 0 0 -1 0{none}\n");
        return Task.FromResult(text.ToString());
    }

    private static IEnumerable<(PoolSettings Pool, ServerSettings Server, int Number, ServerStatus Status)> Servers(CommandDesk desk, string[] words)
    {
        var statuses = desk.Desk.Balancer.Servers;
        var pools = words is [var one, ..] ? [desk.Snapshot.Pools.FirstOrDefault(pool => pool.Name == one) ?? throw new CommandException("Can't find backend.\n")] : desk.Snapshot.Pools.AsEnumerable();
        foreach (var pool in pools)
        {
            var number = 0;
            foreach (var server in pool.Servers.AsEnumerable())
            {
                number++;
                foreach (var status in statuses)
                {
                    if (status.Pool == pool.Name && status.Address == server.Address)
                        yield return (pool, server, number, status);
                }
            }
        }
    }

    private static async Task<string> ShowSessions(CommandDesk desk, CommandTalk talk, string[] words)
    {
        var text = new StringBuilder();
        var names = desk.Snapshot.Listeners.ToDictionary(listener => listener.Bind[0].ToString(), CommandDesk.NameOf);
        foreach (var connection in await desk.Desk.Balancer.ConnectionsAsync(10_000))
        {
            var server = connection is { Pool: { } pool, Server: { } address } && desk.Snapshot.Pools.FirstOrDefault(one => one.Name == pool)?.Servers.FirstOrDefault(one => one.Address.ToString() == address) is { } known ? CommandDesk.NameOf(known) : connection.Server ?? "<none>";
            text.Append(CultureInfo.InvariantCulture, $"0x{connection.Number:x12}: proto={(connection.Client is null ? "unix_stream" : "tcpv4")} src={connection.Client ?? "unix:1"} fe={names.GetValueOrDefault(connection.Listener, connection.Listener)} be={connection.Pool ?? "<NONE>"} srv={server} ts=00 age={(long)connection.Age.TotalSeconds}s calls={connection.Requests} state={connection.State.ToString().ToLowerInvariant()}\n");
        }

        return text.ToString();
    }

    private static Task<string> ShowErrors(CommandDesk desk, CommandTalk talk, string[] words)
    {
        var errors = desk.Desk.Balancer.RecentErrors;
        var text = new StringBuilder($"Total events captured on [{DateTime.Now.ToString("dd/MMM/yyyy:HH:mm:ss.fff", CultureInfo.InvariantCulture)}] : {errors.Count}\n");
        foreach (var error in errors)
            text.Append(CultureInfo.InvariantCulture, $"\n[{error.At:dd/MMM/yyyy:HH:mm:ss.fff}] {error.Cause} ({error.Status}): {error.Sentence}\n  backend {error.Pool ?? "<NONE>"}, server {error.Server ?? "<NONE>"}, client {error.Client ?? "unix"}, {error.Request}\n");
        return Task.FromResult(text.ToString());
    }

    private static Task<string> ShowActivity(CommandDesk desk, CommandTalk talk, string[] words)
    {
        var counters = desk.Desk.Balancer.Counters;
        return Task.FromResult(string.Create(CultureInfo.InvariantCulture, $"thread_id: 1 (1..{desk.Snapshot.Loops ?? Environment.ProcessorCount})\ndate_now: {DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0:0.000000}\naccepted: {counters.Connections}\nconn_dead: {counters.Cut}\n"));
    }

    private static int Loops(CommandDesk desk) => desk.Snapshot.Loops ?? Environment.ProcessorCount;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
