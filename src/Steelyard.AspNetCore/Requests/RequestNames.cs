using System.Buffers;
using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Steelyard.AspNetCore.Requests;

/// <summary>
/// Gives each request the name that a trusted balancer gave it, or one of its own: as <see cref="HttpContext.TraceIdentifier"/>,
/// in the scope of its log lines, and in the answer. The trace context (W3C traceparent) goes on by itself.
/// </summary>
internal sealed class RequestNames(IOptions<ForwardingOptions> options, ILogger<RequestNames> log)
{
    private const int Longest = 200;

    private static readonly Func<ILogger, string, IDisposable?> s_scope = LoggerMessage.DefineScope<string>("RequestId:{RequestId}");

    private static readonly SearchValues<char> s_plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/+=@,");

    public async Task NameAsync(HttpContext context, RequestDelegate next)
    {
        // Over a Unix socket comes who is on this machine.
        context.Connection.RemoteIpAddress ??= IPAddress.Loopback;
        if (options.Value.RequestId is not { } field)
        {
            await next(context);
            return;
        }

        var name = IsTrusted(context.Connection.RemoteIpAddress!) && context.Request.Headers[field] is [{ } given] && IsPlain(given)
            ? given
            : Activity.Current?.TraceId is { } trace && trace != default ? trace.ToHexString() : Guid.NewGuid().ToString("n");
        context.TraceIdentifier = name;
        context.Request.Headers[field] = name;
        context.Response.Headers[field] = name;
        using (s_scope(log, name))
            await next(context);
    }

    private bool IsTrusted(IPAddress peer)
    {
        var address = peer.IsIPv4MappedToIPv6 ? peer.MapToIPv4() : peer;
        foreach (var network in options.Value.Trusted)
        {
            if (network.Contains(address))
                return true;
        }

        return false;
    }

    private static bool IsPlain(string name) => name.Length is > 0 and <= Longest && !name.AsSpan().ContainsAnyExcept(s_plain);
}
