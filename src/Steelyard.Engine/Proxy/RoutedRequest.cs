using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Rules;
using Steelyard.Engine.Tracking;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// A request on its way to whoever answers it: what rules see and change of it, and by which routes it goes. One that has
/// come, or one that somebody asks about.
/// </summary>
internal abstract class RoutedRequest
{
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

    /// <summary>How often rules and error pages have sent the request on within.</summary>
    public int Turns { get; set; }

    /// <summary>Rules have changed what is asked for since the route was matched.</summary>
    public bool TargetChanged { get; set; }

    /// <summary>The name of the internal route that a rule goes on with; null for none.</summary>
    public byte[]? GoesTo { get; set; }

    /// <summary>Goes on by a route.</summary>
    public abstract void EnterRoute(Route route);

    /// <summary>A rule is about to be done.</summary>
    public virtual void Note(Rule rule)
    {
    }
}
