using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>How an adaptive limit does, a moment ago.</summary>
/// <param name="Limit">How much the server may have to do at once.</param>
/// <param name="Unloaded">How long it takes when it has little to do, in milliseconds; 0 where that is not known yet.</param>
/// <param name="Last">How long it took lately, on average, in milliseconds; 0 for not known.</param>
public readonly record struct AdaptiveLimitStatus(int Limit, double Unloaded, double Last);

/// <summary>
/// How much one server may have to do at once, found out by how long its answers take: the gradient of Envoy's adaptive
/// concurrency and of Netflix's concurrency-limits. While answers take not much longer than they do without load, the limit
/// grows by its square root for each window; when they take longer, it shrinks in proportion. All loops report at once.
/// </summary>
/// <remarks>
/// What answers take without load is measured whenever less than half of the limit is used, and otherwise with half of the
/// limit or less, now and then and when the limit has come down to half of what it was, for the server may have become slower for
/// good. Envoy lets three requests through to measure and refuses the others; Netflix's long average forgets what was
/// when an overload lasts.
/// </remarks>
/// <param name="settings">What it goes by.</param>
public sealed class AdaptiveLimit(AdaptiveLimitSettings settings)
{
    // A window has so many answers, and lasts so long at least.
    internal const int FewestAnswers = 20;
    internal const long ShortestWindow = 100;

    // To measure takes fewer, for it costs half of what the server can do.
    internal const int FewestToMeasure = 10;

    private const int LargestPart = 2;
    private const int SmallestPart = 16;
    private const double StillLoaded = 1.8;
    private const long SoonAgain = 1000;

    // A measurement that finds nobody is given up.
    private const long LongestMeasurement = 5000;

    // Clocks tell milliseconds: what is shorter is no sign of load.
    private const double Indistinct = 0.5;

    // Netflix: Gradient2 goes a fifth of the way, and back off a tenth when a request was dropped.
    private const double Smoothing = 0.2;
    private const double AfterDrop = 0.9;
    private const double LeastGradient = 0.5;

    private BriefLock _lock;
    private double _limit = Math.Clamp(settings.Start, settings.Least, settings.Most);
    private volatile int _applied = Math.Clamp(settings.Start, settings.Least, settings.Most);
    private double _unloaded;
    private double _last;
    private bool _measures;
    private int _part = LargestPart;
    private long _since = long.MinValue;
    private long _measureAt = long.MinValue;
    private double _limitThen = Math.Clamp(settings.Start, settings.Least, settings.Most);
    private double _sum;
    private int _count;
    private int _peak;
    private bool _dropped;

    /// <summary>What it goes by.</summary>
    public AdaptiveLimitSettings Settings { get; } = settings;

    /// <summary>How much the server may have to do at once, now.</summary>
    public int Limit => _applied;

    /// <summary>How it does.</summary>
    public AdaptiveLimitStatus Status
    {
        get
        {
            _lock.Enter();
            var status = new AdaptiveLimitStatus(_applied, _unloaded, _last);
            _lock.Leave();
            return status;
        }
    }

    /// <summary>Takes how long an answer took that says something of the load.</summary>
    /// <param name="latency">From the request sent to the head of the answer, in milliseconds.</param>
    /// <param name="active">What the server has to do, this request included.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <returns>Whether <see cref="Limit"/> has changed.</returns>
    public bool Answered(double latency, int active, long now)
    {
        _lock.Enter();
        Begin(now);

        // While it is measured, only requests count that began with less to do.
        if (!_measures || now - latency >= _since)
        {
            _sum += latency;
            _count++;
        }

        _peak = Math.Max(_peak, active);
        var changed = GoOn(now);
        _lock.Leave();
        return changed;
    }

    /// <summary>A request was not answered in time.</summary>
    /// <inheritdoc cref="Answered"/>
    public bool Dropped(int active, long now)
    {
        _lock.Enter();
        Begin(now);
        _dropped = true;
        _peak = Math.Max(_peak, active);
        var changed = GoOn(now);
        _lock.Leave();
        return changed;
    }

    private void Begin(long now)
    {
        if (_since != long.MinValue)
            return;
        _since = now;
        Measured(now);
    }

    private void Measured(long now) => (_measureAt, _limitThen) = (now + MeasureEvery, _limit);

    private long MeasureEvery => (long)Settings.Measure.TotalMilliseconds;

    private bool GoOn(long now)
    {
        var limit = _applied;
        if (_measures)
            Measure(now);
        else if (now - _since >= ShortestWindow && (_count >= FewestAnswers || _dropped))
            EndWindow(now);
        return _applied != limit;
    }

    private void Measure(long now)
    {
        if (_count < FewestToMeasure && now - _since < LongestMeasurement)
            return;
        _measures = false;
        Measured(now);
        if (_count >= FewestToMeasure)
        {
            // Nearly as much quicker as there was less to do: there was still load, and less is needed to see what there is without.
            var measured = _sum / _count;
            var loaded = measured * StillLoaded < (_part == LargestPart ? _last : _unloaded);
            _unloaded = measured;
            _part = loaded ? Math.Min(_part * 2, SmallestPart) : LargestPart;
            if (_part > LargestPart)
                _measureAt = now + SoonAgain;
        }

        Apply();
        Clear(now);
    }

    private void EndWindow(long now)
    {
        if (_count > 0)
            _last = _sum / _count;
        if (_dropped)
        {
            _limit = Math.Max(Settings.Least, _limit * AfterDrop);
        }
        else if (_peak * 2 < _limit)
        {
            // Nothing is known of more load; but what it takes without is seen.
            _unloaded = _unloaded == 0 ? _last : _unloaded + ((_last - _unloaded) * Smoothing);
            Measured(now);
        }
        else
        {
            if (_unloaded == 0 || _last < _unloaded)
                _unloaded = _unloaded == 0 ? _last : _unloaded + ((_last - _unloaded) * Smoothing);
            var gradient = Math.Clamp(((_unloaded * (100 + Settings.Tolerance) / 100) + Indistinct) / Math.Max(_last, Indistinct), LeastGradient, 1);
            var next = (_limit * gradient) + Math.Sqrt(_limit);
            _limit = Math.Clamp(_limit + ((next - _limit) * Smoothing), Settings.Least, Settings.Most);
        }

        _measures = now >= _measureAt || _limit * 2 <= _limitThen;
        Apply();
        Clear(now);
    }

    private void Apply() => _applied = Math.Max(Settings.Least, (int)(_measures ? _limit / _part : _limit));

    private void Clear(long now) => (_since, _sum, _count, _peak, _dropped) = (now, 0, 0, 0, false);

    /// <summary>The same of another server.</summary>
    internal AdaptiveLimit Copy()
    {
        _lock.Enter();
        var copy = (AdaptiveLimit)MemberwiseClone();
        _lock.Leave();
        copy._lock = default;
        return copy;
    }
}
