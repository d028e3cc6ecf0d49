using Steelyard.Config.Expressions;

namespace Steelyard.Config;

/// <summary>
/// Which requests it matches, and what becomes of them: one of <see cref="Pool"/> and <see cref="PoolName"/>, or both, or exactly one of
/// <see cref="Split"/>, <see cref="Redirect"/>, <see cref="Respond"/>, <see cref="Files"/> and <see cref="Statistics"/> is set.
/// </summary>
public sealed record RouteSettings
{
    /// <summary>What metrics and logs call it: 1 to 64 letters, digits and <c>- _ . :</c> of ASCII; null for its host and path. Routes of the same name are counted together.</summary>
    public string? Name { get; init; }

    /// <summary>
    /// Lower case host name without port: exact (<c>api.example.com</c>), every name below one
    /// (<c>*.example.com</c>), every name that starts with one (<c>www.*</c>), what an expression matches without regard to
    /// case (<c>~^www\d+\.</c>), or null for any. An IPv6 host keeps its brackets.
    /// </summary>
    public string? Host { get; init; }

    /// <summary>
    /// Path: exact (<c>/login</c>), everything that starts alike (<c>/v1/*</c>), what an expression matches (<c>~\.php$</c>, or
    /// <c>~*\.php$</c> without regard to case), everything that starts alike before any expression (<c>^~/static/*</c>), or
    /// null for any (nginx: location).
    /// </summary>
    public string? Path { get; init; }

    /// <summary>Methods, compared with their case (RFC 9110, 9.1); none for any.</summary>
    public ValueList<string> Methods { get; init; }

    /// <summary>Fields a request must have, all of them; of a field with several lines one has to match.</summary>
    public ValueList<ValueMatch> Headers { get; init; }

    /// <summary>Parameters the query must have, all of them, compared as they were written, without decoding.</summary>
    public ValueList<ValueMatch> Query { get; init; }

    /// <summary>What else has to hold; null for nothing. Of routes of one host and path those with a condition go first.</summary>
    public Condition? When { get; init; }

    /// <summary>What is done with its requests, after the rules of the listener and before those of the pool.</summary>
    public ValueList<RuleSettings> Rules { get; init; }

    /// <summary>
    /// What is done once the limits of the listener and of the route admit a request, before what the route leads to. A
    /// <see cref="RuleAction.Stop"/> among <see cref="Rules"/> does not pass them by (nginx: access phase; HAProxy: stats http-request).
    /// </summary>
    public ValueList<RuleSettings> AccessRules { get; init; }

    /// <summary>Whether only rules and error pages lead here, by its <see cref="Name"/>; host and path do not count then (nginx: named locations).</summary>
    public bool Internal { get; init; }

    /// <summary>What clients get instead of an error: the first whose statuses have it counts (nginx: error_page).</summary>
    public ValueList<ErrorPageSettings> ErrorPages { get; init; }

    /// <summary>Whether <see cref="ErrorPages"/> counts for answers of servers too (nginx: proxy_intercept_errors).</summary>
    public bool InterceptErrors { get; init; }

    /// <summary>Whether an error of what <see cref="ErrorPages"/> lead to gets an error page of its own, up to ten times (nginx: recursive_error_pages).</summary>
    public bool RecursiveErrors { get; init; }

    /// <summary>The largest body of a request; beyond 413. Null for <see cref="Limits.Body"/> (nginx: client_max_body_size).</summary>
    public ByteSize? MaxBody { get; init; }

    /// <summary>The name of the pool that serves a request, made of the request; one that no pool has goes to <see cref="Pool"/>, and is answered as no server is where that is not set. Null where something else is set.</summary>
    public TextTemplate? PoolName { get; init; }

    /// <summary>
    /// Path and query of a request within, by GET and without a body, whose answer says whether a request may go on: 200 to
    /// 299 it may; 401 and 403 the client is told, with the WWW-Authenticate of the answer; any other is 500. Null, the
    /// default, for nobody who is asked (nginx: auth_request).
    /// </summary>
    public TextTemplate? Ask { get; init; }

