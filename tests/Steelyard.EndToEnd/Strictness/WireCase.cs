namespace Steelyard.EndToEnd.Strictness;

/// <summary>Bytes that a peer may send, and what has to become of them.</summary>
/// <param name="Name">What is special about them, unique; a row of the table in docs/http.md.</param>
/// <param name="Request">What the client sends, exactly.</param>
/// <param name="Outcome">What Steelyard makes of it, in the words of <see cref="WireResult"/>.</param>
/// <param name="Section">Where it is decided: a section of RFC 9112 unless another RFC is named.</param>
/// <param name="Why">Why it is done so; needed where nginx or HAProxy does something else.</param>
internal sealed record WireCase(string Name, string Request, string Outcome, string Section, string Why = "")
{
    /// <summary>A request with nothing special about it.</summary>
    public const string Plain = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";

    /// <summary>An answer with nothing special about it.</summary>
    public const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    /// <summary>What the server answers, where that is the point; null for <see cref="Hello"/>.</summary>
    public string? Answer { get; init; }

    /// <summary>The server closes its connection behind the answer.</summary>
    public bool ServerCloses { get; init; }

    /// <summary>
    /// What of the message behind the proxy belongs to the outcome, by comma: <c>line</c>, <c>body</c>, <c>trailers</c>
    /// or the name of a field. Of the request, or of the answer where that is the point.
    /// </summary>
    public string Look { get; init; } = "";

    /// <summary>What HAProxy does, with <c> or </c> between: it may learn too late that a request is bad, its answer being there.</summary>
    public string? HaProxyVaries { get; init; }

    /// <summary>What a tolerant listener makes of it; null for the same.</summary>
    public string? Tolerant { get; init; }

    /// <summary>No other request may follow on the connection.</summary>
    public bool Last { get; init; }

    public override string ToString() => Name;
}

/// <summary>Cases about one thing: a heading in docs/http.md.</summary>
internal sealed record WireGroup(string Title, WireCase[] Cases);
