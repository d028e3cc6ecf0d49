namespace Steelyard.EndToEnd.Workers;

/// <summary>A configuration with one app, and the program that serves it.</summary>
public abstract class WorkerFixture : IDisposable
{
    protected static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly TemporaryFolder _runtime = new();

    internal TemporaryFolder Folder { get; } = new();

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Folder.Dispose();
        _runtime.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Writes the configuration.</summary>
    /// <param name="command">What the app is started by.</param>
    /// <param name="instances">How many workers it has.</param>
    /// <param name="version">What it finds as VERSION.</param>
    /// <param name="more">Further lines of the app.</param>
    protected string Write(string command, int instances = 2, string version = "one", params string[] more) => Folder.Write("steelyard.yaml", $$"""
        listen: [ { bind: "127.0.0.1:0", to: web } ]
        pools:
          web:
            balance: least-connections
            app:
              command: {{command}}
              instances: {{instances}}
              env: { VERSION: "{{version}}", DELAY: "{{Delay}}" }
        {{string.Join('\n', more.Select(line => "      " + line))}}
        """);

    /// <summary>Milliseconds that an answer takes.</summary>
    protected int Delay { get; set; }

    internal SteelyardProcess Up(params string[] arguments) => SteelyardProcess.Start(arguments.Length == 0 ? ["up", Folder.At("steelyard.yaml")] : arguments, Environment, Folder.Path);

    /// <summary>The same by way of another program, whose last words it is.</summary>
    internal SteelyardProcess UpBy(string program, params string[] words) =>
        SteelyardProcess.StartProgram(program, [.. words, SteelyardProcess.Program, "up", Folder.At("steelyard.yaml")], Environment, Folder.Path);

    /// <summary>Asks the one that serves.</summary>
    internal async Task<(int Status, string Output, string Error)> Ask(params string[] arguments)
    {
        await using var process = SteelyardProcess.Start(arguments, Environment, Folder.Path);
        return (await process.ExitAsync(), process.Output, process.Error);
    }

    internal static async Task<Uri> UrlAsync(SteelyardProcess up)
    {
        await up.LineAsync("ready");

        // Workers may print where they listen themselves, as those of ASP.NET Core do: "Now listening on: http://...".
        return await up.UrlAsync("listening on http");
    }

    private Dictionary<string, string> Environment => new() { ["XDG_RUNTIME_DIR"] = _runtime.Path, ["DOTNET_TieredPGO"] = "0" };
}
