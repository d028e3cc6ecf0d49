using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

/// <summary>Whose fault it was and what the client is told; a new cause has to be added here.</summary>
public sealed class Outcomes
{
    private static readonly (Cause Cause, Fault Fault, int Status)[] Expected =
    [
        (Cause.None, Fault.None, 0),
        (Cause.ClientGone, Fault.Client, 0),
        (Cause.HeaderTimeout, Fault.Client, 408),
        (Cause.BodyTimeout, Fault.Client, 408),
        (Cause.BadRequest, Fault.Client, 400),
        (Cause.BadBody, Fault.Client, 400),
        (Cause.BodyTooLarge, Fault.Client, 413),
        (Cause.NoRoute, Fault.Client, 404),
        (Cause.ClientStalled, Fault.Client, 0),
        (Cause.RateExceeded, Fault.Client, 429),
        (Cause.TooManyAtOnce, Fault.Client, 429),
        (Cause.NoServer, Fault.Server, 503),
        (Cause.QueueFull, Fault.Server, 503),
        (Cause.QueueTimeout, Fault.Server, 503),
        (Cause.ConnectFailed, Fault.Server, 503),
        (Cause.ConnectTimeout, Fault.Server, 503),
        (Cause.TlsFailed, Fault.Server, 502),
        (Cause.CertificateUntrusted, Fault.Server, 502),
        (Cause.CertificateExpired, Fault.Server, 502),
        (Cause.CertificateForOther, Fault.Server, 502),
        (Cause.ServerClosed, Fault.Server, 502),
        (Cause.BadResponse, Fault.Server, 502),
        (Cause.ResponseDenied, Fault.Server, 502),
        (Cause.StatusRetried, Fault.Server, 0),
        (Cause.StatusReplaced, Fault.Server, 0),
        (Cause.BreakerOpen, Fault.Server, 503),
        (Cause.BreakerTimeout, Fault.Server, 504),
        (Cause.ServerTimeout, Fault.Server, 504),
        (Cause.RequestTimeout, Fault.Server, 504),
        (Cause.ServerClosedInBody, Fault.Server, 0),
        (Cause.ServerStalledInBody, Fault.Server, 0),
        (Cause.OutOfResources, Fault.Proxy, 503),
        (Cause.RewriteLoop, Fault.Proxy, 500),
        (Cause.FileCut, Fault.Proxy, 0),
        (Cause.Stopped, Fault.Proxy, 0),
    ];

    [Fact]
    public void Each_cause_has_its_fault_and_its_status() =>
        Assert.Equal(Expected, Enum.GetValues<Cause>().Select(cause => (cause, new Outcome(cause).Fault, new Outcome(cause).Status)));

    [Fact]
    public void Each_wrong_head_has_its_status()
    {
        var other = new Dictionary<HeadError, int>
        {
            [HeadError.TargetTooLong] = 414,
            [HeadError.TooLarge] = 431,
            [HeadError.TooManyFields] = 431,
            [HeadError.Expectation] = 417,
            [HeadError.UnknownCoding] = 501,
            [HeadError.Method] = 501,
            [HeadError.Version] = 505,
        };
        foreach (var error in Enum.GetValues<HeadError>())
            Assert.Equal(other.GetValueOrDefault(error, 400), new Outcome(Cause.BadRequest, Detail: error).Status);
    }

    [Fact]
    public void Success_is_what_nothing_ended()
    {
        Assert.True(Outcome.Success.IsSuccess);
        Assert.Equal((Fault.None, Retry.Never, 0), (Outcome.Success.Fault, Outcome.Success.Retry, Outcome.Success.Status));
    }
}
