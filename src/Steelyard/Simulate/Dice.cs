namespace Steelyard.Simulate;

/// <summary>Random numbers from a seed: SplitMix64 (Steele, Lea, Flood 2014), the same on every machine.</summary>
internal struct Dice(ulong seed)
{
    private ulong _state = seed;

    /// <summary>Dice that depend on a seed and a number, and on nothing that was thrown before.</summary>
    public static Dice For(ulong seed, ulong number)
    {
        var dice = new Dice(seed ^ (number * 0xD1342543DE82EF95));
        dice.Next();
        return dice;
    }

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        var mixed = _state += 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }

    /// <summary>More than 0, at most 1.</summary>
    public double Fraction() => ((Next() >> 11) + 1) * (1.0 / (1UL << 53));

    /// <summary>Exponentially distributed.</summary>
    public double Exponential(double mean) => -mean * Math.Log(Fraction());

    /// <summary>From 0 to below a number.</summary>
    public int Below(int count) => (int)(((Next() >> 32) * (ulong)count) >> 32);
}
