using System.Text;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>
/// Each file of Differential/haproxy runs under the real HAProxy and under Steelyard with the same requests; what clients
/// and servers see is the same, or the request says why not in a line that docs/haproxy.md has too. Adding a case is
/// adding NAME.cfg and NAME.requests: ADDRESS is where it listens, SERVER_A to SERVER_C answer with what they have seen,
/// at CLOSED nobody listens. Requests stand between lines of dashes; X-Want says what a server answers, with ^ for a semicolon in a field, `from` for the address that the connection comes from, `long` for more than a buffer holds, `empty` for nothing. One behind a line
/// such as <c># until: server B</c> is asked again until its answer has that, which is what checks bring about.
/// </summary>
[Trait("Lane", "files")]
public sealed class HaproxyDifferences : IAsyncLifetime
{
    private static readonly string[] s_ofConnections = ["connection", "keep-alive", "date", "transfer-encoding", "content-length", "te"];

    // Steelyard's own pages say more than those of HAProxy.
    private static readonly string[] s_ofPages = ["content-type", "cache-control", "retry-after"];

    private readonly Dictionary<string, RecordingOrigin> _servers = [];

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Differential/haproxy");

    public static TheoryData<string> Cases => new(Directory.EnumerateFiles(Folder, (Environment.GetEnvironmentVariable("STEELYARD_CASE") ?? "*") + ".cfg").Select(file => Path.GetFileNameWithoutExtension(file)).Order());

    public ValueTask InitializeAsync()
    {
        foreach (var name in (string[])["A", "B", "C"])
            _servers[name] = RecordingOrigin.Start(connection => Answer(connection, name));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values)
            await server.DisposeAsync();
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task What_clients_and_servers_see_is_the_same(string name)
    {
        var requests = ReadRequests(await File.ReadAllTextAsync(Path.Combine(Folder, name + ".requests"), TestContext.Current.CancellationToken));
        var configuration = (await File.ReadAllTextAsync(Path.Combine(Folder, name + ".cfg"), TestContext.Current.CancellationToken)).Replace("CLOSED", RecordingOrigin.Refusing().ToString(), StringComparison.Ordinal);
        foreach (var (server, origin) in _servers)
            configuration = configuration.Replace("SERVER_" + server, origin.Address.ToString(), StringComparison.Ordinal);
        var (original, ours) = await SideBySide.Haproxy(configuration, async connect =>
        {
            List<string> answers = [];
            foreach (var request in requests)
                answers.Add(await AskUntil(connect, request));
            return answers;
        });

        for (var i = 0; i < requests.Count; i++)
        {
            var shown = $"{name}, request {i + 1}:\n{requests[i].Request}\n--- HAProxy\n{original[i]}\n--- Steelyard\n{ours[i]}";
            if (requests[i].Difference is null)
                Assert.True(original[i] == ours[i], shown);
            else
                Assert.True(original[i] != ours[i], "this is listed as a difference, and is none:\n" + shown);
        }
    }

    [Fact]
    public async Task Every_difference_is_listed()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Differential/haproxy.md"), TestContext.Current.CancellationToken);
        foreach (var file in Directory.EnumerateFiles(Folder, "*.requests"))
        {
            foreach (var (_, difference, _) in ReadRequests(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)))
                Assert.True(difference is null || page.Contains(difference, StringComparison.Ordinal), $"{file}: {difference}");
        }
    }

    private static List<(string Request, string? Difference, string? Until)> ReadRequests(string text)
    {
        List<(string, string?, string?)> requests = [];
        foreach (var block in text.Split("---\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = block.Split('\n');
            var difference = lines[0].StartsWith("# differs: ", StringComparison.Ordinal) ? lines[0]["# differs: ".Length..] : null;
            var until = lines[0].StartsWith("# until: ", StringComparison.Ordinal) ? lines[0]["# until: ".Length..] : null;
            var request = lines.Skip(difference is null && until is null ? 0 : 1).ToList();
            var blank = request.IndexOf("");
            var body = string.Join('\n', request.Skip(blank + 1)).TrimEnd('\n');
            request = request[..blank];
            if (body.Length > 0)
                request.Add($"Content-Length: {body.Length}");
            requests.Add((string.Join("\r\n", request) + "\r\n\r\n" + body, difference, until));
        }

        return requests;
    }

    private static async Task<string> AskUntil(Func<Task<RawClient>> connect, (string Request, string? Difference, string? Until) asked)
    {
        var answer = "";
        await Patience.Until(async () =>
        {
            using var client = await connect();
            answer = ConnectionOpening.WithoutPorts(await Ask(client, asked.Request), client);
            return asked.Until is null || answer.Contains(asked.Until, StringComparison.Ordinal);
        }, () => $"{asked.Until} in {answer}");
        return answer;
    }

    private static async Task<string> Ask(RawClient client, string request)
    {
        await client.Send(request);
        HttpMessage answer;
        try
        {
            answer = await client.ReadResponse(request[..request.IndexOf(' ', StringComparison.Ordinal)]);
        }
        catch (Exception fault) when (fault is IOException or EndOfStreamException or System.Net.Sockets.SocketException or Xunit.Sdk.XunitException)
        {
            return "closed without an answer";
        }

        // What a file makes the proxy say itself is compared too, where it marks it so.
        var fromServer = answer.All("X-Origin").Length > 0;
        var isRedirect = answer.All("Location").Length > 0;
        var shown = new StringBuilder().Append(answer.StartLine.Split(' ')[1]).Append('\n');
        foreach (var line in Fields(answer).Where(line => fromServer || (isRedirect && line.StartsWith("cache-control:", StringComparison.Ordinal)) || !s_ofPages.Contains(line[..line.IndexOf(':', StringComparison.Ordinal)])))
            shown.Append(line).Append('\n');
        if (fromServer)
            shown.Append(answer.Plain);
        return shown.ToString();
    }

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
            if (wishes.Contains("hang"))
            {
                await connection.ReadRequestOrEnd();
                return;
            }

            var status = wishes.FirstOrDefault(wish => wish.StartsWith("status=", StringComparison.Ordinal))?["status=".Length..] ?? wishes.FirstOrDefault(wish => wish.StartsWith($"status-{name}=", StringComparison.Ordinal))?["status-A=".Length..] ?? "200";
            var body = $"{opening}server {name}\n{request.StartLine}\n{string.Join('\n', Fields(request).Where(line => !line.StartsWith("x-want", StringComparison.Ordinal)))}\n{request.Text}\n";
            var fields = string.Concat(wishes.Where(wish => wish.StartsWith("field=", StringComparison.Ordinal)).Select(wish => wish["field=".Length..].Replace('^', ';') + "\r\n"));
            if (wishes.Contains("from"))
                body += $"from {((System.Net.IPEndPoint)connection.Socket.RemoteEndPoint!).Address}\n";
            if (wishes.Contains("long"))
                body += string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n"));
            if (wishes.Contains("empty"))
                body = "";
            await connection.Send($"HTTP/1.1 {status} Whatever\r\nX-Origin: {name}\r\n{fields}Content-Length: {body.Length}\r\n\r\n{(request.Method == "HEAD" ? "" : body)}");
        }
    }
}
