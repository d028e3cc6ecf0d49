using Steelyard.Config;

namespace Steelyard.Apps.Restarts;

/// <summary>What is done about a worker that has ended.</summary>
internal enum RestartAction
{
    /// <summary>It is started again after a pause.</summary>
    Again,

    /// <summary>Its end was meant.</summary>
    Leave,

    /// <summary>It has ended too often.</summary>
    GiveUp,
}

/// <summary>An action, with its pause.</summary>
internal readonly record struct RestartDecision(RestartAction Action, TimeSpan Pause);

/// <summary>
/// Whether and when one worker is started again: pauses that grow while it does not live long, and an end of it where it
/// ends too often in a sliding time. Pure: time and chance are arguments.
/// </summary>
internal sealed class RestartPolicy
{
    private const double Jitter = 0.1;

    private readonly Queue<long> _ends = new();
    private int _inRow;

    /// <summary>Forgets what was.</summary>
    public void Reset()
    {
        _ends.Clear();
        _inRow = 0;
    }

    /// <summary>Takes an end, or a start that failed.</summary>
    /// <param name="settings">What the configuration says.</param>
    /// <param name="code">The exit code; 128 and the number for a signal. Null for one that did not become ready.</param>
    /// <param name="lived">How long it lived.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <param name="chance">From 0 to 1.</param>
    public RestartDecision Ended(RestartSettings settings, int? code, TimeSpan lived, long now, double chance)
    {
        if (settings.On == RestartOn.Never || (code is { } number && settings.Leaves(number)))
            return new(RestartAction.Leave, default);
        if (settings.MinUptime is not { } least || lived < least)
            _ends.Enqueue(now);
        while (_ends.Count > 0 && now - _ends.Peek() > (long)settings.Window.TotalMilliseconds)
            _ends.Dequeue();
        if (settings.Most is { } most && _ends.Count >= most)
            return new(RestartAction.GiveUp, default);
        if (lived >= settings.Stable)
            _inRow = 0;
        var pause = settings.Delay.TotalMilliseconds * Math.Pow(2, Math.Min(_inRow++, 30)) * (1 - Jitter + (2 * Jitter * chance));
        return new(RestartAction.Again, TimeSpan.FromMilliseconds(Math.Min(pause, settings.MostDelay.TotalMilliseconds)));
    }
}
