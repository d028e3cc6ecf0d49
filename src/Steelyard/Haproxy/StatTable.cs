using System.Globalization;
using Steelyard.Admin;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;
using Steelyard.Engine.Metering;

namespace Steelyard.Haproxy;

/// <summary>
/// What is counted, in the columns of HAProxy 2.6 (its management guide, 9.1). What Steelyard does not count is 0 where
/// HAProxy has a number that may be 0, and empty where a column is for others.
/// </summary>
internal sealed class StatTable(AdminDesk desk)
{
    /// <summary>The columns, in HAProxy's order.</summary>
    public static IReadOnlyList<string> Columns { get; } =
        ("pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max," +
        "check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,rtime,ttime," +
        "agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,check_fall,check_health,agent_rise,agent_fall,agent_health,addr,cookie,mode,algo,conn_rate,conn_rate_max,conn_tot,intercepted,dcon,dses,wrew,connect,reuse,cache_lookups,cache_hits," +
        "srv_icur,src_ilim,qtime_max,ctime_max,rtime_max,ttime_max,eint,idle_conn_cur,safe_conn_cur,used_conn_cur,need_conn_est,uweight,agg_server_status,agg_server_check_status,agg_check_status,-,ssl_sess,ssl_reused_sess,ssl_failed_handshake," +
        "h2_headers_rcvd,h2_data_rcvd,h2_settings_rcvd,h2_rst_stream_rcvd,h2_goaway_rcvd,h2_detected_conn_protocol_errors,h2_detected_strm_protocol_errors,h2_rst_stream_resp,h2_goaway_resp,h2_open_connections,h2_backend_open_streams,h2_total_connections,h2_backend_total_streams,h1_open_connections,h1_open_streams,h1_total_connections,h1_total_streams,h1_bytes_in,h1_bytes_out,h1_spliced_bytes_in,h1_spliced_bytes_out").Split(',');

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Proxy, string Server), Past> _pasts = [];

    /// <summary>What is counted of a frontend, a server or a backend; the numbers only grow.</summary>
    private sealed record Counted(long Connections, long Requests, long In, long Out, long[] Answers)
    {
        public long Retries { get; init; }

        public long Redispatches { get; init; }

        public long Opened { get; init; }

        public long Reused { get; init; }

        public long Connecting { get; init; }

        public long Answering { get; init; }

        public long Whole { get; init; }

        public Counted Without(Counted? before) => before is null ? this
            : new(Connections - before.Connections, Requests - before.Requests, In - before.In, Out - before.Out, [.. Answers.Select((answers, i) => answers - before.Answers[i])])
            {
                Retries = Retries - before.Retries,
                Redispatches = Redispatches - before.Redispatches,
                Opened = Opened - before.Opened,
                Reused = Reused - before.Reused,
                Connecting = Connecting - before.Connecting,
                Answering = Answering - before.Answering,
                Whole = Whole - before.Whole,
            };
    }

    /// <summary>What is remembered from one look to the next.</summary>
    private sealed class Past
    {
        public Counted? Last;
        public Counted? Cleared;
        public DateTimeOffset LastRequest;
        public long Rate;
        public long MostRate;
        public long RequestRate;
        public long MostRequestRate;
        public long Most;
        public long MostQueued;
    }

    // What is counted by HAProxy and not here, by the kinds of lines.
    private static readonly string[] s_ofHttp = [.. Columns.Where(column => column.StartsWith("h1_", StringComparison.Ordinal) || column.StartsWith("h2_", StringComparison.Ordinal)), "ssl_sess", "ssl_reused_sess", "ssl_failed_handshake"];
    private static readonly string[] s_ofServers = ["wrew", "srv_icur", "qtime_max", "ctime_max", "rtime_max", "ttime_max", "idle_conn_cur", "safe_conn_cur", "need_conn_est", "ssl_sess", "ssl_reused_sess", "ssl_failed_handshake"];
    private static readonly string[] s_ofBackends = ["comp_in", "comp_out", "comp_byp", "comp_rsp", "cache_lookups", "cache_hits", "qtime_max", "ctime_max", "rtime_max", "ttime_max", "agg_server_status", "agg_server_check_status", "agg_check_status", .. s_ofHttp];

    /// <summary>A line: who, and the values of its columns.</summary>
    public sealed record Row(int Proxy, int Server, char Kind, Dictionary<string, string> Values);

    /// <summary>Looks at rates and peaks; once a second.</summary>
    public void Look()
    {
        lock (_lock)
        {
            foreach (var (key, counted, active, queued) in All())
            {
                var past = PastOf(key);
                if (past.Last is { } last)
                {
                    (past.Rate, past.RequestRate) = (counted.Connections - last.Connections, counted.Requests - last.Requests);
                    (past.MostRate, past.MostRequestRate) = (Math.Max(past.MostRate, past.Rate), Math.Max(past.MostRequestRate, past.RequestRate));
                }

                if (counted.Requests > (past.Last?.Requests ?? 0))
                    past.LastRequest = DateTimeOffset.UtcNow;
                past.Last = counted;
                (past.Most, past.MostQueued) = (Math.Max(past.Most, active), Math.Max(past.MostQueued, queued));
            }
        }
    }

    /// <summary>Begins to count peaks anew, and everything where that is wanted.</summary>
    public void Clear(bool all)
    {
        lock (_lock)
        {
            foreach (var (key, counted, _, _) in All())
            {
                var past = PastOf(key);
                (past.MostRate, past.MostRequestRate, past.Most, past.MostQueued) = (0, 0, 0, 0);
                if (all)
                    past.Cleared = counted;
            }
        }
    }

    private Past PastOf((string, string) key)
    {
        if (!_pasts.TryGetValue(key, out var past))
            _pasts[key] = past = new();
        return past;
    }

    private IEnumerable<((string Proxy, string Server) Key, Counted Counted, long Active, long Queued)> All()
    {
        var (measures, open, waiting) = (desk.Balancer.Measure(), desk.Balancer.OpenConnectionsByListener, desk.Balancer.Waiting);
        foreach (var (name, places) in Frontends())
            yield return ((name, "FRONTEND"), FrontendOf(places, measures), places.Sum(place => (long)OpenOf(open, place)), 0);
        var statuses = desk.Balancer.Servers.ToLookup(status => (status.Pool, status.Address));
        foreach (var pool in desk.Served.Snapshot.Pools.AsEnumerable())
        {
            var ofAll = 0L;
            foreach (var server in pool.Servers.AsEnumerable())
            {
                var active = statuses[(pool.Name, server.Address)].Sum(status => (long)status.Active);
                ofAll += active;
                yield return ((pool.Name, CommandDesk.NameOf(server)), ServerOf(pool, server, measures), active, 0);
            }

            yield return ((pool.Name, "BACKEND"), BackendOf(pool, measures), ofAll, waiting.GetValueOrDefault(pool.Name));
        }
    }

    private static int OpenOf(IReadOnlyList<int> open, int place) => place < open.Count ? open[place] : 0;

    /// <summary>The listeners by the names of their frontends, in the order of the configuration.</summary>
    private List<(string Name, List<int> Places)> Frontends()
    {
        List<(string Name, List<int> Places)> all = [];
        for (var i = 0; i < desk.Served.Snapshot.Listeners.Count; i++)
        {
            var name = CommandDesk.NameOf(desk.Served.Snapshot.Listeners[i]);
            var same = all.FindIndex(one => one.Name == name);
            if (same < 0)
                all.Add((name, [i]));
            else
                all[same].Places.Add(i);
        }

        return all;
    }

    private Counted FrontendOf(List<int> places, Measures measures)
    {
        var (connections, received, sent, answers) = (0L, 0L, 0L, new long[6]);
        foreach (var place in places)
        {
            if (measures.FindListener(desk.Served.Snapshot.Listeners[place].Bind[0].ToString()) is not { } listener)
                continue;
            (connections, received, sent) = (connections + listener.Connections, received + listener.BytesReceived, sent + listener.BytesSent);
            Add(answers, listener.Answers);
        }

        return new(connections, answers.Sum(), received, sent, answers);
    }

    private static Counted ServerOf(PoolSettings pool, ServerSettings server, Measures measures) =>
        measures.FindServer(pool.Name, server.Address) is not { } counted ? new(0, 0, 0, 0, new long[6])
        : new(counted.Answers.Sum(), counted.Answers.Sum(), counted.BytesSent, counted.BytesReceived, counted.Answers)
        {
            Retries = counted.Retried,
            Redispatches = counted.Redispatched,
            Opened = counted.Opened,
            Reused = counted.Reused,
            Connecting = counted.ConnectMilliseconds,
            Answering = counted.FirstByteMilliseconds,
            Whole = counted.WholeMilliseconds,
        };

    private static Counted BackendOf(PoolSettings pool, Measures measures)
    {
        var sum = new Counted(0, 0, 0, 0, new long[6]);
        foreach (var server in pool.Servers)
        {
            var one = ServerOf(pool, server, measures);
            Add(sum.Answers, one.Answers);
            sum = sum with
            {
                Connections = sum.Connections + one.Connections,
                Requests = sum.Requests + one.Requests,
                In = sum.In + one.In,
                Out = sum.Out + one.Out,
                Retries = sum.Retries + one.Retries,
                Redispatches = sum.Redispatches + one.Redispatches,
                Opened = sum.Opened + one.Opened,
                Reused = sum.Reused + one.Reused,
                Connecting = sum.Connecting + one.Connecting,
                Answering = sum.Answering + one.Answering,
                Whole = sum.Whole + one.Whole,
            };
        }

        return sum;
    }

    private static void Add(long[] sum, long[] more)
    {
        for (var i = 0; i < sum.Length; i++)
            sum[i] += more[i];
    }

    /// <summary>All lines: of each proxy its frontend, its servers, its backend.</summary>
    public List<Row> Rows()
    {
        lock (_lock)
        {
            List<Row> rows = [];
            var (measures, open, waiting, now) = (desk.Balancer.Measure(), desk.Balancer.OpenConnectionsByListener, desk.Balancer.Waiting, DateTimeOffset.UtcNow);
            var statuses = desk.Balancer.Servers.ToLookup(server => server.Pool);
            var numbers = Numbers();
            var pools = desk.Served.Snapshot.Pools.AsEnumerable().ToList();
            foreach (var (name, places) in Frontends())
            {
                rows.Add(Frontend(name, places, numbers[name], measures, open));
                if (pools.Find(pool => pool.Name == name) is not { } own)
                    continue;
                rows.AddRange(PoolRows(own, numbers[name], measures, statuses[name], waiting, now));
                pools.Remove(own);
            }

            foreach (var pool in pools)
                rows.AddRange(PoolRows(pool, numbers[pool.Name], measures, statuses[pool.Name], waiting, now));
            return rows;
        }
    }

    /// <summary>The numbers of the proxies, from 2 on as HAProxy counts them.</summary>
    public Dictionary<string, int> Numbers()
    {
        Dictionary<string, int> numbers = [];
        foreach (var name in Frontends().Select(front => front.Name).Concat(desk.Served.Snapshot.Pools.Select(pool => pool.Name)))
            numbers.TryAdd(name, numbers.Count + 2);
        return numbers;
    }

    private Row Frontend(string name, List<int> places, int number, Measures measures, IReadOnlyList<int> open)
    {
        var listener = desk.Served.Snapshot.Listeners[places[0]];
        var past = PastOf((name, "FRONTEND"));
        var counted = FrontendOf(places, measures).Without(past.Cleared);
        var current = places.Sum(place => OpenOf(open, place));
        var row = Begin(name, "FRONTEND", number, 0, 0, counted, past, current, listener.Mode);
        Put(row, ("slim", OrNothing(listener.MaxConnections ?? desk.Served.Snapshot.Limits.Connections)), ("dreq", "0"), ("dresp", "0"), ("ereq", "0"), ("status", listener.Serving switch { ListenerServing.Open => "OPEN", ListenerServing.Paused => "PAUSED", _ => "STOP" }), ("rate_lim", "0"), ("conn_rate", Text(past.Rate)), ("conn_rate_max", Text(past.MostRate)), ("conn_tot", Text(counted.Connections)), ("intercepted", "0"), ("dcon", "0"), ("dses", "0"), ("wrew", "0"), ("eint", "0"), ("comp_in", "0"), ("comp_out", "0"), ("comp_byp", "0"), ("comp_rsp", "0"), ("cache_lookups", "0"), ("cache_hits", "0"), ("h1_open_connections", Text(current)), ("h1_total_connections", Text(counted.Connections)), ("h1_total_streams", Text(counted.Requests)));
        if (listener.Mode == ListenerMode.Http)
            Put(row, ("req_rate", Text(past.RequestRate)), ("req_rate_max", Text(past.MostRequestRate)), ("req_tot", Text(counted.Requests)));
        PutNothing(row, s_ofHttp);
        return new(number, 0, 'F', row);
    }

    private IEnumerable<Row> PoolRows(PoolSettings pool, int number, Measures measures, IEnumerable<ServerStatus> statuses, IReadOnlyDictionary<string, int> waiting, DateTimeOffset now)
    {
        var (known, mode) = (statuses.ToList(), ModeOf(pool));
        var byAddress = known.ToLookup(status => status.Address);
        var place = 0;
        foreach (var server in pool.Servers.AsEnumerable())
        {
            place++;
            if (byAddress[server.Address].FirstOrDefault() is { Pool: not null } status)
                yield return Server(pool, server, status, number, place, measures, mode, now);
        }

        yield return Backend(pool, known, number, measures, waiting.GetValueOrDefault(pool.Name), mode);
    }

    private ListenerMode ModeOf(PoolSettings pool) =>
        desk.Served.Snapshot.Listeners.Any(listener => listener.Mode == ListenerMode.Tcp && listener.Routes.Any(route => route.Pool == pool.Name)) ? ListenerMode.Tcp : ListenerMode.Http;

    private Row Server(PoolSettings pool, ServerSettings server, ServerStatus status, int number, int place, Measures measures, ListenerMode mode, DateTimeOffset now)
    {
        var name = CommandDesk.NameOf(server);
        var past = PastOf((pool.Name, name));
        var counted = ServerOf(pool, server, measures).Without(past.Cleared);
        var history = desk.History.Of(pool.Name, server.Address, now);
        var row = Begin(pool.Name, name, number, place, 2, counted, past, status.Active, mode);
        Put(
            row,
            ("qcur", "0"),
            ("qmax", "0"),
            ("slim", OrNothing(server.MaxConnections ?? pool.MaxConnections)),
            ("dresp", "0"),
            ("econ", Text(status.Failures)),
            ("eresp", Text(counted.Answers[0])),
            ("status", ServerText.Status(status)),
            ("weight", Text(status.Weight)),
            ("act", server.Backup ? "0" : "1"),
            ("bck", server.Backup ? "1" : "0"),
            ("lastchg", Text(history.Changes is [.., var last] ? (long)(now - last.At).TotalSeconds : (long)(now - desk.Since).TotalSeconds)),
            ("lbtot", Text(counted.Requests)),
            ("addr", server.Address.Numbered(0).ToString()),
            ("cookie", server.Cookie ?? ""),
            ("uweight", Text(status.Weight)),
            ("last_agt", status.DownByAgent ? status.ReasonOfAgent is { } reason ? $"via agent : down ({reason})" : "via agent : down" : ""));
        // HAProxy: one word of an agent counts at once.
        if (pool.Agent is not null && server.AgentPort != 0)
            Put(row, ("agent_rise", "1"), ("agent_fall", "1"), ("agent_health", status.DownByAgent ? "0" : "1"));
        Times(row, counted, past);
        PutNothing(row, s_ofServers);
        Put(row, ("used_conn_cur", Text(status.Active)), ("req_tot", mode == ListenerMode.Http ? Text(counted.Requests) : ""));
        if (pool.HealthOf(server) is not { } health)
            return new(number, place, 'S', row);
        var (word, description) = ServerText.Check(status, health);
        Put(row, ("chkfail", Text(history.Downs)), ("chkdown", Text(history.Downs)), ("downtime", Text((long)history.DownFor.TotalSeconds)), ("check_status", word), ("check_code", status.LastCheckStatus == 0 ? "" : Text(status.LastCheckStatus)), ("check_duration", "0"), ("check_desc", description), ("check_rise", Text(health.Rise)), ("check_fall", Text(health.Fall)), ("check_health", Text(status.Up ? health.Rise + health.Fall - 1 : 0)));
        return new(number, place, 'S', row);
    }

    private Row Backend(PoolSettings pool, List<ServerStatus> statuses, int number, Measures measures, int waiting, ListenerMode mode)
    {
        var past = PastOf((pool.Name, "BACKEND"));
        var counted = BackendOf(pool, measures).Without(past.Cleared);
        var row = Begin(pool.Name, "BACKEND", number, 0, 1, counted, past, statuses.Sum(status => status.Active), mode);
        var serving = statuses.FindAll(status => status is { Up: true, Ejected: false, State: ServerState.Ready, Weight: > 0 });
        var (active, backups) = (serving.Count(status => !status.Backup), serving.Count(status => status.Backup));
        Put(
            row,
            ("qcur", Text(waiting)),
            ("qmax", Text(Math.Max(past.MostQueued, waiting))),
            ("slim", OrNothing(FullOf(pool))),
            ("dreq", "0"),
            ("dresp", "0"),
            ("econ", Text(statuses.Sum(status => status.Failures))),
            ("eresp", Text(counted.Answers[0])),
            ("status", serving.Count > 0 || statuses.Count == 0 ? "UP" : "DOWN"),
            ("weight", Text(serving.Where(status => !status.Backup || active == 0).Sum(status => status.Weight))),
            ("act", Text(active)),
            ("bck", Text(backups)),
            ("chkdown", "0"),
            ("lastchg", Text((long)(DateTimeOffset.UtcNow - desk.Since).TotalSeconds)),
            ("downtime", "0"),
            ("lbtot", Text(counted.Requests)),
            ("req_tot", mode == ListenerMode.Http ? Text(counted.Requests) : ""),
            ("cookie", pool.Sticky?.Cookie ?? ""),
            ("algo", ServerText.Algorithm(pool.Balance)),
            ("wrew", "0"),
            ("uweight", Text(serving.Sum(status => status.Weight))));
        Times(row, counted, past);
        PutNothing(row, s_ofBackends);
        return new(number, 0, 'B', row);
    }

    // HAProxy: fullconn, or a tenth of what the frontends that lead to it let in.
    private int? FullOf(PoolSettings pool)
    {
        if (pool.FullConnections is { } given)
            return given;
        var (sum, snapshot) = (0L, desk.Served.Snapshot);
        foreach (var listener in snapshot.Listeners.AsEnumerable().Where(listener => listener.Routes.Any(route => route.Pool == pool.Name || route.Split.Any(share => share.Pool == pool.Name))))
        {
            if ((listener.MaxConnections ?? snapshot.Limits.Connections) is not { } most)
                return null;
            sum += most;
        }

        return (int)Math.Clamp(sum / 10, 1, int.MaxValue);
    }

    private static Dictionary<string, string> Begin(string proxy, string server, int number, int place, int type, Counted counted, Past past, long current, ListenerMode mode)
    {
        var row = new Dictionary<string, string>(StringComparer.Ordinal);
        Put(row, ("pxname", proxy), ("svname", server), ("scur", Text(current)), ("smax", Text(Math.Max(past.Most, current))), ("stot", Text(counted.Connections)), ("bin", Text(counted.In)), ("bout", Text(counted.Out)), ("pid", "1"), ("iid", Text(number)), ("sid", Text(place)), ("type", Text(type)), ("rate", Text(past.Rate)), ("rate_max", Text(past.MostRate)), ("mode", mode == ListenerMode.Http ? "http" : "tcp"));
        if (mode == ListenerMode.Http)
            Put(row, ("hrsp_1xx", Text(counted.Answers[1])), ("hrsp_2xx", Text(counted.Answers[2])), ("hrsp_3xx", Text(counted.Answers[3])), ("hrsp_4xx", Text(counted.Answers[4])), ("hrsp_5xx", Text(counted.Answers[5])), ("hrsp_other", Text(counted.Answers[0])));
        return row;
    }

    private static void Times(Dictionary<string, string> row, Counted counted, Past past)
    {
        var (requests, opened) = (Math.Max(counted.Requests, 1), Math.Max(counted.Opened, 1));
        Put(row, ("wretr", Text(counted.Retries)), ("wredis", Text(counted.Redispatches)), ("cli_abrt", "0"), ("srv_abrt", "0"), ("qtime", "0"), ("ctime", Text(counted.Connecting / opened)), ("rtime", Text(counted.Answering / requests)), ("ttime", Text(counted.Whole / requests)), ("connect", Text(counted.Opened)), ("reuse", Text(counted.Reused)), ("eint", "0"), ("lastsess", past.LastRequest == default ? "-1" : Text((long)(DateTimeOffset.UtcNow - past.LastRequest).TotalSeconds)));
    }

    private static void Put(Dictionary<string, string> row, params ReadOnlySpan<(string Column, string Value)> values)
    {
        foreach (var (column, value) in values)
            row[column] = value;
    }

    private static void PutNothing(Dictionary<string, string> row, string[] columns)
    {
        foreach (var column in columns)
            row.TryAdd(column, "0");
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string OrNothing(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";

    /// <summary>The lines as commands ask for them.</summary>
    /// <param name="proxy">The number of one proxy; -1 for all.</param>
    /// <param name="kinds">1 for frontends, 2 for backends, 4 for servers, added; -1 for all.</param>
    /// <param name="server">The number of one server; -1 for all.</param>
    public IEnumerable<Row> Chosen(int proxy = -1, int kinds = -1, int server = -1) => Rows().Where(row =>
        (proxy == -1 || row.Proxy == proxy) && (kinds == -1 || (kinds & (row.Kind == 'F' ? 1 : row.Kind == 'B' ? 2 : 4)) != 0) && (server == -1 || row.Kind != 'S' || row.Server == server));
}
