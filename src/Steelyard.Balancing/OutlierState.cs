using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>
/// What the requests of one server say of it: in, left out until a time, or on trial after it. All loops report at once,
/// without locks. Whether it may be left out at all is the pool's to say, which knows the others.
/// </summary>
internal sealed class OutlierState
{
    private const int In = 0;
    private const int Out = 1;
    private const int OnTrial = 2;

    // Whoever leaves it out has not said yet until when.
    private const int Leaving = 3;

    private SlidingShare? _share;
    private int _phase;
    private int _inARow;
    private long _trialAt;
    private long _until;

    // Nginx's rule: how many failures, and the seconds of the last one and of the last look at it.
    private int _fails;
    private long _accessed;
    private long _checked;
    private int _times;

    public OutlierState(OutlierSettings settings)
    {
        Settings = settings;
        _share = settings.Ratio is null ? null : new(settings.Window);
    }

    /// <summary>What it goes by.</summary>
    public OutlierSettings Settings { get; }

    /// <summary>Whether it is left out.</summary>
    public bool Ejected => Volatile.Read(ref _phase) == Out;

    /// <summary>Whether one request has to show that it is well again.</summary>
    public bool Trying => Volatile.Read(ref _phase) == OnTrial;

    /// <summary>When its time is over, in monotonic milliseconds; only while it is left out.</summary>
    public long Until => Volatile.Read(ref _until);

    /// <summary>How many times in a row it was left out.</summary>
    public int Times => Volatile.Read(ref _times);

    /// <summary>Whether a request may go to it. While it is on trial one may, and another when that one is not heard of for as long as the first ejection.</summary>
    public bool Admits(long now)
    {
        if (!Trying)
            return true;
        var at = Volatile.Read(ref _trialAt);
        return now >= at && Interlocked.CompareExchange(ref _trialAt, Settings.MaxFails is null ? now + (long)Settings.Ejection.TotalMilliseconds : AfterFailTimeout(now), at) == at;
    }

    /// <summary>A request went well.</summary>
    /// <returns>Whether it has stood its trial.</returns>
    public bool Succeeded(long now)
    {
        if (Volatile.Read(ref _inARow) != 0)
            Volatile.Write(ref _inARow, 0);
        _share?.Count(wrong: false, now);
        if (Settings.MaxFails is not null)
            SucceededByNginx(now / 1000);
        if (Volatile.Read(ref _phase) != OnTrial || Interlocked.CompareExchange(ref _phase, In, OnTrial) != OnTrial)
            return false;
        _share?.Clear();
        return true;
    }

    /// <summary>A request went wrong.</summary>
    /// <returns>Whether the server should be left out, by <see cref="Eject"/>.</returns>
    public bool Failed(long now)
    {
        _share?.Count(wrong: true, now);
        if (Settings.MaxFails is { } most)
            return FailedByNginx(now / 1000, most);
        var inARow = Interlocked.Increment(ref _inARow);
        return Volatile.Read(ref _phase) switch
        {
            OnTrial => true,
            In => inARow >= Settings.Consecutive || IsTooMuch(now),
            _ => false,
        };
    }

    // Failures are forgotten by a request that goes well after fail_timeout, and not before: the window does not slide.
    private void SucceededByNginx(long second)
    {
        if (second - Volatile.Read(ref _checked) > FailSeconds)
            Volatile.Write(ref _checked, second);
        if (Volatile.Read(ref _accessed) < Volatile.Read(ref _checked) && Volatile.Read(ref _fails) != 0)
            Volatile.Write(ref _fails, 0);
    }

    private bool FailedByNginx(long second, int most)
    {
        var fails = Interlocked.Increment(ref _fails);
        Volatile.Write(ref _accessed, second);
        Volatile.Write(ref _checked, second);
        return Volatile.Read(ref _phase) is OnTrial || (Volatile.Read(ref _phase) is In && fails >= most);
    }

    private long FailSeconds => (long)Settings.FailTimeout.TotalSeconds;

    // More than so many whole seconds later.
    private long AfterFailTimeout(long now) => ((now / 1000) + FailSeconds + 1) * 1000;

    private bool IsTooMuch(long now)
    {
        if (Settings.Ratio is not { } most)
            return false;
        var (wrong, all) = _share!.Sum(now);
        return all >= Settings.Volume && (long)wrong * 100 >= (long)most * all;
    }

    /// <summary>Leaves the server out: the longer, the more often in a row.</summary>
    /// <returns>Whether this call has done it, and no other.</returns>
    public bool Eject(long now)
    {
        var phase = Volatile.Read(ref _phase);
        if (phase is Out or Leaving || Interlocked.CompareExchange(ref _phase, Leaving, phase) != phase)
            return false;

        // It was well for as long as it was out the last time: that is forgotten.
        var last = Span(_times);
        if (phase == In && _times > 0 && now - _until >= last)
            _times = 0;
        _times++;
        Volatile.Write(ref _until, Settings.MaxFails is null ? now + Span(_times) : AfterFailTimeout(now));
        Volatile.Write(ref _inARow, 0);
        _ = Interlocked.CompareExchange(ref _phase, Out, Leaving);
        return true;
    }

    /// <summary>Lets the server be tried, when its time is over.</summary>
    /// <returns>Whether it is on trial from now on, and was not before.</returns>
    public bool TryAgain(long now)
    {
        if (!Ejected || now < Until)
            return false;
        Volatile.Write(ref _trialAt, now);
        return Interlocked.CompareExchange(ref _phase, OnTrial, Out) == Out;
    }

    /// <summary>Forgets everything: the server is another one now, or was seen to be well.</summary>
    public void Forgive()
    {
        Volatile.Write(ref _inARow, 0);
        Volatile.Write(ref _times, 0);
        Volatile.Write(ref _fails, 0);
        _share?.Clear();
        Volatile.Write(ref _phase, In);
    }

    /// <summary>The same of another server.</summary>
    public OutlierState Copy()
    {
        var copy = (OutlierState)MemberwiseClone();
        copy._share = _share?.Copy();
        return copy;
    }

    private long Span(int times) => (long)Math.Min(Settings.Ejection.TotalMilliseconds * times, Settings.MostEjection.TotalMilliseconds);
}
