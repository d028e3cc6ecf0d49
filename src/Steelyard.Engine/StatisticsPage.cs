using Steelyard.Config;

namespace Steelyard.Engine;

/// <summary>Somebody asks for a page about the balancer.</summary>
/// <param name="Settings">What the configuration says of it.</param>
/// <param name="Target">Path and query, as they were asked for.</param>
public sealed record StatisticsQuestion(StatisticsSettings Settings, string Target)
{
    /// <summary>Whether what is served may be changed by it.</summary>
    public bool MayChange { get; init; }

    /// <summary>Whether something is to be changed.</summary>
    public bool Posts { get; init; }

    /// <summary>What is to be changed, as forms write it; null where it was not all read.</summary>
    public string? Form { get; init; }
}

/// <summary>Such a page.</summary>
/// <param name="ContentType">The type of the body.</param>
/// <param name="Body">The body.</param>
/// <param name="Refresh">How often a browser is to ask again; null for never.</param>
public sealed record StatisticsPage(string ContentType, byte[] Body, TimeSpan? Refresh = null)
{
    /// <summary>Where a browser is sent, with 303; null for nowhere.</summary>
    public string? Location { get; init; }
}
