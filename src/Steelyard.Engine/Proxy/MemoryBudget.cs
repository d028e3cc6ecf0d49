namespace Steelyard.Engine.Proxy;

/// <summary>
/// How much memory the buffers of all loops may take up before no more connections are accepted. Shared by all loops;
/// two that ask at once may both be told the same.
/// </summary>
/// <param name="most">Bytes.</param>
internal sealed class MemoryBudget(long most)
{
    // An eighth below, so that not every block that comes back lets one more connection in to rent it.
    private readonly long _enough = most - (most / 8);
    private volatile bool _spent;

    /// <summary>Whether one more connection may be accepted.</summary>
    /// <param name="held">The bytes that all loops hold now.</param>
    public bool HasRoom(long held)
    {
        _spent = held > (_spent ? _enough : most);
        return !_spent;
    }
}
