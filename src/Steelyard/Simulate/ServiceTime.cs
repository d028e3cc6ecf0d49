using System.Globalization;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml;

namespace Steelyard.Simulate;

/// <summary>How long a server works on a request, in milliseconds: a distribution with a finite mean.</summary>
internal abstract record ServiceTime
{
    /// <summary>The mean.</summary>
    public abstract double Mean { get; }

    /// <summary>Throws one.</summary>
    public abstract double Throw(ref Dice dice);

    /// <summary>Always the same.</summary>
    private sealed record Constant(double Time) : ServiceTime
    {
        public override double Mean => Time;

        public override double Throw(ref Dice dice) => Time;
    }

    /// <summary>Without memory.</summary>
    private sealed record Exponential(double Time) : ServiceTime
    {
        public override double Mean => Time;

        public override double Throw(ref Dice dice) => dice.Exponential(Time);
    }

    /// <summary>Its logarithm is normally distributed.</summary>
    private sealed record LogNormal(double Time, double Sigma) : ServiceTime
    {
        public override double Mean => Time;

        public override double Throw(ref Dice dice)
        {
            // Box and Muller; the mean of the exponential of a normal variable is exp(mu + sigma^2 / 2).
            var normal = Math.Sqrt(-2 * Math.Log(dice.Fraction())) * Math.Cos(2 * Math.PI * dice.Fraction());
            return Time * Math.Exp((Sigma * normal) - (Sigma * Sigma / 2));
        }
    }

    /// <summary>A heavy tail: the lower alpha, the heavier; the variance is infinite up to 2.</summary>
    private sealed record Pareto(double Time, double Alpha) : ServiceTime
    {
        public override double Mean => Time;

        public override double Throw(ref Dice dice) => Time * (Alpha - 1) / Alpha * Math.Pow(dice.Fraction(), -1 / Alpha);
    }

    /// <summary>Two kinds of requests.</summary>
    private sealed record Bimodal(double Time, double Rare, double Share) : ServiceTime
    {
        public override double Mean => (Time * (1 - Share)) + (Rare * Share);

        public override double Throw(ref Dice dice) => dice.Fraction() <= Share ? Rare : Time;
    }

    /// <summary>How the scenario files write it.</summary>
    public static Form<ServiceTime> Form { get; } = Config.Yaml.Form.OfText<ServiceTime>(
        "a distribution with its mean: constant 10ms, exponential 10ms, lognormal 10ms SIGMA, pareto 10ms ALPHA, or bimodal 10ms 200ms 5%",
        TryParse);

    private static bool TryParse(string text, out ServiceTime value, out Mistake mistake)
    {
        (value, mistake) = (null!, default);
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var parsed = words switch
        {
            ["constant", var time] when TryReadTime(time, out var mean) => new Constant(mean),
            ["exponential", var time] when TryReadTime(time, out var mean) => new Exponential(mean),
            ["lognormal", var time, var sigma] when TryReadTime(time, out var mean) && Number(sigma, out var width) && width is > 0 and <= 5 => new LogNormal(mean, width),
            ["pareto", var time, var alpha] when TryReadTime(time, out var mean) && Number(alpha, out var shape) && shape is > 1 and <= 100 => new Pareto(mean, shape),
            ["bimodal", var time, var rare, var share] when TryReadTime(time, out var usual) && TryReadTime(rare, out var other) && share.EndsWith('%') && Number(share[..^1], out var percent) && percent is >= 0 and <= 100 =>
                new Bimodal(usual, other, percent / 100),
            _ => (ServiceTime?)null,
        };
        if (parsed is not null)
            value = parsed;
        else
            mistake = new($"{Shown.Quote(text)} is not a distribution of times");
        return parsed is not null;
    }

    /// <summary>Reads milliseconds, fractions allowed: 0.2ms, 10ms, 1.5s.</summary>
    public static bool TryReadTime(string text, out double milliseconds)
    {
        var unit = text.EndsWith("us", StringComparison.Ordinal) ? 0.001 : text.EndsWith("ms", StringComparison.Ordinal) ? 1 : text.EndsWith('s') ? 1000.0 : 0;
        var number = unit == 0 ? "" : text[..^(unit == 1000 ? 1 : 2)];
        var read = Number(number, out milliseconds) && milliseconds > 0;
        milliseconds *= unit;
        return read && milliseconds <= 3_600_000;
    }

    private static bool Number(string text, out double value) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value);
}
