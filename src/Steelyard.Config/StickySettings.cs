namespace Steelyard.Config;

/// <summary>
/// How a client stays with the server that it had before. Names and meaning of what HAProxy's <c>cookie</c> can do are
/// HAProxy's.
/// </summary>
public sealed record StickySettings
{
    /// <summary>The name of the cookie that says who the client's server is, a token; empty where it is remembered here.</summary>
    public string Cookie { get; init; } = "";

    /// <summary>The name of a cookie of the application's, a token: who sets it for a client is its server (HAProxy: stick store-response; nginx: sticky learn). Null for none.</summary>
    public string? Learn { get; init; }

    /// <summary>What a client is known by: who was chosen for it first is its server (HAProxy: stick on). Null for nothing.</summary>
    public RequestKey? On { get; init; }

    /// <summary>How many clients are remembered: 1 to 10,000,000, some 48 bytes each. Default 100,000 (HAProxy: size of a stick-table).</summary>
    public int Size { get; init; } = 100_000;

    /// <summary>How long a client is remembered after it was seen last, to a sixteenth: 1 s to 400 days. Default 1 h (HAProxy: expire).</summary>
    public TimeSpan Expire { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// The name of a memory that all pools have in common which name it: a client of one is the client of the server of that
    /// name in the others (HAProxy: table). 1 to 64 letters, digits and <c>- _ . :</c>; null for one of the pool's own.
    /// </summary>
    public string? Table { get; init; }

    /// <summary>What is done with the memory, where clients are known by <see cref="On"/>. Default both.</summary>
    public StickyUse Use { get; init; }

    /// <summary>Whose cookie it is. Default one of our own.</summary>
    public StickyKind Kind { get; init; }

    /// <summary>What stands in the cookie for a server. Default <see cref="StickyValue.Signed"/>.</summary>
    public StickyValue Value { get; init; }

    /// <summary>
    /// What signed values are signed with, or <see cref="StickyValue.Dynamic"/> ones made of (HAProxy: dynamic-cookie-key):
    /// 16 to 256 characters, the same in all balancers that serve the same clients. Null for one of the installation's own.
    /// </summary>
    public string? Secret { get; init; }

    /// <summary>Whether the servers do not see the cookie (HAProxy: indirect). Default so.</summary>
    public bool Indirect { get; init; } = true;

    /// <summary>Whether caches are told not to keep an answer with the cookie in it (HAProxy: nocache). Default so.</summary>
    public bool NoCache { get; init; } = true;

    /// <summary>Whether only answers to POST set the cookie (HAProxy: postonly).</summary>
    public bool PostOnly { get; init; }

    /// <summary>Whether a cookie of that name which the server sets is left alone (HAProxy: preserve).</summary>
    public bool Preserve { get; init; }

    /// <summary>How long the client keeps the cookie: 1 s to 400 days; null for as long as its session.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>How long a cookie is good after it was used last: 1 s to 400 days; null for ever (HAProxy: maxidle).</summary>
    public TimeSpan? MaxIdle { get; init; }

    /// <summary>How long a cookie is good after it was set first: 1 s to 400 days; null for ever (HAProxy: maxlife).</summary>
    public TimeSpan? MaxLife { get; init; }

    /// <summary>The domains the cookie is for; none for the host that was asked (HAProxy: domain).</summary>
    public ValueList<string> Domains { get; init; }

    /// <summary>The path the cookie is for. Default <c>/</c>.</summary>
    public string Path { get; init; } = "/";

    /// <summary>Whether clients send the cookie over TLS only. Default where it came over TLS.</summary>
    public StickySecure Secure { get; init; }

    /// <summary>Whether scripts of the page cannot read it (HAProxy: httponly). Default so.</summary>
    public bool HttpOnly { get; init; } = true;

    /// <summary>Whether it is sent along from other sites. Default not said, which browsers take for Lax.</summary>
    public StickySameSite SameSite { get; init; }

    /// <summary>Further attributes of the cookie, such as <c>Priority=High</c> (HAProxy: attr).</summary>
    public ValueList<string> Attributes { get; init; }

    /// <summary>What becomes of a client whose server is down. Default <see cref="StickyDown.Redispatch"/>.</summary>
    public StickyDown WhenDown { get; init; }

    /// <summary>What becomes of a client whose server drains, or has weight 0. Default it stays (HAProxy, nginx: drain).</summary>
    public StickyDrained WhenDrained { get; init; }

    /// <summary>What becomes of a client whose server has as much to do as it may. Default it waits in the queue.</summary>
    public StickyFull WhenFull { get; init; }

    /// <summary>Whether a request goes to another server when its own does not take it or fails (HAProxy: option redispatch). Default so; else its client is told.</summary>
    public bool Redispatch { get; init; } = true;

    /// <summary>The variable by which rules say of a request that its cookie is not looked at, <c>ignore</c>, or that its server is tried in any state, <c>force</c>; null for none (HAProxy: ignore-persist, force-persist).</summary>
    public string? Variable { get; init; }

    /// <summary>By what a client is looked up; null where its cookie says all.</summary>
    public RequestKey? Key => On ?? (Learn is null ? null : new(RequestKeyKind.Cookie, Learn));

    /// <summary>Whether a cookie says how old it is.</summary>
    public bool IsDated => MaxIdle is not null || MaxLife is not null;
}

/// <summary>What a pool does with the memory of clients.</summary>
public enum StickyUse
{
    /// <summary>A client goes to the server that is remembered, and is remembered with the one that it gets (HAProxy: stick on).</summary>
    Both,

