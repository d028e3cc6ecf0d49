using Steelyard.Admin;
using Steelyard.Balancing;
using Steelyard.Engine;
using Steelyard.Engine.Metering;
using Steelyard.Keeper;
using Steelyard.Serving;
using Steelyard.Shared;

namespace Steelyard.Metrics;

/// <summary>What <c>/metrics</c> says. A new metric is a row in one of these tables.</summary>
internal static class MetricsPage
{
    private static readonly (string Name, string Help, Func<EngineCounters, double> Value)[] s_engine =
    [
        ("steelyard_connections_total", "Client connections accepted.", counters => counters.Connections),
        ("steelyard_connections_refused_total", "Client connections closed at once, for their address had as many as it may.", counters => counters.ConnectionsRefused),
        ("steelyard_accept_pauses_total", "Times that a loop stopped to accept, for want of room under a limit, of descriptors or of memory.", counters => counters.AcceptPauses),
        ("steelyard_requests_total", "Requests whose heads arrived whole and right.", counters => counters.Requests),
        ("steelyard_requests_refused_total", "Requests answered by the proxy itself, with an error.", counters => counters.Refused),
        ("steelyard_responses_cut_total", "Responses broken off after they had begun.", counters => counters.Cut),
        ("steelyard_requests_too_slow_total", "Requests ended because the client was below the least rate.", counters => counters.TooSlow),
        ("steelyard_retries_total", "Attempts after the first, at the same or another server.", counters => counters.Retries),
        ("steelyard_retries_denied_total", "Attempts that were not made, for the budget was spent.", counters => counters.RetriesDenied),
        ("steelyard_queue_waits_total", "Times that a request or a session had to wait for a server with room.", counters => counters.QueueWaits),
        ("steelyard_queue_full_total", "Those of them that were refused, for as many waited as may.", counters => counters.QueueFull),
        ("steelyard_queue_timeouts_total", "Those of them that waited too long.", counters => counters.QueueTimeouts),
        ("steelyard_queue_left_total", "Those of them whose clients went away.", counters => counters.QueueLeft),
        ("steelyard_limit_refusals_total", "Requests refused with 429, for a client's rate or its requests at once.", counters => counters.LimitRefusals),
        ("steelyard_limit_delays_total", "Requests that had to wait for their client's rate.", counters => counters.LimitDelays),
        ("steelyard_fallbacks_total", "Clients that got something else instead of a refusal or a failure.", counters => counters.Fallbacks),
        ("steelyard_tls_handshakes_total", "TLS handshakes done with clients.", counters => counters.TlsHandshakes),
        ("steelyard_tls_failures_total", "Client connections that ended before their TLS handshake was done.", counters => counters.TlsFailures),
        ("steelyard_sessions_total", "Connections of listeners in TCP mode.", counters => counters.Sessions),
        ("steelyard_sessions_refused_total", "Those of them that no route or no server took.", counters => counters.SessionsRefused),
        ("steelyard_tunnels_total", "Exchanges that went on in another protocol, such as WebSocket.", counters => counters.Tunnels),
        ("steelyard_proxy_headers_refused_total", "Connections broken off for want of a valid PROXY header.", counters => counters.ProxyHeadersRefused),
        ("steelyard_access_log_lines_dropped_total", "Lines of access logs that were not written, for want of room or because they could not be.", counters => counters.LogLinesDropped),
        ("steelyard_faults_total", "Exchanges broken off by an error in this program itself.", counters => counters.Faults),
    ];

