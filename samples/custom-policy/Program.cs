using System.Runtime.InteropServices;
using CustomPolicy;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;

var file = args is [var given] ? given : Path.Combine(AppContext.BaseDirectory, "steelyard.yaml");
var snapshot = ConfigurationFile.Read(file).Snapshot ?? throw new InvalidDataException($"{file} cannot be used: steelyard check says why");
using var sockets = ListeningSockets.Bind(snapshot);
await using var balancer = LoadBalancer.Start(snapshot, sockets, policies: new Dictionary<string, IServerPolicy> { ["web"] = new CheapestFirst(mostEach: 2) });
Console.WriteLine($"listening on {string.Join(", ", sockets.Addresses.Select(address => $"http://{address}"))}");

using var stop = new ManualResetEventSlim();
using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
stop.Wait();
return await balancer.StopAsync(snapshot.Shutdown, CancellationToken.None);

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Set();
}
