using Steelyard.Config;

namespace Steelyard.Apps.Reach;

/// <summary>No requests are sent to the worker; it is only looked after.</summary>
internal sealed class NoReach : WorkerReach
{
    public override NetworkAddress? Address => null;

    public override void Dispose()
    {
    }
}
