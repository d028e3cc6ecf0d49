using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Steelyard.Admin;

/// <summary>
/// How many may be connected to the admin API, and how many of them may watch. Connections of the local socket are
/// counted for themselves, so that whoever fills the address keeps no operator of this machine from the commands.
/// </summary>
internal sealed class AdminRoom
{
    /// <summary>The most connections over TCP, and the most over Unix sockets.</summary>
    public const int Most = 1000;

    /// <summary>The most of them that may be streams, which last.</summary>
    public const int MostWatchers = 200;

    private static readonly byte[] s_refusal = Refusal();

    private readonly Share _tcp = new();
    private readonly Share _local = new();
    private long _refused;

    /// <summary>Connections and streams that were refused.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Serves a connection, if there is room for it.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="secure">Whether it is to speak TLS.</param>
    /// <param name="serve">Serves it.</param>
    public async Task ServeAsync(ConnectionContext connection, bool secure, ConnectionDelegate serve)
    {
        var share = ShareOf(connection.Features);
        try
        {
            if (Interlocked.Increment(ref share.Connections) <= Most)
                await serve(connection);
            else
                await RefuseAsync(connection, share, secure);
        }
        finally
        {
            Interlocked.Decrement(ref share.Connections);
        }
    }

    /// <summary>Takes a place among those who watch, until the result is disposed of.</summary>
    /// <exception cref="AdminProblemException">There is none left.</exception>
    public IDisposable Watch(HttpContext context)
    {
        var share = ShareOf(context.Features);
        if (Interlocked.Increment(ref share.Watchers) <= MostWatchers)
            return new Place(share);
        Interlocked.Decrement(ref share.Watchers);
        Interlocked.Increment(ref _refused);
        throw new AdminProblemException(StatusCodes.Status503ServiceUnavailable, $"{MostWatchers} watch already, which is the most; close a page or a 'steelyard top', or ask for /api/status");
    }

    private Share ShareOf(IFeatureCollection features) => features.Get<IConnectionSocketFeature>() is { Socket.AddressFamily: AddressFamily.Unix } ? _local : _tcp;

    private async Task RefuseAsync(ConnectionContext connection, Share share, bool secure)
    {
        Interlocked.Increment(ref _refused);
        if (Interlocked.Exchange(ref share.HasSaid, 1) == 0)
        {
            await Console.Error.WriteLineAsync(
                $"steelyard: the admin API has {Most} connections {(share == _local ? "on its local socket" : "over TCP")}, which is the most; further ones are answered with 503 (steelyard_admin_refused_total counts them, and this is said once)");
        }

        // Whoever expects a handshake could not read an answer.
        if (!secure)
            await connection.Transport.Output.WriteAsync(s_refusal);
    }

    private static byte[] Refusal()
    {
        const int status = StatusCodes.Status503ServiceUnavailable;
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new ProblemView(Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status), status, $"the admin API has {Most} connections already, which is the most"),
            AdminJson.Readable.ProblemView);
        return [.. Encoding.ASCII.GetBytes($"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"), .. body];
    }

    // Written by any thread, by interlocked operations alone.
    private sealed class Share
    {
        public int Connections;
        public int Watchers;
        public int HasSaid;
    }

    private sealed class Place(Share share) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref share.Watchers);
    }
}