    /// <summary>Which requests it is asked for; null for all.</summary>
    public Condition? AskWhen { get; init; }

    /// <summary>What is remembered of that answer, by <see cref="RuleAction.SetVariable"/> alone (nginx: auth_request_set).</summary>
    public ValueList<RuleSettings> AskRules { get; init; }

    /// <summary>Where copies of its requests go; null for nowhere (nginx: mirror).</summary>
    public MirrorSettings? Mirror { get; init; }

    /// <summary>What is done with the responses of its servers, before the rules of the pool.</summary>
    public ValueList<RuleSettings> ResponseRules { get; init; }

    /// <summary>The name of the pool that serves it, one of <see cref="Snapshot.Pools"/>; null where something else is set.</summary>
    public string? Pool { get; init; }

    /// <summary>The server of <see cref="Pool"/> that takes these requests while it is up, by its name; null for any (HAProxy: use-server).</summary>
    public string? Server { get; init; }

    /// <summary>Pools that share the requests by their weights; none where something else is set.</summary>
    public ValueList<PoolShare> Split { get; init; }

    /// <summary>Where the client is sent instead; null where something else is set.</summary>
    public RedirectSettings? Redirect { get; init; }

    /// <summary>The answer, without any server; null where something else is set.</summary>
    public FixedResponse? Respond { get; init; }

    /// <summary>The files that are served, without any server; null where something else is set.</summary>
    public FilesSettings? Files { get; init; }

    /// <summary>The page about the balancer that is served; null where something else is set.</summary>
    public StatisticsSettings? Statistics { get; init; }

    /// <summary>What is written down of its requests; null for what the listener says (nginx: access_log of a location).</summary>
    public AccessLogSettings? AccessLog { get; init; }

    /// <summary>How its answers are compressed; null for what the listener says.</summary>
    public CompressionSettings? Compress { get; init; }

    /// <summary>Whether answers of servers in gzip are unpacked for clients of HTTP/1.1 that do not take it. Default they are not (nginx: gunzip).</summary>
    public bool Unpack { get; init; }

    /// <summary>What is put in the place of texts in its answers. Default nothing.</summary>
    public SubstitutionSettings? Substitute { get; init; }

    /// <summary>How many requests of each client are let through; null for any number.</summary>
    public RateLimitSettings? RateLimit { get; init; }

    /// <summary>How many requests of each client may be under way at once; null for any number.</summary>
    public ConcurrencySettings? Concurrency { get; init; }

    /// <summary>Who goes first where requests wait for a server: smaller numbers do, -2047 to 2047. Default 0 (HAProxy: set-priority-class).</summary>
    public int Priority { get; init; }

    /// <summary>Its timeouts where they differ from those of the pool, the listener and the snapshot. Default nowhere.</summary>
    public TimeoutOverrides Timeouts { get; init; } = TimeoutOverrides.None;

    /// <summary>
    /// Taken off the front of the path before it goes to the server, where it stands there as whole segments:
    /// <c>/v1</c> of <c>/v1/users</c>, not of <c>/v10</c>. Null for nothing.
    /// </summary>
    public string? StripPrefix { get; init; }

    /// <summary>The path for the server, with <see cref="TemplateVariable.Path"/> as what <see cref="StripPrefix"/> left; the query stays. Null for the path as it is.</summary>
    public TextTemplate? Rewrite { get; init; }

    /// <summary>
    /// Path and query for the server, in the place of those of the request, which stays as it is for everything else: logs,
    /// variables, error pages. What a target cannot carry is percent-encoded. Null for the request's (nginx: variables in
    /// proxy_pass).
    /// </summary>
    public TextTemplate? ServerTarget { get; init; }

    /// <summary>How fast its answers are sent; null for as fast as clients take them.</summary>
    public BandwidthSettings? Bandwidth { get; init; }

    /// <summary>The method for the server, one that has no body-less answer of its own; null for the client's (nginx: proxy_method).</summary>
    public string? SendMethod { get; init; }

    /// <summary>The body for the server, in the place of the client's; null for that (nginx: proxy_set_body).</summary>
    public TextTemplate? SendBody { get; init; }

