namespace Steelyard.Config;

/// <summary>How many workers there are goes by how much they have to do.</summary>
public sealed record ScaleSettings
{
    /// <summary>The fewest: 1 to 1024. Default 1.</summary>
    public int Min { get; init; } = 1;

    /// <summary>The most: 1 to 1024. Has to be given.</summary>
    public int Max { get; init; } = 1024;

    /// <summary>How many requests each is to have at a time, on average: 1 to 100,000; null where it does not count.</summary>
    public int? Concurrency { get; init; }

    /// <summary>How many requests of the pool may wait for a server with room (<c>max-connections</c>) before there are more workers: 0 to 1,000,000; null where it does not count.</summary>
    public int? Queue { get; init; }

    /// <summary>How long there has to be too much for them without a break before there are more: 1 s to 1 h. Default 5 s.</summary>
    public TimeSpan UpAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long fewer have to be enough without a break before there are fewer: 1 s to 24 h. Default 2 min.</summary>
    public TimeSpan DownAfter { get; init; } = TimeSpan.FromMinutes(2);
}
