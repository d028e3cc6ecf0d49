using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Steelyard.Whoami;

/// <summary>Answers each request with who it is and what it received, in the way the query asks for.</summary>
internal sealed class Responder(Identity identity)
{
    private long _requests;
    private volatile int _health = StatusCodes.Status200OK;

    public async Task AnswerAsync(HttpContext context)
    {
        context.Response.Headers["X-Whoami"] = Uri.EscapeDataString(identity.Name);
        context.Response.Headers.CacheControl = "no-store";
        var report = await ReceiveAsync(context);
        var problems = Wishes.Read(context.Request.Query, out var wishes);
        if (problems.Count > 0)
            await SendAsync(context, StatusCodes.Status400BadRequest, "text/plain; charset=utf-8", string.Join('\n', problems) + "\n", new Wishes());
        else if (context.Request.Path == "/health")
            await AnswerHealthAsync(context, wishes);
        else
            await AnswerAsWishedAsync(context, report, wishes);
    }

    private async Task AnswerHealthAsync(HttpContext context, Wishes wishes)
    {
        // The status is told, not guessed: PUT /health?status=503 makes it unhealthy until the next PUT.
        if (HttpMethods.IsPut(context.Request.Method))
            _health = wishes.Status;
        await Task.Delay(wishes.Delay, context.RequestAborted);
        var told = HttpMethods.IsPut(context.Request.Method);
        var text = _health < 400 ? "healthy\n" : "unhealthy\n";
        await SendAsync(context, told ? StatusCodes.Status200OK : _health, "text/plain; charset=utf-8", text, new Wishes());
    }

    private static async Task AnswerAsWishedAsync(HttpContext context, Report report, Wishes wishes)
    {
        await Task.Delay(wishes.Delay, context.RequestAborted);
        if (wishes.Size is { } size)
        {
            await ResponseBody.SendFillingAsync(context, wishes.Status, size, wishes);
            return;
        }

        var (type, body) = Negotiation.Choose(context.Request.GetTypedHeaders().Accept) switch
        {
            Format.Html => ("text/html; charset=utf-8", Page.Render(report)),
            Format.Json => ("application/json", JsonSerializer.Serialize(report, ReportJson.Readable.Report) + "\n"),
            _ => ("text/plain; charset=utf-8", report.ToText()),
        };
        context.Response.Headers.Vary = "Accept";
        await SendAsync(context, wishes.Status, type, body, wishes);
    }

    private static Task SendAsync(HttpContext context, int status, string type, string body, Wishes wishes) =>
        ResponseBody.SendAsync(context, status, type, Encoding.UTF8.GetBytes(body), wishes);

    private async Task<Report> ReceiveAsync(HttpContext context)
    {
        var (length, sha256) = await BodyDigest.ReadAsync(context.Request.Body, context.RequestAborted);
        return new Report
        {
            Name = identity.Name,
            Pid = identity.Pid,
            Address = AddressOf(context),
            Requests = Interlocked.Increment(ref _requests),
            Hue = identity.Hue,
            Request = new ReceivedRequest
            {
                Method = context.Request.Method,
                Target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
                Protocol = context.Request.Protocol,
                Headers = context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.Select(v => v ?? "").ToArray(), StringComparer.OrdinalIgnoreCase),
                BodyLength = length,
                BodySha256 = sha256,
            },
        };
    }

    private static string AddressOf(HttpContext context) =>
        context.Features.Get<IConnectionSocketFeature>()?.Socket.LocalEndPoint switch
        {
            UnixDomainSocketEndPoint unix => $"unix:{unix}",
            IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped => new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port).ToString(),
            var address => address?.ToString() ?? "unknown",
        };
}
