using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Strictness;

namespace Steelyard.EndToEnd.Differential;

/// <summary>
/// Each file of Differential/nginx runs under the real nginx and under Steelyard with the same requests; what clients and
/// servers see is the same, or the request says why not in a line that docs/nginx.md has too. Adding a case is adding
/// NAME.conf and NAME.requests: ADDRESS is where it listens, SERVER_A to SERVER_C answer with what they have seen, at CLOSED
/// nobody listens, PORT_A is the port alone, RESOLVER knows here.example as 127.0.0.1, FILES is a folder with files, CERTIFICATES that of site.pem and site.key, and what is written in LOGS is compared too. Requests stand between lines of dashes; X-Want says what a server answers, with ^ for a semicolon in a field, `from` for the address that the connection comes from, `long` for more than a buffer holds, `short` for 14 bytes, `gzip` for an answer in gzip, `hang` for no answer. One behind a line such as <c># tls: one.example</c> is asked by TLS, <c># tls: one.example tls1.2 h2,http/1.1</c> in that version and with these protocols, which servers speak where a client begins with it. STEELYARD_CASE='log-*' runs those alone.
/// </summary>
[Trait("Lane", "files")]
public sealed partial class NginxDifferences : IAsyncLifetime
{
    // nginx asks servers in HTTP/1.0, on a connection for each request.
    private static readonly string[] s_ofConnections = ["connection", "keep-alive", "date", "transfer-encoding", "content-length", "te", "server"];

    // Steelyard's own pages say more than those of nginx, and redirects have none.
    private static readonly string[] s_ofPages = ["content-type", "cache-control", "retry-after", "ratelimit", "ratelimit-policy"];

    private static readonly DateTime s_changed = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    // Names that no repository should hold.
    private static readonly (string Name, int Size)[] s_listed =
    [
        ("a.txt", 2), ("B.txt", 1023), ("a & b <c>.txt", 1024), ("grün.txt", 10_239), ("q?x%20#\"y\".txt", 1_048_575), (".hidden", 1), ("big.bin", 1_600_000), ("colon:name", 1536), ("it's", 0), ("control\u0001", 3), ("back\\slash", 4),
        ("a-very-long-name-that-does-not-fit-into-the-fifty-columns-there-are.txt", 5), (new string('n', 46) + ".txt", 6), (new string('o', 47) + ".txt", 7), ("grünes-langes-wort-das-nicht-in-die-fünfzig-spalten-paßt-die-es-gibt", 8),
        ("Folder two/x", 1), ("inner/y", 1),
    ];

    private readonly Dictionary<string, RecordingOrigin> _servers = [];
    private readonly TemporaryFolder _files = new();
    private readonly DnsServer _names = DnsServer.Start();

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Differential/nginx");

    public static TheoryData<string> Cases => new(Directory.EnumerateFiles(Folder, (Environment.GetEnvironmentVariable("STEELYARD_CASE") ?? "*") + ".conf").Select(file => Path.GetFileNameWithoutExtension(file)).Order());

