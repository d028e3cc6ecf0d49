using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;

namespace Steelyard.Admin;

/// <summary>
/// Who may use the admin API. On a Unix socket whoever could open it; over TCP whoever brings the token, where there is
/// one, and no page of another site in somebody's browser.
/// </summary>
internal sealed class AdminGuard(string? token)
{
    private readonly byte[]? _token = token is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>Looks at a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="endpoint">What it is for; null for nothing there is.</param>
    /// <exception cref="AdminProblemException">It is refused.</exception>
    public void Check(HttpContext context, AdminEndpoint? endpoint)
    {
        if (context.Features.Get<IConnectionSocketFeature>()?.Socket.AddressFamily == AddressFamily.Unix)
            return;
        var open = endpoint is { Open: true };
        if (!open || !IsVisit(context.Request))
            CheckSite(context.Request);
        if (open && _token is not null)
            return;
        if (_token is not null)
            CheckToken(context, _token);

        // No page knows the token, but any name can be made to lead here (DNS rebinding).
        else if (!IsOurName(context.Request.Host.Host))
            throw new AdminProblemException(StatusCodes.Status421MisdirectedRequest, "the Host field has to be localhost or an IP address; with a token ('admin: token-file') it may be any name");
    }

    // Somebody follows a link to the page; nobody else gets to see it, nor what it does.
    private static bool IsVisit(HttpRequest request) => request.Headers["Sec-Fetch-Mode"] == "navigate" && request.Headers["Sec-Fetch-Dest"] == "document";

    private static void CheckSite(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var origin = request.Headers.Origin.ToString();
        if (site is not ("" or "same-origin" or "none") || (origin.Length > 0 && origin != $"{request.Scheme}://{request.Host.Value}"))
            throw new AdminProblemException(StatusCodes.Status403Forbidden, "pages of other sites may not use this API");
    }

    private static void CheckToken(HttpContext context, byte[] token)
    {
        const string scheme = "Bearer ";
        var given = context.Request.Headers.Authorization.ToString();
        if (given.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given[scheme.Length..].Trim())), token))
            return;
        context.Response.Headers.WWWAuthenticate = "Bearer realm=\"steelyard\"";
        throw new AdminProblemException(StatusCodes.Status401Unauthorized, given.Length == 0 ? "a token is needed: Authorization: Bearer TOKEN" : "that is not the token");
    }

    private static bool IsOurName(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host.Trim('[', ']'), out _);
}
