namespace Steelyard.Balancing;

/// <summary>What was wrong when a server was asked for its health.</summary>
public enum ProbeFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Its name does not resolve.</summary>
    Unresolved,

    /// <summary>It did not take the connection.</summary>
    Refused,

    /// <summary>It did not take the connection in time.</summary>
    ConnectTimeout,

    /// <summary>The TLS handshake failed.</summary>
    Tls,

    /// <summary>Its certificate is not valid, or for another name.</summary>
    Certificate,

    /// <summary>It did not answer in time.</summary>
    Timeout,

    /// <summary>It closed the connection before it had answered.</summary>
    Closed,

    /// <summary>Its answer is not valid HTTP.</summary>
    NotHttp,

    /// <summary>Its answer has another status.</summary>
    Status,

    /// <summary>Its answer lacks the text that was to be in its body.</summary>
    Body,

    /// <summary>Too many of its requests went wrong.</summary>
    Observed,
}