    private static readonly (string Name, string Help, Func<ServerStatus, double> Value)[] s_serverStates =
    [
        ("steelyard_server_up", "Whether checks find the server well; 1 also where nobody asks it.", server => server.Up ? 1 : 0),
        ("steelyard_server_ready", "Whether the server is to have requests, by operators and by its agent; 0 for drain and maintenance.", server => server.State == ServerState.Ready ? 1 : 0),
        ("steelyard_server_ejected", "Whether the server is left out because its requests went wrong.", server => server.Ejected ? 1 : 0),
        ("steelyard_server_ejections_in_a_row", "How many times in a row the server was left out.", server => server.Ejections),
        ("steelyard_server_weight", "The server's weight.", server => server.Weight),
        ("steelyard_server_requests_in_flight", "Requests, tunnels and sessions the server has now.", server => server.Active),
        ("steelyard_server_requests_limit", "How many it may have at once; +Inf for any number.", server => server.Limit ?? double.PositiveInfinity),
        ("steelyard_server_backup", "Whether the server gets requests only where no other is well.", server => server.Backup ? 1 : 0),
        ("steelyard_server_share_ratio", "How much of its share the server gets: less than 1 while it comes back slowly.", server => server.SharePercent / 100d),
    ];

    private static readonly (string Name, string Help, Func<ServerMeasure, double> Value)[] s_servers =
    [
        ("steelyard_server_connections_opened_total", "Connections opened to the server.", server => server.Opened),
        ("steelyard_server_connections_reused_total", "Attempts over a connection that was kept.", server => server.Reused),
        ("steelyard_server_tls_handshakes_total", "TLS handshakes done with the server.", server => server.TlsHandshakes),
        ("steelyard_server_tls_failures_total", "TLS handshakes with the server that came to nothing.", server => server.TlsFailures),
        ("steelyard_server_connect_seconds_total", "Time it took to open connections, all together.", server => server.ConnectMilliseconds / 1000d),
        ("steelyard_server_first_byte_seconds_total", "Time from the beginning of an attempt to the head of its answer, all together.", server => server.FirstByteMilliseconds / 1000d),
        ("steelyard_server_attempt_seconds_total", "Time from the beginning of an attempt to its end, all together.", server => server.WholeMilliseconds / 1000d),
        ("steelyard_server_retries_total", "Attempts after a request's first.", server => server.Retried),
        ("steelyard_server_redispatches_total", "Attempts after which the request went to another server.", server => server.Redispatched),
        ("steelyard_server_sent_bytes_total", "Bytes of requests, heads and bodies, and of tunnels and sessions in TCP mode as they pass.", server => server.BytesSent),
        ("steelyard_server_received_bytes_total", "Bytes of answers that were passed on, heads and bodies, and of tunnels and sessions as they pass.", server => server.BytesReceived),
    ];

    private static readonly (string Name, string Help, Func<ServerHistory.Summary, double> Value)[] s_pasts =
    [
        ("steelyard_server_downs_total", "Times that checks found the server down after it was up.", past => past.Downs),
        ("steelyard_server_ejections_total", "Times that the server was left out because its requests went wrong.", past => past.Ejections),
        ("steelyard_server_down_seconds_total", "Time that the server was down, by looks a second apart.", past => past.DownFor.TotalSeconds),
    ];

    private static readonly (string Name, string Help, Func<ListenerMeasure, double> Value)[] s_listeners =
    [
        ("steelyard_listener_connections_total", "Connections accepted on the listener.", listener => listener.Connections),
        ("steelyard_listener_connections_refused_total", "Connections closed at once, for their address had as many as it may.", listener => listener.Refused),
        ("steelyard_listener_tls_handshakes_total", "TLS handshakes done.", listener => listener.TlsHandshakes),
        ("steelyard_listener_tls_failures_total", "Connections that ended before their TLS handshake was done.", listener => listener.TlsFailures),
        ("steelyard_listener_request_seconds_total", "Time from the first byte of a request to the last of its answer, all together.", listener => listener.RequestMilliseconds / 1000d),
        ("steelyard_listener_received_bytes_total", "Bytes of requests, heads and bodies, and of tunnels and sessions in TCP mode as they pass.", listener => listener.BytesReceived),
        ("steelyard_listener_sent_bytes_total", "Bytes of answers, heads and bodies, and of tunnels and sessions as they pass.", listener => listener.BytesSent),
    ];

