namespace Steelyard.Shared;

/// <summary>What has come of sharing. Read by whoever asks, a moment old.</summary>
internal sealed class SharedCounts
{
    private long _sent;
    private long _received;
    private long _failures;

    /// <summary>Whether Redis answers.</summary>
    public bool IsUp { get; set; }

    /// <summary>Why it does not; null where it does, or nobody knows yet.</summary>
    public string? Away { get; set; }

    /// <summary>Clients and keys of limits that it was told of.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <summary>Clients that others told of.</summary>
    public long Received => Volatile.Read(ref _received);

    /// <summary>Times that it did not answer, or with an error.</summary>
    public long Failures => Volatile.Read(ref _failures);

    public void Send(int changes) => Interlocked.Add(ref _sent, changes);

    public void Receive(int clients) => Interlocked.Add(ref _received, clients);

    public void Fail() => Interlocked.Increment(ref _failures);
}
