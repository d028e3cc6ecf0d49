using System.Net;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Workers;

/// <summary>Workers that are handed the clients' own connections.</summary>
public sealed class RawTests : WorkerFixture
{
    // Says whose connection it is and who serves it, and then what it is told.
    private const string Echo = """
        require('net').createServer(socket => {
          socket.on('error', () => {});
          socket.write(`${process.pid} ${socket.remotePort}\n`);
          socket.pipe(socket);
        }).listen({ host: '127.0.0.1', port: Number(process.env.ECHO_PORT) });
        """;

    private readonly int _port = Ports.Free();

    [Fact]
    public async Task A_tcp_app_gets_its_clients_own_connections_in_turn_and_is_replaced_without_one_refused()
    {
        await using var up = await UpAsync(instances: 2);
        var (one, other) = (await AskAsync(), await AskAsync());
        Assert.NotEqual(one, other);
        using var over = new CancellationTokenSource();
        var load = Task.Run(async () =>
        {
            var workers = new HashSet<string>();
            while (!over.IsCancellationRequested)
                workers.Add(await AskAsync());
            return workers;
        }, Cancel);

        Assert.Equal((0, "restarted: web has 2 workers\n", ""), await Ask("restart"));
        await AskAsync();
        await over.CancelAsync();

        var answered = await load.Patiently();
        Assert.Superset(new HashSet<string> { one, other }, answered);
        Assert.InRange(answered.Count, 3, 4);
        up.Signal(System.Runtime.InteropServices.PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
    }

    [Fact]
    public async Task Who_connects_while_the_only_worker_is_dead_is_served_by_the_next_one()
    {
        await using var up = await UpAsync(instances: 1);
        var worker = await AskAsync();

        SteelyardProcess.Kill(int.Parse(worker, System.Globalization.CultureInfo.InvariantCulture));
        await up.ErrorLineAsync("web/1 ended with exit code 137");

        Assert.NotEqual(worker, await AskAsync());
    }

    private async Task<SteelyardProcess> UpAsync(int instances)
    {
        Folder.Write("app.js", Echo);
        Folder.Write("steelyard.yaml", $$"""
            pools:
              web:
                app:
                  command: node app.js
                  listen: raw
                  instances: {{instances}}
                  env: { ECHO_PORT: "{{_port}}" }
                  rolling: { monitor: 0s }
            """);
        var up = Up();
        await up.LineAsync("ready");
        return up;
    }

    /// <summary>Connects and talks.</summary>
    /// <returns>The process of the worker.</returns>
    private async Task<string> AskAsync()
    {
        using var client = await RawClient.Connect(new IPEndPoint(IPAddress.Loopback, _port));
        var words = (await ReadLineAsync(client)).Split(' ');
        Assert.Equal(((IPEndPoint)client.Socket.LocalEndPoint!).Port.ToString(), words[1]);
        await client.Send("hello\n");
        Assert.Equal("hello", await ReadLineAsync(client));
        return words[0];
    }

    private static async Task<string> ReadLineAsync(RawClient client)
    {
        var line = new System.Text.StringBuilder();
        for (char next; (next = (char)(await client.ReadExactly(1))[0]) != '\n';)
            line.Append(next);
        return line.ToString();
    }
}