    private static readonly (string Name, string Help, Func<RouteMeasure, double> Value)[] s_routes =
    [
        ("steelyard_route_sessions_total", "Sessions of the route in TCP mode.", route => route.Sessions),
        ("steelyard_route_received_bytes_total", "Bytes of requests, heads and bodies, and of tunnels and sessions in TCP mode as they pass.", route => route.BytesReceived),
        ("steelyard_route_sent_bytes_total", "Bytes of answers, heads and bodies, and of tunnels and sessions as they pass.", route => route.BytesSent),
        ("steelyard_route_retries_total", "Attempts after a request's first.", route => route.Retried),
        ("steelyard_route_redispatches_total", "Attempts after which the request went to another server.", route => route.Redispatched),
        ("steelyard_route_queue_seconds_total", "Time that requests waited for a server with room, all together.", route => route.QueueMilliseconds / 1000d),
        ("steelyard_route_connect_seconds_total", "Time it took to open connections to servers, all together.", route => route.ConnectMilliseconds / 1000d),
        ("steelyard_route_first_byte_seconds_total", "Time from the beginning of an attempt to the head of its answer, all together.", route => route.FirstByteMilliseconds / 1000d),
    ];

    private static readonly (string Name, string Help, Func<PoolMeasure, double> Value)[] s_pools =
    [
        ("steelyard_pool_request_seconds_total", "Time from the first byte of a request to the last of its answer, all together.", pool => pool.RequestMilliseconds / 1000d),
        ("steelyard_pool_sessions_total", "Sessions in TCP mode.", pool => pool.Sessions),
        ("steelyard_pool_connections_reused_total", "Attempts over a connection that was kept; those opened are steelyard_pool_connect_seconds_count.", pool => pool.Reused),
        ("steelyard_pool_tls_handshakes_total", "TLS handshakes done with the pool's servers.", pool => pool.TlsHandshakes),
        ("steelyard_pool_tls_failures_total", "TLS handshakes with the pool's servers that came to nothing.", pool => pool.TlsFailures),
        ("steelyard_pool_retries_total", "Attempts after a request's first.", pool => pool.Retried),
        ("steelyard_pool_redispatches_total", "Attempts after which the request went to another server.", pool => pool.Redispatched),
        ("steelyard_pool_sent_bytes_total", "Bytes of requests that were sent to the pool's servers, heads and bodies, and of tunnels and sessions in TCP mode as they pass.", pool => pool.BytesSent),
        ("steelyard_pool_received_bytes_total", "Bytes of answers that were passed on, heads and bodies, and of tunnels and sessions as they pass.", pool => pool.BytesReceived),
    ];

    private static readonly (string Name, string Help, Func<PoolView, double> Value)[] s_poolStates =
    [
        ("steelyard_pool_servers", "Servers of the pool.", pool => pool.Servers),
        ("steelyard_pool_servers_usable", "Servers of the pool that are up, ready and have a weight.", pool => pool.Usable),
        ("steelyard_pool_servers_ejected", "Servers of the pool that are left out because their requests went wrong.", pool => pool.Members.Count(server => server.Ejected)),
        ("steelyard_pool_weight", "The weights of the pool's usable servers together.", pool => pool.Members.Where(server => server.State == "up").Sum(server => server.Weight)),
        ("steelyard_pool_requests_in_flight", "Requests, tunnels and sessions the pool's servers have now.", pool => pool.Active),
    ];

    private static readonly (string Name, string Help, Func<PoolMeasure, Distribution> Value)[] s_poolTimes =
    [
        ("steelyard_pool_queue_seconds", "How long requests waited for a server with room; those that did not wait are not counted.", pool => pool.QueueTime),
        ("steelyard_pool_connect_seconds", "How long it took to open connections to the pool's servers, TLS included.", pool => pool.ConnectTime),
        ("steelyard_pool_first_byte_seconds", "From the beginning of an attempt to the head of its answer.", pool => pool.FirstByteTime),
        ("steelyard_pool_attempt_seconds", "From the beginning of an attempt to its end.", pool => pool.WholeTime),
    ];

