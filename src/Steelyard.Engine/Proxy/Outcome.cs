using Steelyard.Balancing;
using Steelyard.Engine.Causes;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Proxy;

/// <summary>Whose fault it is that an exchange did not succeed.</summary>
internal enum Fault : byte
{
    None,
    Client,
    Server,
    Proxy,
}

/// <summary>What ended an exchange.</summary>
internal enum Cause : byte
{
    None,
    ClientGone,
    HeaderTimeout,
    BodyTimeout,
    BadRequest,
    BadBody,
    BodyTooLarge,
    NoRoute,
    ClientStalled,
    RateExceeded,
    TooManyAtOnce,
    NoServer,
    QueueFull,
    QueueTimeout,
    ConnectFailed,
    ConnectTimeout,
    TlsFailed,
    CertificateUntrusted,
    CertificateExpired,
    CertificateForOther,
    ServerClosed,
    BadResponse,
    ResponseDenied,
    StatusRetried,
    StatusReplaced,
    BreakerOpen,
    BreakerTimeout,
    ServerTimeout,
    RequestTimeout,
    ServerClosedInBody,
    ServerStalledInBody,
    OutOfResources,
    RewriteLoop,
    FileCut,
    Stopped,
}

/// <summary>Whether, and where, the request may be sent again.</summary>
internal enum Retry : byte
{
    /// <summary>It may have been acted on, or the answer has begun.</summary>
    Never,

    /// <summary>A connection that was kept open turned out dead: the same server, on a new one.</summary>
    OnFreshConnection,

    /// <summary>The server failed: another one.</summary>
    OnAnotherServer,
}

/// <summary>How an exchange, or an attempt at one, ended: a value, never an exception.</summary>
/// <param name="Cause">What ended it; none for success.</param>
/// <param name="Retry">Whether it may be tried again.</param>
/// <param name="Detail">What is wrong with a head, where that is the cause.</param>
/// <param name="Seconds">After how many seconds the client may well ask again, or the status of an answer that is not passed on, where that is the cause.</param>
/// <param name="Told">Another status than the cause's own that the client is told; 0 for that.</param>
internal readonly record struct Outcome(Cause Cause, Retry Retry = Retry.Never, HeadError Detail = HeadError.None, int Seconds = 0, int Told = 0)
{
    public static Outcome Success => default;

    public bool IsSuccess => Cause == Cause.None;

    public Fault Fault => Cause switch
    {
        Cause.None => Fault.None,
        < Cause.NoServer => Fault.Client,
        < Cause.OutOfResources => Fault.Server,
        _ => Fault.Proxy,
    };

    /// <summary>What the server did wrong; none where it was not the server.</summary>
    public ServerFailure ServerFailure => Cause switch
    {
        Cause.ConnectFailed => ServerFailure.Refused,
        Cause.ConnectTimeout => ServerFailure.ConnectTimeout,
        Cause.TlsFailed => ServerFailure.TlsFailed,
        Cause.CertificateUntrusted => ServerFailure.CertificateUntrusted,
        Cause.CertificateExpired => ServerFailure.CertificateExpired,
        Cause.CertificateForOther => ServerFailure.CertificateForOther,
        Cause.ServerClosed => ServerFailure.ClosedEarly,
        Cause.BadResponse => ServerFailure.BadAnswer,
        Cause.StatusRetried => ServerFailure.RetriedStatus,
        Cause.ServerTimeout or Cause.RequestTimeout => ServerFailure.AnswerTimeout,
        Cause.BreakerTimeout => ServerFailure.BreakerTimeout,
        Cause.ServerClosedInBody => ServerFailure.BrokeOff,
        Cause.ServerStalledInBody => ServerFailure.Stalled,
        _ => ServerFailure.None,
    };

    /// <summary>The status a client is told; 0 when there is nobody to tell.</summary>
    public int Status => Told > 0 ? Told : Cause switch
    {
        Cause.RewriteLoop => 500,
        Cause.HeaderTimeout or Cause.BodyTimeout => 408,
        Cause.BadRequest => StatusOf(Detail),
        Cause.BadBody => 400,
        Cause.BodyTooLarge => 413,
        Cause.NoRoute => 404,
        Cause.RateExceeded or Cause.TooManyAtOnce => 429,
        Cause.BreakerTimeout => 504,
        Cause.NoServer or Cause.BreakerOpen or Cause.QueueFull or Cause.QueueTimeout or Cause.ConnectFailed or Cause.ConnectTimeout or Cause.OutOfResources => 503,
        Cause.TlsFailed or Cause.CertificateUntrusted or Cause.CertificateExpired or Cause.CertificateForOther or Cause.ServerClosed or Cause.BadResponse or Cause.ResponseDenied => 502,
        Cause.ServerTimeout or Cause.RequestTimeout => 504,
        _ => 0,
    };

    private static int StatusOf(HeadError error) => error switch
    {
        HeadError.TargetTooLong => 414,
        HeadError.TooLarge or HeadError.TooManyFields => 431,
        HeadError.Expectation => 417,
        HeadError.UnknownCoding or HeadError.Method => 501,
        HeadError.Version => 505,
        _ => 400,
    };

    /// <summary>The same as nginx tells clients of it: 502 where no server takes a request, 504 where none does in time.</summary>
    public Outcome ToldAsGateway() => Told > 0 ? this : Cause switch
    {
        Cause.NoServer or Cause.BreakerOpen or Cause.QueueFull or Cause.QueueTimeout or Cause.ConnectFailed => this with { Told = 502 },
        Cause.ConnectTimeout => this with { Told = 504 },
        _ => this,
    };

    /// <summary>Nobody knows where the client's next request would start.</summary>
    public bool LosesPlace => Fault == Fault.Client && Cause is not (Cause.NoRoute or Cause.RateExceeded or Cause.TooManyAtOnce);

    /// <summary>No server can have seen a byte of the request.</summary>
    public bool IsUnsent => Cause is Cause.NoServer or Cause.QueueFull or Cause.QueueTimeout or Cause.BreakerOpen or Cause.ConnectFailed or Cause.ConnectTimeout
        or Cause.TlsFailed or Cause.CertificateUntrusted or Cause.CertificateExpired or Cause.CertificateForOther;

    /// <summary>The status of an answer that is not passed on; 0 for none.</summary>
    public int FailedStatus => Cause is Cause.StatusReplaced or Cause.StatusRetried ? Seconds : 0;

    /// <summary>After how many seconds the client may well ask again; 0 where nothing can be said.</summary>
    public int RetryAfter => Cause is Cause.QueueFull or Cause.QueueTimeout ? 1 : Cause is Cause.BreakerOpen or Cause.RateExceeded or Cause.TooManyAtOnce ? Seconds : 0;

    /// <summary>What it is called in logs and documents, as in <c>503.connect-refused</c>.</summary>
    public string Code => CauseTable.Of(this).Code;

    /// <summary>What the client is told beside the status, in one sentence.</summary>
    public string Sentence => CauseTable.Of(this).Sentence;
}
