using Steelyard.Balancing;
using Steelyard.Balancing.Shared;

namespace Steelyard.Engine.Proxy;

/// <summary>A limit that other balancers count too.</summary>
/// <param name="Name">What all of them know it by.</param>
/// <param name="Table">What counts here.</param>
/// <param name="Taken">What it tells of.</param>
public sealed record SharedRate(string Name, RateTable Table, ChangeQueue<Taking> Taken);
