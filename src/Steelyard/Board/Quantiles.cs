using Steelyard.Engine.Metering;

namespace Steelyard.Board;

/// <summary>What is usual, and what is not, by times in buckets.</summary>
internal static class Quantiles
{
    /// <summary>The time that a share of all did not exceed, in milliseconds, as Prometheus' histogram_quantile works it out; null where there were none.</summary>
    /// <param name="times">The times.</param>
    /// <param name="bounds">The longest time of each bucket.</param>
    /// <param name="share">The share, 0 to 1.</param>
    public static double? Of(Distribution times, IReadOnlyList<long> bounds, double share)
    {
        if (times.Counts is not { } counts || counts.Sum() is not (> 0 and var all))
            return null;
        var (rank, below) = (share * all, 0L);
        for (var i = 0; i < bounds.Count; i++)
        {
            if (below + counts[i] >= rank)
            {
                var from = i == 0 ? 0 : bounds[i - 1];
                return from + ((bounds[i] - from) * (rank - below) / counts[i]);
            }

            below += counts[i];
        }

        return bounds[^1];
    }

    /// <summary>The mean in milliseconds; null where there were none.</summary>
    public static double? Mean(Distribution times) => times.Counts?.Sum() is > 0 and var all ? (double)times.Milliseconds / all : null;
}
