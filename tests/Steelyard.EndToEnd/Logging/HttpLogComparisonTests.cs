using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Strictness;

namespace Steelyard.EndToEnd.Logging;

/// <summary>
/// The same situations through a real HAProxy and through us, and the lines that both log, side by side: equal in all that
/// is not a time, but for what <see cref="Situations"/> says of itself with a reason. docs/logging.md has the reasons too.
/// </summary>
public sealed partial class HttpLogComparisonTests
{
    private const string Host = "\r\nHost: x\r\n";

    /// <summary>A situation, and what is logged of it.</summary>
    /// <param name="Name">What happens.</param>
    /// <param name="Play">The client's part.</param>
    /// <param name="Line">The line, without what is a time and the bytes.</param>
    /// <param name="Theirs">HAProxy's line where it is another one, or those that it may be by how the kernel tells of a reset; null for the same.</param>
    /// <param name="Why">Why it is.</param>
    private sealed record Situation(string Name, Func<Side, Task> Play, string Line, string[]? Theirs = null, string? Why = null);

    /// <summary>One of the two.</summary>
    private sealed record Side(Func<Task<RawClient>> Http, Func<string, Task<RawClient>> Tcp, SyslogReceiver Log, ScriptedServer Origin)
    {
        /// <summary>Completes when the line is there.</summary>
        public TaskCompletionSource Logged { get; set; } = new();
    }

