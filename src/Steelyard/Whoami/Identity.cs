namespace Steelyard.Whoami;

/// <summary>Who the server says it is.</summary>
internal sealed record Identity(string Name)
{
    public int Pid { get; } = Environment.ProcessId;

    /// <summary>An angle on the colour wheel, 0 to 359, the same wherever the name is the same.</summary>
    public int Hue { get; } = HueOf(Name);

    // Steps of the golden angle keep neighbours such as a, b, c or web-1, web-2 far apart on the wheel.
    private static int HueOf(string name)
    {
        var sum = 0;
        foreach (var c in name)
            sum = (sum * 31 + c) & 0xFFFF;
        return (int)(sum * 137.508 % 360);
    }
}
