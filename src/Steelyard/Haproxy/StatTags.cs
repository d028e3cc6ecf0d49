namespace Steelyard.Haproxy;

/// <summary>What a value is in the typed forms of <c>show stat</c> and <c>show info</c>: where it is from, its nature, whose it is, and its type (HAProxy's management guide, 9.3).</summary>
/// <param name="Letters">Three letters, for origin, nature and scope.</param>
/// <param name="Type">Such as u32 or str.</param>
internal readonly record struct StatTag(string Letters, string Type)
{
    private static readonly Dictionary<string, StatTag> s_columns = Columns();

    /// <summary>As JSON says it.</summary>
    public string Origin => Letters[0] switch { 'M' => "Metric", 'S' => "Status", 'K' => "Key", 'C' => "Config", _ => "Product" };

    /// <summary>As JSON says it.</summary>
    public string Nature => Letters[1] switch { 'A' => "Age", 'a' => "Avg", 'C' => "Counter", 'D' => "Duration", 'G' => "Gauge", 'L' => "Limit", 'M' => "Max", 'N' => "Name", 'O' => "Output", 'R' => "Rate", _ => "Gauge" };

    /// <summary>As JSON says it.</summary>
    public string Scope => Letters[2] == 'P' ? "Process" : "Service";

    /// <summary>That of a column of <see cref="StatTable"/>.</summary>
    /// <param name="column">The column.</param>
    /// <param name="kind">F, S or B, as of a row.</param>
    public static StatTag Of(string column, char kind) => (column, kind) switch
    {
        ("act" or "bck", 'S') => new("SGP", "u32"),
        ("rate" or "rate_max", 'B') => new("MGP", "u32"),
        _ => s_columns.GetValueOrDefault(column, new("MCP", "u64")),
    };

    private static Dictionary<string, StatTag> Columns()
    {
        Dictionary<string, StatTag> all = new(StringComparer.Ordinal);
        foreach (var (letters, type, columns) in ((string, string, string)[])[
            ("KNS", "str", "pxname,svname"),
            ("MGP", "u32", "qcur,scur,srv_icur,idle_conn_cur,safe_conn_cur,used_conn_cur,need_conn_est,agg_server_status,agg_server_check_status,agg_check_status,act,bck"),
            ("MMP", "u32", "qmax,smax,req_rate_max,conn_rate_max,qtime_max,ctime_max,rtime_max,ttime_max,rate_max"),
            ("CLP", "u32", "slim,rate_lim,src_ilim"),
            ("SGP", "str", "status"),
            ("MaP", "u32", "weight,qtime,ctime,rtime,ttime,uweight,throttle"),
            ("MAP", "u32", "lastchg"),
            ("MCP", "u32", "downtime"),
            ("CGS", "u32", "qlimit,type,check_rise,check_fall,check_health,agent_rise,agent_fall,agent_health"),
            ("KGP", "u32", "pid"),
            ("KGS", "u32", "iid,sid"),
            ("CNS", "str", "tracked,cookie"),
            ("MRP", "u32", "rate,req_rate,conn_rate"),
            ("MOP", "str", "check_status,last_chk,last_agt,agent_status,check_desc,agent_desc"),
            ("MOP", "u32", "check_code,agent_code"),
            ("MDP", "u64", "check_duration,agent_duration"),
            ("MAP", "s32", "lastsess"),
            ("CGS", "str", "addr,mode,algo"),
            ("MGP", "u64", "h2_open_connections,h2_backend_open_streams,h1_open_connections,h1_open_streams"),
        ])
        {
            foreach (var column in columns.Split(','))
                all.Add(column, new(letters, type));
        }

        return all;
    }

    /// <summary>The lines of <c>show info</c>: their places, names and tags, in their order.</summary>
    public static IReadOnlyList<(int Place, string Name, StatTag Tag)> Info { get; } =
    [
        .. Named(0, "POS str", "Name,Version,Release_date"),
        .. Named(3, "CGS u32", "Nbthread,Nbproc"),
        .. Named(5, "KGP u32", "Process_num"),
        .. Named(6, "SGP u32", "Pid"),
        .. Named(7, "MDP str", "Uptime"),
        .. Named(8, "MDP u32", "Uptime_sec"),
        .. Named(9, "CLP u32", "Memmax_MB"),
        .. Named(10, "MGP u32", "PoolAlloc_MB,PoolUsed_MB"),
        .. Named(12, "MCP u32", "PoolFailed"),
        .. Named(13, "CLP u32", "Ulimit-n,Maxsock,Maxconn,Hard_maxconn"),
        .. Named(17, "MGP u32", "CurrConns"),
        .. Named(18, "MCP u32", "CumConns,CumReq"),
        .. Named(20, "MMP u32", "MaxSslConns"),
        .. Named(21, "MGP u32", "CurrSslConns"),
        .. Named(22, "MCP u32", "CumSslConns"),
        .. Named(23, "CLP u32", "Maxpipes"),
        .. Named(24, "MGP u32", "PipesUsed,PipesFree"),
        .. Named(26, "MRP u32", "ConnRate"),
        .. Named(27, "CLP u32", "ConnRateLimit"),
        .. Named(28, "MMP u32", "MaxConnRate"),
        .. Named(29, "MRP u32", "SessRate"),
        .. Named(30, "CLP u32", "SessRateLimit"),
        .. Named(31, "MRP u32", "MaxSessRate,SslRate"),
        .. Named(33, "CLP u32", "SslRateLimit"),
        .. Named(34, "MMP u32", "MaxSslRate"),
        .. Named(35, "MGP u32", "SslFrontendKeyRate"),
        .. Named(36, "MMP u32", "SslFrontendMaxKeyRate"),
        .. Named(37, "MGP u32", "SslFrontendSessionReuse_pct"),
        .. Named(38, "MRP u32", "SslBackendKeyRate"),
        .. Named(39, "MMP u32", "SslBackendMaxKeyRate"),
        .. Named(40, "MCP u32", "SslCacheLookups,SslCacheMisses"),
        .. Named(42, "MRP u32", "CompressBpsIn,CompressBpsOut"),
        .. Named(44, "CLP u32", "CompressBpsRateLim"),
        .. Named(47, "MGP u32", "Tasks,Run_queue"),
        .. Named(49, "MaP u32", "Idle_pct"),
        .. Named(50, "COS str", "node"),
        .. Named(52, "MGP u32", "Stopping,Jobs,Unstoppable Jobs,Listeners,ActivePeers,ConnectedPeers,DroppedLogs,BusyPolling,FailedResolutions"),
        .. Named(61, "MGP u64", "TotalBytesOut,TotalSplicdedBytesOut"),
        .. Named(63, "MRP u64", "BytesOutRate"),
        .. Named(64, "MGP u32", "DebugCommandsIssued"),
        .. Named(65, "MCP u32", "CumRecvLogs"),
        .. Named(66, "POS str", "Build info"),
        .. Named(67, "CLP u32", "Memmax_bytes"),
        .. Named(68, "MGP u64", "PoolAlloc_bytes,PoolUsed_bytes"),
        .. Named(70, "MDP u32", "Start_time_sec"),
        .. Named(71, "SGP str", "Tainted"),
    ];

    private static IEnumerable<(int, string, StatTag)> Named(int first, string tag, string names) =>
        names.Split(',').Select((name, i) => (first + i, name, new StatTag(tag[..3], tag[4..])));
}
