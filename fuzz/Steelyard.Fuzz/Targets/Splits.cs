namespace Steelyard.Fuzz.Targets;

/// <summary>Lengths of the pieces in which bytes arrive, the same ones for the same seed. Seed 0 gives everything at once.</summary>
internal struct Splits(uint seed)
{
    private uint _state = seed;

    public int Next()
    {
        if (_state == 0)
            return int.MaxValue;

        // xorshift32: never 0 again.
        _state ^= _state << 13;
        _state ^= _state >> 17;
        _state ^= _state << 5;
        var (kind, size) = (_state & 7, (int)(_state >> 8));
        return 1 + kind switch
        {
            0 or 1 => 0,
            2 or 3 => size % 4,
            4 or 5 => size % 32,
            6 => size % 512,
            _ => size % 40_000,
        };
    }
}
