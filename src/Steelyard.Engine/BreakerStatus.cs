using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Engine;

/// <summary>How a breaker does, a moment ago.</summary>
/// <param name="Pool">The name of its pool.</param>
/// <param name="Server">The server whose calls it counts; null for the whole pool.</param>
/// <param name="State">What it lets through.</param>
/// <param name="Hold">What an operator wants of it.</param>
/// <param name="Counts">What has happened at it.</param>
public readonly record struct BreakerStatus(string Pool, NetworkAddress? Server, BreakerState State, BreakerHold Hold, BreakerCounts Counts);
