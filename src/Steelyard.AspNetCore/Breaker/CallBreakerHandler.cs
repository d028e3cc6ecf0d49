namespace Steelyard.AspNetCore.Breaker;

/// <summary>Puts the calls of a client under a breaker.</summary>
internal sealed class CallBreakerHandler(CallBreaker breaker) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        breaker.CallAsync(request, cancellation => base.SendAsync(request, cancellation), cancellationToken);
}