    private static readonly (string Name, string Help, Func<BreakerStatus, double> Value)[] s_breakers =
    [
        ("steelyard_breaker_calls_total", "Calls that came to the breaker, those it refused included.", breaker => breaker.Counts.Calls),
        ("steelyard_breaker_failures_total", "Calls that failed, or found as many under way as may be.", breaker => breaker.Counts.Failures),
        ("steelyard_breaker_timeouts_total", "Calls that took longer than the breaker's timeout.", breaker => breaker.Counts.Timeouts),
        ("steelyard_breaker_rejects_total", "Calls that were refused because the breaker was open.", breaker => breaker.Counts.Rejects),
        ("steelyard_breaker_fallbacks_total", "Clients that got something else instead.", breaker => breaker.Counts.Fallbacks),
        ("steelyard_breaker_opened_total", "Times that the breaker opened.", breaker => breaker.Counts.Opened),
    ];

    private static readonly (string Name, string Help, Func<SharedCounts, double> Value)[] s_shared =
    [
        ("steelyard_shared_sent_total", "Clients and keys of limits that Redis was told of.", shared => shared.Sent),
        ("steelyard_shared_received_total", "Clients that other balancers told of, or Redis had kept.", shared => shared.Received),
        ("steelyard_shared_failures_total", "Times that Redis did not answer, or with an error.", shared => shared.Failures),
    ];

    /// <summary>Writes all of it, as it stands.</summary>
    public static async Task<string> WriteAsync(AdminDesk desk)
    {
        var state = await desk.KeeperStateAsync();
        var (text, measures) = (new MetricsText(), desk.Balancer.Measure());
        WriteRequests(text, measures);
        WriteEngine(text, desk);
        WriteListeners(text, desk, measures);
        WritePools(text, desk, measures);
        WriteServers(text, desk, measures);
        WriteBreakers(text, desk.Balancer.Breakers);
        WriteShared(text, desk);
        if (state is not null)
        {
            WriteKeeper(text, state, AdminLook.Differences(desk.Balancer.Servers, desk.Balancer.Breakers, state).Count());
            WorkerMetrics.Write(text, state);
            DiscoveryMetrics.Write(text, state);
        }

        ProcessMetrics.Write(text);
        return text.ToString();
    }

    private static void WriteRequests(MetricsText text, Measures measures)
    {
        text.Begin("http_request_duration_seconds", "histogram", "From the first byte of a request to the last of its answer.");
        foreach (var request in measures.Requests)
            text.Histogram(measures.Bounds, request.Duration, "method", request.Method, "route", request.Route, "status", request.Status);
        text.Begin("steelyard_route_requests_in_flight", "gauge", "Requests, tunnels and sessions of the route that are under way.");
        foreach (var route in measures.Routes)
            text.Value(route.UnderWay, "route", route.Name);
        foreach (var (name, help, value) in s_routes)
        {
            text.Begin(name, "counter", help);
            foreach (var route in measures.Routes)
                text.Value(value(route), "route", route.Name);
        }
    }

    private static void WriteEngine(MetricsText text, AdminDesk desk)
    {
        var counters = desk.Balancer.Counters;
        text.Begin("steelyard_build_info", "gauge", "1, with the version of the program.");
        text.Value(1, "version", AdminLook.ProgramVersion);
        text.Begin("steelyard_configuration_generation", "gauge", "How many configurations the keeper has taken up.");
        text.Value(desk.Served.Source.Generation);
        text.Begin("steelyard_configuration_read_timestamp_seconds", "gauge", "When the configuration that is served was read.");
        text.Value(desk.Served.Source.At.ToUnixTimeMilliseconds() / 1000d);
        text.Begin("steelyard_admin_refused_total", "counter", "Connections to the admin API that were refused, and requests to watch, for as many there were as may be.");
        text.Value(desk.Room.Refused);
        text.Begin("steelyard_connections_open", "gauge", "Client connections open now.");
        text.Value(counters.OpenConnections);
        foreach (var (name, help, value) in s_engine)
        {
            text.Begin(name, "counter", help);
            text.Value(value(counters));
        }
    }

