using Steelyard.Balancing;

namespace Steelyard.Simulate;

/// <summary>A request's place in the queue of its pool.</summary>
/// <param name="called">Told when the request has a server, or will never have one.</param>
internal sealed class PlaceInQueue(Action called) : QueuedRequest
{
    protected override void Called() => called();
}
