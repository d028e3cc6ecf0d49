using System.Text.RegularExpressions;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>
/// Each format of lines under the real HAProxy and under Steelyard, with the same requests: what both send to syslog is the
/// same but for what is a number of its own, such as a time or a port. Adding a case is adding lines of a frontend.
/// </summary>
[Trait("Lane", "files")]
public sealed partial class HaproxyLogLines
{
    /// <summary>What numbers are not compared.</summary>
    public enum Numbers
    {
        Compared,
        Any,
    }

    public static TheoryData<string, Numbers> Formats => new()
    {
        { "log-format \"%ci %f %ft %b/%s %ST %HM %HP %HPO %HQ %HU %HV %tsc %ts %H [%r] %{+Q}r %sslv %sslc\"", Numbers.Compared },
        { "log-format \"%{+Q}o %ci %f %ft %b/%s %ST %HM %HP %HQ %HU %HV %tsc %H %r %sslv %CC %CS %hr %hs %hrl %hsl %[src] %[int(5)] %ID\"", Numbers.Compared },
        { "capture request header X-A len 12\n capture request header X-N len 20\n capture response header X-B len 10\n capture cookie SID len 10\n log-format \"%{+Q}o %CC %CS %hr %hs %hrl %hsl %{-Q}hr %{-Q}CC %{-Q}b\"", Numbers.Compared },
        { "capture request header X-A len 12\n capture request header X-N len 20\n log-format \"%hr %hs %CC %[capture.req.hdr(0)] %{+E}[capture.req.hdr(0)] %{+Q,+E}[capture.req.hdr(0)] %[capture.req.hdr(1)] %{+Q}[capture.req.hdr(1)] %[capture.req.hdr(0),upper]|%%\"", Numbers.Compared },
        { "capture request header X-A len 12\n http-request set-header X-A changed\n http-request set-query z=1\n log-format \"%hr %HQ %HU\"", Numbers.Compared },
        { "http-request silent-drop if METH_PUT { src 9.9.9.9 }\n http-response return status 202 if { status 200 }\n log-format \"%ST %tsc\"", Numbers.Compared },
        { "log-format '{\"path\":\"%[capture.req.uri,json]\",\"status\":%ST,\"method\":\"%[capture.req.method]\",\"backend\":\"%b\"}'", Numbers.Compared },
        { "http-request deny deny_status 429 content-type text/plain string slow if METH_PUT { path /put }\n log-format \"%ST %tsc\"", Numbers.Compared },
        { "http-request deny deny_status 200 if METH_PUT { path /put }\n log-format \"%ST %tsc\"", Numbers.Compared },
        { "timeout tarpit 50ms\n http-request tarpit deny_status 429 if METH_PUT { src 127.0.0.1 }\n log-format \"%ST %tsc %b/%s\"", Numbers.Compared },
        { "http-response set-status 418 if { status 200 }\n log-format \"%ST %tsc\"", Numbers.Compared },
        { "log-format \"  %hr  %ci   %HM  end \"", Numbers.Compared },
        { "log-format \"%{+X}o %ci %fi %f %b %s %ST %HM %[int(50)]\"", Numbers.Compared },
        { "log-format \"%cp %fp %sp %ac %fc %bc %sc %rc %sq %bq %TR %Tw %Tc %Tr %Ta %Td %Th %Ti %Tq %Tu %Tt %ms %Ts %pid %lc %U %B %si\"", Numbers.Any },
        { "log-format \"[%t] [%T] [%Tl] [%tr] [%trg] [%trl] %{+X}Ts %{+X}pid %{+X}cp %{+X}ms\"", Numbers.Any },
        { "unique-id-format %{+X}o\\ %ci-%fi-%[int(7)]\n log-format \"%ID %{+Q}ID %[unique-id]\"", Numbers.Compared },
        { "declare capture request len 3\n capture request header X-A len 20\n http-request capture path len 9\n declare capture response len 4\n http-request capture req.hdr(X-N),upper id 0\n http-response capture res.hdr(X-B) id 0\n log-format \"%hr %hs %hrl %hsl %[capture.req.hdr(0)] %[capture.req.hdr(1)] %[capture.req.hdr(2)]\"", Numbers.Any },
        { "option httplog\n declare capture request len 3\n capture request header X-D len 20\n http-request capture path,length len 9 if METH_GET\n http-request capture req.hdr(X-N),upper id 0", Numbers.Any },
        { "option httplog clf", Numbers.Any },
        { "option httplog", Numbers.Any },
        { "option httpslog", Numbers.Any },
        { "option tcplog", Numbers.Any },
    };

