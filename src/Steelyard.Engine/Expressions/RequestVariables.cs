namespace Steelyard.Engine.Expressions;

/// <summary>What rules have set for one request: names and values, few of them. Used again and again.</summary>
internal sealed class RequestVariables
{
    private const int Most = 32;
    private const int MostBytes = 16 * 1024;

    private readonly (byte[] Name, int Start, int Length)[] _all = new (byte[], int, int)[Most];
    private byte[] _values = [];
    private int _count;
    private int _used;

    /// <summary>Forgets them all.</summary>
    public void Clear() => (_count, _used) = (0, 0);

    /// <summary>The value of a variable.</summary>
    public bool TryGet(byte[] name, out ReadOnlySpan<byte> value)
    {
        for (var i = 0; i < _count; i++)
        {
            if (!_all[i].Name.AsSpan().SequenceEqual(name))
                continue;
            value = _values.AsSpan(_all[i].Start, _all[i].Length);
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>Sets all that another request has.</summary>
    public void Take(RequestVariables other)
    {
        for (var i = 0; i < other._count; i++)
            Set(other._all[i].Name, other._values.AsSpan(other._all[i].Start, other._all[i].Length));
    }

    /// <summary>Sets one; what has no room is not set.</summary>
    public void Set(byte[] name, ReadOnlySpan<byte> value)
    {
        if (_values.Length == 0)
            _values = new byte[MostBytes];
        if (value.Length > MostBytes - _used)
            return;

        // The value may be one of these: it is copied before its place is given up.
        var start = _used;
        value.CopyTo(_values.AsSpan(start));
        Remove(name);
        if (_count == Most)
            return;
        _all[_count++] = (name, start, value.Length);
        _used += value.Length;
    }

    /// <summary>Forgets one.</summary>
    public void Remove(byte[] name)
    {
        for (var i = 0; i < _count; i++)
        {
            if (!_all[i].Name.AsSpan().SequenceEqual(name))
                continue;
            _all[i] = _all[--_count];
            return;
        }
    }
}
