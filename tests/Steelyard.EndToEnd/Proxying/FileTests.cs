using System.Runtime.InteropServices;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Files that need no server, over real sockets.</summary>
public sealed partial class FileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private TestBalancer Start(Func<ListenerSettings, ListenerSettings>? change = null, Func<FilesSettings, FilesSettings>? files = null) => TestBalancer.Start([], snapshot =>
    {
        var settings = new FilesSettings { Root = _folder.Path };
        var listener = snapshot.Listeners[0] with { Routes = [new() { Files = files?.Invoke(settings) ?? settings }] };
        return snapshot with { Listeners = [change?.Invoke(listener) ?? listener], Pools = [] };
    });

    private static string Get(string path) => $"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n";

    [Fact]
    public async Task A_request_that_is_sent_on_within_counts_once_at_its_limits()
    {
        _folder.Write("index.html", "index");
        await using var balancer = Start(listener => listener with
        {
            RateLimit = new() { Rate = new(1, TimeSpan.FromHours(1)), Burst = 3 },
            Concurrency = new() { Most = 1 },
        });
        using var client = await balancer.Connect();
        for (var i = 0; i < 4; i++)
            Assert.Equal((200, "index"), await AskAsync(client, "/"));
        Assert.Equal(429, (await client.Ask(Get("/"))).Status);
    }

    [Fact]
    public async Task A_request_that_goes_round_in_circles_is_an_error_and_no_more()
    {
        await using var balancer = Start(
            listener => listener with { Concurrency = new() { Most = 1 } },
            files => files with { Try = [TextTemplate.Parse("/none")], ElsePath = TextTemplate.Parse("/again") });
        using var client = await balancer.Connect();
        for (var i = 0; i < 3; i++)
            Assert.Equal(500, (await client.Ask(Get("/"))).Status);
        Assert.Equal(0, balancer.Counters.Faults);
    }

    [Fact]
    public async Task A_pipe_is_no_file_and_nobody_waits_for_it()
    {
        Assert.Equal(0, MakePipe(_folder.At("pipe"), 0x1B6));
        _folder.Write("file", "file");
        await using var balancer = Start();
        using var client = await balancer.Connect();
        Assert.Equal(404, (await client.Ask(Get("/pipe"))).Status);
        Assert.Equal((200, "file"), await AskAsync(client, "/file"));
    }

    [Theory]
    [InlineData("/../secret")]
    [InlineData("/%2e%2e/secret")]
    [InlineData("/..%2Fsecret")]
    [InlineData("/sub/..%2f..%2Fsecret")]
    [InlineData("/secret%00.html")]
    public async Task Nothing_outside_of_the_folder_is_given(string path)
    {
        _folder.Write("secret", "secret");
        Directory.CreateDirectory(_folder.At("root/sub"));
        await using var balancer = Start(files: files => files with { Root = _folder.At("root") });
        using var client = await balancer.Connect();
        var answer = await client.Ask(Get(path));
        Assert.True(answer.Status is 400 or 404, $"{answer.Status}");
    }

    [Fact]
    public async Task A_large_file_comes_whole_and_others_have_their_turn()
    {
        var bytes = new byte[40_000_000];
        new Random(1).NextBytes(bytes);
        await File.WriteAllBytesAsync(_folder.At("large"), bytes, TestContext.Current.CancellationToken);
        await using var balancer = Start();
        using var client = new HttpClient();
        var large = client.GetByteArrayAsync(new Uri($"http://{balancer.Address}/large"), TestContext.Current.CancellationToken);
        Assert.Equal(404, (int)(await client.GetAsync(new Uri($"http://{balancer.Address}/none"), TestContext.Current.CancellationToken)).StatusCode);
        var received = await large;
        Assert.True(bytes.AsSpan().SequenceEqual(received));
    }

    [Fact]
    public async Task Parts_of_a_large_file_come_in_one_answer_and_the_connection_goes_on()
    {
        var text = string.Concat(Enumerable.Range(0, 40_000).Select(number => $"{number:d5}"));
        _folder.Write("large", text);
        await using var balancer = Start();
        using var client = await balancer.Connect();
        var answer = await client.Ask("GET /large HTTP/1.1\r\nHost: x\r\nRange: bytes=10-99999,150000-, -7\r\n\r\n");
        Assert.Equal(206, answer.Status);
        var parts = answer.Text.Split("--" + answer["Content-Type"]!.Split("boundary=")[1]);
        Assert.Equal(["\r\n", text[10..100_000] + "\r\n", text[150_000..] + "\r\n", text[^7..] + "\r\n", "--\r\n"], parts.Select(part => part[(part.IndexOf("\r\n\r\n", StringComparison.Ordinal) is var head and >= 0 ? head + 4 : 0)..]));
        Assert.Equal((200, text), await AskAsync(client, "/large"));
    }

    private static async Task<(int Status, string Text)> AskAsync(RawClient client, string path)
    {
        var answer = await client.Ask(Get(path));
        return (answer.Status, answer.Text);
    }

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakePipe(string path, uint mode);
}
