using Steelyard.Config.Expressions;

namespace Steelyard.Config;

/// <summary>A page about the balancer itself, served without a server.</summary>
public sealed record StatisticsSettings
{
    /// <summary>What it tells. Default the tables that HAProxy's page has, with <c>;csv</c> and <c>;json</c> behind the URI as data.</summary>
    public StatisticsKind Kind { get; init; }

    /// <summary>How often a browser asks again; null for never, the default (HAProxy: stats refresh).</summary>
    public TimeSpan? Refresh { get; init; }

    /// <summary>Whether it keeps the version to itself. Default not.</summary>
    public bool HidesVersion { get; init; }

    /// <summary>Whether it tells addresses, cookies and how servers are chosen. Default not.</summary>
    public bool ShowsLegends { get; init; }

    /// <summary>What the machine is called on it; null for nothing, the default.</summary>
    public string? Node { get; init; }

    /// <summary>A sentence about it; null for none, the default.</summary>
    public string? Description { get; init; }

    /// <summary>Which requests may change servers by it; null for none, the default (HAProxy: stats admin).</summary>
    public Condition? Admin { get; init; }

    /// <summary>The listeners and pools that are told of. Default all.</summary>
    public ValueList<string> Scope { get; init; }
}

/// <summary>What a page about the balancer tells.</summary>
public enum StatisticsKind
{
    /// <summary>Tables for people, in HAProxy's columns.</summary>
    Tables,

    /// <summary>What <c>/metrics</c> of the admin API says, for Prometheus.</summary>
    Metrics,

    /// <summary>A few counts of connections and requests, as nginx's stub_status has them.</summary>
    Counts,
}