    private static Situation[] Situations =>
    [
        new("a request", Get("/web/"), "fe web/OK n/n/n/n/n 200 - - ---- 1/1/0/0/0 0/0 {} {} \"GET /web/ HTTP/1.1\""),
        new("the next request of a connection", Twice("/web/1", "/web/2"), "fe web/OK n/n/n/n/n 200 - - ---- 1/1/0/0/0 0/0 {} {} \"GET /web/2 HTTP/1.1\""),
        new("fields that are captured", Send("GET /web/captured HTTP/1.1\r\nHost: x\r\nUser-Agent: a|b{c}\"d#e\u00e9 0123456789\r\n\r\n"), "fe web/OK n/n/n/n/n 200 - - ---- 1/1/0/0/0 0/0 {a#7Cb#7Bc#7D#22d#23e#E9 01234567} {r#22#7Cs} \"GET /web/captured HTTP/1.1\""),
        new("HEAD", Send($"HEAD /web/head HTTP/1.1{Host}\r\n", "HEAD"), "fe web/OK n/n/n/n/n 200 - - ---- 1/1/0/0/0 0/0 {} {} \"HEAD /web/head HTTP/1.1\""),
        new("HTTP/1.0", Send("GET /web/old HTTP/1.0\r\n\r\n"), "fe web/OK n/n/n/n/n 200 - - ---- 1/1/0/0/0 0/0 {} {} \"GET /web/old HTTP/1.0\""),
        new("a request with a body", Send($"POST /web/post HTTP/1.1{Host}Content-Length: 3\r\n\r\nabc"), "fe web/OK n/n/n/n/n 200 - - ---- 1/1/0/0/0 0/0 {} {} \"POST /web/post HTTP/1.1\""),
        new("an answer in chunks", Get("/web/chunked"), "fe web/OK n/n/n/n/n 200 - - ---- 1/1/0/0/0 0/0 {} {} \"GET /web/chunked HTTP/1.1\""),
        new("an error of the server's", Get("/web/500"), "fe web/OK n/n/n/n/n 500 - - ---- 1/1/0/0/0 0/0 {} {} \"GET /web/500 HTTP/1.1\""),
        new("a query", Get("/web/?a=b&c=%20"), "fe web/OK n/n/n/n/n 200 - - ---- 1/1/0/0/0 0/0 {} {} \"GET /web/?a=b&c=%20 HTTP/1.1\""),
        new("what is escaped in captures only", Get("/web/a{b|c}\"^"), "fe web/OK n/n/n/n/n 200 - - ---- 1/1/0/0/0 0/0 {} {} \"GET /web/a{b|c}#22^ HTTP/1.1\""),
        new("a redirect", Get("/redirect"), "fe fe/<NOSRV> n/-1/-1/-1/n 302 - - LR-- 1/1/0/0/0 0/0 {} {} \"GET /redirect HTTP/1.1\""),
        new("a fixed answer", Get("/fixed"), "fe fe/<NOSRV> n/-1/-1/-1/n 200 - - LR-- 1/1/0/0/0 0/0 {} {} \"GET /fixed HTTP/1.1\""),
        new("too many requests", Twice("/rated/1", "/rated/2"), "fe fe/<NOSRV> n/-1/-1/-1/n 429 - - PR-- 1/1/0/0/0 0/0 {} {} \"GET /rated/2 HTTP/1.1\""),
        new("no route", Get("/nowhere"), "fe fe/<NOSRV> n/-1/-1/-1/n 404 - - PR-- 1/1/0/0/0 0/0 {} {} \"GET /nowhere HTTP/1.1\""),
        new("no server", Get("/none/"), "fe none/<NOSRV> n/-1/-1/-1/n 503 - - SC-- 1/1/0/0/0 0/0 {} {} \"GET /none/ HTTP/1.1\""),
        new("a server that refuses", Get("/refused/"), "fe refused/NO n/n/-1/-1/n 503 - - SC-- 1/1/0/0/0 0/0 {} {} \"GET /refused/ HTTP/1.1\""),
        new("a server that refuses, and another one", Get("/redispatched/"), "fe redispatched/OK n/n/n/n/n 200 - - ---- 1/1/0/0/+1 0/0 {} {} \"GET /redispatched/ HTTP/1.1\""),
        new("a server that does not accept in time", Get("/deaf/"), "fe deaf/DEAF n/n/-1/-1/n 503 - - sC-- 1/1/0/0/0 0/0 {} {} \"GET /deaf/ HTTP/1.1\""),
        new("a server that closes before its answer", Get("/once/close"), "fe once/OK n/n/n/-1/n 502 - - SH-- 1/1/0/0/0 0/0 {} {} \"GET /once/close HTTP/1.1\""),
        new("a server that does not speak HTTP", Get("/web/garbage"), "fe web/OK n/n/n/-1/n 502 - - PH-- 1/1/0/0/0 0/0 {} {} \"GET /web/garbage HTTP/1.1\""),
        new("a server that does not answer in time", Get("/web/silence"), "fe web/OK n/n/n/-1/n 504 - - sH-- 1/1/0/0/0 0/0 {} {} \"GET /web/silence HTTP/1.1\""),
        new("a server that breaks off", GetCut("/web/half"), "fe web/OK n/n/n/n/n 200 - - SD-- 1/1/0/0/0 0/0 {} {} \"GET /web/half HTTP/1.1\""),
        new("a server that stops in its answer", GetCut("/web/stall"), "fe web/OK n/n/n/n/n 200 - - sD-- 1/1/0/0/0 0/0 {} {} \"GET /web/stall HTTP/1.1\""),
        new("a client that sends no request", Leave(""), "fe fe/<NOSRV> -1/-1/-1/-1/n 400 - - CR-- 1/1/0/0/0 0/0 \"<BADREQ>\""),
        new("a client that leaves in its request", Leave("GET / HT"), "fe fe/<NOSRV> -1/-1/-1/-1/n 400 - - CR-- 1/1/0/0/0 0/0 \"<BADREQ>\""),
        new("a client that is too slow with its request", Wait("GET / HT"), "fe fe/<NOSRV> -1/-1/-1/-1/n 408 - - cR-- 1/1/0/0/0 0/0 \"<BADREQ>\""),
        new("a request that is none", Wait("GET  /\r\n\r\n"), "fe fe/<NOSRV> -1/-1/-1/-1/n 400 - - PR-- 1/1/0/0/0 0/0 \"<BADREQ>\""),
        new("a client that is reset before the answer", Reset($"GET /web/silence HTTP/1.1{Host}\r\n"), "fe web/OK n/n/n/-1/n -1 - - CH-- 1/1/0/0/0 0/0 {} {} \"GET /web/silence HTTP/1.1\"",
            Theirs:
            [
                "fe web/OK n/n/n/-1/n -1 - - CD-- 1/1/0/0/0 0/0 {} {} \"GET /web/silence HTTP/1.1\"",
                "fe web/OK n/n/n/-1/n 400 - - CH-- 1/1/0/0/0 0/0 {} {} \"GET /web/silence HTTP/1.1\"",
            ],
            Why: "nothing of the answer had come, which is H by HAProxy's own manual, and nobody was told a status"),
        new("a client that is reset within the answer", Download(reset: true), "fe web/OK n/n/n/n/n 200 - - CD-- 1/1/0/0/0 0/0 {} {} \"GET /web/long HTTP/1.1\""),
        new("a client that does not take the answer", Download(reset: false), "fe web/OK n/n/n/n/n 200 - - cD-- 1/1/0/0/0 0/0 {} {} \"GET /web/long HTTP/1.1\""),
        new("a client that is reset within its body", Reset($"POST /web/upload HTTP/1.1{Host}Content-Length: 10\r\n\r\nabc"), "fe web/OK n/n/n/-1/n -1 - - CH-- 1/1/0/0/0 0/0 {} {} \"POST /web/upload HTTP/1.1\"",
            Theirs:
            [
                "fe web/OK n/n/n/-1/n -1 - - CL-- 1/1/0/0/0 0/0 {} {} \"POST /web/upload HTTP/1.1\"",
                "fe web/OK n/n/n/-1/n -1 - - CD-- 1/1/0/0/0 0/0 {} {} \"POST /web/upload HTTP/1.1\"",
                "fe web/OK n/n/n/-1/n 400 - - CH-- 1/1/0/0/0 0/0 {} {} \"POST /web/upload HTTP/1.1\"",
            ],
            Why: "the same"),
        new("a client that stops in its body", Wait($"POST /web/upload HTTP/1.1{Host}Content-Length: 10\r\n\r\nabc"), "fe web/OK n/n/n/-1/n 408 - - cH-- 1/1/0/0/0 0/0 {} {} \"POST /web/upload HTTP/1.1\"",
            Theirs: ["fe web/OK n/n/n/-1/n 504 - - sH-- 1/1/0/0/0 0/0 {} {} \"POST /web/upload HTTP/1.1\""],
            Why: "a server that waits for the rest of a body is not late; the client is, and is told so"),
        new("a client that is reset while a server is connected to", LeaveUnconnected, "fe deaf/DEAF n/n/-1/-1/n -1 - - CC-- 1/1/0/0/0 0/0 {} {} \"GET /deaf/left HTTP/1.1\""),
        new("a wait for a server that is too long", Queue("limited", leave: false), "fe limited/<NOSRV> n/n/-1/-1/n 503 - - sQ-- 2/2/1/0/0 0/1 {} {} \"GET /limited/2 HTTP/1.1\""),
        new("a client that leaves while it waits for a server", Queue("patient", leave: true), "fe patient/<NOSRV> n/n/-1/-1/n -1 - - CQ-- 2/2/1/0/0 0/1 {} {} \"GET /patient/2 HTTP/1.1\""),
        new("a wait for a server", QueueAndServe(), "fe patient/OK n/n/n/n/n 200 - - ---- 2/2/0/0/0 0/1 {} {} \"GET /patient/2 HTTP/1.1\""),
        new("a client without a cookie", Cookie(""), "fe sticky/OK n/n/n/n/n 200 - - --NI 1/1/0/0/0 0/0 {} {} \"GET /sticky/ HTTP/1.1\""),
        new("a client with its cookie", Cookie("SRV=a"), "fe sticky/OK n/n/n/n/n 200 - - --VN 1/1/0/0/0 0/0 {} {} \"GET /sticky/ HTTP/1.1\""),
        new("a client with another's cookie", Cookie("SRV=x"), "fe sticky/B n/n/n/n/n 200 - - --II 1/1/0/0/0 0/0 {} {} \"GET /sticky/ HTTP/1.1\""),
        new("a client whose server is down", Cookie("SRV=a", "/stickydown/"), "fe stickydown/B n/n/n/n/n 200 - - --DI 1/1/0/0/0 0/0 {} {} \"GET /stickydown/ HTTP/1.1\""),
        new("an upgrade", Upgrade, "fe web/OK n/n/n/n/n 101 - - ---- 1/1/0/0/0 0/0 {} {} \"GET /web/upgrade HTTP/1.1\""),
        new("TCP: both ends close", Tcp("tcp", client => client.Ask($"GET /web/ HTTP/1.1{Host}Connection: close\r\n\r\n")), "tcp tcp/OK n/n/n 80 -- 1/1/0/0/0 0/0"),
        new("TCP: a server that refuses", Tcp("tcprefused", client => client.Drain()), "tcprefused tcprefused/NO n/-1/n 0 SC 1/1/0/0/0 0/0"),
        new("TCP: a client that is reset", TcpReset, "tcp tcp/OK n/n/n 0 CD 1/1/0/0/0 0/0"),
        new("TCP: nobody says anything", Tcp("tcp", client => client.Drain()), "tcp tcp/OK n/n/n 0 cD 1/1/0/0/0 0/0"),
    ];

