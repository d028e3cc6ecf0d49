using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Logging;

/// <summary>The same proxy twice, as the lines of the logs are compared: by HAProxy's configuration and by ours.</summary>
internal static class ComparedConfigurations
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMilliseconds(600);

    public static Snapshot Own(Snapshot snapshot, SyslogReceiver log, RecordingOrigin origin, RecordingOrigin other, DeafServer deaf, NetworkAddress refusing)
    {
        var settings = new AccessLogSettings
        {
            To = new(LogTargetKind.Syslog, Address: log.Address),
            SkipNull = false,
            RequestFields = [new("User-Agent", 20)],
            ResponseFields = [new("X-Reply", 20)],
        };
        var sticky = new StickySettings { Cookie = "SRV", Value = StickyValue.Server, Indirect = true, NoCache = true, HttpOnly = false, Secure = StickySecure.Never };
        return snapshot with
        {
            AccessLog = settings,
            Timeouts = new()
            {
                ClientHeader = s_timeout,
                ClientBody = s_timeout,
                ServerResponse = s_timeout,
                ServerBody = s_timeout,
                Connect = s_timeout,
                Queue = s_timeout,
                Tunnel = s_timeout,
            },
            Limits = new() { RequestRate = null, ResponseRate = null },
            Listeners =
            [
                snapshot.Listeners[0] with
                {
                    Routes =
                    [
                        .. ((string[])["web", "none", "refused", "redispatched", "deaf", "once", "limited", "patient", "sticky", "stickydown"]).Select(pool => new RouteSettings { Path = $"/{pool}/*", Pool = pool }),
                        new RouteSettings { Path = "/rated/*", Pool = "web", RateLimit = new() { Rate = new(1, TimeSpan.FromMinutes(1)) } },
                        new RouteSettings { Path = "/redirect", Redirect = new(TextTemplate.Literal("http://x/")) },
                        new RouteSettings { Path = "/fixed", Respond = new(200) { Body = "fixed" } },
                    ],
                },
                new() { Bind = [NetworkAddress.ForHost("127.0.0.2", 0)], Mode = ListenerMode.Tcp, Routes = [new() { Pool = "tcp" }] },
                new() { Bind = [NetworkAddress.ForHost("127.0.0.3", 0)], Mode = ListenerMode.Tcp, Routes = [new() { Pool = "tcprefused" }] },
            ],
            Pools =
            [
                snapshot.Pools[0],
                Pool("none", new ServerSettings { Address = origin.Address, Weight = 0 }),
                Pool("refused", new ServerSettings { Address = refusing }),
                Pool("redispatched", new ServerSettings { Address = refusing }, new ServerSettings { Address = origin.Address }),
                Pool("deaf", new ServerSettings { Address = deaf.Address }),
                Pool("once", new ServerSettings { Address = origin.Address }) with { Retries = new() { Attempts = 1 } },
                Pool("limited", new ServerSettings { Address = origin.Address, MaxConnections = 1 }) with { Queue = new() { Timeout = s_timeout / 4 } },
                Pool("patient", new ServerSettings { Address = origin.Address, MaxConnections = 1 }),
                Pool("sticky", new ServerSettings { Address = origin.Address, Cookie = "a" }, new ServerSettings { Address = other.Address, Cookie = "b" }) with { Sticky = sticky },
                Pool("stickydown", new ServerSettings { Address = origin.Address, Cookie = "a" }, new ServerSettings { Address = other.Address, Cookie = "b" }) with { Sticky = sticky },
                Pool("tcp", new ServerSettings { Address = origin.Address }),
                Pool("tcprefused", new ServerSettings { Address = refusing }),
            ],
        };
    }

    private static PoolSettings Pool(string name, params ServerSettings[] servers) => new() { Name = name, Servers = [.. servers] };

    public static string OfHaProxy(SyslogReceiver log, RecordingOrigin origin, RecordingOrigin other, DeafServer deaf, NetworkAddress refusing, NetworkAddress tcp, NetworkAddress tcpRefused) => $$"""
        global
          log {{log.Address}} local0
          nbthread 1
        defaults
          mode http
          log global
          option httplog
          option abortonclose
          timeout connect {{s_timeout.TotalMilliseconds}}ms
          timeout client {{s_timeout.TotalMilliseconds}}ms
          timeout server {{s_timeout.TotalMilliseconds}}ms
          timeout queue {{s_timeout.TotalMilliseconds}}ms
          timeout http-request {{s_timeout.TotalMilliseconds}}ms
          timeout http-keep-alive 20s
          retries 0
        frontend fe
          bind ADDRESS
          capture request header User-Agent len 20
          capture response header X-Reply len 20
          http-request deny deny_status 404 if { path /nowhere }
          http-request deny deny_status 429 if { path /rated/2 }
          http-request redirect location http://x/ if { path /redirect }
          http-request return status 200 content-type text/plain string fixed if { path /fixed }
          use_backend %[path,field(2,/)] if { path_beg /none/ /refused/ /redispatched/ /deaf/ /once/ /limited/ /patient/ /sticky/ /stickydown/ }
          default_backend web
        backend web
          server OK {{origin.Address}}
        backend none
        backend refused
          server NO {{refusing}}
        backend redispatched
          retries 3
          option redispatch 1
          server NO {{refusing}}
          server OK {{origin.Address}}
        backend deaf
          server DEAF {{deaf.Address}}
        backend once
          server OK {{origin.Address}}
        backend limited
          timeout queue {{s_timeout.TotalMilliseconds / 4}}ms
          server OK {{origin.Address}} maxconn 1
        backend patient
          server OK {{origin.Address}} maxconn 1
        backend sticky
          cookie SRV insert indirect nocache
          server OK {{origin.Address}} cookie a
          server B {{other.Address}} cookie b
        backend stickydown
          cookie SRV insert indirect nocache
          server OK {{origin.Address}} cookie a disabled
          server B {{other.Address}} cookie b
        listen tcp
          mode tcp
          option tcplog
          bind {{tcp}}
          server OK {{origin.Address}}
        listen tcprefused
          mode tcp
          option tcplog
          bind {{tcpRefused}}
          server NO {{refusing}}

        """;
}
