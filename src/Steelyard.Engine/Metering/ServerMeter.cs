namespace Steelyard.Engine.Metering;

/// <summary>What one loop has had to do with one server. Owned by its loop; others may read it a moment old.</summary>
/// <param name="bounds">The buckets of the histograms, in milliseconds.</param>
internal sealed class ServerMeter(long[] bounds)
{
    // By the class of the status; 0 for those without an answer.
    private readonly long[] _answers = new long[6];

    public long Opened;
    public long Reused;
    public long Retried;
    public long Redispatched;
    public long BytesSent;
    public long BytesReceived;

    /// <summary>How long it took to open connections, TLS included.</summary>
    public Histogram Connect { get; } = new(bounds);

    /// <summary>From the beginning of an attempt with it to the head of its answer.</summary>
    public Histogram FirstByte { get; } = new(bounds);

    /// <summary>From the beginning of an attempt with it to its end.</summary>
    public Histogram Whole { get; } = new(bounds);

    /// <summary>An attempt has ended.</summary>
    /// <param name="status">The status of its answer; 0 for none.</param>
    /// <param name="firstByte">When the head came, in milliseconds from the beginning.</param>
    /// <param name="whole">How long it took.</param>
    public void Answered(int status, long firstByte, long whole)
    {
        _answers[Math.Clamp(status / 100, 0, 5)]++;
        if (status != 0)
            FirstByte.Add(firstByte);
        Whole.Add(whole);
    }

    /// <summary>Adds what it holds to a sum over loops.</summary>
    public void AddTo(ServerMeasure sum)
    {
        for (var i = 0; i < _answers.Length; i++)
            sum.Answers[i] += Volatile.Read(ref _answers[i]);
        sum.Opened += Volatile.Read(ref Opened);
        sum.Reused += Volatile.Read(ref Reused);
        sum.Retried += Volatile.Read(ref Retried);
        sum.Redispatched += Volatile.Read(ref Redispatched);
        sum.BytesSent += Volatile.Read(ref BytesSent);
        sum.BytesReceived += Volatile.Read(ref BytesReceived);
        Connect.AddTo(ref sum.Connect);
        FirstByte.AddTo(ref sum.FirstByte);
        Whole.AddTo(ref sum.Whole);
    }
}
