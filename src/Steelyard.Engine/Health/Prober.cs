using System.Runtime.CompilerServices;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Health;

/// <summary>
/// Asks some of the servers for their health, on one loop: each server is some loop's, and asked by no other. Owned by
/// its loop.
/// </summary>
internal sealed class Prober(ProxyLoop loop)
{
    private readonly Stack<Probe> _unused = new();
    private readonly HashSet<ProbeTarget> _targets = [];
    private bool _stopped;

    private EventLoop Events => loop.Events;

    /// <summary>Checks under way.</summary>
    public int Active { get; private set; }

    /// <summary>Starts to ask a server.</summary>
    /// <param name="target">The server.</param>
    /// <param name="delay">When to begin.</param>
    public void Add(ProbeTarget target, TimeSpan delay)
    {
        if (_stopped || !_targets.Add(target))
            return;
        if (delay <= TimeSpan.Zero)
            Begin(target);
        else
            Events.Timers.Set(target, InStep(target, (long)Math.Ceiling(delay.TotalMilliseconds)));
    }

    /// <summary>Asks a server no more.</summary>
    public void Remove(ProbeTarget target)
    {
        if (!_targets.Remove(target))
            return;
        Events.Timers.Remove(target);
        target.Present?.CallOff();
        target.LetGo();
    }

    /// <summary>Requests speak against a server. May be called from any thread.</summary>
    public void Suspect(ProbeTarget target) => Events.Post(_ => TakeSuspicion(target), target);

    // As with HAProxy the next check comes sooner where a time for that is given, and is not put off else.
    private void TakeSuspicion(ProbeTarget target)
    {
        if (!_targets.Contains(target))
            return;
        target.Suspect(Events.Now);
        if (target.Present is null && target.Settings.FastInterval is { } fast && Events.In((long)fast.TotalMilliseconds) is var due && due < target.Due)
            Events.Timers.Set(target, due);
    }

    /// <summary>Asks nobody any more.</summary>
    public void Stop()
    {
        _stopped = true;
        foreach (var target in (ProbeTarget[])[.. _targets])
            Remove(target);
    }

    /// <summary>Begins a check.</summary>
    public void Begin(ProbeTarget target)
    {
        if (target.IsUnheard)
        {
            SetNext(target);
            return;
        }

        if (!_unused.TryPop(out var probe))
            probe = new Probe(Events, loop.Tls);
        target.Present = probe;
        Active++;
        Observe(Check(target, probe));
    }

    private static void Observe(ValueTask check)
    {
        var awaiter = check.GetAwaiter();
        if (awaiter.IsCompleted)
            awaiter.GetResult();
        else
            awaiter.UnsafeOnCompleted(awaiter.GetResult);
    }

    [AsyncMethodBuilder(typeof(LoopMethod))]
    private async ValueTask Check(ProbeTarget target, Probe probe)
    {
        ProbeResult? result = null;
        try
        {
            result = await probe.Ask(target);
            _unused.Push(probe);
        }
        catch (Exception fault)
        {
            // A fault of ours costs one check; what the server is, is not known.
            loop.Faulted(fault);
            probe.Abandon();
        }

        target.Present = null;
        Active--;
        if (!_targets.Contains(target))
            return;
        if (result is { } told)
            target.Report(told, Events.Now);
        SetNext(target);
    }

    private void SetNext(ProbeTarget target) => Events.Timers.Set(target, InStep(target, Math.Max(1, (long)target.Count.Next(loop.NextChance()).TotalMilliseconds)));

    private long InStep(ProbeTarget target, long milliseconds) => target.Count.InStep(Events.In(milliseconds), _targets.Count);
}
