using System.Net;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Admin;

/// <summary>What agents want of their servers is what an operator sees, wherever servers are shown.</summary>
public sealed class AgentShownTests : ProgramRun
{
    [Theory]
    [InlineData("drain", "drain", "is drained by its agent (agent)", "drained by its agent", "DRAIN (agent)", "2 8")]
    [InlineData("maint", "maintenance", "is in maintenance, as its agent wants (agent)", "in maintenance, as its agent wants", "MAINT", "0 1")]
    public async Task Servers_that_their_agent_takes_out_are_not_up_anywhere(string word, string state, string line, string explained, string haproxys, string numbers)
    {
        var says = "up ready\n";
        await using var agent = RecordingOrigin.Start(async connection =>
        {
            await connection.Send(Volatile.Read(ref says));
            connection.Close();
        });
        var file = Folder.Write("haproxy.cfg", $"""
            global
              stats socket {Folder.At("stats.sock")}
            defaults
              mode http
              timeout client 5s
              timeout server 5s
              timeout connect 5s
            listen web
              bind 127.0.0.1:0
              stats uri /stats
              http-request use-service prometheus-exporter if {"{ path /metrics }"}
              server one 127.0.0.1:1 agent-check agent-port {agent.Address.Port} agent-inter 20ms
              server two 127.0.0.1:2 agent-check agent-port {agent.Address.Port} agent-inter 20ms
            """);
        await using var up = await UpAsync(file);
        var url = await up.UrlAsync("listening on");
        Assert.Contains("2 of 2 usable", await Shown("status", file), StringComparison.Ordinal);

        Volatile.Write(ref says, $"{word} #disk full\e[2J\n");
        await up.ErrorLineAsync($"127.0.0.1:1 of web {line}: disk full?[2J");
        await up.ErrorLineAsync($"127.0.0.1:2 of web {line}: disk full?[2J");

        using var client = new HttpClient { BaseAddress = url };
        var cancel = TestContext.Current.CancellationToken;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/", cancel)).StatusCode);

        var status = await Shown("status", file);
        Assert.Contains("0 of 2 usable", status, StringComparison.Ordinal);
        Assert.Contains($"agent: {state}: disk full?[2J", status, StringComparison.Ordinal);
        Assert.Contains("web has no server left", await Shown("top", file), StringComparison.Ordinal);
        Assert.Contains($"{explained}: disk full?[2J", await Shown("explain", file, "-r", "http://x/", "--live"), StringComparison.Ordinal);

        using var admin = AdminClient.Local(Runtime.Path);
        var server = (await admin.Get("/api/pools/web"))["members"]![0]!;
        Assert.Equal((state, "ready", state, "disk full?[2J"), ((string)server["state"]!, (string)server["wanted"]!, (string)server["agent"]!["state"]!, (string)server["agent"]!["reason"]!));
        Assert.Empty((await admin.Get("/api/configuration"))["differences"]!.AsArray());

        var metrics = await client.GetStringAsync("/metrics", cancel);
        Assert.Contains("steelyard_pool_servers_usable{pool=\"web\"} 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("steelyard_server_ready{pool=\"web\",server=\"127.0.0.1:1\"} 0\n", metrics, StringComparison.Ordinal);

        // As HAProxy 2.6 shows the same file.
        var rows = (await client.GetStringAsync("/stats;csv", cancel)).Split('\n').Select(row => row.Split(',')).Where(row => row.Length > 17).ToDictionary(row => row[1], row => row[17]);
        Assert.Equal((haproxys, haproxys, "DOWN"), (rows["one"], rows["two"], rows["BACKEND"]));
        Assert.Contains($" one 127.0.0.1 {numbers} ", await CommandSocket(Folder.At("stats.sock"), "show servers state"), StringComparison.Ordinal);

        Volatile.Write(ref says, "ready\n");
        await up.ErrorLineAsync("127.0.0.1:1 of web may have requests again, as far as its agent is asked");
        await up.ErrorLineAsync("127.0.0.1:2 of web may have requests again, as far as its agent is asked");
        Assert.Contains("2 of 2 usable", await Shown("status", file), StringComparison.Ordinal);
    }

    private async Task<string> Shown(params string[] arguments)
    {
        var (status, output, error) = await SteelyardProcess.RunAsync(arguments, Environment);
        Assert.Equal((0, ""), (status, error));
        return output;
    }

    private static async Task<string> CommandSocket(string path, string command)
    {
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(path), TestContext.Current.CancellationToken);
        await using var stream = new System.Net.Sockets.NetworkStream(socket);
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(command + "\n"), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }
}
