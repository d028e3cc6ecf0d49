using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>One file under the real HAProxy and under Steelyard: <c>${FRONT}</c> is where it listens, <c>${COMMANDS}</c> its command socket.</summary>
internal sealed partial class CommandSocketPair : IAsyncDisposable
{
    private const string Beginning = """
        global
         stats socket "${COMMANDS}" level admin
         maxconn 100
        defaults
         mode http
         timeout client 5s
         timeout server 5s
         timeout connect 2s

        """;

    private readonly TemporaryFolder _folder;
    private readonly SteelyardProcess[] _programs;

    private CommandSocketPair(TemporaryFolder folder, SteelyardProcess[] programs) => (_folder, _programs) = (folder, programs);

    /// <param name="folder">Where both are to be.</param>
    /// <param name="configuration">The file but for the command socket and the defaults of HTTP.</param>
    public static async Task<CommandSocketPair> StartAsync(TemporaryFolder folder, string configuration)
    {
        var file = folder.Write("haproxy.cfg", Beginning + configuration);
        var pair = new CommandSocketPair(folder,
        [
            SteelyardProcess.StartProgram("haproxy", ["-db", "-f", file], Environment(folder, "theirs")),
            SteelyardProcess.Start(["up", file], Environment(folder, "ours")),
        ]);
        await pair._programs[1].LineAsync("ready");
        await Patience.Until(() => Task.FromResult(File.Exists(folder.At("theirs.commands")) && File.Exists(folder.At("theirs.front"))), () => pair._programs[0].Error);
        return pair;
    }

    /// <summary>What both say to a command, with stars for addresses of memory.</summary>
    public async Task<(string Theirs, string Ours)> AskAsync(string command) => (await AskAsync("theirs", command), await AskAsync("ours", command));

    /// <summary>What both answer to a request.</summary>
    /// <param name="fields">Fields of the request, each with its line end.</param>
    /// <param name="path">What is asked for.</param>
    public async Task<(string Theirs, string Ours)> GetAsync(string fields = "", string path = "/") => (await GetAsync("theirs", fields, path), await GetAsync("ours", fields, path));

    /// <summary>What Steelyard alone answers: HAProxy does not take up Unix sockets again that it has let go.</summary>
    public Task<string> GetOursAsync() => GetAsync("ours", "", "/");

    /// <summary>Lets both do the same, and asserts that they say the same.</summary>
    public async Task SameAsync(params string[] commands)
    {
        foreach (var command in commands)
        {
            var (theirs, ours) = await AskAsync(command);
            Assert.True(theirs == ours, $"{command}\n--- HAProxy\n{theirs}--- Steelyard\n{ours}");
        }
    }

    private async Task<string> AskAsync(string whose, string command) => Addresses().Replace(await TalkAsync(_folder.At(whose + ".commands"), command + "\n"), "0x*");

    private async Task<string> GetAsync(string whose, string fields, string path) =>
        (await TalkAsync(_folder.At(whose + ".front"), $"GET {path} HTTP/1.1\r\nHost: x\r\n{fields}Connection: close\r\n\r\n")).Split("\r\n\r\n", 2) is [var head, var body] ? head[9..12] + " " + body.Trim() : "nothing";

    private static async Task<string> TalkAsync(string path, string text)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), TestContext.Current.CancellationToken);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    private static Dictionary<string, string> Environment(TemporaryFolder folder, string whose) =>
        new() { ["FRONT"] = folder.At(whose + ".front"), ["COMMANDS"] = folder.At(whose + ".commands"), ["XDG_RUNTIME_DIR"] = folder.Path };

    public async ValueTask DisposeAsync()
    {
        foreach (var program in _programs)
            await program.DisposeAsync();
    }

    [GeneratedRegex("0x[0-9a-f]+", RegexOptions.None, 1000)]
    private static partial Regex Addresses();
}
