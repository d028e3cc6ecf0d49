using System.Buffers.Text;
using Steelyard.Config;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Lists;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Rules;
using Steelyard.Engine.Tracking;

namespace Steelyard.Engine.Proxy;

/// <summary>How it goes on with what is answered instead of an error.</summary>
internal enum PageStep : byte
{
    /// <summary>A route is to be found.</summary>
    Route,

    /// <summary>The client is sent elsewhere.</summary>
    Redirect,

    /// <summary>The request has no room for what would be asked for.</summary>
    TooLarge,
}

/// <summary>
/// A request on its way to whoever answers it: what rules see and change of it, and by which routes it goes. One that has
/// come, or one that somebody asks about.
/// </summary>
internal abstract class RoutedRequest
{
    /// <summary>How often a request is sent on within at most (nginx: rewrite or internal redirection cycle).</summary>
    public const int MostTurns = 10;

    /// <summary>What rules have set; null for nothing so far.</summary>
    protected RequestVariables? SetVariables { get; private set; }

    public RequestHead Request { get; } = new();

    /// <summary>What rules have changed of the request's head.</summary>
    public EditedHead RequestEdit { get; } = new();

    /// <summary>What rules have set.</summary>
    public RequestVariables Variables => SetVariables ??= new();

    /// <summary>Where room for changes comes from.</summary>
    public abstract BlockPool Blocks { get; }

    /// <summary>The bytes of the request's head, as rules have left it.</summary>
    public abstract ReadOnlySpan<byte> Head { get; }

    /// <summary>What the variables of templates stand for.</summary>
    public abstract TemplateScope Scope { get; }

    /// <summary>What it is counted by; null where nothing is counted.</summary>
    public abstract ExchangeTracking? Tracking { get; }

    /// <summary>The lists that rules change; null for none.</summary>
    public abstract PatternLists? Lists { get; }

    /// <summary>Where the client is, or is taken to be.</summary>
    public abstract ref readonly KernelAddress Peer { get; }

    /// <summary>Takes the client to be elsewhere, until the request has been answered.</summary>
    public abstract void ComeFrom(in KernelAddress peer);

    /// <summary>How often rules and error pages have sent the request on within.</summary>
    public int Turns { get; set; }

    /// <summary>Rules have changed what is asked for since the route was matched.</summary>
    public bool TargetChanged { get; set; }

    /// <summary>The name of the internal route that a rule goes on with; null for none.</summary>
    public byte[]? GoesTo { get; set; }

    /// <summary>The route it goes by; null until it is matched.</summary>
    public Route Route { get; protected set; } = null!;

    /// <summary>An error page answers, and no other is to.</summary>
    public bool OnErrorPage { get; private set; }

    /// <summary>The status that the client is told whatever the answer's is; 0 for the answer's.</summary>
    public int ToldStatus { get; private set; }

    /// <summary>What is answered instead of an error, perhaps of another such answer; null for nothing.</summary>
    public ErrorPages.Page? PageFor(int status) =>
        Route is { ErrorPages: { } pages } && !OnErrorPage && Turns <= MostTurns ? pages.Find(status) : null;

    /// <summary>Goes on to what is answered instead of an error.</summary>
    /// <param name="page">The page.</param>
    /// <param name="status">The error's status.</param>
    /// <param name="keeps">Whether the request goes there as it came, where a route is named (nginx: a named location).</param>
    /// <returns>What comes of it: an answer that stands here, a request that does not fit its room, or one to find the route of.</returns>
    public PageStep GoTo(ErrorPages.Page page, int status, bool keeps)
    {
        // nginx: it goes by the location that the error is of, and not by the one that answers instead.
        OnErrorPage = Route is not { RecursiveErrors: true };
        if (page.Redirect is not null)
            return PageStep.Redirect;
        (ToldStatus, GoesTo) = (page.As ?? status, page.Route);
        LeavePool();
        Turns++;
        return keeps || RuleEdits.AskFor(this, page.Path) ? PageStep.Route : PageStep.TooLarge;
    }

    /// <summary>How many bytes of the answer may be sent in a second, as rules have it: 0 for any number; -1 where they have not said.</summary>
    public long SetRate { get; private set; }

    /// <summary>Says how fast the answer may be sent; what is no number of bytes changes nothing (nginx: set $limit_rate, X-Accel-Limit-Rate).</summary>
    public void LimitRate(ReadOnlySpan<byte> text)
    {
        if (Proxy.Bandwidth.Parse(text) is >= 0 and var rate)
            SetRate = rate;
    }

    /// <summary>Where rules go on that have waited for the body.</summary>
    public int NextRule { get; set; }

    /// <summary>Whether more of the body has to come; of a request that somebody asks about nothing does.</summary>
    public virtual bool LacksBody(BodyWait wait) => false;

    /// <summary>How long the answer of a rule is kept back, in milliseconds.</summary>
    public long AnswerDelay { get; set; }

    /// <summary>Whether no server gets the request that another may have seen.</summary>
    public bool SendsOnce { get; set; }

    /// <summary>Whether the server's connection is not used again.</summary>
    public bool ClosesServer { get; set; }

    /// <summary>Whether the client's connection ends behind the answer.</summary>
    public bool ClosesClient { get; set; }

    /// <summary>How long the server may say nothing, as rules have it, in milliseconds; 0 where they have not said.</summary>
    public long SetServerTimeout { get; private set; }

    /// <summary>The same of a tunnel.</summary>
    public long SetTunnelTimeout { get; private set; }

    /// <summary>Says how long somebody may say nothing; what is no number above 0 changes nothing (HAProxy: set-timeout).</summary>
    public void LimitTime(ReadOnlySpan<byte> milliseconds, bool ofTunnel)
    {
        if (!Utf8Parser.TryParse(milliseconds, out int time, out var read) || read != milliseconds.Length || time <= 0)
            return;
        if (ofTunnel)
            SetTunnelTimeout = time;
        else
            SetServerTimeout = time;
    }

    /// <summary>What is told is the status of the answer: what refuses in the place of an error is an error of its own.</summary>
    public void TellOwnStatus() => ToldStatus = 0;

    /// <summary>Begins with a request that nothing has been made of.</summary>
    protected void BeginRouting()
    {
        (Route, Turns, TargetChanged, GoesTo) = (null!, 0, false, null);
        (OnErrorPage, ToldStatus, SetRate) = (false, 0, -1);
        (SetServerTimeout, SetTunnelTimeout) = (0, 0);
        (AnswerDelay, SendsOnce, ClosesServer, ClosesClient) = (0, false, false, false);
    }

    /// <summary>It goes to no pool any more.</summary>
    protected abstract void LeavePool();

    /// <summary>Goes on by a route.</summary>
    public abstract void EnterRoute(Route route);

    /// <summary>A rule is about to be done.</summary>
    public virtual void Note(Rule rule)
    {
    }
}
