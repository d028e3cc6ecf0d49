using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Metering;

/// <summary>
/// The requests of one route on one loop, by method and status. Owned by its loop; others may read it a moment old.
/// However many statuses servers invent, there are no more than so many series: the rest are counted by class.
/// </summary>
/// <param name="buckets">The buckets of the histograms.</param>
internal sealed class RouteMeter(Buckets buckets)
{
    /// <summary>The status of those that share a class, as in 2xx.</summary>
    public const int FirstClass = 1000;

    private const int MostSeries = 64;
    private const int MostWithClasses = MostSeries + (6 * 9);

    public long UnderWay;
    public long Sessions;
    public long Retried;
    public long Redispatched;
    public long BytesReceived;
    public long BytesSent;

    // All together, in milliseconds.
    public long QueueTime;
    public long ConnectTime;
    public long FirstByteTime;

    private readonly Series?[] _series = new Series?[MostWithClasses];
    private int _count;
    private Series? _last;

    /// <summary>The requests of one method with one status.</summary>
    public sealed record Series(KnownMethod Method, int Status, Histogram Times);

    /// <summary>Those that there are.</summary>
    public ReadOnlySpan<Series?> All => _series.AsSpan(0, Volatile.Read(ref _count));

    /// <summary>Counts a request.</summary>
    /// <param name="method">Its method.</param>
    /// <param name="status">What the client was told; 499 where it left before.</param>
    /// <param name="milliseconds">How long it took.</param>
    public void Count(KnownMethod method, int status, long milliseconds)
    {
        var last = _last;
        if (last is null || last.Method != method || last.Status != status)
            _last = last = Find(method, status);
        last.Times.Add(milliseconds);
    }

    /// <summary>Adds what it holds, but for its series, to a sum over loops.</summary>
    public void AddTo(RouteMeasure sum)
    {
        sum.UnderWay += Volatile.Read(ref UnderWay);
        sum.Sessions += Volatile.Read(ref Sessions);
        sum.Retried += Volatile.Read(ref Retried);
        sum.Redispatched += Volatile.Read(ref Redispatched);
        sum.BytesReceived += Volatile.Read(ref BytesReceived);
        sum.BytesSent += Volatile.Read(ref BytesSent);
        sum.QueueMilliseconds += Volatile.Read(ref QueueTime);
        sum.ConnectMilliseconds += Volatile.Read(ref ConnectTime);
        sum.FirstByteMilliseconds += Volatile.Read(ref FirstByteTime);
    }

    private Series Find(KnownMethod method, int status)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_series[i]!.Method == method && _series[i]!.Status == status)
                return _series[i]!;
        }

        if (_count >= MostSeries && status < FirstClass)
            return Find(method, FirstClass + Math.Clamp(status / 100, 0, 5));
        var added = new Series(method, status, new(buckets));
        _series[_count] = added;
        Volatile.Write(ref _count, _count + 1);
        return added;
    }
}
