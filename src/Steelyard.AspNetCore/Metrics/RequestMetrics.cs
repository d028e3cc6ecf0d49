using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Prometheus;

namespace Steelyard.AspNetCore.Metrics;

/// <summary>Counts how long requests take, by method, route and status. A route is its pattern: what clients make up does not add series.</summary>
internal sealed class RequestMetrics
{
    private const string NoRoute = "none";
    private const string OtherMethod = "OTHER";

    private readonly CollectorRegistry _registry;
    private readonly Histogram _durations;

    public RequestMetrics(IOptions<RequestMetricsOptions> options)
    {
        _registry = options.Value.Registry ?? Prometheus.Metrics.NewCustomRegistry();
        if (options.Value.Runtime)
            DotNetStats.Register(_registry);
        _durations = Prometheus.Metrics.WithCustomRegistry(_registry).CreateHistogram(
            "http_request_duration_seconds",
            "Duration of HTTP requests in seconds",
            ["method", "route", "status"],
            new HistogramConfiguration { Buckets = [.. options.Value.Buckets] });
    }

    /// <summary>Lets a request take its way, and counts it.</summary>
    public async Task CountAsync(HttpContext context, RequestDelegate next, TimeProvider time)
    {
        var begun = time.GetTimestamp();
        var matched = new MatchedRoute(context);
        context.Features.Set<IEndpointFeature>(matched);

        // An answer to an exception is a status too; the server makes it where nobody before it does.
        var status = StatusCodes.Status500InternalServerError;
        try
        {
            await next(context);
            status = context.Response.StatusCode;
        }
        finally
        {
            _durations.WithLabels(MethodOf(context.Request.Method), matched.Pattern ?? NoRoute, status.ToString(System.Globalization.CultureInfo.InvariantCulture)).Observe(time.GetElapsedTime(begun).TotalSeconds);
        }
    }

    /// <summary>Tells all of it.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        context.Response.ContentType = PrometheusConstants.TextContentTypeWithVersionAndEncoding.ToString();
        await _registry.CollectAndExportAsTextAsync(context.Response.Body, ExpositionFormat.PrometheusText, context.RequestAborted);
    }

    private static string MethodOf(string method) => HttpMethods.GetCanonicalizedValue(method) is "GET" or "HEAD" or "POST" or "PUT" or "DELETE" or "PATCH" or "OPTIONS" or "CONNECT" or "TRACE"
        ? HttpMethods.GetCanonicalizedValue(method)
        : OtherMethod;
}