    [Theory, MemberData(nameof(Formats))]
    public async Task What_HAProxy_logs_is_logged(string format, Numbers numbers)
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is not null)
                await connection.Send("HTTP/1.1 200 OK\r\nDate: Sat, 28 Nov 2026 12:00:00 GMT\r\nX-B: b|\"x\r\nSet-Cookie: SID=new; path=/\r\nContent-Length: 5\r\n\r\nhello");
        });
        using var log = SyslogReceiver.StartUdp();
        var configuration = $"""
            defaults
             mode http
             timeout client 5s
             timeout server 5s
             timeout connect 5s
            frontend front
             bind ADDRESS
             log {log.Address} local0
             {format}
             http-request return status 200 if METH_PUT
             default_backend back
            backend back
             server one {origin.Address}

            """;
        string[] requests =
        [
            "GET /p?q=1 HTTP/1.1\r\nHost: x\r\nX-A: a\"b]\\c|d{\r\nX-N: n\r\nX-D: first\r\nX-D: second\r\nCookie: a=b; SID=abc\r\n\r\n",
            "HEAD / HTTP/1.0\r\n\r\n",
            "PUT /put HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        ];
        var (theirs, ours) = await SideBySide.Haproxy(configuration, async connect =>
        {
            List<string> lines = [];
            foreach (var request in requests)
            {
                using var client = await connect();
                lines.Add(await Ask(client, request, log, numbers));
            }

            return lines;
        });
        Assert.Equal(theirs, ours);
    }

    [Fact]
    public async Task What_HAProxy_leaves_out_is_left_out_and_a_raw_message_is_the_line_alone()
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is not null)
                await connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        });
        using var log = SyslogReceiver.StartUdp();
        var configuration = $"""
            defaults
             mode http
             timeout client 5s
             timeout server 5s
             timeout connect 5s
            frontend front
             bind ADDRESS
             log {log.Address} format raw local0
             option dontlognull
             log-format "%HM %HU %ST"
             monitor-uri /up
             http-request set-log-level silent if METH_POST
             acl loud path_beg /loud
             http-request set-log-level info if METH_POST loud
             http-response set-log-level silent if METH_HEAD
             default_backend back
            backend back
             server one {origin.Address}

            """;
        string[] requests = ["GET /up", "GET /up?more", "POST /quiet", "HEAD /head", "POST /loud", "GET /shown"];
        var (theirs, ours) = await SideBySide.Haproxy(configuration, async connect =>
        {
            List<string> lines = [];
            foreach (var request in requests)
            {
                using var client = await connect();
                await client.Send($"{request} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
                await client.ReadResponse(request[..request.IndexOf(' ', StringComparison.Ordinal)]);
            }

            while (lines is not [.., "GET /shown 200"])
                lines.Add((await log.Next()).TrimEnd('\n'));
            return lines;
        });
        Assert.Equal(theirs, ours);
    }

    public static TheoryData<string> Cookies =>
    [
        "insert", "insert indirect nocache", "insert preserve", "insert indirect preserve", "insert postonly", "insert indirect maxidle 60s maxlife 1h", "rewrite", "prefix", "",
    ];

    [Theory, MemberData(nameof(Cookies))]
    public async Task What_becomes_of_a_cookie_has_the_letters_of_HAProxy(string options)
    {
        await using var origin = RecordingOrigin.Start(SetIts);
        await using var two = RecordingOrigin.Start(SetIts);
        await using var third = RecordingOrigin.Start(SetIts);
        using var log = SyslogReceiver.StartUdp();
        var configuration = $$"""
            defaults
             mode http
             timeout client 5s
             timeout server 5s
             timeout connect 5s
            frontend front
             bind ADDRESS
             log {{log.Address}} local0
             option dontlognull
             log-format "%tsc %s %HM %HU"
             default_backend back
            backend back
             cookie SRV {{options}}
             use-server two if { path_beg /two }
             ignore-persist if { path_beg /ignore }
             force-persist if { path_beg /force }
             server one {{origin.Address}} cookie a
             server two {{two.Address}} cookie b
             server out {{third.Address}} cookie c disabled

            """;
        string[] requests = ["GET /", "GET /set", "GET / a", "GET /set a", "GET / x", "GET /set x", "GET / c", "GET / a|AAAAA", "GET / a|AAAAA|AAAAA", "GET /set a~its", "GET / a~its", "POST /", "GET / given", "GET /set given", "GET /two a", "GET /two b", "GET /two x", "GET /two", "GET /ignore a", "GET /ignore x", "GET /ignore", "GET /force c", "GET /force a"];
        var (theirs, ours) = await SideBySide.Haproxy(configuration, async connect =>
        {
            List<string> lines = [];
            var given = "";
            foreach (var request in requests)
            {
                using var client = await connect();
                lines.Add(await WithCookie(client, request, log, given, value => given = value));
            }

            return lines;
        });
        Assert.Equal(theirs, ours);
    }

    private static async Task SetIts(OriginConnection connection)
    {
        while (await connection.ReadRequestOrEnd() is { } request)
            await connection.Send($"HTTP/1.1 200 OK\r\n{(request.StartLine.Contains("/set", StringComparison.Ordinal) ? "Set-Cookie: SRV=its; path=/\r\n" : "")}Content-Length: 5\r\n\r\nhello");
    }

    private static async Task<string> WithCookie(RawClient client, string request, SyslogReceiver log, string given, Action<string> take)
    {
        var words = request.Split(' ');
        var cookie = words.Length < 3 ? "" : $"Cookie: SRV={(words[2] == "given" ? given : words[2])}\r\n";
        await client.Send($"{words[0]} {words[1]} HTTP/1.1\r\nHost: x\r\n{cookie}{(words[0] == "POST" ? "Content-Length: 0\r\n" : "")}\r\n");
        var answer = await client.ReadResponse(words[0]);
        client.Dispose();
        if (answer["Set-Cookie"] is { } set && set.StartsWith("SRV=", StringComparison.Ordinal))
            take(set[4..].Split(';')[0]);
        var line = (await log.Next()).TrimEnd('\n');
        return request + ": " + line[(line.IndexOf("]: ", StringComparison.Ordinal) + 3)..];
    }

    [Fact]
    public async Task A_sample_of_lines_is_that_of_HAProxy()
    {
        using var first = SyslogReceiver.StartUdp();
        using var second = SyslogReceiver.StartUdp();
        using var all = SyslogReceiver.StartUdp();
        var configuration = $"""
            defaults
             mode http
             timeout client 5s
             timeout server 5s
             timeout connect 5s
            frontend front
             bind ADDRESS
             log {first.Address} sample 1,3-4:5 local0
             log {second.Address} sample 2:2 local0
             log {all.Address} local0
             option dontlognull
             log-format "%HP"
             http-request return status 200

            """;
        var (theirs, ours) = await SideBySide.Haproxy(configuration, async connect =>
        {
            List<string> lines = [];
            for (var i = 1; i <= 10; i++)
            {
                using var client = await connect();
                await client.Ask($"GET /{i} HTTP/1.1\r\nHost: x\r\n\r\n");
                client.Dispose();
                await all.Next();
            }

            foreach (var (name, receiver, count) in ((string, SyslogReceiver, int)[])[("first", first, 6), ("second", second, 5)])
            {
                for (var i = 0; i < count; i++)
                    lines.Add(name + (await receiver.Next()).TrimEnd('\n').Split("]: ")[1]);
            }

            return lines;
        });
        Assert.Equal(theirs, ours);
    }

    [Fact]
    public async Task Every_place_of_a_log_gets_every_line()
    {
        using var first = SyslogReceiver.StartUdp();
        using var second = SyslogReceiver.StartUdp();
        using var third = SyslogReceiver.StartUdp();
        await using var balancer = TestBalancer.Start(ConfigurationFile.Parse(
            $"""
            global
             log {first.Address} local0
             log {second.Address} format rfc5424 local3 info
             log {third.Address} local1 notice
            listen front
             mode http
             bind 127.0.0.1:0
             log global
             log {third.Address} local7
             log-format "%HM %HP"
             http-request return status 200
            """,
            "places.cfg"));
        using var client = await balancer.Connect();

        await client.Ask("GET /p HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Matches(@"^<190>[^<]* haproxy\[\d+\]: GET /p$", await third.Next());
        Assert.Matches(@"^<134>[^<]* haproxy\[\d+\]: GET /p$", await first.Next());
        Assert.Matches(@"^<158>1 \S+ \S+ haproxy \d+ - - GET /p$", await second.Next());
    }

    private static async Task<string> Ask(RawClient client, string request, SyslogReceiver log, Numbers numbers)
    {
        await client.Send(request);
        await client.ReadResponse(request[..request.IndexOf(' ', StringComparison.Ordinal)]);
        client.Dispose();
        var line = (await log.Next()).TrimEnd('\n');
        line = line[(line.IndexOf("]: ", StringComparison.Ordinal) + 3)..];

        // What has left before another came is a matter of chance.
        return numbers == Numbers.Compared ? line : Number().Replace(line, "n");
    }

    // -1 is what did not come, which is the same for both; one in hexadecimal digits can be all letters.
    [GeneratedRegex(@"(?<![-\w.])(0x)?[0-9A-F]*\d[0-9A-F]*(?![\w.])|(?<= )[A-F]{1,4}(?= |$)|(?<=[:.])\d{2,3}\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Number();
}
