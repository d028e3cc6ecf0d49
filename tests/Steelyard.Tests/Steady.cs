namespace Steelyard.Tests;

/// <summary>What must not allocate once it is warm. Unoptimised code allocates its state machines, so only a Release build is held to it.</summary>
internal static class Steady
{
    public static void RequireNone(long allocated)
    {
#if !DEBUG
        Assert.Equal(0, allocated);
#else
        _ = allocated;
#endif
    }
}
