using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.EndToEnd.Docs;

/// <summary>The program of docs/yarp.md, line for line: a test compares them, and runs it.</summary>
internal static class EmbeddedBalancer
{
    public static async Task RunAsync(string[] args, TextWriter Console)
    {
        var file = ConfigurationFile.Read(args[0]);
        var snapshot = file.Snapshot ?? throw new InvalidDataException(file.Problems[0].Message);
        using var sockets = ListeningSockets.Bind(snapshot);
        await using var balancer = LoadBalancer.Start(snapshot, sockets);

        foreach (var server in balancer.Servers)
            Console.WriteLine($"{server.Pool} {server.Address} {(server.Up ? "up" : "down")}, {server.Active} active");

        // No new requests for the first server; those it has may end.
        var first = snapshot.Pools[0].Servers[0].Address;
        await balancer.ChangeAsync(new ServerChange(snapshot.Pools[0].Name, first, ServerState.Drain, Weight: null));
        await balancer.StopAsync(TimeSpan.FromSeconds(10), CancellationToken.None);
    }
}
