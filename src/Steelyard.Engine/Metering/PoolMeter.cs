namespace Steelyard.Engine.Metering;

/// <summary>What one loop has had to do with one pool. Owned by its loop; others may read it a moment old.</summary>
/// <param name="buckets">The buckets of the histograms.</param>
internal sealed class PoolMeter(Buckets buckets)
{
    /// <summary>How fine times of pools are counted, in milliseconds, beside the buckets of the configuration: a dashboard shows medians by it.</summary>
    public static ReadOnlySpan<long> FineBounds =>
        [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 10_000, 20_000, 60_000];

    // By the class of the status; 0 for those that left before an answer.
    private readonly long[] _answers = new long[6];
    private long _requestTime;

    public long QueueFull;
    public long QueueTimeouts;
    public long QueueLeft;
    public long Sessions;
    public long Reused;
    public long Retried;
    public long Redispatched;
    public long TlsHandshakes;
    public long TlsFailures;
    public long BytesSent;
    public long BytesReceived;

    /// <summary>How long requests waited for a server with room, whether they got one or not; those that did not wait are not counted.</summary>
    public Histogram Queue { get; } = new(buckets);

    /// <summary>How long it took to open connections, TLS included.</summary>
    public Histogram Connect { get; } = new(buckets);

    /// <summary>From the beginning of an attempt to the head of its answer.</summary>
    public Histogram FirstByte { get; } = new(buckets);

    /// <summary>From the beginning of an attempt to its end.</summary>
    public Histogram Whole { get; } = new(buckets);

    /// <summary>A request has ended.</summary>
    /// <param name="status">What its client was told.</param>
    /// <param name="milliseconds">How long it took, from its first byte to the last of its answer.</param>
    public void Answered(int status, long milliseconds)
    {
        _answers[Math.Clamp(status / 100, 0, 5)]++;
        _requestTime += milliseconds;
    }

    /// <summary>Adds what it holds to a sum over loops.</summary>
    public void AddTo(PoolMeasure sum)
    {
        for (var i = 0; i < _answers.Length; i++)
            sum.Answers[i] += Volatile.Read(ref _answers[i]);
        sum.QueueFull += Volatile.Read(ref QueueFull);
        sum.QueueTimeouts += Volatile.Read(ref QueueTimeouts);
        sum.QueueLeft += Volatile.Read(ref QueueLeft);
        sum.RequestMilliseconds += Volatile.Read(ref _requestTime);
        sum.Sessions += Volatile.Read(ref Sessions);
        sum.Reused += Volatile.Read(ref Reused);
        sum.Retried += Volatile.Read(ref Retried);
        sum.Redispatched += Volatile.Read(ref Redispatched);
        sum.TlsHandshakes += Volatile.Read(ref TlsHandshakes);
        sum.TlsFailures += Volatile.Read(ref TlsFailures);
        sum.BytesSent += Volatile.Read(ref BytesSent);
        sum.BytesReceived += Volatile.Read(ref BytesReceived);
        Queue.AddTo(ref sum.Queue);
        Connect.AddTo(ref sum.Connect);
        FirstByte.AddTo(ref sum.FirstByte);
        Whole.AddTo(ref sum.Whole);
    }
}
