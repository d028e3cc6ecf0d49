using System.Net.Sockets;
using Steelyard.Config;

namespace Steelyard.Metrics;

/// <summary>Asks a worker for its metrics by HTTP, wherever it is reached.</summary>
internal static class WorkerScrape
{
    private const int MostBytes = 8 * 1024 * 1024;

    /// <returns>What it answers; null where it does not, in time and well.</returns>
    /// <param name="address">Where it is.</param>
    /// <param name="path">The path.</param>
    /// <param name="tls">Whether it speaks TLS; whoever listens there on this machine is believed.</param>
    /// <param name="within">How long it has.</param>
    public static async Task<string?> GetAsync(NetworkAddress address, string path, bool tls, TimeSpan within)
    {
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            ConnectCallback = async (_, cancel) => await ConnectAsync(address, cancel),
        };
        if (tls)
#pragma warning disable CA5359 // The worker is a process of ours on this machine, and its name is not one that a certificate would have.
            handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        using var client = new HttpClient(handler) { Timeout = within, MaxResponseContentBufferSize = MostBytes };
        client.DefaultRequestHeaders.UserAgent.ParseAdd("Steelyard");
        try
        {
            return await client.GetStringAsync($"{(tls ? "https" : "http")}://localhost{path}");
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            return null;
        }
    }

    private static async Task<Stream> ConnectAsync(NetworkAddress address, CancellationToken cancel)
    {
        var socket = address.UnixPath is null ? new Socket(SocketType.Stream, ProtocolType.Tcp) : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            if (address.UnixPath is null)
                await socket.ConnectAsync(address.Host, address.Port, cancel);
            else
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(address.UnixPath), cancel);
            if (address.Greets && await socket.ReceiveAsync(new byte[1], cancel) != 1)
                throw new SocketException((int)SocketError.ConnectionReset);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