    public ValueTask InitializeAsync()
    {
        _names.Set("here.example", "127.0.0.1");
        foreach (var name in (string[])["A", "B", "C"])
            _servers[name] = RecordingOrigin.Start(connection => Answer(connection, name));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Folder, "files"), "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(_files.Path, Path.GetRelativePath(Path.Combine(Folder, "files"), file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
            File.SetLastWriteTimeUtc(copy, s_changed);
        }

        foreach (var (name, size) in s_listed)
        {
            var file = Path.Combine(_files.Path, "listed", name);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, new string('x', size));
            File.SetLastWriteTimeUtc(file, s_changed);
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values)
            await server.DisposeAsync();
        await _names.DisposeAsync();
        _files.Dispose();
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task What_clients_and_servers_see_is_the_same(string name)
    {
        var requests = ReadRequests(FillServers(await File.ReadAllTextAsync(Path.Combine(Folder, name + ".requests"), TestContext.Current.CancellationToken)));
        var configuration = Fill(await File.ReadAllTextAsync(Path.Combine(Folder, name + ".conf"), TestContext.Current.CancellationToken));
        List<string> original = [], ours = [];
        using var theirLogs = new TemporaryFolder();
        using var ourLogs = new TemporaryFolder();
        await using (var nginx = ForeignProxy.StartNginx(configuration.Replace("LOGS", theirLogs.Path, StringComparison.Ordinal)))
            await AskAll(requests, original, nginx.Connect);
        var file = Path.Combine(_files.Path, name + ".conf");
        await File.WriteAllTextAsync(file, configuration.Replace("ADDRESS", "127.0.0.1:0", StringComparison.Ordinal).Replace("LOGS", ourLogs.Path, StringComparison.Ordinal), TestContext.Current.CancellationToken);
        await using (var balancer = TestBalancer.Start(ConfigurationFile.Read(file)))
            await AskAll(requests, ours, () => RawClient.Connect(balancer.Address));
        List<string> wrong = [];
        for (var i = 0; i < requests.Count; i++)
        {
            var shown = $"{name}, request {i + 1}:\n{requests[i].Request}\n--- nginx\n{original[i]}\n--- Steelyard\n{ours[i]}";
            if (original[i] == ours[i] != requests[i].Difference is null)
                wrong.Add(requests[i].Difference is null ? shown : "this is listed as a difference, and is none:\n" + shown);
        }

        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));

        Assert.Equal(LinesIn(theirLogs), LinesIn(ourLogs));
    }

    private static string LinesIn(TemporaryFolder logs) =>
        string.Concat(Directory.EnumerateFiles(logs.Path).Order().Select(file => $"{Path.GetFileName(file)}\n{TimeInLog.Replace(File.ReadAllText(file), "T")}"));

    [GeneratedRegex(@"\d+\.\d{3}\b|\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}|\d{4}-\d\d-\d\dT[0-9:]+[+-]\d\d:\d\d", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TimeInLog { get; }

    [Fact]
    public async Task Every_difference_is_listed()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Differential/nginx.md"), TestContext.Current.CancellationToken);
        foreach (var file in Directory.EnumerateFiles(Folder, "*.requests"))
        {
            foreach (var (_, difference, _) in ReadRequests(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)))
                Assert.True(difference is null || page.Contains(difference, StringComparison.Ordinal), $"{file}: {difference}");
        }
    }

    [Fact]
    public async Task A_thousand_clients_have_the_servers_that_nginx_gives_them()
    {
        var configuration = Fill("""
            events { }
            http {
              set_real_ip_from 127.0.0.1;
              upstream node_backend { ip_hash; server SERVER_A; server SERVER_B; server SERVER_C; }
              server { listen ADDRESS; server_name example.com; location / { proxy_pass http://node_backend; } }
            }
            """);
        var (original, ours) = await SideBySide.Nginx(configuration, AskForAThousand);
        Assert.Equal(original, ours);
        Assert.Equal(3, original.Distinct().Count());
    }

    private static async Task<List<string>> AskForAThousand(Func<Task<RawClient>> connect)
    {
        List<string> servers = [];
        RawClient? client = null;
        for (var i = 0; i < 1000; i++)
        {
            if (i % 500 == 0)
            {
                client?.Dispose();
                client = await connect();
            }

            // Two of three change within the octets that count.
            await client!.Send($"GET / HTTP/1.1\r\nHost: example.com\r\nX-Real-IP: {(i * 7) % 256}.{(i * 13) % 256}.{(i * 31) % 256}.{i % 256}\r\n\r\n");
            servers.Add((await client.ReadResponse("GET"))["X-Origin"]!);
        }

        client?.Dispose();
        return servers;
    }

    private string Fill(string configuration)
    {
        configuration = configuration.Replace("CLOSED", RecordingOrigin.Refusing().ToString(), StringComparison.Ordinal).Replace("FILES", _files.Path, StringComparison.Ordinal).Replace("CERTIFICATES", TestCertificates.Shared.Folder, StringComparison.Ordinal);
        return FillServers(configuration.Replace("RESOLVER", $"127.0.0.1:{_names.Port}", StringComparison.Ordinal));
    }

    private string FillServers(string text)
    {
        foreach (var (server, origin) in _servers)
            text = text.Replace("SERVER_" + server, origin.Address.ToString(), StringComparison.Ordinal).Replace("PORT_" + server, origin.Address.Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        return text;
    }

    private static List<(string Request, string? Difference, string? Tls)> ReadRequests(string text)
    {
        List<(string, string?, string?)> requests = [];
        foreach (var block in text.Split("---\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = block.Split('\n');
            var difference = lines[0].StartsWith("# differs: ", StringComparison.Ordinal) ? lines[0]["# differs: ".Length..] : null;
            var tls = lines[0].StartsWith("# tls:", StringComparison.Ordinal) ? lines[0]["# tls:".Length..].Trim() : null;
            var request = lines.Skip(difference is null && tls is null ? 0 : 1).ToList();
            var blank = request.IndexOf("");
            var body = string.Join('\n', request.Skip(blank + 1)).TrimEnd('\n');
            request = request[..blank];

            // A line alone is a path that is asked for.
            if (request is [var path] && path.StartsWith('/'))
                request = [$"GET {path} HTTP/1.1"];
            if (!request.Exists(line => line.StartsWith("Host:", StringComparison.Ordinal)) && !request[0].EndsWith("1.0", StringComparison.Ordinal))
                request.Add("Host: example.com");
            if (body.Length > 0)
                request.Add($"Content-Length: {body.Length.ToString(CultureInfo.InvariantCulture)}");
            requests.Add((string.Join("\r\n", request) + "\r\n\r\n" + body, difference, tls));
        }

        return requests;
    }

    private static async Task AskAll(List<(string Request, string? Difference, string? Tls)> requests, List<string> answers, Func<Task<RawClient>> connect)
    {
        foreach (var (request, _, tls) in requests)
        {
            using var client = await connect();
            answers.Add(ConnectionOpening.WithoutPorts(await Ask(client, request, tls), client));
        }
    }

    private static async Task<string> Ask(RawClient client, string request, string? tls)
    {
        HttpMessage answer;
        try
        {
            if (tls is not null)
                await client.Secure(ConnectionOpening.Asking(tls));
            await client.Send(request);
            answer = await client.ReadResponse(request[..request.IndexOf(' ', StringComparison.Ordinal)]);
        }
        catch (Exception fault) when (fault is IOException or EndOfStreamException or System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException or Xunit.Sdk.XunitException)
        {
            return "closed without an answer";
        }

        var status = answer.StartLine.Split(' ')[1];
        var isPage = answer.All("X-Origin").Length == 0 && answer.Text.Contains("<center>nginx", StringComparison.Ordinal);
        var isOurs = answer.All("X-Origin").Length == 0 && (answer.Text.Contains(status + " ", StringComparison.Ordinal) || answer.Text.Length == 0);
        var whole = !isPage && !isOurs;
        var shown = new StringBuilder().Append(status).Append('\n');
        foreach (var line in Fields(answer).Where(line => whole || !s_ofPages.Contains(line[..line.IndexOf(':', StringComparison.Ordinal)])))
            shown.Append(line).Append('\n');
        if (whole)
            shown.Append(answer.Plain);
        return PresentDate.Replace(Boundary.Replace(PortInLocation.Replace(shown.ToString(), ""), "N"), "T");
    }

    // A second may pass between the two.
    [GeneratedRegex(@"(?<=^expires: )\w{3}, \d\d \w{3} 20[24-9]\d.*", RegexOptions.Multiline | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PresentDate { get; }

    // Each counts its own.
    [GeneratedRegex(@"\b\d{20}\b", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Boundary { get; }

    // Each listens on another.
    [GeneratedRegex(@"(?<=^location: http://[a-z.]+):\d+", RegexOptions.Multiline | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PortInLocation { get; }

    private static IEnumerable<string> Fields(HttpMessage message) => message.Lines
        .Select(line => (Name: line[..line.IndexOf(':', StringComparison.Ordinal)].ToLowerInvariant(), Value: line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()))
        .Where(line => !s_ofConnections.Contains(line.Name))
        .Select((line, place) => (line.Name, line.Value, place))
        .OrderBy(line => line.Name, StringComparer.Ordinal).ThenBy(line => line.place)
        .Select(line => $"{line.Name}: {line.Value}");

    private static async Task Answer(OriginConnection connection, string name)
    {
        var opening = await ConnectionOpening.Take(connection);
        while (await connection.ReadRequestOrEnd() is { } request)
        {
            var wishes = (request["X-Want"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (wishes.Contains("close-" + name) || wishes.Contains("close"))
                return;
            if (wishes.Contains("hang-" + name) || wishes.Contains("hang"))
                continue;
            var status = wishes.FirstOrDefault(wish => wish.StartsWith("status=", StringComparison.Ordinal))?["status=".Length..] ?? wishes.FirstOrDefault(wish => wish.StartsWith($"status-{name}=", StringComparison.Ordinal))?["status-A=".Length..] ?? "200";
            var start = request.StartLine[..request.StartLine.LastIndexOf(' ')];
            var body = $"{opening}server {name}\n{start}\n{string.Join('\n', Fields(request).Where(line => !line.StartsWith("x-want", StringComparison.Ordinal)))}\n{request.Text}\n";
            var fields = string.Concat(wishes.Where(wish => wish.StartsWith("field=", StringComparison.Ordinal)).Select(wish => wish["field=".Length..].Replace('^', ';') + "\r\n"));
            if (wishes.Contains("from"))
                body += $"from {((System.Net.IPEndPoint)connection.Socket.RemoteEndPoint!).Address}\n";
            if (wishes.Contains("long"))
                body += string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n"));
            if (wishes.Contains("short"))
                body = "a server's few";
            var bytes = Encoding.Latin1.GetBytes(body);
            if (wishes.Contains("gzip"))
                (bytes, fields) = (Pack(bytes), fields + "Content-Encoding: gzip\r\n");
            if (wishes.Contains("cut"))
                bytes = bytes[..(bytes.Length / 2)];
            await connection.Send($"HTTP/1.1 {status} Whatever\r\nX-Origin: {name}\r\n{fields}Content-Length: {bytes.Length}\r\nConnection: close\r\n\r\n");
            if (request.Method != "HEAD")
                await connection.Send(bytes);
            return;
        }
    }

    private static byte[] Pack(byte[] body)
    {
        using var packed = new MemoryStream();
        using (var stream = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
            stream.Write(body);
        return packed.ToArray();
    }
}
