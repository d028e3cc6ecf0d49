using System.Text.Json;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Logging;

/// <summary>What is written of requests over real sockets, and where to.</summary>
public sealed class AccessLogTests : IDisposable
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: origin\r\nSet-Cookie: sid=42; Path=/\r\nDate: Sat, 28 Nov 2026 12:00:00 GMT\r\n\r\nhello";

    private readonly TemporaryFolder _folder = new();

    private string LogFile => Path.Combine(_folder.Path, "access.log");

    public void Dispose() => _folder.Dispose();

    private TestBalancer Start(RecordingOrigin origin, Func<AccessLogSettings, AccessLogSettings> change, Func<Snapshot, Snapshot>? adjust = null) =>
        TestBalancer.Start([origin.Address], snapshot => (adjust ?? (same => same))(snapshot with { AccessLog = change(new() { To = new(LogTargetKind.File, LogFile) }) }));

    private string[] Lines => File.Exists(LogFile) ? [.. File.ReadAllLines(LogFile)] : [];

    private async Task<string> FirstLine()
    {
        await Patience.Until(() => Lines.Length > 0);
        return Lines[0];
    }

    [Fact]
    public async Task Combined_is_what_nginx_writes()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(origin, log => log with { Format = AccessLogFormat.Combined, HiddenParameters = ["token"] });

        await balancer.Ask("GET /a?token=secret&b=\"1 HTTP/1.1\r\nHost: x\r\nReferer: http://r/?token=secret\r\nUser-Agent: a\"b\\c\r\nAuthorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l\r\n\r\n");

        Assert.Matches(
            """^127\.0\.0\.1 - aladdin \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET /a\?token=\*\*\*&b=\\x221 HTTP/1\.1" 200 5 "http://r/\?token=\*\*\*" "a\\x22b\\x5Cc"$""",
            await FirstLine());
    }

    [Theory]
    [InlineData("GET /x HTTP/1.1\r\nHost: h\r\nReferer: r\r\nUser-Agent: ua\r\nContent-Length: 1x\r\n\r\n", "\"GET /x HTTP/1.1\" 400", "\"r\" \"ua\"", "GET", "h", "/x")]
    [InlineData("GET /x?token=secret HTTP/1.1\r\nUser-Agent: ua\r\nReferer: r\r\n\r\n", "\"GET /x?token=*** HTTP/1.1\" 400", "\"r\" \"ua\"", "GET", null, "/x?token=***")]
    [InlineData("POST /t HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", "\"POST /t HTTP/1.1\" 501", "\"-\" \"-\"", "POST", "h", "/t")]
    [InlineData("\r\nGARBAGE\r\n\r\n", "\"GARBAGE\" 400", "\"-\" \"-\"", null, null, null)]
    [InlineData("GET / HTTP/3.0\r\nHost: h\r\n\r\n", "\"GET / HTTP/3.0\" 505", "\"-\" \"-\"", "GET", null, "/")]
    [InlineData("\u0016\u0003\u0001\u0000\u0005", "\"\\x16\\x03\\x01\\x00\\x05\" 400", "\"-\" \"-\"", null, null, null)]
    [InlineData("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "\"CONNECT a:1 HTTP/1.1\" 501", "\"-\" \"-\"", "CONNECT", null, "a:1")]
    public async Task Refused_requests_are_told_as_far_as_they_were_read(string sent, string line, string fields, string? method, string? host, string? target)
    {
        var json = Path.Combine(_folder.Path, "json.log");
        await using var balancer = TestBalancer.Start([RecordingOrigin.Refusing()], snapshot => snapshot with
        {
            AccessLog = new()
            {
                To = new(LogTargetKind.File, LogFile),
                Format = AccessLogFormat.Combined,
                HiddenParameters = ["token"],
                Beside = [new() { To = new(LogTargetKind.File, json), Format = AccessLogFormat.Json, HiddenParameters = ["token"] }],
            },
        });

        var page = (await balancer.Ask(sent)).Text;

        var combined = await FirstLine();
        Assert.Contains(line, combined, StringComparison.Ordinal);
        Assert.EndsWith(fields, combined, StringComparison.Ordinal);
        await Patience.Until(() => File.Exists(json) && File.ReadAllText(json).EndsWith('\n'));
        var said = JsonDocument.Parse(await File.ReadAllTextAsync(json, TestContext.Current.CancellationToken)).RootElement;
        Assert.Contains($"\nrequest {said.GetProperty("request_id").GetString()}\n", page, StringComparison.Ordinal);
        Assert.Equal((method, host, target), (TextOf("method"), TextOf("host"), TextOf("target")));

        string? TextOf(string name) => said.TryGetProperty(name, out var value) ? value.GetString() : null;
    }

    [Fact]
    public async Task JSON_names_causes_requests_and_traces()
    {
        await using var balancer = TestBalancer.Start([RecordingOrigin.Refusing()], snapshot => snapshot with
        {
            AccessLog = new() { To = new(LogTargetKind.File, LogFile), Format = AccessLogFormat.Json, RequestFields = [new("Authorization", 40), new("X-Odd", 4)] },
            RequestId = "X-Request-Id",
            TraceContext = new(),
        });

        var page = (await balancer.Ask("GET /a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\nX-Odd: \"\\\u0001\u00e9z\r\n\r\n".Replace("\u0001", "\t", StringComparison.Ordinal))).Text;

        var line = JsonDocument.Parse(await FirstLine()).RootElement;
        Assert.Equal(("503.connect-refused", 503, "SC--", "web"), (line.GetProperty("cause").GetString(), line.GetProperty("status").GetInt32(), line.GetProperty("termination").GetString(), line.GetProperty("pool").GetString()));
        Assert.Equal(("GET", "x", "/a", "HTTP/1.1"), (line.GetProperty("method").GetString(), line.GetProperty("host").GetString(), line.GetProperty("target").GetString(), line.GetProperty("protocol").GetString()));
        Assert.Equal("***", line.GetProperty("request_headers").GetProperty("authorization").GetString());
        Assert.Equal("\"\\", line.GetProperty("request_headers").GetProperty("x-odd").GetString());
        Assert.Matches("^[0-9a-f]{32}$", line.GetProperty("trace_id").GetString());
        Assert.Contains($"\nrequest {line.GetProperty("request_id").GetString()}\n", page, StringComparison.Ordinal);
        Assert.False(line.TryGetProperty("connect_ms", out _));
    }

    [Theory]
    [InlineData(LogEscape.Default, """{client} - {user} [{end-local}] "{request-line}" {status} {body-bytes-sent} "{header('User-Agent')}" {total-time | seconds} {header('X-None')} "{header('X-None') | quoted}" {header('X-Empty')}.{response-header('Server')} {response-header('X-None')} {parameter('b')} {tls-version} {cause} {route}""",
        """""^127\.0\.0\.1 - aladdin \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET /a\?token=\*\*\*&b=\\x221 HTTP/1\.1" 200 5 "a\\x22b\\x5Cc" \d+\.\d{3} - """" \.origin - \\x221 - - \*$""""")]
    [InlineData(LogEscape.HaProxy, """{peer | hex}:{peer-port} [{time}] {listener-mark} {backend}/{served-by} {request-time}/{queue-time}/{connect-time}/{response-time}/{total-time} {status} {bytes-sent} {request-cookie} {response-cookie} {termination} {retries} {queue-position} {request-headers} {response-headers} {request-line | quoted} {header('X-None')} {header('X-None') | quoted} {header('X-Empty')} {header('User-Agent') | escaped} {request-headers-quoted}""",
        """^7F000001:\d+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] 127\.0\.0\.1:\d+ web/127\.0\.0\.1:\d+ \d+/\d+/\d+/\d+/\d+ 200 124 - sid=42 ---- 0 0 \{x\} \{ori\} "GET /a\?token=\*\*\*&b=#221 HTTP/1\.1" - "" - a\\"b\\\\c "x"$""")]
    [InlineData(LogEscape.Json, """{{"ua":"{header('User-Agent')}","none":"{header('X-None')}","uri":"{uri}","query":"{query}","upper":"{upper(query)}","secret":"{header('Authorization')}","lower":"{lower(header('Authorization'))}","login":"{basic-credentials}","token":"{parameter('token')}"}}""",
        """^\{"ua":"a\\"b\\\\c","none":"","uri":"/a\?token=\*\*\*&b=\\"1","query":"token=\*\*\*&b=\\"1","upper":"\*\*\*","secret":"\*\*\*","lower":"\*\*\*","login":"\*\*\*","token":"\*\*\*"\}$""")]
    [InlineData(LogEscape.None, """{header('User-Agent')}|{url-decode('%0d%0aforged')}|{header('X-None')}|{query-string}|{protocol}|{connection-requests} {local-address}:{local-port} {time-utc} {end-iso} {time-milliseconds} {line-number}""",
        """^a"b\\c\|  forged\|\|\?token=\*\*\*&b="1\|HTTP/1\.1\|1 127\.0\.0\.1:\d+ \d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d \d{3} 1$""")]
    public async Task A_line_of_ones_own_has_what_its_format_names(LogEscape escape, string format, string expected)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(origin, log => log with
        {
            Format = AccessLogFormat.Custom,
            Line = LineOf(format),
            Escape = escape,
            HiddenParameters = ["token"],
            RequestFields = [new("Host", 10)],
            ResponseFields = [new("Server", 3)],
            Cookie = new("sid", 6),
        });

        await balancer.Ask("GET /a?token=secret&b=\"1 HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nUser-Agent: a\"b\\c\r\nAuthorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l\r\n\r\n");

        Assert.Matches(expected, await FirstLine());
    }

    [Fact]
    public async Task Only_those_are_written_for_which_the_condition_holds()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(
            origin,
            log => log with { When = Read($"when: \"status is '404' or path is '/wanted'\"").When },
            snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { Routes = [new() { Path = "/ok", Pool = "web" }, new() { Path = "/wanted", Pool = "web" }] }] });
        using (var client = await balancer.Connect())
        {
            foreach (var path in new[] { "/ok", "/none", "/ok", "/wanted" })
                await client.Ask($"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        }

        await Patience.Until(() => Lines.Length >= 2);
        Assert.Equal(["/none", "/wanted"], Lines.Select(line => line.Split(' ')[^2]));
    }

    private static ValueList<LogPart> LineOf(string format) => Read($"format: '{format.Replace("'", "''", StringComparison.Ordinal)}'").Line;

    private static AccessLogSettings Read(string line)
    {
        var result = ConfigurationFile.Parse($"access-log:\n  to: a.log\n  request-headers: {{ Host: 10 }}\n  response-headers: {{ Server: 3 }}\n  cookie: {{ sid: 6 }}\n  {line}\nlisten: [ {{ bind: ':80', to: web }} ]\npools: {{ web: {{ servers: [ '10.0.0.1:80' ] }} }}\n", "steelyard.yaml");
        return result.Snapshot?.AccessLog ?? throw new ArgumentException(string.Join('\n', result.Problems), nameof(line));
    }

    [Fact]
    public async Task What_went_well_is_sampled_and_errors_never_are()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(origin, log => log with { Sample = 5 }, snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { Routes = [new() { Path = "/ok", Pool = "web" }] }] });
        using (var client = await balancer.Connect())
        {
            for (var i = 0; i < 20; i++)
                await client.Ask($"GET {(i % 2 == 0 ? "/ok" : "/none")} HTTP/1.1\r\nHost: x\r\n\r\n");
        }

        await Patience.Until(() => Lines.Length >= 12);
        Assert.Equal((2, 10), (Lines.Count(line => line.Contains(" 200 ", StringComparison.Ordinal)), Lines.Count(line => line.Contains(" 404 ", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task Only_errors_are_only_errors_and_nothing_is_said_of_nothing()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(origin, log => log with { OnlyErrors = true });
        (await balancer.Connect()).Dispose();
        await balancer.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        await balancer.Ask("GET / HTTP/1.1\r\n\r\n");

        Assert.Contains("<BADREQ>", await FirstLine(), StringComparison.Ordinal);
        Assert.Single(Lines);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_of_several_logs_says_for_itself_whether_it_has_connections_without_a_request(bool skipped)
    {
        var other = _folder.At("other.log");
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(origin, log => log with { SkipNull = skipped, Beside = [log with { To = new(LogTargetKind.File, other), SkipNull = !skipped }] });
        (await balancer.Connect()).Dispose();
        await Patience.Until(() => balancer.Counters.OpenConnections == 0);
        await balancer.Ask("GET /asked HTTP/1.1\r\nHost: x\r\n\r\n");

        var (all, some) = skipped ? (other, LogFile) : (LogFile, other);
        foreach (var file in (string[])[all, some])
            await Patience.Until(() => File.Exists(file) && File.ReadAllText(file).Contains("/asked", StringComparison.Ordinal));
        Assert.Single(await File.ReadAllLinesAsync(some, TestContext.Current.CancellationToken));
        Assert.Contains("<BADREQ>", (await File.ReadAllLinesAsync(all, TestContext.Current.CancellationToken))[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_of_ones_own_that_its_client_has_left_is_not_complete()
    {
        using (var large = File.Create(_folder.At("large")))
            large.SetLength(1L << 30);
        await using var balancer = TestBalancer.Start([], snapshot => snapshot with
        {
            AccessLog = new() { To = new(LogTargetKind.File, LogFile), OnlyErrors = true, Format = AccessLogFormat.Custom, Line = LineOf("{status} {cause} {termination} [{completion}]") },
            Listeners = [snapshot.Listeners[0] with { Routes = [new() { Files = new FilesSettings { Root = _folder.Path } }] }],
            Pools = [],
        });
        using (var client = await balancer.Connect())
        {
            await client.Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
            await client.ReadHead();
        }

        Assert.Equal("200 cut.client-gone CD-- [-]", await FirstLine());
    }

    [Fact]
    public async Task A_body_of_ones_own_has_no_fields()
    {
        await using var balancer = TestBalancer.Start([], snapshot => snapshot with
        {
            AccessLog = new() { To = new(LogTargetKind.File, LogFile), Format = AccessLogFormat.Custom, Line = LineOf("{sent-header(''Content-Type'')} {sent-header(''X-Foo'')}".Replace("''", "'", StringComparison.Ordinal)) },
            Listeners = [snapshot.Listeners[0] with { Routes = [new() { Respond = new(200, "a\r\nX-Foo: b\r\n") }] }],
            Pools = [],
        });

        await balancer.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Matches("^text/plain.* -$", await FirstLine());
    }

    [Fact]
    public async Task A_file_that_becomes_shorter_while_it_is_sent_is_not_complete()
    {
        await using var large = new FileStream(_folder.At("large"), FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        large.SetLength(1L << 30);
        await using var balancer = TestBalancer.Start([], snapshot => snapshot with
        {
            AccessLog = new() { To = new(LogTargetKind.File, LogFile), OnlyErrors = true, Format = AccessLogFormat.Custom, Line = LineOf("{status} {cause} {termination} [{completion}]") },
            Listeners = [snapshot.Listeners[0] with { Routes = [new() { Files = new FilesSettings { Root = _folder.Path } }] }],
            Pools = [],
        });
        using var client = await balancer.Connect(receiveBuffer: 4096);
        await client.Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
        await client.ReadHead();
        large.SetLength(0);
        await client.Drain();

        Assert.Equal("200 cut.file-cut PD-- [-]", await FirstLine());
    }

    [Fact]
    public async Task A_captured_cookie_and_captured_fields_stand_in_the_line()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(origin, log => log with { Cookie = new("sid", 6), RequestFields = [new("Host", 10), new("Cookie", 10)], ResponseFields = [new("Server", 3)] });

        await balancer.Ask("GET / HTTP/1.1\r\nHost: x\r\nCookie: a=b; sid=1234567\r\n\r\n");

        Assert.Contains(" 200 124 sid=12 sid=42 ---- 1/1/0/0/0 0/0 {x|***} {ori} \"GET / HTTP/1.1\"", await FirstLine(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reload_keeps_the_file_and_a_file_that_cannot_be_written_changes_nothing()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(origin, log => log);
        using var client = await balancer.Connect();
        await client.Ask("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");

        var error = await Assert.ThrowsAsync<Engine.Logging.LogFileException>(() => balancer.Apply(snapshot => snapshot with { AccessLog = new() { To = new(LogTargetKind.File, _folder.Path) } }));
        Assert.Contains("it is a folder", error.Message, StringComparison.Ordinal);
        await balancer.Apply(snapshot => snapshot with { AccessLog = snapshot.AccessLog! with { To = new(LogTargetKind.File, LogFile), Format = AccessLogFormat.Combined } });
        await client.Ask("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");

        await Patience.Until(() => Lines.Length >= 2);
        Assert.EndsWith("{} \"GET /1 HTTP/1.1\"", Lines[0].Replace("0/0 ", "0/0 {} ", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.EndsWith("\"-\" \"-\"", Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Syslog_on_a_Unix_socket_may_come_later()
    {
        var socket = Path.Combine(_folder.Path, "log");
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { AccessLog = new() { To = new(LogTargetKind.Syslog, socket), Syslog = SyslogFormat.Rfc5424, Tag = "edge", Format = AccessLogFormat.Combined } });
        using var client = await balancer.Connect();
        await client.Ask("GET /lost HTTP/1.1\r\nHost: x\r\n\r\n");
        await Patience.Until(() => balancer.LogLinesDropped == 1);

        using var receiver = SyslogReceiver.StartUnix(socket);
        var next = receiver.Next();
        while (!next.IsCompleted)
        {
            // It is tried again after a second.
            await client.Ask("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
            await Task.WhenAny(next, Task.Delay(20, TestContext.Current.CancellationToken));
        }

        Assert.Matches($"^<134>1 \\d{{4}}-\\d\\d-\\d\\dT\\S+Z \\S+ edge {Environment.ProcessId} - - 127\\.0\\.0\\.1 .*GET /later", await next);
    }
}
