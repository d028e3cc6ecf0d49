using Steelyard.Balancing;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Health;

/// <summary>
/// Does for the pools what is due by time alone: it lets servers be tried again that were left out, and gives those more
/// that have come back. Sleeps where there is nothing of the kind. Its work is done on one loop.
/// </summary>
internal sealed class Housekeeper(EventLoop loop) : TimerEntry
{
    private const long Milliseconds = 50;

    private readonly HashSet<Pool> _stirred = [];
    private Pool[] _pools = [];

    /// <summary>Looks after these pools from now on. May be called from any thread.</summary>
    public void Follow(Pool[] pools) => loop.Post(_ => Take(pools), this);

    private void Take(Pool[] pools)
    {
        foreach (var pool in _pools)
            pool.Stirred = null;
        _pools = pools;
        _stirred.Clear();
        foreach (var pool in pools)
        {
            pool.Stirred = Wake;
            pool.TakeOver(loop.Now);
        }
    }

    private void Wake(Pool pool) => loop.Post(_ => Begin(pool), pool);

    private void Begin(Pool pool)
    {
        if (pool.Stirred is null || !_stirred.Add(pool))
            return;
        if (_stirred.Count == 1)
            loop.Timers.Set(this, loop.In(Milliseconds));
    }

    protected internal override void Expire()
    {
        _stirred.RemoveWhere(pool => !pool.Tick(loop.Now));
        if (_stirred.Count > 0)
            loop.Timers.Set(this, loop.In(Milliseconds));
    }
}
