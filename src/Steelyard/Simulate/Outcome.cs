namespace Steelyard.Simulate;

/// <summary>What a simulation has shown of one policy.</summary>
internal sealed class Outcome(NamedPolicy policy, Scenario scenario)
{
    /// <summary>Stretches of time that are looked at one by one.</summary>
    public const int Slots = 60;

    /// <summary>How the servers were chosen.</summary>
    public NamedPolicy Policy { get; } = policy;

    /// <summary>How long requests took, those that were answered well.</summary>
    public Histogram Latency { get; } = new();

    /// <summary>How long they waited in the queue of the pool and in those of servers.</summary>
    public Histogram Wait { get; } = new();

    /// <summary>The same as <see cref="Latency"/>, by when the requests came.</summary>
    public Histogram[] LatencyOf { get; } = [.. Enumerable.Range(0, Slots).Select(_ => new Histogram())];

    /// <summary>How many failed, by when they came.</summary>
    public long[] FailedOf { get; } = new long[Slots];

    /// <summary>How many were sent to each server, by when they came.</summary>
    public long[][] SentOf { get; } = [.. scenario.Servers.Select(_ => new long[Slots])];

    /// <summary>Requests that were answered with an error, or not at all.</summary>
    public long Failed { get; set; }

    /// <summary>Requests that were sent to a server once more.</summary>
    public long Retried { get; set; }

    /// <summary>The longest queue, the pool's or any server's.</summary>
    public int LongestQueue { get; set; }

    /// <summary>Requests that came.</summary>
    public long Requests => Latency.Count + Failed;

    /// <summary>Requests answered well a second.</summary>
    public double Throughput => Latency.Count / (scenario.Duration - scenario.WarmUp).TotalSeconds;

    /// <summary>How many requests each server was sent.</summary>
    public long[] Sent => [.. SentOf.Select(slots => slots.Sum())];

    /// <summary>Whether a request counts that came then: not while the run warms up.</summary>
    public bool Counts(long came) => came >= (long)scenario.WarmUp.TotalMicroseconds;

    /// <summary>The stretch of time in which a request came.</summary>
    public int SlotOf(long came) => (int)Math.Min(came * Slots / (long)scenario.Duration.TotalMicroseconds, Slots - 1);

    /// <summary>How evenly they were spread for the weights (Jain, Chiu, Hawe 1984): 1 for evenly, 1/n for all to one.</summary>
    public double Fairness
    {
        get
        {
            var shares = Sent.Zip(scenario.Servers, (sent, server) => server.Weight == 0 ? 0 : (double)sent / server.Weight).ToArray();
            var (sum, squares) = (shares.Sum(), shares.Sum(share => share * share));
            return squares == 0 ? 1 : sum * sum / (shares.Length * squares);
        }
    }

    /// <summary>What the busiest server was sent, against the mean.</summary>
    public double MostOverMean => Sent is var sent && sent.Sum() > 0 ? sent.Max() / sent.Average() : 1;
}
