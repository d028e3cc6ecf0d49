using System.Diagnostics;
using System.Runtime.InteropServices;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Logging;

/// <summary>Access logs and causes of the program itself: signals, standard output, files it may not write.</summary>
public sealed class LoggingProgramTests : IDisposable
{
    private const PosixSignal Usr1 = (PosixSignal)10;

    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    private string Write(string log) => _folder.Write("steelyard.yaml", $$"""
        access-log: {{log}}
        admin: none
        listen: [ { bind: "127.0.0.1:0", routes: [ { respond: 204 } ] } ]
        """);

    private string LogOf(string name) => File.Exists(_folder.At(name)) ? File.ReadAllText(_folder.At(name)) : "";

    [Fact]
    public async Task A_signal_opens_the_file_again_and_a_stop_writes_what_is_left()
    {
        await using var up = SteelyardProcess.Start("up", Write("logs/access.log"));
        await up.LineAsync("ready");
        var url = await up.UrlAsync("listening on");
        await Client.GetAsync(new Uri(url, "/one"), Cancel);
        await Patience.Until(() => LogOf("logs/access.log").Contains("/one ", StringComparison.Ordinal));

        File.Move(_folder.At("logs/access.log"), _folder.At("logs/old.log"));
        up.Signal(Usr1);
        await Patience.Until(() => File.Exists(_folder.At("logs/access.log")) || Ask(url, "/two"));
        await Client.GetAsync(new Uri(url, "/three"), Cancel);
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());

        Assert.DoesNotContain("/one ", LogOf("logs/access.log"), StringComparison.Ordinal);
        Assert.EndsWith("\"GET /three HTTP/1.1\"\n", LogOf("logs/access.log"), StringComparison.Ordinal);

        static bool Ask(Uri url, string path)
        {
            Client.GetAsync(new Uri(url, path), Cancel).GetAwaiter().GetResult();
            return false;
        }
    }

    [Fact]
    public async Task Lines_go_to_standard_output_where_that_is_asked_for()
    {
        await using var up = SteelyardProcess.Start("up", Write("{ to: stdout, format: combined }"));
        await up.LineAsync("ready");
        await Client.GetAsync(new Uri(await up.UrlAsync("listening on"), "/seen"), Cancel);

        Assert.StartsWith("127.0.0.1 - - [", await up.LineAsync("\"GET /seen HTTP/1.1\" 204 0"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("--single")]
    public async Task A_stop_does_not_wait_for_a_reader_of_standard_output(params string[] options)
    {
        // Past the first lines nobody reads: the pipe fills up, and who writes waits.
        var start = new ProcessStartInfo(SteelyardProcess.Program, ["up", Write("{ to: stdout, format: combined }"), .. options]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var up = Process.Start(start)!;
        try
        {
            var said = "";
            while (await up.StandardOutput.ReadLineAsync(Cancel).AsTask().Patiently("ready") is { } line && line != "ready")
                said += line + " ";
            var url = new Uri(said.Split(' ').First(word => word.StartsWith("http://", StringComparison.Ordinal)));
            for (var i = 0; i < 100; i++)
                await Client.GetAsync(new Uri(url, "/" + new string('a', 4000)), Cancel);

            SteelyardProcess.Signal(up.Id, PosixSignal.SIGTERM);
            await up.WaitForExitAsync(Cancel).Patiently("its end");

            Assert.Equal(0, up.ExitCode);
        }
        finally
        {
            if (!up.HasExited)
                up.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_is_an_error_of_the_start()
    {
        Directory.CreateDirectory(_folder.At("taken"));

        var (status, _, error) = await SteelyardProcess.RunAsync("up", Write("taken"));

        Assert.Equal((1, $"steelyard up: the access log {_folder.At("taken")} cannot be written: it is a folder\n"), (status, error));
    }

    [Theory]
    [InlineData("503.connect-refused", 0, "503.connect-refused\n\n  No server of the pool accepted a connection.\n\nWhat it means\n  Each server")]
    [InlineData("502.connect-refused", 0, "503.connect-refused\n")]
    [InlineData("504", 0, "504.breaker-timeout  The request was not answered in the time that the pool's breaker allows.\n504.server-timeout   ")]
    [InlineData("conect-refused", 1, "")]
    public async Task Causes_are_explained(string code, int expected, string start)
    {
        var (status, output, error) = await SteelyardProcess.RunAsync("why", code);

        Assert.Equal(expected, status);
        Assert.StartsWith(start, output, StringComparison.Ordinal);
        Assert.Equal(expected == 0 ? "" : "steelyard why: nothing is called 'conect-refused', but 'connect-refused' is. 'steelyard why' shows all causes.\n", error);
    }
}
