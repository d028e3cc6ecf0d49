namespace Steelyard.Engine.Metering;

/// <summary>What one loop has had to do with one server. Owned by its loop; others may read it a moment old.</summary>
/// <param name="pool">What it has had to do with the server's pool.</param>
internal sealed class ServerMeter(PoolMeter pool)
{
    // By the class of the status; 0 for those without an answer.
    private readonly long[] _answers = new long[6];
    private long _opened;
    private long _connectTime;
    private long _firstByteTime;
    private long _wholeTime;

    private long _reused;
    private long _retried;
    private long _redispatched;
    private long _bytesSent;
    private long _bytesReceived;
    private long _tlsHandshakes;
    private long _tlsFailures;

    /// <summary>A connection was opened.</summary>
    /// <param name="milliseconds">How long that took, TLS included.</param>
    public void Connected(long milliseconds)
    {
        _opened++;
        _connectTime += milliseconds;
        pool.Connect.Add(milliseconds);
    }

    /// <summary>An attempt goes by a connection that was kept.</summary>
    public void Reused()
    {
        _reused++;
        pool.Reused++;
    }

    /// <summary>A TLS handshake with it is over.</summary>
    /// <param name="done">Whether it was done.</param>
    public void Secured(bool done)
    {
        (done ? ref _tlsHandshakes : ref _tlsFailures)++;
        (done ? ref pool.TlsHandshakes : ref pool.TlsFailures)++;
    }

    /// <summary>An attempt was not its request's first.</summary>
    public void Retried()
    {
        _retried++;
        pool.Retried++;
    }

    /// <summary>A request goes to another server after it was here.</summary>
    public void Redispatched()
    {
        _redispatched++;
        pool.Redispatched++;
    }

    /// <summary>Bytes have gone to it.</summary>
    public void Sent(long bytes)
    {
        _bytesSent += bytes;
        pool.BytesSent += bytes;
    }

    /// <summary>Bytes have come from it.</summary>
    public void Received(long bytes)
    {
        _bytesReceived += bytes;
        pool.BytesReceived += bytes;
    }

    /// <summary>An attempt has ended.</summary>
    /// <param name="status">The status of its answer; 0 for none.</param>
    /// <param name="firstByte">When the head came, in milliseconds from the beginning.</param>
    /// <param name="whole">How long it took.</param>
    public void Answered(int status, long firstByte, long whole)
    {
        _answers[Math.Clamp(status / 100, 0, 5)]++;
        if (status != 0)
        {
            _firstByteTime += firstByte;
            pool.FirstByte.Add(firstByte);
        }

        _wholeTime += whole;
        pool.Whole.Add(whole);
    }

    /// <summary>Adds what it holds to a sum over loops.</summary>
    public void AddTo(ServerMeasure sum)
    {
        for (var i = 0; i < _answers.Length; i++)
            sum.Answers[i] += Volatile.Read(ref _answers[i]);
        sum.Opened += Volatile.Read(ref _opened);
        sum.Reused += Volatile.Read(ref _reused);
        sum.Retried += Volatile.Read(ref _retried);
        sum.Redispatched += Volatile.Read(ref _redispatched);
        sum.BytesSent += Volatile.Read(ref _bytesSent);
        sum.BytesReceived += Volatile.Read(ref _bytesReceived);
        sum.TlsHandshakes += Volatile.Read(ref _tlsHandshakes);
        sum.TlsFailures += Volatile.Read(ref _tlsFailures);
        sum.ConnectMilliseconds += Volatile.Read(ref _connectTime);
        sum.FirstByteMilliseconds += Volatile.Read(ref _firstByteTime);
        sum.WholeMilliseconds += Volatile.Read(ref _wholeTime);
    }
}
