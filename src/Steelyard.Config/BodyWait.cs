namespace Steelyard.Config;

/// <summary>How long rules wait for a request's body.</summary>
/// <param name="Time">The longest wait; none for as long as a head may take.</param>
/// <param name="AtLeast">How many bytes are enough; 0 for all of it, as far as there is room.</param>
public sealed record BodyWait(TimeSpan Time, int AtLeast);
