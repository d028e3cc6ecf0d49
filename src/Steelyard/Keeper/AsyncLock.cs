namespace Steelyard.Keeper;

/// <summary>Lets one in at a time, in no certain order.</summary>
#pragma warning disable CA1001 // Nobody asks for the semaphore's wait handle, and without one it holds nothing.
internal sealed class AsyncLock
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Waits for the turn, which ends when the result is disposed of.</summary>
    public async Task<Turn> EnterAsync()
    {
        await _one.WaitAsync();
        return new(_one);
    }

    internal readonly struct Turn(SemaphoreSlim one) : IDisposable
    {
        public void Dispose() => one.Release();
    }
}
