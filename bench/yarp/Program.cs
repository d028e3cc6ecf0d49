// YARP with the same job as the other peers: round robin over the given servers, the client's Host,
// and the forwarding fields. Usage: bench-yarp PORT SERVER...  (a server is host:port)
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Transforms;

if (args.Length < 2)
{
    await Console.Error.WriteLineAsync("usage: bench-yarp PORT SERVER...");
    return 2;
}

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.AddServerHeader = false;
    kestrel.ListenLocalhost(int.Parse(args[0]));
    kestrel.Limits.KeepAliveTimeout = TimeSpan.FromHours(1);
});
builder.WebHost.UseSockets(sockets => sockets.Backlog = 4096);

var destinations = args.Skip(1).ToDictionary(
    server => server,
    server => new DestinationConfig { Address = $"http://{server}/" });
builder.Services.AddReverseProxy()
    .LoadFromMemory(
        [new RouteConfig { RouteId = "all", ClusterId = "origin", Match = new RouteMatch { Path = "/{**rest}" } }],
        [new ClusterConfig { ClusterId = "origin", LoadBalancingPolicy = "RoundRobin", Destinations = destinations }])
    .AddTransforms(transforms =>
    {
        // X-Forwarded-For, -Proto and -Host are YARP's defaults.
        transforms.AddOriginalHost();
        transforms.AddRequestTransform(transform =>
        {
            var client = transform.HttpContext.Connection.RemoteIpAddress;
            transform.ProxyRequest.Headers.TryAddWithoutValidation("X-Real-IP", client?.ToString());
            return ValueTask.CompletedTask;
        });
    });

var app = builder.Build();
app.MapReverseProxy();
await app.RunAsync();
return 0;
