using Steelyard.Balancing;

namespace Steelyard.Engine.Proxy;

/// <summary>A limit whose counts outlive the engine.</summary>
/// <param name="Name">What it is found again by.</param>
/// <param name="Seed">What its keys are hashed with: by another they are other keys.</param>
/// <param name="Table">What counts.</param>
internal sealed record KeptRate(string Name, long Seed, RateTable Table);
