namespace Steelyard.Engine.Metering;

/// <summary>What has come to one listener on one loop. Owned by its loop; others may read it a moment old.</summary>
internal sealed class ListenerMeter
{
    // By the class of the status; 0 for those that left before an answer.
    private readonly long[] _answers = new long[6];
    private long _requestTime;

    public long UnderWay;
    public long Connections;
    public long Refused;
    public long TlsHandshakes;
    public long TlsFailures;
    public long BytesReceived;
    public long BytesSent;

    /// <summary>A request has ended.</summary>
    /// <param name="status">What its client was told.</param>
    /// <param name="received">Bytes of it.</param>
    /// <param name="sent">Bytes of its answer.</param>
    /// <param name="milliseconds">How long it took, from its first byte to the last of its answer.</param>
    public void Answered(int status, long received, long sent, long milliseconds)
    {
        _answers[Math.Clamp(status / 100, 0, 5)]++;
        _requestTime += milliseconds;
        BytesReceived += received;
        BytesSent += sent;
    }

    /// <summary>Adds what it holds to a sum over loops.</summary>
    public void AddTo(ListenerMeasure sum)
    {
        for (var i = 0; i < _answers.Length; i++)
            sum.Answers[i] += Volatile.Read(ref _answers[i]);
        sum.RequestMilliseconds += Volatile.Read(ref _requestTime);
        sum.UnderWay += Volatile.Read(ref UnderWay);
        sum.Connections += Volatile.Read(ref Connections);
        sum.Refused += Volatile.Read(ref Refused);
        sum.TlsHandshakes += Volatile.Read(ref TlsHandshakes);
        sum.TlsFailures += Volatile.Read(ref TlsFailures);
        sum.BytesReceived += Volatile.Read(ref BytesReceived);
        sum.BytesSent += Volatile.Read(ref BytesSent);
    }
}
