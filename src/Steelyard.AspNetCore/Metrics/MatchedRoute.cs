using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Steelyard.AspNetCore.Metrics;

/// <summary>
/// The endpoint of a request, and the route by which the client came. Error pages (<c>UseExceptionHandler</c>,
/// <c>UseStatusCodePagesWithReExecute</c>) send the request through the app once more: the page is the endpoint then, and no route.
/// </summary>
internal sealed class MatchedRoute(HttpContext context) : IEndpointFeature
{
    private Endpoint? _endpoint = context.GetEndpoint();

    public Endpoint? Endpoint
    {
        get => _endpoint;
        set
        {
            _endpoint = value;
            if (value is not null && context.Features.Get<IExceptionHandlerFeature>() is null && context.Features.Get<IStatusCodeReExecuteFeature>() is null)
                Pattern = PatternOf(value);
        }
    }

    /// <summary>The pattern of the route; null where none matched.</summary>
    public string? Pattern { get; private set; } = PatternOf(context.GetEndpoint());

    private static string? PatternOf(Endpoint? endpoint) => (endpoint as RouteEndpoint)?.RoutePattern.RawText;
}