    private static void WriteShared(MetricsText text, AdminDesk desk)
    {
        if (desk.Shared is not { } shared)
            return;
        text.Begin("steelyard_shared_up", "gauge", "Whether the Redis answers that clients and limits are shared over.");
        text.Value(shared.IsUp ? 1 : 0);
        foreach (var (name, help, value) in s_shared)
        {
            text.Begin(name, "counter", help);
            text.Value(value(shared));
        }

        text.Begin("steelyard_shared_dropped_total", "counter", "Changes that were not told, for want of room: of clients, who are all told of again then, and of limits.");
        text.Value(desk.Balancer.RememberedClients.Sum(clients => clients.Table.Changes?.Lost ?? 0) + desk.Balancer.SharedRates.Sum(rate => rate.Taken.Lost));
    }

    private static void WriteListeners(MetricsText text, AdminDesk desk, Measures measures)
    {
        var open = desk.Balancer.OpenConnectionsByListener;
        text.Begin("steelyard_listener_connections_open", "gauge", "Connections of the listener that are open now.");
        foreach (var group in desk.Served.Snapshot.Listeners.Select((listener, i) => (Name: listener.Bind[0].ToString(), Open: i < open.Count ? open[i] : 0)).GroupBy(listener => listener.Name))
            text.Value(group.Sum(listener => listener.Open), "listener", group.Key);
        text.Begin("steelyard_listener_requests_in_flight", "gauge", "Requests, tunnels and sessions under way; a request from its first byte on.");
        foreach (var listener in measures.Listeners)
            text.Value(listener.UnderWay, "listener", listener.Name);
        foreach (var (name, help, value) in s_listeners)
        {
            text.Begin(name, "counter", help);
            foreach (var listener in measures.Listeners)
                text.Value(value(listener), "listener", listener.Name);
        }

        text.Begin("steelyard_listener_requests_total", "counter", "Requests by the class of their status; 4xx has those whose clients left.");
        foreach (var listener in measures.Listeners)
        {
            for (var status = 1; status <= 5; status++)
                text.Value(listener.Answers[status], "listener", listener.Name, "status", $"{status}xx");
        }
    }

    private static void WritePools(MetricsText text, AdminDesk desk, Measures measures)
    {
        text.Begin("steelyard_pool_queue_length", "gauge", "Requests and sessions that wait for a server with room.");
        foreach (var (pool, waiting) in desk.Balancer.Waiting)
            text.Value(waiting, "pool", pool);
        text.Begin("steelyard_pool_queue_refused_total", "counter", "Those who did not get a server: full, for as many waited as may; timeout, for they waited too long; left, for they went away.");
        foreach (var pool in measures.Pools)
        {
            text.Value(pool.QueueFull, "pool", pool.Name, "reason", "full");
            text.Value(pool.QueueTimeouts, "pool", pool.Name, "reason", "timeout");
            text.Value(pool.QueueLeft, "pool", pool.Name, "reason", "left");
        }

        text.Begin("steelyard_pool_requests_total", "counter", "Requests by the class of the status that clients were told, those that no server got among them; 4xx has those whose clients left.");
        foreach (var pool in measures.Pools)
        {
            for (var status = 1; status <= 5; status++)
                text.Value(pool.Answers[status], "pool", pool.Name, "status", $"{status}xx");
        }

        foreach (var (name, help, value) in s_pools)
        {
            text.Begin(name, "counter", help);
            foreach (var pool in measures.Pools)
                text.Value(value(pool), "pool", pool.Name);
        }

        var takers = desk.Served.Snapshot.Pools.Where(pool => pool.TakesRequests).Select(pool => pool.Name).ToHashSet(StringComparer.Ordinal);
        var pools = AdminLook.Pools(desk).Where(pool => takers.Contains(pool.Name)).ToList();
        foreach (var (name, help, value) in s_poolStates)
        {
            text.Begin(name, "gauge", help);
            foreach (var pool in pools)
                text.Value(value(pool), "pool", pool.Name);
        }

        foreach (var (name, help, value) in s_poolTimes)
        {
            text.Begin(name, "histogram", help);
            foreach (var pool in measures.Pools)
                text.Histogram(measures.Bounds, measures.Coarse(value(pool)), "pool", pool.Name);
        }
    }

