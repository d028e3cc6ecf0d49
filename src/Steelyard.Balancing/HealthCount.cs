using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>
/// Counts the checks of a server: up or down by so many in a row, as HAProxy's rise and fall. The first check of all
/// decides alone, so that nobody waits for a server that was never there. Used by one owner.
/// </summary>
/// <param name="settings">How often, and how many in a row.</param>
/// <param name="up">What it counts as before the first check.</param>
public sealed class HealthCount(HealthSettings settings, bool up)
{
    private const int Together = 16;
    private const int Many = 256;
    private const long LongestStep = 100;

    /// <summary>Whether the server counts as up.</summary>
    public bool Up { get; private set; } = up;

    /// <summary>Whether there was a check.</summary>
    public bool Checked { get; private set; }

    /// <summary>How many checks in a row have spoken against <see cref="Up"/>.</summary>
    public int Against { get; private set; }

    /// <summary>Takes the result of a check.</summary>
    /// <returns>Whether <see cref="Up"/> has changed.</returns>
    public bool Report(bool passed)
    {
        var needed = !Checked ? 1 : Up ? settings.Fall : settings.Rise;
        Checked = true;
        Against = passed == Up ? 0 : Against + 1;
        if (Against < needed)
            return false;
        (Up, Against) = (passed, 0);
        return true;
    }

    /// <summary>Somebody knows better: as many checks as ever have to speak against it.</summary>
    public void Force(bool up) => (Up, Checked, Against) = (up, true, 0);

    /// <summary>Requests have spoken against the server, as many as are too many.</summary>
    /// <returns>Whether <see cref="Up"/> has changed.</returns>
    public bool Suspect()
    {
        if (!Up || settings.OnError == HealthOnError.FastInterval)
            return false;
        if (settings.OnError == HealthOnError.MarkDown)
            Against = settings.Fall - 1;
        else if (settings.OnError == HealthOnError.SuddenDeath)
            Against = Math.Max(Against, settings.Fall - 2);
        return Report(passed: false);
    }

    /// <summary>How long to wait until the next check.</summary>
    /// <param name="chance">64 random bits: no two servers are to be asked in step for long.</param>
    public TimeSpan Next(ulong chance)
    {
        var span = !Checked || Against > 0 ? settings.FastInterval ?? settings.Interval
            : Up ? settings.Interval
            : settings.DownInterval ?? settings.Interval;
        return span * (1 + (settings.Jitter / 100.0 * (Fraction(chance) - 0.5)));
    }

    /// <summary>When to begin, so that many servers are spread over an interval; at once where there are few.</summary>
    /// <param name="place">The server's place among all, from 0.</param>
    /// <param name="count">How many there are, at least 1.</param>
    public TimeSpan First(int place, int count)
    {
        // HAProxy spreads too; nobody is to wait for the first word of a handful of servers.
        var longest = TimeSpan.FromMilliseconds(count);
        var span = settings.Interval < longest ? settings.Interval : longest;
        return span * place / count;
    }

    /// <summary>
    /// Puts a check off, by 100 ms at most, to where others begin too, if there are many: of those that come one by one each
    /// costs nearly twice what it costs among sixteen, and more at once would keep requests waiting.
    /// </summary>
    /// <param name="due">When it is to begin, in milliseconds.</param>
    /// <param name="count">How many servers are asked beside it, itself among them.</param>
    public long InStep(long due, int count)
    {
        var step = count < Many ? 1 : Math.Min((long)settings.Interval.TotalMilliseconds * Together / count, LongestStep);
        return step <= 1 ? due : (due + step - 1) / step * step;
    }

    private static double Fraction(ulong chance) => (chance >> 11) * (1.0 / (1UL << 53));
}
