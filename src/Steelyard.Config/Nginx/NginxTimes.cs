namespace Steelyard.Config.Nginx;

/// <summary>Times: of locations, of the servers of an address, and of the file.</summary>
internal static class NginxTimes
{
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(24);
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    /// <summary>What counts where a file says nothing.</summary>
    public static Timeouts OfFile(List<NginxLevel> levels) => new()
    {
        ClientHeader = s_minute,
        ClientBody = s_minute,
        ClientIdle = TimeSpan.FromSeconds(75),
        TlsHandshake = s_minute,
        Connect = s_minute,
        ServerResponse = s_minute,
        ServerBody = s_minute,
        ServerIdle = Longest(levels.Where(level => level.Context == 'U').Select(level => level.Time("keepalive_timeout"))) ?? s_minute,
        Tunnel = s_minute,
    };

    /// <summary>Those of a location that is proxied.</summary>
    public static TimeoutOverrides OfRoute(NginxLevel level)
    {
        var (read, send) = (level.Time("proxy_read_timeout"), level.Time("proxy_send_timeout"));
        return new()
        {
            Connect = Within(level.Time("proxy_connect_timeout")),
            ServerResponse = Within(read),
            ServerBody = read is null && send is null ? null : Longest([read ?? s_minute, send ?? s_minute]),
            Tunnel = Within(read),
            ClientBody = level.Has("client_body_timeout") || level.Has("send_timeout") ? ClientBody(level) : null,
        };
    }

    /// <summary>Those of the servers of an address: where they differ the longest counts.</summary>
    public static TimeoutOverrides OfListener(List<NginxServer> servers) => new()
    {
        ClientHeader = Longest(servers.Select(server => server.Level.Time("client_header_timeout"))),
        ClientBody = Longest(servers.Select(server => ClientBody(server.Level))),
        ClientIdle = Longest(servers.Select(server => server.Level.Time("keepalive_timeout"))),
    };

    /// <summary>Those of a server of stream.</summary>
    public static TimeoutOverrides OfStream(NginxLevel level) => new()
    {
        Connect = Within(level.Time("proxy_connect_timeout")),
        Tunnel = Within(level.Time("proxy_timeout") ?? TimeSpan.FromMinutes(10)),
    };

    private static TimeSpan? ClientBody(NginxLevel level) =>
        level.Time("client_body_timeout") is null && level.Time("send_timeout") is null ? null
            : Longest([level.Time("client_body_timeout") ?? s_minute, level.Time("send_timeout") ?? s_minute]);

    private static TimeSpan? Within(TimeSpan? time) =>
        time is not { } given ? null : given > s_longest ? s_longest : given < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : given;

    private static TimeSpan? Longest(IEnumerable<TimeSpan?> times)
    {
        TimeSpan? longest = null;
        foreach (var time in times)
            longest = time is { } given && (longest is null || given > longest) ? given : longest;
        return Within(longest);
    }
}
