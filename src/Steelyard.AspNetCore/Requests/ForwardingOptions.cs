using System.Net;

namespace Steelyard.AspNetCore;

/// <summary>Whom the app believes about its clients.</summary>
public sealed class ForwardingOptions
{
    /// <summary>
    /// The networks of the balancers whose <c>X-Forwarded-For</c>, <c>X-Forwarded-Proto</c>, <c>X-Forwarded-Host</c> and
    /// <see cref="RequestId"/> are believed; from anybody else they say nothing. Default the loopback addresses; who
    /// comes over a Unix socket counts as 127.0.0.1. Empty for nobody.
    /// </summary>
    public IList<IPNetwork> Trusted { get; } = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>The field with the name of a request, taken from a trusted balancer and made otherwise; null for none. Default <c>X-Request-Id</c>.</summary>
    public string? RequestId { get; set; } = "X-Request-Id";
}
