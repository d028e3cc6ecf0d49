using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Steelyard.Commands;
using Steelyard.Config;

namespace Steelyard.Whoami;

/// <summary>The server's life: it listens, says where, and ends at a signal.</summary>
internal static class WhoamiServer
{
    public static async Task<int> RunAsync(Identity identity, NetworkAddress[] addresses)
    {
        using var signals = new StopSignals();
        // The empty builder reads no files and no environment: what is served depends on the command line alone.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, addresses));
        await using var app = builder.Build();
        app.Run(new Responder(identity).AnswerAsync);

        try
        {
            foreach (var address in addresses)
                RemoveStaleSocket(address);
            await app.StartAsync(signals.Stop);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            await Console.Error.WriteLineAsync($"steelyard whoami: {error.Message}");
            return CommandLine.Failure;
        }

        foreach (var url in app.Urls)
            Console.WriteLine($"whoami {identity.Name} (pid {identity.Pid}) listens on {url.Replace("http://unix:", "unix:").Replace("[::]", "localhost")}");
        await signals.UntilStopAsync();
        await app.StopAsync(signals.Force);
        return CommandLine.Success;
    }

    private static void Configure(KestrelServerOptions kestrel, NetworkAddress[] addresses)
    {
        kestrel.AddServerHeader = false;
        // It is there to be tried with anything: what is too large or too slow is for the balancer to say.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http1);
        foreach (var address in addresses)
            Listen(kestrel, address);
    }

    private static void Listen(KestrelServerOptions kestrel, NetworkAddress address)
    {
        if (address.UnixPath is not null)
            kestrel.ListenUnixSocket(address.UnixPath);
        else if (address.Host.Length == 0)
            kestrel.ListenAnyIP(address.Port);
        else if (address.Host == "localhost" && address.Port != 0)
            kestrel.ListenLocalhost(address.Port);
        else
            kestrel.Listen(Dns.GetHostAddresses(address.Host)[0], address.Port);
    }

    /// <summary>Removes the socket a killed server left behind; one that somebody still serves stays.</summary>
    // open(2) refuses a socket with ENXIO and takes a file, which is not ours to remove.
    private static bool IsSocket(string path)
    {
        if (File.GetAttributes(path).HasFlag(FileAttributes.ReparsePoint) || new FileInfo(path).Length > 0)
            return false;
        try
        {
            File.OpenHandle(path).Dispose();
            return false;
        }
        catch (IOException)
        {
            // That of ENXIO; whatever else it is, removing the name or binding fails loudly.
            return true;
        }
    }

    private static void RemoveStaleSocket(NetworkAddress address)
    {
        if (address.UnixPath is null || !File.Exists(address.UnixPath) || !IsSocket(address.UnixPath))
            return;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(address.UnixPath));
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(address.UnixPath);
        }
    }

    // The host's own reacts to signals too, and differently.
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
