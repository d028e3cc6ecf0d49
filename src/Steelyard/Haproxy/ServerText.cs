using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Haproxy;

/// <summary>How servers do, in HAProxy's words.</summary>
internal static class ServerText
{
    /// <summary>The column status.</summary>
    public static string Status(ServerStatus server) =>
        server.State == ServerState.Maintenance ? "MAINT"
        : server.DownByAgent ? "DOWN (agent)"
        : !server.Up || server.Ejected ? "DOWN"
        : server is { State: ServerState.Drain, DrainedByCheck: true } && server.Wanted != ServerState.Drain && server.WantedByAgent != ServerState.Drain ? "NOLB"
        : server.State == ServerState.Drain ? server.HasAgent ? "DRAIN (agent)" : "DRAIN"
        : server.Weight == 0 ? "DRAIN"
        : server.Asked ? "UP"
        : "no check";

    /// <summary>The columns check_status and check_desc.</summary>
    public static (string Word, string Description) Check(ServerStatus server, HealthSettings health)
    {
        var http = health.Kind is ProbeKind.Http or ProbeKind.Script;
        return server.LastCheck switch
        {
            ProbeFault.None when !server.Up => ("INI", "Initializing"),
            ProbeFault.None when http => ("L7OK", "Layer7 check passed"),
            ProbeFault.None => ("L4OK", "Layer4 check passed"),
            ProbeFault.Refused => ("L4CON", "Layer4 connection problem"),
            ProbeFault.ConnectTimeout => ("L4TOUT", "Layer4 timeout"),
            ProbeFault.Tls or ProbeFault.Certificate => ("L6RSP", "Layer6 invalid response"),
            ProbeFault.Timeout => ("L7TOUT", "Layer7 timeout"),
            ProbeFault.Closed or ProbeFault.NotHttp => ("L7RSP", "Layer7 invalid response"),
            ProbeFault.Observed => ("HANA", "Health analyze"),
            ProbeFault.Unresolved => ("SOCKERR", "Socket error"),
            _ => ("L7STS", "Layer7 wrong status"),
        };
    }

    /// <summary>srv_check_status of show servers state: HAProxy's number for what a check has found.</summary>
    public static int CheckNumber(ServerStatus server, HealthSettings? health) => !server.Asked || health is null ? 1 : Check(server, health).Word switch
    {
        "HANA" => 4,
        "SOCKERR" => 5,
        "L4OK" => 6,
        "L4TOUT" => 7,
        "L4CON" => 8,
        "L6RSP" => 11,
        "L7TOUT" => 12,
        "L7RSP" => 13,
        "L7OK" => 15,
        "L7STS" => 17,
        _ => 1,
    };

    /// <summary>srv_check_health of show servers state: how far it is from being down.</summary>
    public static int CheckHealth(ServerStatus server, HealthSettings? health)
    {
        const int Rise = 2;
        if (health is null)
            return server.State == ServerState.Maintenance ? 0 : Rise;
        return server.Up ? health.Rise + health.Fall - 1 : 0;
    }

    /// <summary>The column algo.</summary>
    public static string Algorithm(BalanceSettings balance) => balance.Policy switch
    {
        BalancePolicy.RoundRobin or BalancePolicy.HaproxyRoundRobin => "roundrobin",
        BalancePolicy.StaticRoundRobin => "static-rr",
        BalancePolicy.LeastConnections or BalancePolicy.HaproxyLeastConnections => "leastconn",
        BalancePolicy.First => "first",
        BalancePolicy.Random or BalancePolicy.TwoChoices => "random",
        BalancePolicy.Hash => balance.Hash!.Key.Kind switch { RequestKeyKind.Address => "source", RequestKeyKind.Header => "hdr", _ => "uri" },
        _ => "unknown",
    };

    /// <summary>srv_op_state of show servers state: 0 stopped, 2 running.</summary>
    public static int OperationalState(ServerStatus server) => server.State == ServerState.Maintenance || !server.Up || server.Ejected ? 0 : 2;

    /// <summary>srv_admin_state of show servers state: bits of maintenance (1) and drain (8); 4 where the configuration began so.</summary>
    public static int AdministrativeState(ServerStatus server, ServerSettings settings) => server.State switch
    {
        ServerState.Maintenance => settings.Maintenance ? 5 : 1,
        ServerState.Drain => 8,
        _ => 0,
    };
}
