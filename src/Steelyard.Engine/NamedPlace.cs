using System.Net;

namespace Steelyard.Engine;

/// <summary>Where a name leads.</summary>
/// <param name="Address">The address; null where there is none, or nobody could say.</param>
/// <param name="Lasts">How long that may be used.</param>
public readonly record struct NamedPlace(IPAddress? Address, TimeSpan Lasts);