    /// <summary>Whether the server does not get the client's body; then the client's connection ends with the answer. Default it does (nginx: proxy_pass_request_body off).</summary>
    public bool DropsBody { get; init; }

    /// <summary>Whether the server gets none of the client's fields but Host. Default it does (nginx: proxy_pass_request_headers off).</summary>
    public bool DropsFields { get; init; }

    /// <summary>What is changed in the head for the server, after what the listener changes.</summary>
    public HeaderEdits RequestHeaders { get; init; } = HeaderEdits.None;

    /// <summary>What is changed in the head for the client, after what the listener changes.</summary>
    public HeaderEdits ResponseHeaders { get; init; } = HeaderEdits.None;
}

/// <summary>What a client gets instead of an error: one of <see cref="Path"/>, <see cref="Route"/> and <see cref="Redirect"/> is set.</summary>
public sealed record ErrorPageSettings
{
    /// <summary>The statuses: 300 to 599.</summary>
    public required ValueList<int> Statuses { get; init; }

    /// <summary>Path, and query, that is asked for in its place, by GET.</summary>
    public TextTemplate? Path { get; init; }

    /// <summary>The name of the internal route that answers in its place.</summary>
    public string? Route { get; init; }

    /// <summary>Where the client is sent in its place.</summary>
    public RedirectSettings? Redirect { get; init; }

    /// <summary>The status the client is told: 200 to 599; 0 for that of what is answered in its place, null for the error's.</summary>
    public int? As { get; init; }
}

/// <summary>A field or a query parameter and what its value must be.</summary>
/// <param name="Name">Of a field compared without case, of a parameter with it.</param>
/// <param name="Pattern">The value, <c>start*</c> for every value that starts alike, or <c>*</c> for any.</param>
public sealed record ValueMatch(string Name, string Pattern);

/// <summary>One pool's part of a split.</summary>
/// <param name="Pool">The name of one of <see cref="Snapshot.Pools"/>.</param>
/// <param name="Weight">Its share against the others': 0 to 1000; 0 gets nothing.</param>
public sealed record PoolShare(string Pool, int Weight);

/// <summary>A redirect.</summary>
/// <param name="To">The Location.</param>
/// <param name="Status">301, 302, 303, 307 or 308.</param>
/// <param name="NoCache">Whether caches are told not to use it unasked (HAProxy: those that are not for good).</param>
public sealed record RedirectSettings(TextTemplate To, int Status = 302, bool NoCache = false);

/// <summary>An answer that needs no server.</summary>
/// <param name="Status">200 to 599; 204 and 304 have no body.</param>
/// <param name="Body">The body, at most 16,384 bytes of UTF-8.</param>
/// <param name="ContentType">The type of the body.</param>
public sealed record FixedResponse(int Status, string Body = "", string ContentType = "text/plain; charset=utf-8")
{
    /// <summary>Further fields.</summary>
    public ValueList<HeaderLine> Headers { get; init; }

    /// <summary>Whether it refuses a request, so that an error page of its status is given in its place.</summary>
    public bool Refuses { get; init; }

    /// <summary>The body in base64, where it is no text; null for <see cref="Body"/>.</summary>
    public string? Base64 { get; init; }

    /// <summary>The body with variables; null for <see cref="Body"/>.</summary>
    public TextTemplate? Text { get; init; }
}

/// <summary>Changes of the fields of one head, in this order.</summary>
public sealed record HeaderEdits
{
    /// <summary>Nothing is changed.</summary>
    public static HeaderEdits None { get; } = new();

    /// <summary>Fields taken out, all lines of each.</summary>
    public ValueList<string> Remove { get; init; }

    /// <summary>Fields that get one line instead of what they had; left out where the value comes out empty.</summary>
    public ValueList<HeaderLine> Set { get; init; }

    /// <summary>Lines put in beside what is there; left out where the value comes out empty.</summary>
    public ValueList<HeaderLine> Add { get; init; }
}

/// <summary>One field line to write.</summary>
/// <param name="Name">The name as it is written.</param>
/// <param name="Value">The value.</param>
public sealed record HeaderLine(string Name, TextTemplate Value);