    [Fact]
    public async Task What_HAProxy_logs_we_log()
    {
        using var theirLog = SyslogReceiver.StartUdp();
        using var ourLog = SyslogReceiver.StartUdp();
        var (theirScript, ourScript) = (new ScriptedServer(), new ScriptedServer());
        await using var theirOrigin = RecordingOrigin.Start(theirScript.Play);
        await using var ourOrigin = RecordingOrigin.Start(ourScript.Play);
        await using var theirOther = RecordingOrigin.Start(theirScript.Play);
        await using var ourOther = RecordingOrigin.Start(ourScript.Play);
        using var deaf = new DeafServer();
        var refusing = RecordingOrigin.Refusing();
        var (tcp, tcpRefused) = (RecordingOrigin.Refusing(), RecordingOrigin.Refusing());
        await using var theirs = ForeignProxy.StartHaProxy(ComparedConfigurations.OfHaProxy(theirLog, theirOrigin, theirOther, deaf, refusing, tcp, tcpRefused));
        await using var ours = TestBalancer.Start([ourOrigin.Address], snapshot => ComparedConfigurations.Own(snapshot, ourLog, ourOrigin, ourOther, deaf, refusing));
        Assert.True(await ours.Change(new("stickydown", ourOrigin.Address, Balancing.ServerState.Maintenance, null)));
        using (await theirs.Connect())
        {
            // It listens.
        }

        await theirLog.Next();
        var foreign = new Side(theirs.Connect, name => RawClient.Connect(new IPEndPoint(IPAddress.Loopback, name == "tcp" ? tcp.Port : tcpRefused.Port)), theirLog, theirScript);
        var own = new Side(() => ours.Connect(), name => RawClient.Connect(ours.EndPoints[name == "tcp" ? 1 : 2]), ourLog, ourScript);
        var names = new (string, string)[]
        {
            ($"127.0.0.1:0 ", "fe "), ("127.0.0.1:0/", "fe/"), ("127.0.0.2:0 ", "tcp "), ("127.0.0.3:0 ", "tcprefused "),
            (ourOrigin.Address.ToString(), "OK"), (ourOther.Address.ToString(), "B"), (refusing.ToString(), "NO"), (deaf.Address.ToString(), "DEAF"),
        };

        var differences = new List<string>();
        foreach (var situation in Situations)
        {
            var lines = await Task.WhenAll(Run(foreign, situation, []), Run(own, situation, names));
            var theirLines = situation.Theirs ?? [situation.Line];
            if (!theirLines.Contains(lines[0]) || lines[1] != situation.Line)
                differences.Add($"{situation.Name}\n  HAProxy {lines[0]}\n  instead {string.Join("\n       or ", theirLines)}\n  we      {lines[1]}\n  instead {situation.Line}");
            Assert.True(situation.Theirs is null == situation.Why is null, situation.Name);
        }

        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    private static async Task<string> Run(Side side, Situation situation, (string Address, string Name)[] names)
    {
        var marker = situation.Line.Contains("<BADREQ>", StringComparison.Ordinal) ? "<BADREQ>"
            : situation.Line.EndsWith('"') ? situation.Line[(situation.Line.LastIndexOf('"', situation.Line.Length - 2) + 1)..^1]
            : situation.Line.Split(' ')[0] + " ";
        side.Logged = new();
        side.Origin.Forget();
        var playing = situation.Play(side);
        while (true)
        {
            var line = await side.Log.Next();
            foreach (var (address, name) in names)
                line = line.Replace(address, name, StringComparison.Ordinal);
            if (!line.Contains(marker, StringComparison.Ordinal))
                continue;
            side.Logged.SetResult();
            await playing.Patiently(situation.Name);
            return Plain(line);
        }
    }

    /// <summary>A line without what is a time, the client's port, and, of HTTP, the bytes.</summary>
    private static string Plain(string line)
    {
        var match = Line().Match(line.TrimEnd('\n'));
        Assert.True(match.Success, line);
        var times = string.Join('/', match.Groups["times"].Value.Split('/').Select(time => time[0] == '-' ? time : "n"));
        var bytes = match.Groups["status"].Success ? "" : $" {match.Groups["bytes"].Value}";
        return $"{match.Groups["names"].Value} {times}{match.Groups["status"].Value}{bytes}{match.Groups["rest"].Value}";
    }

    [GeneratedRegex(@"^<134>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \w+\[\d+\]: 127\.0\.0\.1:\d+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] (?<names>\S+ \S+) (?<times>-?\d+(/-?\d+){2,4})(?<status> -?\d+(?= \d+ \S+ \S+ ....))? (?<bytes>\d+)(?<rest> .*)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Line();

    private static Func<Side, Task> Send(string request, string method = "GET") => async side =>
    {
        using var client = await side.Http();
        await client.Send(request);
        await client.ReadResponse(method);
    };

    private static Func<Side, Task> Get(string target) => Send($"GET {target} HTTP/1.1{Host}\r\n");

    private static Func<Side, Task> Twice(string first, string second) => async side =>
    {
        using var client = await side.Http();
        await client.Ask($"GET {first} HTTP/1.1{Host}\r\n");
        await client.Ask($"GET {second} HTTP/1.1{Host}\r\n");
    };

    private static Func<Side, Task> GetCut(string target) => Wait($"GET {target} HTTP/1.1{Host}\r\n");

    /// <summary>Sends something and reads to the end.</summary>
    private static Func<Side, Task> Wait(string sent) => async side =>
    {
        using var client = await side.Http();
        await client.Send(sent);
        await client.Drain();
    };

    private static Func<Side, Task> Leave(string sent) => async side =>
    {
        using var client = await side.Http();
        await client.Send(sent);
    };

    /// <summary>Sends something, and is reset once the server has seen it.</summary>
    private static Func<Side, Task> Reset(string sent) => async side =>
    {
        using var client = await side.Http();
        await client.Send(sent);
        await side.Origin.Arrived();
        client.Reset();
    };

    private static Func<Side, Task> Download(bool reset) => async side =>
    {
        using var client = await side.Http();
        await client.Send($"GET /web/long HTTP/1.1{Host}\r\n");
        await client.ReadHead();
        if (reset)
            client.Reset();
        else
            await side.Logged.Task;
    };

    private static Func<Side, Task> Queue(string pool, bool leave) => async side =>
    {
        using var busy = await side.Http();
        await busy.Send($"GET /{pool}/1 HTTP/1.1{Host}\r\n");
        await side.Origin.Arrived();
        using var client = await side.Http();
        await client.Send($"GET /{pool}/2 HTTP/1.1{Host}\r\n");
        if (leave)
        {
            await SeenBy(side);
            client.Close();
        }

        await side.Logged.Task;
        side.Origin.Release();
        await busy.ReadResponse();
    };

    private static Func<Side, Task> QueueAndServe() => async side =>
    {
        using var busy = await side.Http();
        await busy.Send($"GET /patient/1 HTTP/1.1{Host}\r\n");
        await side.Origin.Arrived();
        using var client = await side.Http();
        await client.Send($"GET /patient/2 HTTP/1.1{Host}\r\n");
        await SeenBy(side);
        side.Origin.Release();
        await client.ReadResponse();
    };

    /// <summary>Waits until the proxy has seen what was sent to it before.</summary>
    private static async Task SeenBy(Side side)
    {
        using var client = await side.Http();
        await client.Send($"GET /web/seen HTTP/1.1{Host}Connection: close\r\n\r\n");
        await client.Drain();
    }

    private static async Task LeaveUnconnected(Side side)
    {
        using var client = await side.Http();
        await client.Send($"GET /deaf/left HTTP/1.1{Host}\r\n");
        await SeenBy(side);
        client.Reset();
        await side.Logged.Task;
    }

    private static Func<Side, Task> Cookie(string cookie, string target = "/sticky/") =>
        Send($"GET {target} HTTP/1.1{Host}{(cookie.Length == 0 ? "" : $"Cookie: {cookie}\r\n")}\r\n");

    private static async Task Upgrade(Side side)
    {
        using var client = await side.Http();
        await client.Send($"GET /web/upgrade HTTP/1.1{Host}Connection: Upgrade\r\nUpgrade: chat\r\n\r\n");
        await client.ReadInterim();
        client.FinishSending();
        await client.Drain();
    }

    private static Func<Side, Task> Tcp(string listener, Func<RawClient, Task> play) => async side =>
    {
        try
        {
            using var client = await side.Tcp(listener);
            await play(client);
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            // As soon as it had been accepted.
        }
    };

    private static async Task TcpReset(Side side)
    {
        using var client = await side.Tcp("tcp");
        await client.Send($"GET /web/silence HTTP/1.1{Host}\r\n");
        await side.Origin.Arrived();
        client.Reset();
    }
}
