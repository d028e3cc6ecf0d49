using System.Net;
using Microsoft.Win32.SafeHandles;
using Steelyard.Apps.Node;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;
using Steelyard.Keeper;

namespace Steelyard.EndToEnd.Node;

/// <summary>A real node that runs a script as a worker of a cluster, whose primary is this process.</summary>
internal sealed class ClusterWorker : IAsyncDisposable
{
    private readonly ClusterReach _reach;
    private readonly ChildProcess _process;
    private readonly LineLog _output = new();
    private readonly Task _reading;

    private ClusterWorker(ClusterReach reach, ChildProcess process, SafeFileHandle output)
    {
        (_reach, _process) = (reach, process);
        _reading = Task.Run(() => _output.FillAsync(new StreamReader(new FileStream(output, FileAccess.Read, bufferSize: 0))));
    }

    public ClusterReach Reach => _reach;

    public NetworkAddress Address => _reach.Address;

    public EndPoint Door => new IPEndPoint(IPAddress.Loopback, Address.Port);

    public int Id => _process.Id;

    /// <summary>All that it has printed so far.</summary>
    public string Output => _output.Text;

    public static ClusterWorker Start(NodeCluster cluster, string script, int? appPort = null, bool greets = true, params string[] nodeArguments)
    {
        var reach = new ClusterReach(cluster, "web/1", appPort, greets);
        Assert.True(Posix.TryPipe(out var reading, out var writing));
        _ = Posix.fcntl(reading, Posix.F_SETFL, 0);
        try
        {
            var process = ChildProcess.Start(new()
            {
                Program = NodePath,
                Words = ["node", .. nodeArguments, script],
                Folder = Path.GetDirectoryName(script),
                Environment = reach.Environment,
                Output = writing,
                Error = writing,
                Handles = reach.Handles,
            });
            reach.Started(process.Id);
            return new(reach, process, new(reading, ownsHandle: true));
        }
        finally
        {
            _ = Posix.close(writing);
        }
    }

    private static string NodePath { get; } =
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, "node")).FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException("there is no node in PATH; test.sh installs it");

    /// <summary>Starts it and waits until it listens.</summary>
    public static async Task<ClusterWorker> ListeningAsync(NodeCluster cluster, string script, int? appPort = null, bool greets = true, params string[] nodeArguments)
    {
        var worker = Start(cluster, script, appPort, greets, nodeArguments);
        await worker.Reach.ListeningAsync(CancellationToken.None).Patiently($"{script} to listen");
        return worker;
    }

    /// <summary>The first line it prints that contains a text.</summary>
    public Task<string> LineAsync(string containing) => _output.LineAsync(containing).Patiently($"a line with '{containing}' in:\n{Output}");

    /// <summary>Its exit code.</summary>
    public Task<int> ExitAsync() => _process.Exited.Patiently("its end");

    public void Signal(int number) => _process.Signal(number);

    /// <summary>A connection as the engine opens it, taken by the worker.</summary>
    public async Task<RawClient> ConnectAsync()
    {
        var client = await RawClient.Connect(Door);
        if (Address.Greets)
            Assert.Equal("+"u8.ToArray(), await client.ReadExactly(1).Patiently("the greeting"));
        return client;
    }

    public async Task<HttpMessage> AskAsync(string path = "/")
    {
        using var client = await ConnectAsync();
        return await client.Ask($"GET {path} HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.Exited;
        await _reading;
        _reach.Dispose();
    }
}
