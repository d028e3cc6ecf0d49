using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Steelyard.AspNetCore.Requests;

/// <summary>Passes the name of the request that is served on with the calls that are made for it.</summary>
internal sealed class RequestNameHandler(IHttpContextAccessor served, IOptions<ForwardingOptions> options) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (options.Value.RequestId is { } field && served.HttpContext is { } context && !request.Headers.Contains(field))
            request.Headers.TryAddWithoutValidation(field, context.TraceIdentifier);
        return base.SendAsync(request, cancellationToken);
    }
}