    /// <summary>The first alone (HAProxy: stick match).</summary>
    LookUp,

    /// <summary>The second alone (HAProxy: stick store-request).</summary>
    Remember,
}

/// <summary>Whose cookie says who the client's server is.</summary>
public enum StickyKind
{
    /// <summary>A cookie that we give the client (HAProxy: cookie insert; nginx: sticky cookie).</summary>
    Insert,

    /// <summary>A cookie that the server sets, whose value we replace (HAProxy: cookie rewrite).</summary>
    Rewrite,

    /// <summary>A cookie that the server sets, before whose value we put the server's and <c>~</c> (HAProxy: cookie prefix).</summary>
    Prefix,

    /// <summary>A cookie that the server sets and we only read (HAProxy: cookie without any of these words).</summary>
    Passive,
}

/// <summary>What stands in a cookie for a server.</summary>
public enum StickyValue
{
    /// <summary>A text that says nothing of the server and that nobody but us can make, for its pool and address.</summary>
    Signed,

    /// <summary>What the server has as its own <c>cookie</c> (HAProxy: cookie of a server).</summary>
    Server,

    /// <summary>A hash of address and key: the same as HAProxy's with the same dynamic-cookie-key.</summary>
    Dynamic,
}

/// <summary>Whether clients send a cookie over TLS only.</summary>
public enum StickySecure
{
    /// <summary>Where they got it over TLS, or from behind a trusted proxy that says so.</summary>
    Auto,

    /// <summary>Yes.</summary>
    Always,

    /// <summary>No.</summary>
    Never,
}

/// <summary>Whether a cookie is sent along from other sites.</summary>
public enum StickySameSite
{
    /// <summary>Nothing is said.</summary>
    Unsaid,

    /// <summary>Never.</summary>
    Strict,

    /// <summary>When a link is followed.</summary>
    Lax,

    /// <summary>Always; browsers want <c>Secure</c> with it.</summary>
    None,
}

/// <summary>What becomes of a client whose server is down, left out for its failures, or in maintenance.</summary>
public enum StickyDown
{
    /// <summary>It gets another, and belongs to that from then on.</summary>
    Redispatch,

    /// <summary>The server is tried all the same, unless it is in maintenance.</summary>
    Persist,

    /// <summary>The server is tried all the same, in maintenance too (HAProxy: option persist).</summary>
    Always,

    /// <summary>It is told with 503.</summary>
    Refuse,
}

/// <summary>What becomes of a client whose server is to have no new ones.</summary>
public enum StickyDrained
{
    /// <summary>It stays, for as long as the server is there.</summary>
    Keep,

    /// <summary>It gets another with its next request, and belongs to that from then on; where there is no other it stays.</summary>
    Redispatch,
}

/// <summary>What becomes of a client whose server has as much to do as it may.</summary>
public enum StickyFull
{
    /// <summary>It waits in the pool's queue until that server has room (HAProxy: the server's queue).</summary>
    Wait,

    /// <summary>It gets another, and belongs to that from then on.</summary>
    Redispatch,
}