    private static void WriteServers(MetricsText text, AdminDesk desk, Measures measures)
    {
        var servers = desk.Balancer.Servers;
        foreach (var (name, help, value) in s_serverStates)
        {
            text.Begin(name, "gauge", help);
            foreach (var server in servers)
                text.Value(value(server), "pool", server.Pool, "server", server.Address.ToString());
        }

        var pasts = servers.Select(server => (server, desk.History.Of(server.Pool, server.Address, DateTimeOffset.UtcNow))).ToList();
        foreach (var (name, help, value) in s_pasts)
        {
            text.Begin(name, "counter", help);
            foreach (var (server, past) in pasts)
                text.Value(value(past), "pool", server.Pool, "server", server.Address.ToString());
        }

        text.Begin("steelyard_server_failures_total", "counter", "Requests that failed with the server, those repeated elsewhere included.");
        foreach (var server in servers)
            text.Value(server.Failures, "pool", server.Pool, "server", server.Address.ToString());
        foreach (var (name, help, value) in s_servers)
        {
            text.Begin(name, "counter", help);
            foreach (var server in measures.Servers)
                text.Value(value(server), "pool", server.Pool, "server", server.Address.ToString());
        }

        text.Begin("steelyard_server_answers_total", "counter", "Attempts by the class of the answer's status; none for those without an answer.");
        foreach (var server in measures.Servers)
        {
            for (var status = 0; status <= 5; status++)
                text.Value(server.Answers[status], "pool", server.Pool, "server", server.Address.ToString(), "status", status == 0 ? "none" : $"{status}xx");
        }
    }

    private static void WriteBreakers(MetricsText text, IReadOnlyList<BreakerStatus> breakers)
    {
        text.Begin("steelyard_breaker_state", "gauge", "0 for a breaker that is closed, 1 for half open, 2 for open; server is empty for that of a whole pool.");
        foreach (var breaker in breakers)
            text.Value(breaker.State switch { BreakerState.Open => 2, BreakerState.HalfOpen => 1, _ => 0 }, "pool", breaker.Pool, "server", breaker.Server?.ToString() ?? "");
        text.Begin("steelyard_breaker_held", "gauge", "Whether an operator holds the breaker.");
        foreach (var breaker in breakers)
            text.Value(breaker.Hold == BreakerHold.None ? 0 : 1, "pool", breaker.Pool, "server", breaker.Server?.ToString() ?? "");
        foreach (var (name, help, value) in s_breakers)
        {
            text.Begin(name, "counter", help);
            foreach (var breaker in breakers)
                text.Value(value(breaker), "pool", breaker.Pool, "server", breaker.Server?.ToString() ?? "");
        }
    }

    private static void WriteKeeper(MetricsText text, KeeperState state, int differences)
    {
        text.Begin("steelyard_reloads_total", "counter", "Configurations that the keeper was to take up after the first: done, or failed where something was wrong and nothing changed.");
        text.Value(state.Reloads, "result", "done");
        text.Value(state.FailedReloads, "result", "failed");
        text.Begin("steelyard_engines_started_total", "counter", "Engines that the keeper has started.");
        text.Value(state.Engines);
        text.Begin("steelyard_keeper_start_time_seconds", "gauge", "When the keeper started.");
        text.Value(state.Since.ToUnixTimeMilliseconds() / 1000d);
        text.Begin("steelyard_differences", "gauge", "What operators have changed beside the file: what /api/configuration lists.");
        text.Value(differences);
    }
}
