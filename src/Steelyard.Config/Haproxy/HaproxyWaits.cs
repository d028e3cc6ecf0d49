using System.Globalization;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>What waits for a request's body, and how long is waited for servers.</summary>
internal static class HaproxyWaits
{
    private const int MostWaitedFor = 16 * 1024;

    /// <summary>What waits for bodies before all other rules, where <c>option http-buffer-request</c> says so.</summary>
    public static IEnumerable<Located<RuleSettings>> Of(HaproxySection section) =>
        section.BuffersRequests is { } place ? [new(new() { Action = RuleAction.WaitForBody, Wait = new(TimeSpan.Zero, 0) }, place)] : [];

    /// <summary>Reads <c>wait-for-body</c>.</summary>
    public static RuleSettings? ReadWait(HaproxyUse use)
    {
        var (time, least) = (default(TimeSpan?), 0L);
        while (use.Peek is "time" or "at-least")
        {
            if (use.Take("time"))
            {
                if (!use.TryTakeTime("a time", out var said))
                    return null;
                time = said;
            }
            else if (use.Take("at-least") && !use.TryTakeSize("a number of bytes", out least))
            {
                return null;
            }
        }

        if (time is not null)
            return new() { Action = RuleAction.WaitForBody, Wait = new(time.Value, (int)Math.Min(least, MostWaitedFor)) };
        use.Problems.Error(use.Line, $"'{use.Directive}' without how long", "time <time>");
        return null;
    }

    /// <summary>Reads <c>set-timeout</c>.</summary>
    public static RuleSettings? ReadTimeout(HaproxyUse use)
    {
        if (!use.TryTake("server or tunnel", out var of))
            return null;
        if (of.Text is not ("server" or "tunnel"))
        {
            use.Error(of, $"{Shown.Quote(of.Text)} is no timeout of a request", "server or tunnel");
            return null;
        }

        // HAProxy knows of no servers in a frontend.
        if (use.Section.Kind == 'F')
        {
            use.Error(of, $"'{use.Directive}' in a frontend, which has no servers", "it in the backend");
            return null;
        }

        if (!use.TryTake("a time", out var word))
            return null;
        TextTemplate value;
        if (HaproxyUse.TryReadTime(word.Text, out var time))
        {
            if (time <= TimeSpan.Zero)
            {
                use.Error(word, "no time at all", "a time above 0");
                return null;
            }

            value = TextTemplate.Literal(((long)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
        }
        else if (HaproxySamples.TryRead(word.Text, mayCompare: false, use, out var sample, out _, out var mistake))
        {
            value = TextTemplate.Of(sample.Expression);
        }
        else
        {
            use.Problems.Error(word.Place, mistake);
            return null;
        }

        return new() { Action = RuleAction.SetTimeout, Name = of.Text, Value = value };
    }
}
