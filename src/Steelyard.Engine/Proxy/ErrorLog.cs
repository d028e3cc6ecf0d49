namespace Steelyard.Engine.Proxy;

/// <summary>
/// The last errors of one loop, for people to look at. Written by its loop only, and no more than so many in a second,
/// so that a flood of them costs no memory; others may read it at any time.
/// </summary>
internal sealed class ErrorLog
{
    private const int Kept = 64;
    private const int MostPerSecond = 32;

    private readonly RecentError?[] _kept = new RecentError?[Kept];
    private int _next;
    private long _second;
    private int _inSecond;

    /// <summary>Whether the next error is kept; those beyond a number in each second are counted elsewhere only.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    public bool HasRoom(long now)
    {
        if (now / 1000 != _second)
            (_second, _inSecond) = (now / 1000, 0);
        return _inSecond++ < MostPerSecond;
    }

    public void Add(RecentError error)
    {
        Volatile.Write(ref _kept[_next], error);
        _next = (_next + 1) % Kept;
    }

    /// <summary>Adds what is kept to a list, in no order.</summary>
    public void CopyTo(List<RecentError> list)
    {
        for (var i = 0; i < _kept.Length; i++)
        {
            if (Volatile.Read(ref _kept[i]) is { } error)
                list.Add(error);
        }
    }
}
