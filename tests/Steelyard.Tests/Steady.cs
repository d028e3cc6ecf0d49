namespace Steelyard.Tests;

/// <summary>What must not allocate once it is warm. Unoptimised code allocates its state machines, so only a Release build is held to it.</summary>
internal static class Steady
{
    public static void RequireNone(Action work)
    {
#if !DEBUG
        Assert.Equal(0, AllocatedBy(work));
#else
        work();
#endif
    }

    /// <summary>The same with something that a lambda cannot hold.</summary>
    public static void RequireNone<T>(T state, Action<T> work)
        where T : allows ref struct
    {
#if !DEBUG
        Assert.Equal(0, AllocatedBy(state, work));
#else
        work(state);
#endif
    }

    /// <summary>
    /// Bytes the work allocates on this thread. Measured again when a collection came in between, which another thread may
    /// cause at any time: it counts what is left of this thread's allocation buffer as allocated. A collection is counted
    /// a moment before the threads are stopped for it, so what is found has to be found twice.
    /// </summary>
    public static long AllocatedBy(Action work) => AllocatedBy(work, static work => work());

    private static long AllocatedBy<T>(T state, Action<T> work)
        where T : allows ref struct
    {
        var found = 0;
        for (var attempt = 1; ; attempt++)
        {
            var collections = GC.CollectionCount(0);
            var before = GC.GetAllocatedBytesForCurrentThread();
            work(state);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (GC.CollectionCount(0) == collections)
                found++;
            if (allocated == 0 || found == 2 || attempt == 50)
                return allocated;
        }
    }
}
