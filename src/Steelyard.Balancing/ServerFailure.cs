namespace Steelyard.Balancing;

/// <summary>What a server did wrong when a request was with it.</summary>
public enum ServerFailure
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It did not take the connection.</summary>
    Refused,

    /// <summary>It did not take the connection in time.</summary>
    ConnectTimeout,

    /// <summary>The TLS handshake with it failed.</summary>
    TlsFailed,

    /// <summary>No authority that is believed vouches for its certificate.</summary>
    CertificateUntrusted,

    /// <summary>Its certificate has expired, or its time has not come.</summary>
    CertificateExpired,

    /// <summary>Its certificate is for another name.</summary>
    CertificateForOther,

    /// <summary>It closed the connection before it answered.</summary>
    ClosedEarly,

    /// <summary>Its answer is not valid HTTP.</summary>
    BadAnswer,

    /// <summary>It answered with a status that leads to another server.</summary>
    RetriedStatus,

    /// <summary>It did not begin to answer in time.</summary>
    AnswerTimeout,

    /// <summary>It closed the connection in the middle of an answer.</summary>
    BrokeOff,

    /// <summary>It stopped in the middle of an answer.</summary>
    Stalled,

    /// <summary>It did not answer within the time that a breaker gives it.</summary>
    BreakerTimeout,
}
