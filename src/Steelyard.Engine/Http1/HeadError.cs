namespace Steelyard.Engine.Http1;

/// <summary>What is wrong with a head. One name for each cause, so that logs and tests can tell them apart.</summary>
internal enum HeadError : byte
{
    None,

    /// <summary>The request line is not method, target and version with single spaces between (RFC 9112, 3).</summary>
    RequestLine,

    /// <summary>The target has none of the four forms, or not the one its method takes (RFC 9112, 3.2).</summary>
    Target,

    /// <summary>The request line does not fit (RFC 9110, 15.5.15).</summary>
    TargetTooLong,

    /// <summary>A major version other than 1 (RFC 9110, 15.6.6).</summary>
    Version,

    /// <summary>A line ends in a bare LF or CR, or holds a control character (RFC 9112, 2.2).</summary>
    LineEnding,

    /// <summary>A field name is not a token, or white space stands before the colon (RFC 9112, 5.1).</summary>
    FieldName,

    /// <summary>A field value holds a control character, or folds over lines (RFC 9112, 5.2).</summary>
    FieldValue,

    /// <summary>The head is larger than the limit (RFC 6585, 5).</summary>
    TooLarge,

    /// <summary>More fields than the limit (RFC 6585, 5).</summary>
    TooManyFields,

    /// <summary>HTTP/1.1 without Host, more than one Host, or one that is no host (RFC 9112, 3.2).</summary>
    Host,

    /// <summary>Content-Length is not one plain number (RFC 9112, 6.3).</summary>
    ContentLength,

    /// <summary>Transfer-Encoding beside Content-Length, twice, or in HTTP/1.0 (RFC 9112, 6.1).</summary>
    TransferEncoding,

    /// <summary>A transfer coding other than chunked (RFC 9112, 6.1).</summary>
    UnknownCoding,

    /// <summary>An expectation other than 100-continue (RFC 9110, 10.1.1).</summary>
    Expectation,

    /// <summary>CONNECT asks for a tunnel, which this listener does not give.</summary>
    Method,

    /// <summary>CONNECT with a body, which may be taken for the tunnel's first bytes (RFC 9110, 9.3.6).</summary>
    TunnelBody,

    /// <summary>The status line is not version, three digits and a reason (RFC 9112, 4).</summary>
    StatusLine,
}
