namespace Steelyard.Balancing;

/// <summary>
/// The order of HAProxy's roundrobin. Turns are places in a window as long as the sum of the weights. Each server stands at the
/// place of its next turn, which is the sum over its weight farther on after each, with what is left over kept for later; who
/// has not had a turn in this window yet takes a place that is free, the heaviest first. What lies beyond the window waits
/// for the next one.
/// </summary>
internal static class WindowOrder
{
    // HAProxy's: a weight counts in sixteenths; scores of one place lie apart by more than any weight.
    private const int Scale = 16;
    private const int HeaviestScaled = 256 * Scale;
    private const int Spread = 257;

    // Some weights come back to where they began after many rounds, or never: so many turns are as in HAProxy, then it begins anew.
    private const int LongestOrder = 8192;

    // Each change of a server's health makes the order anew, on a loop. Beyond this the order is nginx's, which costs less.
    private const int MostServers = 512;

    /// <summary>One round, or as many as it takes until it begins again as before.</summary>
    /// <param name="weights">What each gets a share by; 0 gets none.</param>
    /// <returns>Positions in <paramref name="weights"/>.</returns>
    public static int[] Of(ReadOnlySpan<int> weights)
    {
        var smooth = SmoothOrder.Of(weights);
        var (usable, heaviest, lightest) = (0, 0, int.MaxValue);
        foreach (var weight in weights)
        {
            if (weight > 0)
                (usable, heaviest, lightest) = (usable + 1, Math.Max(heaviest, weight), Math.Min(lightest, weight));
        }

        // Equal ones go in their order with both.
        if (usable == 0 || heaviest == lightest || usable > MostServers)
            return smooth;
        var round = smooth.Length;
        var turns = Turns(weights, round * Math.Max(1, LongestOrder / round));
        return Repeats(turns, round) ? turns[..round] : turns;
    }

    private static int[] Turns(ReadOnlySpan<int> weights, int count)
    {
        var window = new Window(weights);
        var order = new int[count];
        for (var turn = 0; turn < order.Length; turn++)
            order[turn] = window.Next();
        return order;
    }

    private static bool Repeats(ReadOnlySpan<int> turns, int round) => turns[round..].SequenceEqual(turns[..^round]);

    private sealed class Window
    {
        private readonly int[] _weights;
        private readonly long[] _places;
        private readonly long[] _left;
        private readonly long _length;

        // Those with a place in this window, those without one yet, and those of the next. Of equals who came first goes first.
        private readonly PriorityQueue<int, (long Score, long Arrival)> _present = new();
        private PriorityQueue<int, (long Score, long Arrival)> _waiting = new();
        private PriorityQueue<int, (long Score, long Arrival)> _next = new();
        private long _place;
        private long _arrivals;

        public Window(ReadOnlySpan<int> weights)
        {
            (_weights, _places, _left) = (new int[weights.Length], new long[weights.Length], new long[weights.Length]);
            for (var i = 0; i < weights.Length; i++)
            {
                _weights[i] = weights[i] * Scale;
                _length += _weights[i];
                if (weights[i] > 0)
                    Wait(_waiting, i);
            }

            _place = _length;
        }

        public int Next()
        {
            var server = Take();
            if (_places[server] == 0)
                _places[server] = _place;
            _places[server] += _length / _weights[server];
            _left[server] += _length % _weights[server];
            if (_left[server] >= _weights[server])
            {
                _left[server] -= _weights[server];
                _places[server]++;
            }

            _place++;
            if (_places[server] >= 2 * _length)
            {
                _places[server] -= _length;
                Wait(_next, server);
            }
            else
            {
                _present.Enqueue(server, ((Spread * _places[server]) + ((HeaviestScaled + _left[server] - _weights[server]) / Scale), _arrivals++));
            }

            return server;
        }

        private int Take()
        {
            while (true)
            {
                var found = _present.TryPeek(out var first, out _);
                if (found && _places[first] <= _place)
                    return _present.Dequeue();
                if (_waiting.TryDequeue(out var waiting, out _))
                {
                    (_places[waiting], _left[waiting]) = (0, 0);
                    return waiting;
                }

                if (found)
                    return _present.Dequeue();
                (_waiting, _next, _place) = (_next, _waiting, _length);
            }
        }

        private void Wait(PriorityQueue<int, (long Score, long Arrival)> where, int server) => where.Enqueue(server, (HeaviestScaled - _weights[server], _arrivals++));
    }
}
