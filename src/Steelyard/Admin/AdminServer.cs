using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Steelyard.Engine.Tls;
using Steelyard.Keeper;

namespace Steelyard.Admin;

/// <summary>The admin API, served on sockets that were handed over. Nothing of it is on the path of requests.</summary>
internal sealed class AdminServer : IAsyncDisposable
{
    private static readonly TimeSpan TimeForAnswers = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan TimeForHandshakes = TimeSpan.FromSeconds(10);

    private readonly WebApplication _app;
    private readonly AdminDesk _desk;
    private readonly AdminGuard _guard;
    private readonly Dictionary<ulong, Socket> _sockets = [];
    private readonly IDisposable _badRequests;

    private AdminServer(AdminService service, AdminDesk desk, WatchedCertificate? certificate)
    {
        (_desk, _guard) = (desk, new AdminGuard(service.Token));

        // The empty builder reads no files and no environment, and brings no more than is needed.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        foreach (var handle in service.Handles)
            _sockets.Add((ulong)handle, new Socket(new SafeSocketHandle(Posix.fcntl(handle, Posix.F_DUPFD_CLOEXEC, 0), ownsHandle: true)));

        // By itself Kestrel would use the sockets that are not ours, and leave them open.
        builder.WebHost.UseKestrelCore().UseSockets(options => options.CreateBoundListenSocket = endpoint => _sockets[((FileHandleEndPoint)endpoint).FileHandle])
            .ConfigureKestrel(kestrel => Configure(kestrel, service, certificate));
        _app = builder.Build();
        _badRequests = BadRequests.AnswerIn(_app);
        _app.Run(AnswerAsync);
    }

    /// <summary>Begins to serve.</summary>
    /// <param name="service">The sockets, which stay whose they are, and the token.</param>
    /// <param name="desk">What is served.</param>
    /// <param name="certificate">By what TLS is spoken over TCP; null for none.</param>
    public static async Task<AdminServer> StartAsync(AdminService service, AdminDesk desk, WatchedCertificate? certificate)
    {
        var server = new AdminServer(service, desk, certificate);
        await server._app.StartAsync();
        return server;
    }

    private void Configure(KestrelServerOptions kestrel, AdminService service, WatchedCertificate? certificate)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = 1024 * 1024;
        kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http1);
        foreach (var handle in service.Handles)
        {
            var secure = certificate is not null && _sockets[(ulong)handle].AddressFamily != AddressFamily.Unix;
            kestrel.ListenHandle((ulong)handle, endpoint =>
            {
                endpoint.Use(next => connection =>
                {
                    EndInOrder(connection);
                    return _desk.Room.ServeAsync(connection, secure, next);
                });
                if (secure)
                    endpoint.UseHttps(new TlsHandshakeCallbackOptions { HandshakeTimeout = TimeForHandshakes, OnConnection = _ => ValueTask.FromResult(certificate!.Options) });
                endpoint.Use(next => connection => BadRequests.ServeAsync(connection, next));
            });
        }
    }

    /// <summary>
    /// .NET sets a listening socket to end its connections by resets when it lets go of it. The socket is the keeper's, and
    /// what is accepted on it by the engine after would have that from it: large answers were cut off.
    /// </summary>
    private static void EndInOrder(ConnectionContext connection)
    {
        if (connection.Features.Get<IConnectionSocketFeature>() is { Socket: { AddressFamily: not AddressFamily.Unix } socket })
            socket.LingerState = new(enable: false, seconds: 0);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        try
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
            var (endpoint, values, allowed) = Find(context);
            _guard.Check(context, endpoint);
            if (endpoint is null)
                Refuse(context, allowed);
            if (PathOf(context).StartsWith("/api/", StringComparison.Ordinal))
                AdminParameter.Check(PathOf(context), endpoint.Query, context.Request.Query);
            await endpoint.Handle(new(context, _desk, values));
        }
        catch (AdminProblemException problem) when (!context.Response.HasStarted)
        {
            await TellAsync(context, problem.Status, problem.Message, problem.Lines);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked has gone.
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException bad) when (!context.Response.HasStarted)
        {
            await TellAsync(context, bad.StatusCode, bad.Message, null);
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            await Console.Error.WriteLineAsync($"steelyard: a fault of this program in the admin API: {fault}");
            await TellAsync(context, StatusCodes.Status500InternalServerError, $"a fault of this program: {fault.Message}", null);
        }
    }

    private static (AdminEndpoint? Endpoint, IReadOnlyDictionary<string, string> Values, List<string> Allowed) Find(HttpContext context)
    {
        var method = HttpMethods.IsHead(context.Request.Method) ? HttpMethods.Get : context.Request.Method;
        List<string> allowed = [];
        foreach (var endpoint in AdminEndpoints.All)
        {
            if (endpoint.Match(PathOf(context)) is not { } values)
                continue;
            if (endpoint.Method == method)
                return (endpoint, values, allowed);
            allowed.Add(endpoint.Method);
            if (HttpMethods.IsGet(endpoint.Method))
                allowed.Add(HttpMethods.Head);
        }

        return (null, ReadOnlyDictionary<string, string>.Empty, allowed);
    }

    // As it came: an encoded slash is part of a value, not between two. A target may be a whole URL (RFC 9112, 3.2.2).
    private static string PathOf(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Split('?', 2)[0];
        if (target.StartsWith('/') || target.IndexOf("://", StringComparison.Ordinal) is not (var scheme and > 0))
            return target;
        return target.IndexOf('/', scheme + 3) is var path and > 0 ? target[path..] : "/";
    }

    [DoesNotReturn]
    private static void Refuse(HttpContext context, List<string> allowed)
    {
        var path = PathOf(context);
        if (allowed.Count == 0)
            throw new AdminProblemException(StatusCodes.Status404NotFound, $"there is no {path}; /openapi.json says what there is");
        context.Response.Headers.Allow = string.Join(", ", allowed);
        throw new AdminProblemException(StatusCodes.Status405MethodNotAllowed, $"{path} takes {string.Join(", ", allowed)}, not {context.Request.Method}");
    }

    private Task TellAsync(HttpContext context, int status, string detail, IReadOnlyList<string>? lines) =>
        new AdminCall(context, _desk, new Dictionary<string, string>()).AnswerAsync(
            new ProblemView(Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status), status, detail, lines),
            AdminJson.Readable.ProblemView,
            status,
            "application/problem+json");

    /// <summary>Takes no more requests; those that are being answered have some time.</summary>
    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeForAnswers);
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
        _badRequests.Dispose();
        foreach (var socket in _sockets.Values)
            socket.Dispose();
    }

    // The host's own reacts to signals.
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
