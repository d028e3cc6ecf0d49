using Steelyard.Config;

namespace Steelyard.Engine;

/// <summary>Somebody asks for a page about the balancer.</summary>
/// <param name="Settings">What the configuration says of it.</param>
/// <param name="Target">Path and query, as they were asked for.</param>
public sealed record StatisticsQuestion(StatisticsSettings Settings, string Target);

/// <summary>Such a page.</summary>
/// <param name="ContentType">The type of the body.</param>
/// <param name="Body">The body.</param>
/// <param name="Refresh">How often a browser is to ask again; null for never.</param>
public sealed record StatisticsPage(string ContentType, byte[] Body, TimeSpan? Refresh = null);
