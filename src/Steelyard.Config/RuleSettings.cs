using Steelyard.Config.Expressions;

namespace Steelyard.Config;

/// <summary>
/// Something that is done with a request, or with a response, where a condition holds. Rules go in their order, and what
/// one of them has changed the next one sees (HAProxy: http-request, http-response; nginx: if, rewrite, set).
/// </summary>
public sealed record RuleSettings
{
    /// <summary>When it is done; null for always.</summary>
    public Condition? When { get; init; }

    /// <summary>What is done.</summary>
    public required RuleAction Action { get; init; }

    /// <summary>The field, variable or list it is about; empty for none.</summary>
    public string Name { get; init; } = "";

    /// <summary>The new value; null where there is none.</summary>
    public TextTemplate? Value { get; init; }

    /// <summary>The pattern of a list that is set or taken out; null for none. The list is <see cref="Name"/>.</summary>
    public TextTemplate? Key { get; init; }

    /// <summary>What is replaced, see <see cref="BytePattern"/>; null where nothing is.</summary>
    public string? Pattern { get; init; }

    /// <summary>The status of a refusal, or the new one of a response; 0 where there is none.</summary>
    public int Status { get; init; }

    /// <summary>Where the client is sent; null for nowhere.</summary>
    public RedirectSettings? Redirect { get; init; }

    /// <summary>Where the request is counted; null for nowhere. The key is <see cref="Value"/>.</summary>
    public TrackSettings? Track { get; init; }

    /// <summary>How long the body is waited for; null where it is not.</summary>
    public BodyWait? Wait { get; init; }

    /// <summary>What is answered; null for nothing.</summary>
    public FixedResponse? Respond { get; init; }

    /// <summary>How long the answer of a rule for requests is kept back: 1 ms to 24 h; null for no time (HAProxy: tarpit).</summary>
    public TimeSpan? Delay { get; init; }

    /// <summary>Whether a rule for responses is done with answers of the proxy's own as well (HAProxy: http-after-response).</summary>
    public bool OfOwn { get; init; }
}

/// <summary>What a rule does.</summary>
public enum RuleAction
{
    /// <summary>Refuses the request with a status and a page of the proxy's own (HAProxy: deny).</summary>
    Deny,

    /// <summary>Answers in the servers' place (HAProxy: return; nginx: return).</summary>
    Respond,

    /// <summary>Sends the client elsewhere (HAProxy: redirect).</summary>
    Redirect,

    /// <summary>Closes the connection without an answer (HAProxy: silent-drop, reject; nginx: return 444).</summary>
    Close,

    /// <summary>Ends these rules (HAProxy: allow).</summary>
    Stop,

    /// <summary>Gives a field one line instead of what it had.</summary>
    SetHeader,

    /// <summary>Adds a line.</summary>
    AddHeader,

    /// <summary>Takes a field out, all lines of it.</summary>
    RemoveHeader,

    /// <summary>Takes out all fields whose names, in small letters, a pattern matches (HAProxy: del-header NAME -m reg).</summary>
    RemoveHeaders,

    /// <summary>Gives each line of a field in which a pattern matches another value (HAProxy: replace-header).</summary>
    ReplaceHeader,

    /// <summary>The same in each value between commas (HAProxy: replace-value).</summary>
    ReplaceValue,

    /// <summary>Gives the request another path; the query stays.</summary>
    SetPath,

    /// <summary>Gives a path in which a pattern matches another form (HAProxy: replace-path).</summary>
    ReplacePath,

    /// <summary>Gives the request another query.</summary>
    SetQuery,

    /// <summary>Gives the request another path and query.</summary>
    SetTarget,

    /// <summary>The same with path and query (HAProxy: replace-pathq, replace-uri).</summary>
    ReplaceTarget,

    /// <summary>Asks the servers by another method; to conditions and logs it stays the client's.</summary>
    SetMethod,

    /// <summary>Takes the client to be at another address until the request has been answered (HAProxy: set-src).</summary>
    SetPeer,

    /// <summary>Takes it to have another port (HAProxy: set-src-port).</summary>
    SetPeerPort,

    /// <summary>Remembers a value under a name until the request has been answered.</summary>
    SetVariable,

    /// <summary>Forgets it.</summary>
    RemoveVariable,

    /// <summary>Says how many bytes of the answer are sent in a second, in the place of <see cref="BandwidthSettings.Rate"/>.</summary>
    SetBandwidth,

    /// <summary>Gives a pattern of a list another value, or puts it in (HAProxy: set-map, add-acl).</summary>
    SetEntry,

    /// <summary>Takes a pattern out of a list (HAProxy: del-map, del-acl).</summary>
    RemoveEntry,

    /// <summary>Waits for the request's body, or the first of it (HAProxy: wait-for-body, option http-buffer-request).</summary>
    WaitForBody,

    /// <summary>Says how long a server, or a tunnel, may say nothing, in milliseconds; the name says which (HAProxy: set-timeout).</summary>
    SetTimeout,

    /// <summary>The connection of the server, and with the name <c>both</c> that of the client too, ends behind the answer (HAProxy: option http-server-close, httpclose).</summary>
    CloseAfter,

    /// <summary>No server gets the request that another may have seen (HAProxy: disable-l7-retry).</summary>
    SendOnce,

    /// <summary>Gives the response another status.</summary>
    SetStatus,

    /// <summary>Looks for the route again where rules have changed what is asked for, up to ten times (nginx: rewrite ... last).</summary>
    Reroute,

    /// <summary>Counts the request, or its connection, in a table (HAProxy: track-sc0).</summary>
    Track,

    /// <summary>
    /// Goes on with the internal route of a name (nginx: named locations); of a response, that is kept back, with the request as
    /// it came.
    /// </summary>
    GoTo,

    /// <summary>Keeps a response back, and asks for a path and query in its place, by GET or HEAD (nginx: X-Accel-Redirect).</summary>
    AskInstead,
}
