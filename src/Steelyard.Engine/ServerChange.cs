using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Engine;

/// <summary>What an operator wants of a server, beside what the configuration says.</summary>
/// <param name="Pool">The name of its pool.</param>
/// <param name="Address">Where it is.</param>
/// <param name="State">What is wanted of it.</param>
/// <param name="Weight">Its weight, 0 to 256; null for what the configuration says.</param>
public sealed record ServerChange(string Pool, NetworkAddress Address, ServerState State, int? Weight)
{
    /// <summary>Whether it changes nothing.</summary>
    public bool IsNone => State == ServerState.Ready && Weight is null;
}
