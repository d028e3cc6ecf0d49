namespace Steelyard.Engine.Simulation;

/// <summary>What a simulated network does to the bytes.</summary>
internal sealed record SimulatedConditions
{
    /// <summary>A clean network: no delay, nothing split.</summary>
    public static SimulatedConditions Clean { get; } = new();

    /// <summary>The longest delay of a delivery, in milliseconds; each draws its own, and order is kept.</summary>
    public int MostDelay { get; init; }

    /// <summary>Bytes are delivered in pieces of 1 to this many; 0 for all at once.</summary>
    public int LargestPiece { get; init; }

    /// <summary>What a connection holds in one direction before a send has to wait, in bytes.</summary>
    public int Capacity { get; init; } = 64 * 1024;
}
