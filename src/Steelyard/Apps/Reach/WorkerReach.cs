using Steelyard.Config;

namespace Steelyard.Apps.Reach;

/// <summary>
/// How requests reach one worker, from before its start to its end. Each life of a worker has its own, so that the new one
/// can serve beside the old one.
/// </summary>
internal abstract class WorkerReach : IDisposable
{
    /// <summary>Where the engine finds it; null for one that gets no requests.</summary>
    public abstract NetworkAddress? Address { get; }

    /// <summary>What stands for <c>{port}</c>; null for nothing.</summary>
    public virtual int? Port => null;

    /// <summary>What stands for <c>{socket}</c>; null for nothing.</summary>
    public virtual string? Socket => null;

    /// <summary>Variables by which the worker learns of it.</summary>
    public virtual IEnumerable<KeyValuePair<string, string>> Environment => [];

    /// <summary>Descriptors that the worker gets, from its number 3 on; each from 16 up.</summary>
    public virtual IReadOnlyList<int> Handles => [];

    /// <summary>Whether LISTEN_PID has to be the worker's own number.</summary>
    public virtual bool NamesItsProcess => false;

    /// <summary>The last moment before the worker is started.</summary>
    public virtual void Starting()
    {
    }

    /// <summary>The worker has been started.</summary>
    /// <param name="process">Its number.</param>
    public virtual void Started(int process)
    {
    }

    /// <summary>Where it is looked for, for a message.</summary>
    public virtual string Where => $"on {Address}";

    /// <summary>Ends when the worker has said by it that it is ready.</summary>
    public virtual Task SaidReadyAsync(CancellationToken cancel) => ListeningAsync(cancel);

    /// <summary>Ends when the worker takes requests by it.</summary>
    public virtual Task ListeningAsync(CancellationToken cancel) => Address is { } address ? Readiness.AcceptProbe.UntilAcceptsAsync(address, cancel) : Task.CompletedTask;

    /// <summary>The worker is ready.</summary>
    public virtual void Ready()
    {
    }

    /// <summary>The worker is to end, in whatever way it is told so.</summary>
    public virtual void Leave()
    {
    }

    /// <summary>Asks the worker to end in a way of its own, before any signal.</summary>
    /// <param name="message">What it is told where it can be told something.</param>
    /// <param name="gone">Ends when it has let go of everything.</param>
    /// <returns>Whether there is such a way; else a signal has to do.</returns>
    public virtual bool TryLetGo(string? message, out Task gone)
    {
        gone = Task.CompletedTask;
        return false;
    }

    /// <summary>The worker has ended, or could not be started.</summary>
    public abstract void Dispose();
}
