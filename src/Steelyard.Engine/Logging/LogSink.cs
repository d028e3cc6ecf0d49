namespace Steelyard.Engine.Logging;

/// <summary>
/// One place that lines are written to, and the thread that writes them: it takes what the loops have added, all at once,
/// some times in a second. No loop waits for it, and none wakes it but after a pause without lines, or where much waits.
/// </summary>
internal sealed class LogSink : IDisposable
{
    private const int Stack = 256 * 1024;
    private const int BatchMilliseconds = 20;

    // A loop may miss that the thread has gone to sleep; it looks again after that.
    private const int LongestSleepMilliseconds = 200;

    // Pauses without a line, after which it sleeps.
    private const int QuietPauses = 5;

    private readonly LogRing[] _rings;
    private readonly LogDestination _destination;
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread? _thread;
    private volatile bool _asleep;
    private volatile bool _hurries;
    private volatile bool _reopen;
    private volatile bool _ended;
    private long _lost;

    /// <param name="loops">How many loops add lines.</param>
    /// <param name="size">Bytes of lines that each may have waiting.</param>
    /// <param name="destination">What they are written to; the sink's from here on.</param>
    /// <param name="background">Whether a thread writes them; else who calls <see cref="Drain"/>.</param>
    public LogSink(int loops, int size, LogDestination destination, bool background = true)
    {
        _destination = destination;
        _rings = new LogRing[loops];
        for (var i = 0; i < loops; i++)
            _rings[i] = new LogRing(size);
        if (!background)
            return;
        _thread = new Thread(Run, Stack) { IsBackground = true, Name = "access log" };
        _thread.Start();
    }

    /// <summary>How many loops add lines.</summary>
    public int Loops => _rings.Length;

    /// <summary>Where a loop adds its lines.</summary>
    public LogRing RingOf(int loop) => _rings[loop];

    /// <summary>Lines that were not written, for want of room or because they could not be. May be read from any thread.</summary>
    public long Dropped
    {
        get
        {
            var sum = Volatile.Read(ref _lost);
            foreach (var ring in _rings)
                sum += ring.Dropped;
            return sum;
        }
    }

    /// <summary>A loop has added a line.</summary>
    public void Added(LogRing ring)
    {
        if (_asleep || (!_hurries && ring.IsHalfFull))
        {
            _hurries = true;
            _asleep = false;
            _wake.Set();
        }
    }

    /// <summary>Opens what stands under the name from now on. May be called from any thread.</summary>
    public void Reopen()
    {
        _reopen = true;
        _wake.Set();
    }

    /// <summary>Writes what was added.</summary>
    /// <returns>Whether there was anything.</returns>
    internal bool Drain()
    {
        if (_reopen)
        {
            _reopen = false;
            _destination.Reopen();
        }

        var any = false;
        foreach (var ring in _rings)
        {
            // Not for ever, where one adds as fast as this writes: others wait too.
            for (var turn = 0; turn < 2 && ring.Peek() is { IsEmpty: false } lines; turn++)
            {
                Volatile.Write(ref _lost, _lost + _destination.Write(lines));
                ring.Take(lines.Length);
                any = true;
            }
        }

        return any;
    }

    private void Run()
    {
        var quiet = 0;
        while (!_ended)
        {
            _hurries = false;
            quiet = Drain() ? 0 : quiet + 1;
            _asleep = quiet >= QuietPauses;
            _wake.WaitOne(_asleep ? LongestSleepMilliseconds : BatchMilliseconds);
            _asleep = false;
        }

        while (Drain())
        {
        }

        _destination.Dispose();
    }

    /// <summary>Writes what waits, for a while, and ends.</summary>
    public void Dispose()
    {
        _ended = true;
        _wake.Set();
        if (_thread is null)
            _destination.Dispose();
        else
            _thread.Join(TimeSpan.FromSeconds(2));
    }
}
