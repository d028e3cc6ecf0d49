namespace Steelyard.Balancing;

/// <summary>Lots by weights: the servers side by side on a line, each as long as its weight.</summary>
internal sealed class WeightedLots
{
    // Where each one ends.
    private readonly int[] _ends;

    // The line cut into as many equal stretches as there are servers: who lies at the beginning of each.
    private readonly int[] _first;

    // Stretches per place, in 2^-32: a division for each lot would cost more than all the rest.
    private readonly ulong _stretches;

    public WeightedLots(ReadOnlySpan<int> weights)
    {
        (_ends, _first) = (new int[weights.Length], new int[weights.Length]);
        for (var i = 0; i < weights.Length; i++)
            _ends[i] = Total += weights[i];
        for (var (stretch, server) = (0, 0); stretch < _first.Length && Total > 0; stretch++)
        {
            // The first place whose stretch this is.
            var place = (int)((((long)stretch * Total) + _first.Length - 1) / _first.Length);
            while (server < _ends.Length - 1 && _ends[server] <= place)
                server++;
            _first[stretch] = server;
        }

        if (Total > 0)
            _stretches = ((ulong)_first.Length << 32) / (ulong)Total;
    }

    /// <summary>The length of the line.</summary>
    public int Total { get; private set; }

    /// <summary>Who lies at a place, from 0 to <see cref="Total"/> - 1.</summary>
    public int At(int place)
    {
        // Rounded down, so never a stretch too far. Whether it is the next one is what no processor foresees, so the first
        // step is not a jump.
        var server = _first[(int)(((ulong)place * _stretches) >> 32)];
        server += _ends[server] <= place ? 1 : 0;
        while (_ends[server] <= place)
            server++;
        return server;
    }

    /// <summary>The place that 32 random bits fall on.</summary>
    public int Place(uint chance) => (int)(((ulong)chance * (ulong)Total) >> 32);

    /// <summary>A place that is not one's own, uniform over all others.</summary>
    /// <param name="chance">32 random bits.</param>
    /// <param name="but">Whose places are left out; somebody else has one.</param>
    public int PlaceBut(uint chance, int but)
    {
        var start = but == 0 ? 0 : _ends[but - 1];
        var own = _ends[but] - start;
        var place = (int)(((ulong)chance * (ulong)(Total - own)) >> 32);
        return place < start ? place : place + own;
    }
}
